package live

import (
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/seeds"
)

// A discarded draft is told of no more, and whoever watches goes on to hear of the rest.
func TestADraftIsDiscardedWhileWatched(t *testing.T) {
	w := newWorld(t, 2)
	s := w.listen(Viewer{Filter: Filter{Lists: true}})
	draft, err := w.svc.ImportWorkbook(t.Context(), service.By("duty"), "清单.xlsx",
		func() ([]byte, error) { return seeds.Workbook(), nil })
	w.must(err)
	_, err = w.svc.DiscardList(t.Context(), service.By("duty"),
		calls.DraftAt{ByID: calls.ByID{ID: draft.Version.ID}, Revision: draft.Version.Revision})
	w.must(err)
	w.quiet(s)
	w.importList("2016-12-10", 2)
	if got := w.quiet(s); len(got) == 0 || got[len(got)-1].Kind != List {
		t.Errorf("after the discard: %d messages", len(got))
	}
}

// What another package records reaches viewers by what it says of its events and by a row of the options: those with
// the right to read it, and what is a recipient's the recipient, its town, and who looks at its warning.
func TestAnotherTopicJoins(t *testing.T) {
	w := newWorld(t, 3)
	warning := w.declared()
	w.hub = New(w.svc, Options{Topics: []Topic{{Kind: access.AboutUser, Act: calls.ActPapersRead, Each: true,
		Read: func(tx *bbolt.Tx, s journal.Subject) (View, error) {
			o, err := notify.Get(tx, warning+"-"+s.ID+"-1")
			if refusal.CodeOf(err) == refusal.NotFound {
				return View{}, nil // a person, of whom nothing is told
			} else if err != nil {
				return View{}, err
			}
			return View{Value: s.ID, Warning: o.WarningID, Order: o.ID, Recipient: o.RecipientID, Town: o.Town}, nil
		}}}})
	t.Cleanup(w.hub.Close)
	duty := FilterOf(&access.Principal{User: "d", Role: calls.Duty})
	subs, want := map[string]*Subscription{}, map[string][]string{
		"duty": nil, "duty, warning": {"E0001", "E0002", "E0003"}, "duty, another": nil, "duty, order": {"E0002"},
		"viewer, warning": nil,
		"enterprise":      {"E0002"}, "town": {"E0001", "E0003"}, "nobody": nil,
	}
	for name, f := range map[string]Filter{
		"duty": duty, "duty, warning": duty.OfWarning(warning), "duty, another": duty.OfWarning("W20161216-09"),
		"duty, order":     duty.OfOrder(&notify.Order{ID: order(warning, 1), WarningID: warning}),
		"viewer, warning": FilterOf(&access.Principal{Role: calls.Viewer}).OfWarning(warning),
		"enterprise":      FilterOf(&access.Principal{Role: calls.Enterprise, Recipient: recipient(1)}),
		"town":            FilterOf(&access.Principal{Role: calls.Town, Town: dasi}),
		"nobody":          {},
	} {
		subs[name] = w.listen(Viewer{User: name, Filter: f, bare: true})
	}
	w.Account("clerk", calls.Viewer, "示例", dasi)
	for i := range 3 {
		w.Credentials(recipient(i))
	}
	w.settle()
	for name, s := range subs {
		var got []string
		for _, m := range w.take(s) {
			if m.Kind == access.AboutUser {
				got = append(got, m.Value.(string))
			}
		}
		if !slices.Equal(got, want[name]) {
			t.Errorf("%s hears of %q, want %q", name, got, want[name])
		}
	}
}

// A station that is registered is told to whoever sees all recipients, to its own, and to the town of that.
func TestWhoHearsOfAStation(t *testing.T) {
	w := newWorld(t, 3)
	subs, want := map[string]*Subscription{}, map[string][]string{"duty": {"A1", "B0"}, "viewer": {"A1", "B0"},
		"enterprise": {"A1"}, "town": {"B0"}, "feeder": nil, "duty, warning": nil}
	duty := FilterOf(&access.Principal{User: "d", Role: calls.Duty})
	for name, f := range map[string]Filter{"duty": duty, "viewer": FilterOf(&access.Principal{Role: calls.Viewer}),
		"enterprise":    FilterOf(&access.Principal{Role: calls.Enterprise, Recipient: recipient(1)}),
		"town":          FilterOf(&access.Principal{Role: calls.Town, Town: dasi}),
		"feeder":        FilterOf(&access.Principal{Role: calls.Feeder}),
		"duty, warning": duty.OfWarning("W20161216-01")} {
		subs[name] = w.listen(Viewer{User: name, Filter: f, bare: true})
	}
	for mn, owner := range map[string]string{"A1": recipient(1), "B0": recipient(0)} {
		_, err := w.svc.AddStation(t.Context(), service.By("admin"),
			calls.NewStation{MN: mn, Name: "总表", RecipientID: owner})
		w.must(err)
	}
	w.settle()
	for name, s := range subs {
		var got []string
		for _, m := range w.take(s) {
			if m.Kind == Station {
				got = append(got, m.Value.(calls.Station).MN)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want[name]) {
			t.Errorf("%s hears of %q, want %q", name, got, want[name])
		}
	}
}

// A finding is told to those who see all recipients, to its own, and to its town, and without what was written of it; a
// task to the same but the enterprise.
func TestWhoHearsOfAFinding(t *testing.T) {
	w := newWorld(t, 3)
	warning := w.declared()
	duty := FilterOf(&access.Principal{User: "d", Role: calls.Duty})
	subs, want := map[string]*Subscription{}, map[string][]string{"duty": {"finding", "finding", "task"},
		"enterprise": {"finding", "finding"}, "town": {"finding", "finding", "task"}, "duty, warning": {"finding", "finding", "task"},
		"duty, order": {"finding", "finding", "task"}, "another enterprise": nil, "another town": nil, "duty, another": nil, "feeder": nil}
	for name, f := range map[string]Filter{"duty": duty, "duty, warning": duty.OfWarning(warning),
		"duty, another":      duty.OfWarning("W20161216-09"),
		"duty, order":        duty.OfOrder(&notify.Order{ID: order(warning, 0), WarningID: warning}),
		"enterprise":         FilterOf(&access.Principal{Role: calls.Enterprise, Recipient: recipient(0)}),
		"another enterprise": FilterOf(&access.Principal{Role: calls.Enterprise, Recipient: recipient(1)}),
		"town":               FilterOf(&access.Principal{Role: calls.Town, Town: dasi}),
		"another town":       FilterOf(&access.Principal{Role: calls.Town, Town: yangliu}),
		"feeder":             FilterOf(&access.Principal{Role: calls.Feeder})} {
		subs[name] = w.listen(Viewer{User: name, Filter: f, bare: true})
	}
	from := w.svc.J.Now()
	w.submit(judging.CommandJudge, "system", compliance.Judge{Warning: warning, Recipient: recipient(0), Order: order(warning, 0),
		Seen: []compliance.Seen{{Key: compliance.Key{Measure: "M1"}, Verdict: judge.Suspected, Worst: judge.Suspected,
			Finding: &compliance.Finding{From: from, Last: from}}}})
	w.submit(judging.CommandExplain, recipient(0), compliance.Explain{Finding: warning + "-" + recipient(0) + "-F001",
		Recipient: recipient(0), NoteRef: "v1:00", NoteHash: "00"})
	w.submit(judging.CommandTask, "system", compliance.OpenTask{Task: compliance.Task{Origin: compliance.FromNoData, About: "x",
		Warning: warning, Recipient: recipient(0), Order: order(warning, 0), Town: dasi, Due: from}})
	w.settle()
	for name, s := range subs {
		var got []string
		for _, m := range w.take(s) {
			switch v := m.Value.(type) {
			case calls.FindingView:
				for _, e := range v.Explanations {
					if e.Note != "" {
						t.Errorf("%s hears %q", name, e.Note)
					}
				}
				got = append(got, string(m.Kind))
			case calls.TaskView:
				got = append(got, string(m.Kind))
			}
		}
		if !slices.Equal(got, want[name]) {
			t.Errorf("%s hears of %q, want %q", name, got, want[name])
		}
	}
}

func (w *world) submit(kind, actor string, payload any) {
	w.t.Helper()
	_, err := w.svc.J.Submit(w.t.Context(), journal.Command{Kind: kind, Actor: actor, Payload: payload})
	w.must(err)
}
