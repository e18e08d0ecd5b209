package notify

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// recordBucket stands for the record: event data by block number.
var recordBucket = []byte("test.record")

// effects keeps what applying asked for, as the journal's rows would.
type effects struct {
	outbox map[string]time.Time
	timers map[string]timer
	shared map[string]Saver
	now    time.Time
}

type timer struct {
	due     time.Time
	command string
	payload string
}

func newEffects() *effects {
	return &effects{outbox: map[string]time.Time{}, timers: map[string]timer{}, shared: map[string]Saver{}}
}

func (e *effects) Send(topic, id string, due time.Time) { e.outbox[topic+" "+id] = due.Round(0) }
func (e *effects) SendBy(channel, _, _ string, _ time.Time) {
	panic("a message by " + channel)
}
func (e *effects) Drop(topic, id string) { delete(e.outbox, topic+" "+id) }
func (e *effects) CancelTimer(id string) { delete(e.timers, id) }
func (e *effects) Timer(id string, due time.Time, command string, payload any) {
	b, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	e.timers[id] = timer{due.Round(0), command, string(b)}
}

func (e *effects) WallTimer(id string, due time.Time, command string, payload any) {
	e.Timer(id, due, command, payload)
}
func (e *effects) Wall() time.Time { return e.now }

func (e *effects) Together(name string, make func() Saver) Saver {
	if e.shared[name] == nil {
		e.shared[name] = make()
	}
	return e.shared[name]
}

// save ends a block.
func (e *effects) save(tx *bbolt.Tx) error {
	defer clear(e.shared)
	for _, s := range e.shared {
		if err := s.Save(tx); err != nil {
			return err
		}
	}
	return nil
}

func (e *effects) equal(f *effects) bool {
	return maps.EqualFunc(e.outbox, f.outbox, time.Time.Equal) &&
		maps.EqualFunc(e.timers, f.timers, func(a, b timer) bool {
			return a.due.Equal(b.due) && a.command == b.command && a.payload == b.payload
		})
}

// failer is what testing.TB and rapid.T share.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// world runs commands the way the journal does: decide, append, apply; and beside it a replay that sees only the
// recorded bytes.
type world struct {
	t          failer
	live, copy *bbolt.DB
	fx, copyFx *effects
	now        time.Time
	block      uint64
	version    reductionlist.Version
}

func newDB(t testing.TB) *bbolt.DB {
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "state.db"), 0o600,
		&bbolt.Options{NoSync: true, NoFreelistSync: true, InitialMmapSize: 1 << 28})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range slices.Concat(Buckets(), reductionlist.Buckets(), alerts.Buckets(),
			[]string{string(recordBucket)}) {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func newWorld(t testing.TB, recipients ...reductionlist.Recipient) *world {
	w := &world{t: t, live: newDB(t), copy: newDB(t), fx: newEffects(), copyFx: newEffects(),
		now: time.Date(2016, 12, 16, 18, 0, 0, 0, alerts.Shanghai())}
	for _, db := range []*bbolt.DB{w.live, w.copy} {
		w.version = loadList(t, db, w.now, recipients)
	}
	return w
}

// loadList brings a list into force through reductionlist's own commands.
func loadList(t testing.TB, db *bbolt.DB, now time.Time,
	recipients []reductionlist.Recipient) (v reductionlist.Version) {
	l := &reductionlist.List{Name: "西青区应急减排清单", Region: "120111", EffectiveFrom: "2016-12-01", CompiledBy: "西青区生态环境局",
		Emission: reductionlist.Amounts{SO2: 10, NOx: 20, PM: 5, VOCs: 8}}
	for i := range recipients {
		l.Recipients = append(l.Recipients, &recipients[i])
	}
	err := db.Update(func(tx *bbolt.Tx) error {
		run := func(evs []reductionlist.Event, next reductionlist.Version, err error) error {
			for _, ev := range evs {
				if err == nil {
					err = reductionlist.Apply(tx, newEffects(), now, "duty", ev)
				}
			}
			v = next
			return err
		}
		err := run(reductionlist.DecideBegin(tx, "duty", reductionlist.Head(l), now))
		for page := range slices.Chunk(recipients, 200) {
			if err == nil {
				err = run(reductionlist.DecideRows(tx, "duty", reductionlist.AddRows{Version: v.ID, Recipients: page}, now))
			}
		}
		if err == nil {
			err = run(reductionlist.DecideActivate(tx, "duty",
				reductionlist.Activate{Version: v.ID, Hash: v.Hash, Count: v.Count}, now))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// encode is what the journal records of an event.
func encode(ev Event) ([]byte, error) {
	if a, ok := ev.(interface{ AppendJSON([]byte) []byte }); ok {
		return a.AppendJSON(nil), nil
	}
	return json.Marshal(ev)
}

func readBody(tx *bbolt.Tx, pos Pos) ([]byte, error) {
	b := tx.Bucket(recordBucket).Get(blockKey(pos.Block))
	if b == nil {
		return nil, errors.New("no such block")
	}
	return b[pos.Off : pos.Off+pos.Len], nil
}

func blockKey(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

func testContact(ref string) (name, phone string) {
	if ref == "v:duty" {
		return "值班员", "022-12345678"
	}
	return "", ""
}

// testVault holds the duty contact and one note.
var testVault = Vault{Contact: testContact, Note: func(ref string) string {
	return map[string]string{"v:r": "保障民生供热", "v:n": "停炉不安全"}[ref]
}}

// do decides on the live state and applies the outcome to both.
func do[C, R any](w *world, decide func(*bbolt.Tx, string, C, time.Time) ([]Event, R, error), in C) (R, []Event,
	error) {
	w.t.Helper()
	var result R
	var evs []Event
	var refused error
	err := w.live.Update(func(tx *bbolt.Tx) error {
		evs, result, refused = decide(tx, "actor", in, w.now)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if refused != nil {
		if len(evs) > 0 {
			w.t.Fatalf("refused with events: %v", refused)
		}
		return result, nil, refused
	}
	w.apply(evs)
	return result, evs, nil
}

// apply records the events, applies them as decided to the live state and as recorded to the copy.
func (w *world) apply(evs []Event) {
	w.t.Helper()
	from := w.block
	var recorded [][]byte
	for _, ev := range evs {
		b, err := encode(ev)
		if err != nil {
			w.t.Fatal(err)
		}
		recorded = append(recorded, append([]byte("head"), b...))
	}
	for _, side := range []struct {
		db *bbolt.DB
		fx *effects
	}{{w.live, w.fx}, {w.copy, w.copyFx}} {
		w.block = from
		err := side.db.Update(func(tx *bbolt.Tx) error {
			for i, ev := range evs {
				data := recorded[i][4:]
				if side.db == w.copy {
					var err error
					if ev, err = Decode(evs[i].Kind(), data); err != nil {
						return err
					}
				}
				w.block++
				if err := tx.Bucket(recordBucket).Put(blockKey(w.block), recorded[i]); err != nil {
					return err
				}
				side.fx.now = w.now
				if err := Apply(tx, side.fx, w.now, "actor", Pos{Block: w.block, Off: 4, Len: uint32(len(data))}, ev); err != nil {
					return err
				}
			}
			return side.fx.save(tx)
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// change starts a plan, as observing an event of the warning does.
func (w *world) change(p Round) {
	w.t.Helper()
	if p.Warning == "" {
		p.Warning = warningID
	}
	p.At, p.AcknowledgeBy, p.StartsAt = w.now, w.now.Add(time.Hour), w.now.Add(2*time.Hour)
	p.ListVersion, p.ListHash, p.ContactRef, p.DocumentNo = w.version.ID, w.version.Hash, "v:duty", "津气指办〔2016〕12号"
	for _, side := range []struct {
		db *bbolt.DB
		fx *effects
	}{{w.live, w.fx}, {w.copy, w.copyFx}} {
		p := p
		if err := side.db.Update(func(tx *bbolt.Tx) error {
			old, err := GetRound(tx, p.Warning)
			if err != nil {
				return err
			}
			return p.start(tx, side.fx, old)
		}); err != nil {
			w.t.Fatal(err)
		}
	}
}

const warningID = "W20161216-01"

// level brings the warning to a level and works off its plan.
func (w *world) level(l alerts.Level) {
	w.t.Helper()
	w.change(Round{Level: l})
	w.elapse(0)
}

// lift ends the warning and works off the releases.
func (w *world) lift() {
	w.t.Helper()
	w.change(Round{Level: alerts.Red, Release: "lifted"})
	w.elapse(0)
}

// elapse lets time pass and runs the timers that fall due, and those they set.
func (w *world) elapse(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	for {
		due := slices.Sorted(maps.Keys(w.fx.timers))
		due = slices.DeleteFunc(due, func(id string) bool { return w.fx.timers[id].due.After(w.now) })
		if len(due) == 0 {
			return
		}
		w.run(due[0])
	}
}

// run runs one timer's command.
func (w *world) run(id string) []Event {
	w.t.Helper()
	t := w.fx.timers[id]
	delete(w.fx.timers, id)
	delete(w.copyFx.timers, id)
	evs, err := []Event(nil), error(nil)
	w.view(func(tx *bbolt.Tx) error { evs, err = decideTimer(tx, t, w.now); return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	w.apply(evs)
	return evs
}

// decideTimer decides the command of a timer.
func decideTimer(tx *bbolt.Tx, t timer, now time.Time) (evs []Event, err error) {
	payload := []byte(t.payload)
	switch t.command {
	case CommandRound:
		return decideAs(tx, decideRound, payload, now)
	case CommandOverdue:
		return decideAs(tx, DecideOverdue, payload, now)
	case CommandNextStage:
		return decideAs(tx, DecideNextStage, payload, now)
	case CommandDecisionEnds:
		return decideAs(tx, func(tx *bbolt.Tx, actor string, in DecisionEnds, now time.Time) ([]Event, *Order, error) {
			in.Read = readBody
			return DecideDecisionEnds(tx, actor, in, now)
		}, payload, now)
	}
	return nil, fmt.Errorf("a timer runs %q", t.command)
}

func decideAs[C, R any](tx *bbolt.Tx, decide func(*bbolt.Tx, string, C, time.Time) ([]Event, R, error), payload []byte,
	now time.Time) ([]Event, error) {
	var in C
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, err
	}
	evs, _, err := decide(tx, "system", in, now)
	return evs, err
}

func unmarshal[T any](t failer, data string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// answer does an act and returns its refusal.
func (w *world) answer(recipient, order string, action Action, note string) ([]Event, error) {
	w.t.Helper()
	in := Answer{RecipientID: recipient, OrderID: order, Action: action, NoteHash: note}
	if note != "" {
		in.NoteRef = "v:n"
	}
	_, evs, err := do(w, DecideAnswer, in)
	return evs, err
}

func (w *world) must(evs []Event, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) view(f func(tx *bbolt.Tx) error) {
	w.t.Helper()
	if err := w.live.View(f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) order(id string) (o *Order) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) (err error) { o, err = Get(tx, id); return err })
	return o
}

// json is the order's present JSON.
func (w *world) json(id string) (m map[string]any) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		b, err := JSON(tx, readBody, testVault, id)
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		return err
	})
	return m
}

// message renders an outbox row.
func (w *world) message(id string) (subject, payload string) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		s, p, err := Message(tx, readBody, testVault, id)
		subject, payload = s, string(p)
		return err
	})
	return subject, payload
}

// nothing expects that nothing is to be sent for an outbox row any more.
func (w *world) nothing(id string) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) error {
		if _, _, err := Message(tx, readBody, testVault, id); !errors.Is(err, ErrReceived) {
			w.t.Fatalf("message %s: %v, want ErrReceived", id, err)
		}
		return nil
	})
}

// outbox lists the message ids to be sent: rows whose order was received are still there and say so.
func (w *world) outbox() []string {
	var ids []string
	w.view(func(tx *bbolt.Tx) error {
		for id := range w.fx.outbox {
			id = strings.TrimPrefix(id, Topic+" ")
			_, _, err := Message(tx, readBody, testVault, id)
			if errors.Is(err, ErrReceived) {
				continue
			}
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	slices.Sort(ids)
	return ids
}

// enterprise is a recipient with a measure from each of the levels on; the same measure id at two levels is one
// measure that becomes stricter.
func enterprise(id string, levels ...alerts.Level) reductionlist.Recipient {
	r := reductionlist.Recipient{ID: id, Type: reductionlist.Enterprise, Name: "示例企业" + id, Town: "大寺镇", Industry: "C3360",
		Grade: reductionlist.GradeC}
	if len(id)%2 == 0 {
		r.Town, r.Industry, r.Grade = "杨柳青镇", "D4411", reductionlist.GradeB
	}
	for i, l := range levels {
		r.Measures = append(r.Measures,
			reductionlist.Measure{ID: fmt.Sprintf("M%d", i+1), Levels: []alerts.Level{l}, Unit: "6#机组",
				Action: reductionlist.ReduceCoal, Text: fmt.Sprintf("6#机组入炉煤量每日减少%d吨", 300*(i+1)),
				Quantity:        &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: float64(300 * (i + 1)), Unit: "t/d"},
				CompleteWithinH: 4, Responsible: "生产部值长",
				Monitors: []reductionlist.Monitor{{Source: reductionlist.CEMS, Ref: "MN001", Factor: "a21002",
					Criterion: reductionlist.Criterion{Kind: reductionlist.HourMassAtMost, Limit: 30, Unit: "kg/h"}}},
				Evidence:  []string{"DCS曲线", "入炉煤量台账"},
				Reduction: reductionlist.Amounts{SO2: 0.1, NOx: 0.2, PM: 0.01}})
	}
	return r
}

func code(err error) refusal.Code { return refusal.CodeOf(err) }

// decideRound decides a chunk without reading ahead.
var decideRound = (*AheadReader)(nil).DecideRound
