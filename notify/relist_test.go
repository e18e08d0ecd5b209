package notify

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// newer brings another list into force from today on, beside the one that warnings are pinned to.
func (w *world) newer(t testing.TB, recipients []reductionlist.Recipient) (v reductionlist.Version) {
	t.Helper()
	l := &reductionlist.List{Name: "新版清单", Region: "120111", EffectiveFrom: w.now.Format(time.DateOnly),
		CompiledBy: "西青区生态环境局"}
	for i := range recipients {
		l.Recipients = append(l.Recipients, &recipients[i])
	}
	for _, db := range []*bbolt.DB{w.live, w.copy} {
		err := db.Update(func(tx *bbolt.Tx) error {
			replaces := reductionlist.ActiveFrom(tx, l.EffectiveFrom)
			run := func(evs []reductionlist.Event, next reductionlist.Version, err error) error {
				for _, ev := range evs {
					if err == nil {
						err = reductionlist.Apply(tx, newEffects(), w.now, "duty", ev)
					}
				}
				v = next
				return err
			}
			err := run(reductionlist.DecideBegin(tx, "duty", reductionlist.Head(l), w.now))
			if err == nil {
				err = run(reductionlist.DecideRows(tx, "duty", reductionlist.AddRows{Version: v.ID, Recipients: recipients}, w.now))
			}
			if err == nil {
				in := reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: v.Count, Replaces: replaces}
				err = run(reductionlist.DecideActivate(tx, "duty", in, w.now))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// warned declares a warning under the first list and works off its orders.
func (w *world) warned(l alerts.Level) *alerts.Warning {
	w.t.Helper()
	warning := warn(w, engine().DecideDeclare, alerts.Declare{Level: l, Trigger: alerts.CityOrder, Region: "120111",
		ListPin: alerts.ListPin{ListVersion: w.version.ID, ListHash: w.version.Hash}})
	w.elapse(0)
	return warning
}

func (w *world) relist(in Relist) (RelistDone, error) {
	w.t.Helper()
	done, _, err := do(w, DecideRelist, in)
	return done, err
}

// worded is an enterprise whose measures are worded in another way.
func worded(id, words string, levels ...alerts.Level) reductionlist.Recipient {
	r := enterprise(id, levels...)
	for i := range r.Measures {
		r.Measures[i].Text += words
	}
	return r
}

// A warning keeps its list. Those recipients that the officer names get what the newer one says, now and at every later
// level; nobody else hears anything.
func TestRelistedRecipientsFollowTheNewerList(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow, alerts.Orange), enterprise("E2", alerts.Yellow, alerts.Orange),
		enterprise("E3", alerts.Yellow),
		enterprise("E5", alerts.Yellow))
	warning := w.warned(alerts.Yellow)
	id := func(recipient string, revision int) string { return orderID(warning.ID, recipient, revision) }
	for _, r := range []string{"E1", "E2", "E3", "E5"} {
		w.must(w.answer(r, id(r, 1), Receive, ""))
	}
	newer := w.newer(t, []reductionlist.Recipient{worded("E1", "，按新版", alerts.Yellow, alerts.Orange),
		worded("E2", "，按新版", alerts.Yellow, alerts.Orange),
		enterprise("E4", alerts.Yellow), enterprise("E5", alerts.Yellow)})
	w.elapse(10 * time.Minute)
	w.wants("a newer list alone changes nothing")
	var offered []DueChange
	w.view(func(tx *bbolt.Tx) error {
		pinned, err := DueChanges(tx, w.version.ID, newer.ID, alerts.Yellow)
		if err == nil {
			offered, err = w.plan().Offered(tx, pinned, newer.ID)
		}
		return err
	})
	if want := []DueChange{{"E1", DueAmended}, {"E2", DueAmended}, {"E3", DueRetired},
		{"E4", DueAdded}}; !slices.Equal(offered, want) {
		t.Errorf("offered %v, want %v", offered, want)
	}

	in := Relist{Warning: warning.ID, Revision: warning.Revision, Version: newer.ID,
		Recipients: []string{"E4", "E1", "E3", "E1", "E5"}}
	done, err := w.relist(in)
	w.must(nil, err)
	if fmt.Sprint(done) != fmt.Sprint(RelistDone{Issued: []string{id("E4", 1)}, Revised: []string{id("E1", 2)},
		Released: []string{id("E3", 1)}, Unchanged: []string{"E5"}}) {
		t.Errorf("done %+v", done)
	}
	w.wants("relisted", id("E1", 2)+"/revised", id("E3", 1)+"/released", id("E4", 1)+"/issued")
	o := w.json(id("E1", 2))
	for k, want := range map[string]any{"list_version": newer.ID, "list_hash": newer.Hash, "cause": "list",
		"supersedes":     id("E1", 1),
		"acknowledge_by": "2016-12-16T19:10:00+08:00", "level": "yellow", "effective_from": "2016-12-16T18:10:00+08:00"} {
		if o[k] != want {
			t.Errorf("%s is %v, want %v", k, o[k], want)
		}
	}
	if text := o["text"].(string); !strings.Contains(text, "，按新版") || !strings.Contains(text, "清单已更新") {
		t.Errorf("text %s", text)
	}
	if done, err = w.relist(in); err != nil || len(done.Unchanged) != 4 ||
		len(done.Issued)+len(done.Revised)+len(done.Released) != 0 {
		t.Errorf("again: %+v %v", done, err)
	}
	// who follows it already follows it no second time
	if _, evs, err := do(w, DecideRelist, in); err != nil || len(evs) != 0 {
		t.Errorf("again: %d events, %v", len(evs), err)
	}
	w.view(func(tx *bbolt.Tx) error {
		pinned, err := DueChanges(tx, w.version.ID, newer.ID, alerts.Yellow)
		if err == nil {
			offered, err = w.plan().Offered(tx, pinned, newer.ID)
		}
		if n := Following(tx, warning.ID); n != 4 {
			t.Errorf("%d follow the newer list", n)
		}
		return err
	})
	if !slices.Equal(offered, []DueChange{{"E2", DueAmended}}) {
		t.Errorf("still offered: %v", offered)
	}
	w.elapse(time.Hour)
	if o := w.order(id("E1", 2)); o.Answer != AnswerOverdue {
		t.Errorf("an hour later E1's answer is %s", o.Answer)
	}

	w.level(alerts.Orange)
	w.wants("raised", id("E1", 3)+"/revised", id("E2", 2)+"/revised", id("E3", 1)+"/released", id("E4", 1)+"/issued")
	for order, want := range map[string]string{id("E1", 3): newer.ID, id("E2", 2): w.version.ID} {
		if o := w.json(order); o["list_version"] != want || o["cause"] != nil ||
			strings.Contains(o["text"].(string), "，按新版") != (want == newer.ID) {
			t.Errorf("%s follows %v, want %s: %v", order, o["list_version"], want, o["text"])
		}
	}
	third := w.newer(t, []reductionlist.Recipient{enterprise("E1", alerts.Yellow, alerts.Orange)})
	w.view(func(tx *bbolt.Tx) error {
		pinned, err := DueChanges(tx, w.version.ID, third.ID, alerts.Orange)
		if err == nil {
			offered, err = w.plan().Offered(tx, pinned, third.ID)
		}
		return err
	})
	if want := []DueChange{{"E1", DueAmended}, {"E2", DueRetired}, {"E4", DueRetired},
		{"E5", DueRetired}}; !slices.Equal(offered, want) {
		t.Errorf("by the third list: %v, want %v", offered, want)
	}
	w.lift()
	w.check()
}

// Recipients that follow another list come in their place among those of the pinned one, wherever a chunk ends, with
// and without reading ahead.
func TestPlanOfTwoListsInChunks(t *testing.T) {
	const n = 1100
	list := recipients(n, alerts.Yellow, alerts.Orange)
	var other []reductionlist.Recipient
	var named []string
	for i := range list {
		switch id := list[i].ID; {
		case i%50 == 1:
			other, named = append(other, worded(id, "，按新版", alerts.Yellow, alerts.Orange)), append(named, id)
		case i%50 == 2:
			named = append(named, id) // retired
		default:
			other = append(other, list[i])
		}
		if i%100 == 3 || i == n-1 {
			other, named = append(other, enterprise(list[i].ID+"-N", alerts.Yellow, alerts.Orange)),
				append(named, list[i].ID+"-N")
		}
	}
	play := func(reader *AheadReader) *world {
		w := newWorld(t, list...)
		warning := w.warned(alerts.Yellow)
		newer := w.newer(t, other)
		_, err := w.relist(Relist{Warning: warning.ID, Revision: warning.Revision, Version: newer.ID, Recipients: named})
		w.must(nil, err)
		w.change(Round{Level: alerts.Orange})
		for p := w.plan(); !p.Done; p = w.plan() {
			delete(w.fx.timers, p.timer())
			delete(w.copyFx.timers, p.timer())
			decide := decideRound
			if reader != nil {
				decide = reader.DecideRound
			}
			_, evs, err := do(w, decide, RoundChunk{w.plan().Warning, p.N})
			w.must(evs, err)
		}
		w.check()
		return w
	}
	plain, ahead := play(nil).bodies(), play(new(AheadReader)).bodies()
	at := map[string]string{}
	for id, body := range plain {
		if ahead[id] != body {
			t.Fatalf("%s differs when read ahead", id)
		}
		if strings.Contains(body, `"level":"orange"`) {
			at[id[len(warningID)+1:strings.LastIndexByte(id, '-')]] = body
		}
	}
	if len(at) != n-n/50+n/100+1 || len(plain) != len(ahead) {
		t.Errorf("%d orders at orange of %d and %d", len(at), len(plain), len(ahead))
	}
	for i := range list {
		id := list[i].ID
		if has := at[id] != ""; has != (i%50 != 2) || strings.Contains(at[id], "按新版") != (i%50 == 1) {
			t.Errorf("%s: order %v", id, at[id])
		}
	}
}

func TestRelistRefused(t *testing.T) {
	w := newWorld(t, enterprise("E1", alerts.Yellow))
	warning := w.warned(alerts.Yellow)
	newer := w.newer(t, []reductionlist.Recipient{worded("E1", "，按新版", alerts.Yellow)})
	good := Relist{Warning: warning.ID, Revision: warning.Revision, Version: newer.ID, Recipients: []string{"E1"}}
	for name, c := range map[string]struct {
		change func(*Relist)
		code   refusal.Code
	}{
		"another warning":   {func(in *Relist) { in.Warning = "W20161216-09" }, refusal.NotFound},
		"an old revision":   {func(in *Relist) { in.Revision++ }, refusal.StaleRevision},
		"the pinned list":   {func(in *Relist) { in.Version = w.version.ID }, refusal.Conflict},
		"somebody unknown":  {func(in *Relist) { in.Recipients = []string{"E1", "E9"} }, refusal.Invalid},
		"a list that isn't": {func(in *Relist) { in.Version = "L1" }, refusal.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			in := good
			c.change(&in)
			if _, err := w.relist(in); code(err) != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
	w.change(Round{Level: alerts.Orange})
	if _, err := w.relist(good); code(err) != refusal.Conflict {
		t.Errorf("while orders go out: %v", err)
	}
	w.elapse(0)
	w.lift()
	if _, err := w.relist(good); code(err) != refusal.TransitionRefused {
		t.Errorf("after the lift: %v", err)
	}
	w.check()
}
