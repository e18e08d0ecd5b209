package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// What two made-up earlier programs recorded of an addition.

type counted struct {
	Who   string `json:"who"`
	More  uint64 `json:"more"`
	Total uint64 `json:"total"`
}

func (counted) Kind() string  { return "t.counted" }
func (e counted) adds() added { return added{e.Who, e.More, e.Total} }

type countedV2 struct {
	Name  string `json:"name"`
	Dozen uint64 `json:"dozen"`
	Over  uint64 `json:"over"`
	Total uint64 `json:"total"`
}

func (countedV2) Kind() string  { return "t.counted.v2" }
func (e countedV2) adds() added { return added{e.Name, 12*e.Dozen + e.Over, e.Total} }

func inDozens(e added) countedV2 { return countedV2{e.Name, e.N / 12, e.N % 12, e.Total} }

// lifting makes a lift of how one value becomes the next.
func lifting[From, To any](next func(From) To) func([]byte) ([]byte, error) {
	return func(data []byte) ([]byte, error) {
		var from From
		if err := json.Unmarshal(data, &from); err != nil {
			return nil, err
		}
		return json.Marshal(next(from))
	}
}

func firstToSecond() Older {
	return Older{counted{}.Kind(), countedV2{}.Kind(), lifting(func(e counted) countedV2 { return inDozens(e.adds()) })}
}

func secondToToday() Older { return Older{countedV2{}.Kind(), added{}.Kind(), lifting(countedV2.adds)} }

// The three versions of the program: each records its own form and reads those before it.
func versions() []program {
	first, second, third := today(), today(), today()
	first.record, first.decode = func(e added) Event { return counted{e.Name, e.N, e.Total} }, decodeTo[counted]
	second.record, second.decode = func(e added) Event { return inDozens(e) }, decodeTo[countedV2]
	second.older = []Older{firstToSecond()}
	third.older = []Older{secondToToday(), firstToSecond()}
	return []program{first, second, third}
}

// blocks are copies of the record's blocks.
func (w *world) blocks() (raw [][]byte) {
	w.t.Helper()
	_ = w.j.View(func(tx *bbolt.Tx) error {
		for n := uint64(1); n <= w.j.Height(); n++ {
			raw = append(raw, bytes.Clone(ReadBlock(tx, n)))
		}
		return nil
	})
	return raw
}

// grown is a record that each version of the program in turn was started on and added to; the last one runs.
func grown(t *testing.T) *world {
	w := newWorld(t)
	for _, p := range versions() {
		w.stop()
		w.opt.Registry = p.registry()
		w.start()
		w.add("a", 30)
		w.add("b", 1)
		prove(t, w.j)
	}
	return w
}

// A record that earlier programs wrote is opened, gone on with, checked and rebuilt by one that reads their events only
// by lifting them, and not one recorded byte is another.
func TestOlderKinds(t *testing.T) {
	w := grown(t)
	w.want("a", 90)
	w.want("b", 3)
	before, blocks := prove(t, w.j), w.blocks()
	var kinds []string
	for _, raw := range blocks {
		b, err := ParseBlock(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Entries() {
			kinds = append(kinds, e.Kind)
		}
	}
	if want := []string{"t.counted", "t.counted", "t.counted.v2", "t.counted.v2", "t.added",
		"t.added"}; !slices.Equal(kinds, want) {
		t.Fatalf("recorded as %v, want %v", kinds, want)
	}
	same := func(what string) {
		t.Helper()
		if r := prove(t, w.j); r.Root != before.Root || r.StateHash != before.StateHash || r.Entries != before.Entries {
			t.Errorf("%s: %+v, want %+v", what, r, before)
		}
		if !slices.EqualFunc(w.blocks(), blocks, bytes.Equal) {
			t.Errorf("%s: the blocks are others", what)
		}
	}
	w.stopJournal()
	opt := w.opt
	opt.Dir, opt.JS = w.dir, w.js
	if r, err := Rebuild(t.Context(), opt); err != nil || !r.OK {
		t.Fatalf("rebuild from the record: %v %+v", err, r)
	}
	w.start()
	same("rebuilt from the record")
	w.stopJournal()
	if err := os.Remove(filepath.Join(w.dir, File)); err != nil {
		t.Fatal(err)
	}
	if r, err := Rebuild(t.Context(), opt); err != nil || !r.OK {
		t.Fatalf("rebuild from the stream: %v %+v", err, r)
	}
	w.start()
	same("rebuilt from the stream")
	w.add("a", 10)
	w.want("a", 100)
	prove(t, w.j)
}

// Whatever an event is lifted to, its place and its leaf are those of the recorded bytes.
func TestLiftedEventKeepsItsPlace(t *testing.T) {
	w := grown(t)
	before := prove(t, w.j)
	w.stopJournal()
	if err := os.Remove(filepath.Join(w.dir, File)); err != nil {
		t.Fatal(err)
	}
	p := versions()[2]
	var at []Pos
	p.placed = func(_ *bbolt.Tx, pos Pos, ev Event) {
		if _, ok := ev.(added); !ok {
			t.Errorf("applied as %T", ev)
		}
		at = append(at, pos)
	}
	w.opt.Registry = p.registry()
	w.start()
	places := slices.Clone(at) // a check replays, too
	want := []string{`{"who":"a","more":30,"total":30}`, `{"who":"b","more":1,"total":1}`,
		`{"name":"a","dozen":2,"over":6,"total":60}`, `{"name":"b","dozen":0,"over":1,"total":2}`,
		`{"name":"a","n":30,"total":90}`, `{"name":"b","n":1,"total":3}`}
	_ = w.j.View(func(tx *bbolt.Tx) error {
		for i, pos := range places {
			if data, err := ReadPos(tx, pos); err != nil || string(data) != want[i] {
				t.Errorf("entry %d reads %s (%v), want %s", i, data, err, want[i])
			}
		}
		return nil
	})
	if r := prove(t, w.j); r.Root != before.Root || len(places) != len(want) {
		t.Errorf("root %s with %d entries, want %s with %d", r.Root, len(places), before.Root, len(want))
	}
}

// A program that cannot read what is recorded says which block and kind, and leaves both stores as they are.
func TestUnreadableOlderKind(t *testing.T) {
	broken, unknown, gone := versions()[2], versions()[2], versions()[2]
	broken.older = []Older{secondToToday(), {counted{}.Kind(), countedV2{}.Kind(), func([]byte) ([]byte, error) {
		return nil, errors.New("a lift that fails")
	}}}
	unknown.older = []Older{secondToToday(),
		{counted{}.Kind(), "t.nowhere", func(data []byte) ([]byte, error) { return data, nil }}}
	gone.older = []Older{secondToToday()}
	for _, c := range []struct {
		name string
		program
		want string
	}{
		{"a lift that fails", broken, "a lift that fails"},
		{"a lift to an unknown kind", unknown, "t.nowhere"},
		{"no lift", gone, "unknown kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := grown(t)
			before, blocks := prove(t, w.j), w.blocks()
			w.stopJournal()
			file := filepath.Join(w.dir, File)
			w.refused(c.program, c.want, func(opt Options) error { _, err := Rebuild(t.Context(), opt); return err })
			if kept, err := filepath.Glob(file + ".before*"); err != nil || len(kept) > 0 {
				t.Errorf("a rebuild that failed left %v (%v)", kept, err)
			}
			aside := file + ".aside"
			if err := os.Rename(file, aside); err != nil {
				t.Fatal(err)
			}
			open := func(opt Options) error { _, err := Open(t.Context(), opt); return err }
			w.refused(c.program, c.want, open)
			s, err := w.js.Stream(t.Context(), Stream)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.DeleteMsg(t.Context(), uint64(len(blocks))-1); err != nil {
				t.Fatal(err)
			}
			// A damaged stream fills no record, whatever of it could be read.
			opt := w.opt
			opt.Dir, opt.JS, opt.Registry = w.dir, w.js, c.program.registry()
			if err := open(opt); err == nil || !strings.Contains(err.Error(), "may not fill it") {
				t.Errorf("on a damaged stream without the record: %v", err)
			}
			if err := os.Rename(aside, file); err != nil {
				t.Fatal(err)
			}
			w.opt.Registry = versions()[2].registry()
			w.start()
			if r := prove(t, w.j); r.Root != before.Root || r.StateHash != before.StateHash ||
				!slices.EqualFunc(w.blocks(), blocks, bytes.Equal) {
				t.Errorf("%+v, want %+v", r, before)
			}
		})
	}
}

// refused does what a program that cannot read the first block has to refuse.
func (w *world) refused(p program, want string, do func(Options) error) {
	w.t.Helper()
	opt := w.opt
	opt.Dir, opt.JS, opt.Registry = w.dir, w.js, p.registry()
	err := do(opt)
	if err == nil {
		w.t.Fatal("not refused")
	}
	for _, says := range []string{"block 1", `"t.counted"`, want} {
		if !strings.Contains(err.Error(), says) {
			w.t.Errorf("the error does not say %s: %v", says, err)
		}
	}
}

// A program does not record a kind that it lifts.
func TestOlderKindIsNotRecorded(t *testing.T) {
	w := newWorld(t)
	p := versions()[2]
	p.record = func(e added) Event { return counted{e.Name, e.N, e.Total} }
	w.opt.Registry = p.registry()
	w.start()
	_, err := Do[uint64](t.Context(), w.j, Command{Kind: "t.add", Payload: add{Name: "a", N: 1}})
	if err == nil || !strings.Contains(err.Error(), `"t.counted"`) {
		t.Errorf("recorded, or not for its kind: %v", err)
	}
	w.want("a", 0)
	if r := prove(t, w.j); r.Entries != 0 {
		t.Errorf("%d entries", r.Entries)
	}
}

// Lifts that would never end, or that no module could own, end the program before a record is opened.
func TestOlderKindsThatCannotBe(t *testing.T) {
	lift := func(data []byte) ([]byte, error) { return data, nil }
	for name, older := range map[string][]Older{
		"itself":         {{"t.a", "t.a", lift}},
		"a loop":         {{"t.a", "t.b", lift}, {"t.b", "t.c", lift}, {"t.c", "t.a", lift}},
		"into a loop":    {{"t.x", "t.a", lift}, {"t.a", "t.b", lift}, {"t.b", "t.a", lift}},
		"twice":          {{"t.a", "t.c", lift}, {"t.a", "t.b", lift}},
		"another module": {{"t.a", "journal.sent", lift}},
		"of another":     {{"journal.sent", "t.added", lift}},
		"without a lift": {{"t.a", "t.added", nil}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("accepted")
				}
			}()
			p := today()
			p.older = older
			p.registry()
		})
	}
}
