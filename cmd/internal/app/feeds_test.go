package app

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/text/encoding/simplifiedchinese"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/settings"
)

// days is a CSV of three bad days from tomorrow on, with a remark that only GB 18030 tells from UTF-8.
func threeBadDays(t *testing.T) []byte {
	t.Helper()
	var b strings.Builder
	b.WriteString("date,aqi,primary\n")
	for i := 1; i <= 3; i++ {
		fmt.Fprintf(&b, "%s,%d,PM2.5\n", alerts.DateOf(time.Now()).AddDays(i), 210+i)
	}
	return []byte(b.String())
}

func openProposals(t *testing.T, a *App) (open []*alerts.Proposal) {
	t.Helper()
	view(t, a, func(tx *bbolt.Tx) error {
		page, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 10)
		open = page.Items
		return err
	})
	return open
}

// A file dropped into a folder becomes a forecast and a proposal; a wrong one is put aside with the reason, in words.
func TestAFolderFeedsForecasts(t *testing.T) {
	t.Parallel()
	cfg := alone(t)
	inbox := t.TempDir()
	cfg.Feeds = []config.Feed{{Name: "emc", Kind: "folder", Path: inbox, Schedule: "@every 1s", Format: "csv",
		Source: "tianjin-emc", SilentAfterH: 26}}
	a := start(t, Options{Config: cfg})
	drop := func(name string, text []byte) {
		path := filepath.Join(inbox, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-time.Minute) // it has settled
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	drop("today.csv", threeBadDays(t))
	eventually(t, "the proposal of the forecast in the folder", func() bool { return len(openProposals(t, a)) == 1 })
	p := openProposals(t, a)[0]
	if p.Level != alerts.Orange || p.Kind != alerts.KindStart {
		t.Errorf("%s %s, want start orange", p.Kind, p.Level)
	}
	view(t, a, func(tx *bbolt.Tx) error {
		f, err := alerts.GetForecast(tx, p.ForecastID)
		if err == nil && (f.Source != "tianjin-emc" || f.Region != "120111") {
			t.Errorf("recorded as %s of %s", f.Source, f.Region)
		}
		return err
	})
	text, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("日期,aqi\n2026-13-01,重\n"))
	if err != nil {
		t.Fatal(err)
	}
	drop("wrong.csv", text)
	why := filepath.Join(inbox, "refused", "wrong.csv.why.txt")
	eventually(t, "the reason beside the refused file", func() bool { i, err := os.Stat(why); return err == nil && i.Size() > 0 })
	said, err := os.ReadFile(why)
	for _, want := range []string{"row 2, column 日期", "“2026-13-01”不是 1990 至 2199 年的真实日期",
		"give a real day as YYYY-MM-DD"} {
		if err != nil || !strings.Contains(string(said), want) {
			t.Errorf("the reason does not say %q: %s", want, said)
		}
	}
	if _, err := os.Stat(filepath.Join(inbox, "taken", "today.csv")); err != nil {
		t.Errorf("what was taken is not kept: %v", err)
	}
	prove(t, a)
}

// With a station the same file is what was measured there.
func TestAFolderFeedsMeasurements(t *testing.T) {
	t.Parallel()
	cfg := alone(t)
	inbox := t.TempDir()
	cfg.Feeds = []config.Feed{{Name: "station", Kind: "folder", Path: inbox, Schedule: "@every 1s", Source: "tianjin-emc",
		Station: "1015A"}}
	a := start(t, Options{Config: cfg})
	today := alerts.DateOf(time.Now())
	text := "date,aqi,pm25\n" + string(today.AddDays(-1)) + ",,180\n" + string(today.AddDays(-2)) + ",,\n"
	if err := os.WriteFile(filepath.Join(inbox, "yesterday.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(inbox, "other.json"),
		[]byte(`{"station":"1016A","region":"120111","days":[{"date":"2026-01-01","aqi":1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"taken/yesterday.csv", "refused/other.json"} {
		eventually(t, path, func() bool { _, err := os.Stat(filepath.Join(inbox, path)); return err == nil })
	}
	var got []string
	view(t, a, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("alerts.observed_day")).ForEach(func(k, _ []byte) error {
			got = append(got, string(k))
			return nil
		})
	})
	if want := "120111/" + string(today.AddDays(-1)); len(got) != 1 || got[0] != want {
		t.Errorf("measured days %q, want %s", got, want)
	}
	prove(t, a)
}

// Hours of a feed whose times name their end are recorded by their beginning, whatever the file calls its columns.
func TestAFeedsHoursMayNameTheirEnd(t *testing.T) {
	t.Parallel()
	cfg := alone(t)
	inbox := t.TempDir()
	cfg.Feeds = []config.Feed{{Name: "station", Kind: "folder", Path: inbox, Schedule: "@every 1s", Source: "tianjin-emc",
		Station: "1015A", HourLabel: "end"}}
	a := start(t, Options{Config: cfg})
	yesterday := alerts.DateOf(time.Now()).AddDays(-1)
	text := "站点：1015A,,\n时间,PM2.5(μg/m³),PM10\n" + string(yesterday) + " 09:00,118,-\n" + string(yesterday) +
		" 24:00,120,150\n"
	if err := os.WriteFile(filepath.Join(inbox, "hours.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the file is taken", func() bool {
		_, err := os.Stat(filepath.Join(inbox, "taken/hours.csv"))
		return err == nil
	})
	var got []string
	view(t, a, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("alerts.observed_hour")).ForEach(func(k, v []byte) error {
			at := time.UnixMilli(int64(binary.BigEndian.Uint64(k[len("120111/"):])))
			got = append(got, at.In(alerts.Shanghai()).Format("2006-01-02 15"))
			return nil
		})
	})
	if want := []string{string(yesterday) + " 08", string(yesterday) + " 23"}; !slices.Equal(got, want) {
		t.Errorf("measured hours %q, want %q", got, want)
	}
	prove(t, a)
}

// A web address is asked once for what does not change, and for what changes again.
func TestAnAddressFeedsForecasts(t *testing.T) {
	t.Parallel()
	var asked, sent, version atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		tag := fmt.Sprintf(`"v%d"`, version.Load())
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		sent.Add(1)
		issued := time.Now().Add(time.Duration(version.Load()) * time.Second).Format(time.RFC3339)
		fmt.Fprintf(w, `{"source":"web","region":"120111","issued_at":%q,"days":[{"date":%q,"aqi_low":180,"aqi_high":%d}]}`,
			issued, alerts.DateOf(time.Now()).AddDays(1), 230+version.Load())
	}))
	t.Cleanup(site.Close)
	cfg := alone(t)
	cfg.Feeds = []config.Feed{{Name: "web", Kind: "url", URL: site.URL + "/f.json", Schedule: "@every 1s", Format: "json",
		Source: "web"}}
	a := start(t, Options{Config: cfg})
	eventually(t, "the proposal of the fetched forecast", func() bool { return len(openProposals(t, a)) == 1 })
	eventually(t, "further questions", func() bool { return asked.Load() >= 3 })
	if n := sent.Load(); n != 1 {
		t.Errorf("the same document was sent %d times", n)
	}
	version.Add(1)
	eventually(t, "the changed forecast", func() bool {
		open := openProposals(t, a)
		return len(open) == 1 && open[0].Revision == 2
	})
	prove(t, a)
}

func TestFeedsAndCriteriaThatCannotWorkAreRefusedAtStart(t *testing.T) {
	for _, c := range []struct {
		change func(*config.Config)
		path   string
	}{
		{func(c *config.Config) { c.Criteria.Use = "xiqing-2030" }, "criteria.use"},
		{func(c *config.Config) { c.Criteria.Settings.Tianjin2023 = "tianjin-2030" }, "criteria.settings.tianjin_2023"},
		{func(c *config.Config) {
			c.Criteria.Folder = t.TempDir()
			if err := os.WriteFile(filepath.Join(c.Criteria.Folder, "own.json"),
				[]byte(`{"name":"own","levels":[{"level":"blue"}]}`), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "own.json: levels[0].level"},
	} {
		cfg := alone(t)
		c.change(&cfg)
		_, err := New(t.Context(), Options{Config: cfg})
		var e *refusal.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v, want a refusal", c.path, err)
			continue
		}
		found := false
		for _, f := range e.Fields {
			found = found || f.Path == c.path
		}
		if !found {
			t.Errorf("%v does not name %s", err, c.path)
		}
	}
}

// A district's own criteria take the place of a built-in set of the same name.
func TestCriteriaOfAFolder(t *testing.T) {
	dir := t.TempDir()
	own := `{"name":"national-2024","title":"t","document":"d","source":"s","valid_from":"2023-12-01","valid_to":"","counts":{"primary":"","except_causes":[]},
		"levels":[{"level":"red","any_of":[{"over":100,"hours":24}]}]}`
	if err := os.WriteFile(filepath.Join(dir, "own.json"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := alone(t)
	cfg.Criteria.Folder = dir
	set, err := settings.Of(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Alerts.CriteriaOn("2026-11-24"); got.Title != "t" || got.Levels[0].Level != alerts.Red {
		t.Errorf("in force is %+v", got)
	}
	if got := set.Alerts.CriteriaOn("2016-12-16").Name; got != alerts.CriteriaNational2016 {
		t.Errorf("in 2016 it was %s", got)
	}
}
