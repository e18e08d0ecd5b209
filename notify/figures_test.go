package notify

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist/plant"
)

const coalFigures = `{"from":"2016-12-16T18:00:00+08:00","to":"2016-12-20T00:00:00+08:00","source":"电厂值长",
"units":[{"name":"5#","initially_on":true,"hours_in_state":100},{"name":"6#","initially_on":false,"hours_in_state":20}],
"demand":[{"power_min_mw":150,"power_max_mw":300,"heat_gj_h":800}],"baseline_mw":{"5#":[260],"6#":[200,180]}}`

func (w *world) give(recipient, figures string) ([]Event, error) {
	w.t.Helper()
	var f plant.Figures
	if err := refusal.Unmarshal([]byte(figures), &f); err != nil {
		return nil, err
	}
	_, evs, err := do(w, DecideFigures, GiveFigures{RecipientID: recipient, Figures: f})
	return evs, err
}

func (w *world) figures(recipient string) (g *plant.FiguresRecord) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) (err error) { g, err = LatestFigures(tx, recipient); return err })
	return g
}

// The latest figures of a plant hold, with when and by whom they were given. The same again soon is no news; later it
// says that all is as it was.
func TestFiguresGiven(t *testing.T) {
	w := newWorld(t, coalPlant(), enterprise("E2", alerts.Yellow))
	if w.figures("E1") != nil {
		t.Fatal("figures before any were given")
	}
	evs, err := w.give("E1", coalFigures)
	if w.must(evs, err); len(evs) != 1 {
		t.Fatalf("%d events", len(evs))
	}
	g := w.figures("E1")
	if g == nil || !g.At.Equal(w.now) || g.By != "actor" || *g.Figures.Demand[0].HeatGJH != 800 ||
		len(g.Figures.BaselineMW["6#"]) != 2 {
		t.Fatalf("%+v", g)
	}
	w.elapse(30 * time.Minute)
	if evs, err := w.give("E1", coalFigures); err != nil || len(evs) != 0 || !w.figures("E1").At.Equal(g.At) {
		t.Errorf("the same soon again: %d events, %v", len(evs), err)
	}
	w.elapse(time.Hour)
	if evs, err := w.give("E1", coalFigures); err != nil || len(evs) != 1 || !w.figures("E1").At.Equal(w.now) {
		t.Errorf("the same later again: %d events, %v", len(evs), err)
	}
	w.check()
}

func TestFiguresRefused(t *testing.T) {
	w := newWorld(t, coalPlant(), enterprise("E2", alerts.Yellow))
	for _, c := range []struct {
		recipient, figures string
		code               refusal.Code
		path               string
	}{
		{"E1", `{"from":"2016-12-16T18:00:00+08:00","to":"2016-12-20T00:00:00+08:00","pit":{"level_t":1}}`, refusal.Invalid,
			"pit"},
		{"E1", `{"to":"2016-12-20T00:00:00+08:00"}`, refusal.Invalid, "from"},
		{"E1", `{"from":"2016-12-16T18:30:00+08:00","to":"2016-12-20T00:00:00+08:00"}`, refusal.Invalid, "from"},
		{"E1", `{"from":"2016-12-16T18:00:00+08:00","to":"2016-12-16T18:00:00+08:00"}`, refusal.Invalid, "to"},
		{"E1", `{"from":"2016-12-16T18:00:00+08:00","to":"2016-12-20T00:00:00+08:00","units":[{"name":"9#"}]}`,
			refusal.Invalid, "units[0].name"},
		{"E1", `{"from":"2016-12-16T18:00:00+08:00","to":"2016-12-20T00:00:00+08:00","emission":1}`, refusal.UnknownField,
			"emission"},
		{"E2", coalFigures, refusal.Conflict, ""},
		{"E9", coalFigures, refusal.NotFound, ""},
	} {
		evs, err := w.give(c.recipient, c.figures)
		var e *refusal.Error
		if !errors.As(err, &e) || e.Code != c.code || len(evs) > 0 || c.path != "" &&
			(len(e.Fields) == 0 || e.Fields[0].Path != c.path) {
			t.Errorf("%s %.60s: %v, want %s at %s", c.recipient, c.figures, err, c.code, c.path)
		}
	}
	if w.figures("E1") != nil || w.block != 0 {
		t.Error("something was recorded")
	}
}

// Whatever is given is refused or recorded; what is recorded is read back as the same.
func FuzzFigures(f *testing.F) {
	f.Add(coalFigures)
	f.Add(`{"from":"2016-12-16T18:00:00+08:00","to":"2016-12-20T00:00:00+08:00","step_h":6,"units":[{"name":"5#","available":[{"from":"2016-12-16T18:00:00+08:00","to":"2016-12-17T18:00:00+08:00"}]}],"demand":[{},{"heat_gj_h":0}],"baseline_mw":{"5#":[0.5]}}`)
	r := coalPlant()
	own := plant.OfRecipient(&r)
	f.Fuzz(func(t *testing.T, text string) {
		var in plant.Figures
		if refusal.Unmarshal([]byte(text), &in) != nil {
			return
		}
		if err := in.Check(own); err != nil {
			var e *refusal.Error
			if !errors.As(err, &e) || len(e.Fields) == 0 {
				t.Fatalf("no refusal with a place: %v", err)
			}
			for _, field := range e.Fields {
				if field.Path == "" || !refusal.Known(field.Rule) {
					t.Fatalf("%+v", field)
				}
			}
			return
		}
		recorded, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var back plant.Figures
		if err := json.Unmarshal(recorded, &back); err != nil || !sameFigures(in, back) {
			t.Fatalf("%v: %s", err, recorded)
		}
		// A plan can be put together of whatever was taken, and says what it misses.
		given := &plant.FiguresRecord{Figures: in, At: *in.From}
		p, err := own.Problem(plant.PlanFor{From: *in.From, To: in.To, Now: *in.From, MaxAge: 48 * time.Hour}, given)
		if err != nil {
			if refusal.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if !json.Valid(p.Text) || len(p.Text) > 1<<20 {
			t.Fatalf("problem of %d bytes", len(p.Text))
		}
	})
}
