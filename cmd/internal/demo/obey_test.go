package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/seeds"
)

// The plants read what the service tells their recipients: measures of an open order, and that it ended. A drill moves
// no plant.
func TestPlantsReadTheirOrders(t *testing.T) {
	w := servicetest.New(t, nil)
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	w.Import(l)
	p := Program{Service: w.Svc}
	declare := func(drill string) *alerts.Warning {
		warning, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "",
			[]byte(`{"level":"yellow","trigger":"own_forecast","reason":"检验"`+drill+`}`))
		if err != nil {
			t.Fatal(err)
		}
		w.Elapse(time.Second)
		return warning
	}
	hear := func(s *site) int {
		t.Helper()
		if err := p.hear(s, w.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		return len(s.given)
	}
	for id, measures := range map[string]int{"E0001": 6, "E0005": 2} {
		s := siteFor(t, id)
		if n := hear(s); n != 0 {
			t.Errorf("%s follows %d measures before anything is ordered", id, n)
		}
		declare(`,"drill":true`)
		if n := hear(s); n != 0 {
			t.Errorf("%s follows %d measures of a drill", id, n)
		}
		warning := declare("")
		if n := hear(s); n != measures {
			t.Errorf("%s follows %d measures of an order, not %d", id, n, measures)
		}
		lowered := 0
		for _, x := range s.all {
			if at := w.Clock.Now().Add(5 * time.Hour); x.Load(at) < 0.97*x.Usual(at) {
				lowered++
			}
		}
		if lowered == 0 {
			t.Errorf("no plant of %s lowers its load", id)
		}
		if _, err := servicetest.WarningAct(t.Context(), w.Svc, "duty", "", warning.ID, "cancel",
			fmt.Appendf(nil, `{"reason":"检验结束","revision":%d}`, warning.Revision)); err != nil {
			t.Fatal(err)
		}
		w.Elapse(time.Second)
		if n := hear(s); n != 0 {
			t.Errorf("%s follows %d measures of an order that has ended", id, n)
		}
	}
}

// What a start fills in is of plants that have read their orders, and of meters only where somebody reports for them.
func TestAStartReadsTheOrdersFirst(t *testing.T) {
	w, p := monitored(t)
	if _, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "",
		[]byte(`{"level":"yellow","trigger":"own_forecast","reason":"检验"}`)); err != nil {
		t.Fatal(err)
	}
	w.Elapse(time.Second)
	for _, meters := range []bool{true, false} {
		d := &Demo{Instruments: []string{"E0003", "E0005"}}
		all := d.sites(t.Context(), p, meters)
		if len(all) != 2 {
			t.Fatalf("%d sites", len(all))
		}
		instruments, given := 0, 0
		for _, s := range all {
			instruments += len(s.stations) + len(s.meters)
			given += len(s.given)
			if len(s.meters) > 0 != meters {
				t.Errorf("%d meters of %s are simulated", len(s.meters), s.recipient)
			}
		}
		if _, n := d.Filled(); n != instruments || given == 0 {
			t.Errorf("%d instruments are to be filled in, of %d, whose plants follow %d measures", n, instruments, given)
		}
	}
}

// A folder without the feeder's token is told so: its meters would be refused for ever.
func TestMetersNeedTheFeedersToken(t *testing.T) {
	for text, want := range map[string]bool{"": false, `{"admin":{"token":"x"}}`: false, `{"feeder":{"token":""}}`: false,
		`{"feeder":{"token":"x"}}`: true} {
		dir := t.TempDir()
		if text != "" {
			if err := os.WriteFile(filepath.Join(dir, folder.DemoCredentials), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if token, err := feederToken(dir); (err == nil) != want || want && token != "x" {
			t.Errorf("%q: %q, %v", text, token, err)
		}
	}
}
