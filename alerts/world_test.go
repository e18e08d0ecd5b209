package alerts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// tb is what a test and a property test have in common.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is the record of a test, kept twice: live applies what was decided, replay what was decoded from its JSON.
type world struct {
	t            tb
	live, replay *bbolt.DB
	liveFx       *effects
	replayFx     *effects
	engine       Engine
	now          time.Time
	kinds        []string // of the events so far
}

const district = "120111"

// newWorld opens a world in dir; close it.
func newWorld(t tb, dir string) *world {
	t.Helper()
	w := &world{t: t, liveFx: newEffects(), replayFx: newEffects(), engine: Engine{Settings: DefaultSettings()},
		now: clockAt("2016-12-16T17:00")}
	w.live, w.replay = openTestDB(t, filepath.Join(dir, "live.db")), openTestDB(t, filepath.Join(dir, "replay.db"))
	return w
}

func openTestDB(t tb, path string) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, b := range Buckets() {
			if _, err := tx.CreateBucketIfNotExists([]byte(b)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("buckets: %v", err)
	}
	return db
}

func (w *world) close() {
	if err := w.live.Close(); err != nil {
		w.t.Errorf("close: %v", err)
	}
	if err := w.replay.Close(); err != nil {
		w.t.Errorf("close: %v", err)
	}
}

// clockAt reads a Shanghai wall time.
func clockAt(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02T15:04", s, Shanghai())
	if err != nil {
		panic(err)
	}
	return t
}

func (w *world) at(s string) *world { w.now = clockAt(s); return w }

// try decides, and applies what was decided to both databases.
func try[I, R any](w *world, decide func(*bbolt.Tx, string, I, time.Time) ([]Event, R, error), actor string, in I) (R,
	error) {
	w.t.Helper()
	var result R
	var events []Event
	err := w.live.View(func(tx *bbolt.Tx) error {
		var err error
		events, result, err = decide(tx, actor, in, w.now)
		return err
	})
	if err != nil {
		if len(events) > 0 {
			w.t.Errorf("a refusal came with events: %v", err)
		}
		return result, err
	}
	for _, ev := range events {
		w.kinds = append(w.kinds, strings.TrimPrefix(ev.Kind(), "alerts."))
	}
	w.apply(actor, events)
	return result, nil
}

func (w *world) apply(actor string, events []Event) {
	w.t.Helper()
	err := w.live.Update(func(tx *bbolt.Tx) error {
		for _, ev := range events {
			if err := Apply(tx, w.liveFx, w.now, actor, ev); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatalf("apply: %v", err)
	}
	err = w.replay.Update(func(tx *bbolt.Tx) error {
		for _, ev := range events {
			data, err := json.Marshal(ev)
			if err != nil {
				return err
			}
			decoded, err := Decode(ev.Kind(), data)
			if err != nil {
				return err
			}
			at, err := time.Parse(time.RFC3339Nano, w.now.Format(time.RFC3339Nano))
			if err != nil {
				return err
			}
			if err := Apply(tx, w.replayFx, at.In(Shanghai()), actor, decoded); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatalf("replay: %v", err)
	}
}

// do is try for what must succeed.
func do[I, R any](w *world, decide func(*bbolt.Tx, string, I, time.Time) ([]Event, R, error), actor string, in I) R {
	w.t.Helper()
	r, err := try(w, decide, actor, in)
	if err != nil {
		w.t.Fatalf("%s: %T: %v", clock(w.now), in, err)
	}
	return r
}

// mustMatch: what the live path left and what the replay left are the same bytes, and ask the same of the world.
func (w *world) mustMatch() {
	w.t.Helper()
	a, b := dump(w.t, w.live), dump(w.t, w.replay)
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			w.t.Fatalf("live and replay differ at row %d:\n live   %s\n replay %s", i, nth(a, i), nth(b, i))
		}
	}
	if la, lb := w.liveFx.String(), w.replayFx.String(); la != lb {
		w.t.Fatalf("effects differ:\n live   %s\n replay %s", la, lb)
	}
}

func nth(rows []string, i int) string {
	if i < len(rows) {
		return rows[i]
	}
	return "(nothing)"
}

func dump(t tb, db *bbolt.DB) []string {
	t.Helper()
	var rows []string
	err := db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				rows = append(rows, fmt.Sprintf("%s %q = %q", name, k, v))
				return nil
			})
		})
	})
	if err != nil {
		t.Fatalf("dump: %v", err)
	}
	return rows
}

func (w *world) view(fn func(tx *bbolt.Tx) error) {
	w.t.Helper()
	if err := w.live.View(fn); err != nil {
		w.t.Fatalf("view: %v", err)
	}
}

func (w *world) warning(id string) (got *Warning) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) (err error) { got, err = GetWarning(tx, id); return err })
	return got
}

func (w *world) proposal(id string) (got *Proposal) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) (err error) { got, err = GetProposal(tx, id); return err })
	return got
}

func (w *world) open() []*Proposal {
	w.t.Helper()
	var page Page[*Proposal]
	w.view(func(tx *bbolt.Tx) (err error) { page, err = ListProposals(tx, "open", "", 0); return err })
	if page.Total != len(page.Items) {
		w.t.Errorf("total %d, but %d open proposals", page.Total, len(page.Items))
	}
	return page.Items
}

// events returns and forgets the kinds of the events since the last call.
func (w *world) events() string {
	s := strings.Join(w.kinds, " ")
	w.kinds = nil
	return s
}

// effects remembers what applying asked for.
type effects struct {
	sent   []string
	timers map[string]timer
}

type timer struct {
	due     time.Time
	command string
	payload string
}

func newEffects() *effects { return &effects{timers: map[string]timer{}} }

func (f *effects) Send(topic, id string, _ time.Time) { f.sent = append(f.sent, topic+" "+id) }
func (f *effects) Drop(topic, id string) {
	f.sent = slices.DeleteFunc(f.sent, func(s string) bool { return s == topic+" "+id })
}
func (f *effects) Timer(id string, due time.Time, command string, payload any) {
	raw, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	f.timers[id] = timer{due, command, string(raw)}
}
func (f *effects) WallTimer(id string, due time.Time, command string, payload any) {
	f.Timer(id, due, command, payload)
}
func (f *effects) CancelTimer(id string) { delete(f.timers, id) }

func (f *effects) String() string {
	var b bytes.Buffer
	fmt.Fprintln(&b, f.sent)
	var ids []string
	for id := range f.timers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		fmt.Fprintln(&b, id, clock(f.timers[id].due), f.timers[id].command, f.timers[id].payload)
	}
	return b.String()
}

func ptr[T any](v T) *T { return &v }

// ruleAt is the rule that an error gives for a path, or its own rule when path is empty.
func ruleAt(err error, path string) string {
	e, ok := err.(*refusal.Error)
	if !ok {
		return fmt.Sprint(err)
	}
	for _, f := range e.Fields {
		if f.Path == path {
			return f.Rule
		}
	}
	if path == "" {
		return e.Rule
	}
	return e.Error()
}

// days makes a series of bare AQI from first on; -1 is an unknown day.
func days(first Date, aqi ...int) []DayAQI {
	var out []DayAQI
	for i, v := range aqi {
		d := DayAQI{Date: first.AddDays(i)}
		if v >= 0 {
			d.AQI = ptr(v)
		}
		out = append(out, d)
	}
	return out
}

// byDay is a series without hours.
func byDay(d ...DayAQI) Series { return Series{Days: d} }

// forecast makes a forecast of days with one value each.
func forecast(issued string, first Date, aqi ...int) Forecast {
	f := Forecast{Source: "tianjin-emc", Region: district, IssuedAt: clockAt(issued)}
	for i, v := range aqi {
		f.Days = append(f.Days, ForecastDay{Date: first.AddDays(i), AQILow: max(0, v-50), AQIHigh: v,
			Primary: []string{PM25}})
	}
	return f
}

// observed makes an observation likewise.
func observed(first Date, aqi ...int) Observation {
	o := Observation{Station: "1015A", Region: district}
	for i, v := range aqi {
		o.Days = append(o.Days, Day{Date: first.AddDays(i), AQI: ptr(v), Primary: []string{PM25}})
	}
	return o
}

// subjects are those of what was sent, in order; each message must render the same twice.
func (w *world) subjects() []string {
	w.t.Helper()
	var out []string
	for _, s := range w.liveFx.sent {
		topic, id, _ := strings.Cut(s, " ")
		if topic == TopicWarning {
			out = append(out, w.message(topic, id).Subject)
		}
	}
	return out
}

func (w *world) message(topic, id string) (m Msg) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) (err error) { m, err = Message(tx, topic, id); return err })
	return m
}

// fire runs the timers that have come due, each at its time.
func (w *world) fire() {
	w.t.Helper()
	until := w.now
	for {
		id := ""
		for name, timer := range w.liveFx.timers {
			if !timer.due.After(until) && (id == "" || timer.due.Before(w.liveFx.timers[id].due)) {
				id = name
			}
		}
		if id == "" {
			w.now = until
			return
		}
		due := w.liveFx.timers[id]
		w.now = due.due
		w.liveFx.CancelTimer(id)
		w.replayFx.CancelTimer(id)
		var ref WarningRef
		if err := json.Unmarshal([]byte(due.payload), &ref); err != nil {
			w.t.Fatalf("timer %s: %v", id, err)
		}
		if due.command == CommandActivate {
			do(w, w.engine.DecideActivate, "timer", ref)
		} else {
			do(w, w.engine.DecideExpire, "timer", ref)
		}
	}
}
