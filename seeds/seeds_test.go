package seeds

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds/towns"
	"qingkong/seeds/xiqing"
)

func TestWorkbookIsWhatTheGeneratorWrites(t *testing.T) {
	var buf bytes.Buffer
	if err := workbook.Write(&buf, xiqing.List()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(buf.Bytes(), Workbook()) {
		t.Error("seeds/xiqing.xlsx is not what its source gives; run go generate ./seeds")
	}
	l, err := List()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Hash(), xiqing.List().Hash(); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}

func TestDemoAddsRecipientsUpToN(t *testing.T) {
	own, err := List()
	if err != nil {
		t.Fatal(err)
	}
	have := len(own.Recipients)
	for _, n := range []int{have, have + 1, 1500, 12000} {
		l, err := Demo(n)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Demo(n)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Recipients) != n || l.Hash() != again.Hash() {
			t.Errorf("Demo(%d): %d recipients, hash %s and again %s", n, len(l.Recipients), l.Hash(), again.Hash())
		}
		seen := map[string]bool{}
		for _, r := range l.Recipients {
			if seen[r.ID] {
				t.Fatalf("Demo(%d): id %s stands twice", n, r.ID)
			}
			seen[r.ID] = true
		}
	}
	if _, err := Demo(have - 1); refusal.CodeOf(err) != refusal.Invalid {
		t.Errorf("Demo below what is embedded: %v", err)
	}
}

// A demo list of any size passes the checks that an imported one has to pass.
func TestDemoIsAValidWorkbook(t *testing.T) {
	l, err := Demo(1500)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := workbook.Write(&buf, l); err != nil {
		t.Fatal(err)
	}
	read, err := workbook.ReadBytes(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range rules.Judge(read, rules.DefaultSettings()) {
		t.Errorf("%+v", f)
	}
	if read.List.Hash() != l.Hash() {
		t.Error("the workbook read back has another hash")
	}
}

// The hash is in the record of every district that began with the embedded list: whatever reads the workbook gives the
// same list.
func TestListHash(t *testing.T) {
	l, err := List()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Hash(), "sha256:8e8060cb"; !strings.HasPrefix(got, want) {
		t.Errorf("the embedded list has the hash %s, want %s…", got, want)
	}
}

func TestEpisode(t *testing.T) {
	data, err := Episode("tianjin-2016-12")
	if err != nil {
		t.Fatal(err)
	}
	days, err := alerts.ReadDailyCSV(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(days) != 31 {
		t.Errorf("%d days, want the 31 of December", len(days))
	}
	if !strings.Contains(string(data), "2016-12-18,340,,290,338,46,120,4.9,17\n") {
		t.Error("the day of the red warning's peak is missing")
	}
	if _, err := Episode("../targets"); refusal.CodeOf(err) != refusal.NotFound {
		t.Errorf("an unknown episode: %v", err)
	}
}

func TestTowns(t *testing.T) {
	kinds := map[string]int{}
	for _, u := range towns.List() {
		kinds[u.Kind]++
		if !strings.HasPrefix(u.Code, "120111") {
			t.Errorf("%+v is not in Xiqing", u)
		}
	}
	if kinds["street"] != 5 || kinds["town"] != 7 || kinds["zone"] != 3 {
		t.Errorf("kinds %v, want 5 streets, 7 towns and 3 zones", kinds)
	}
}

//go:embed targets.json
var targets []byte

// indicator is one indicator of the plan with its target by year. Better says which way is good: low or high.
type indicator struct {
	Row     int                `json:"row"`
	ID      string             `json:"id"`
	Name    string             `json:"name"`
	Unit    string             `json:"unit"`
	Better  string             `json:"better"`
	Targets map[string]float64 `json:"targets"`
	Note    string             `json:"note,omitempty"`
}

// Rows 1 to 3 of annex 1 of the plan.
func TestTargets(t *testing.T) {
	var file struct {
		Source     string      `json:"source"`
		Indicators []indicator `json:"indicators"`
	}
	if err := json.Unmarshal(targets, &file); err != nil {
		t.Fatal(err)
	}
	indicators := file.Indicators
	want := []map[string]float64{
		{"2023": 39, "2024": 38, "2025": 37},
		{"2023": 68.2, "2024": 70, "2025": 72.6},
		{"2024": 4, "2025": 4},
	}
	if len(indicators) != len(want) {
		t.Fatalf("%d indicators, want %d", len(indicators), len(want))
	}
	for i, in := range indicators {
		if in.Row != i+1 || len(in.Targets) != len(want[i]) {
			t.Errorf("indicator %d: %+v, want %v", i, in, want[i])
		}
		for year, v := range want[i] {
			if in.Targets[year] != v {
				t.Errorf("%s %s: %v, want %v", in.ID, year, in.Targets[year], v)
			}
		}
	}
}

func TestCriteriaAreJSON(t *testing.T) {
	names, err := fs.Glob(Criteria(), "*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("criteria: %v, %v", names, err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(Criteria(), name)
		if err != nil || !json.Valid(data) {
			t.Errorf("%s is not JSON (%v)", name, err)
		}
	}
}

func BenchmarkDemo20000(b *testing.B) {
	for b.Loop() {
		if _, err := Demo(20000); err != nil {
			b.Fatal(err)
		}
	}
}
