package telemetry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry/hj212"
)

const mn = "010000A8900016F000169DC0"

// house is a register, and a second one that is made of the events alone, as a replay does.
type house struct {
	t        testing.TB
	db       *bbolt.DB
	replayed *bbolt.DB
	now      time.Time
	kinds    []string // of what was recorded
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return &house{t: t, db: store(t), replayed: store(t), now: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)}
}

func store(t testing.TB) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "r.db"), 0o600, &bbolt.Options{NoSync: true})
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error {
			for _, name := range Buckets() {
				if _, err := tx.CreateBucket([]byte(name)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// act decides and applies, live and from the recorded form.
func act[R any](h *house, decide func(tx *bbolt.Tx) ([]Event, R, error)) (r R, err error) {
	h.t.Helper()
	h.now = h.now.Add(time.Minute)
	err = h.db.Update(func(tx *bbolt.Tx) error {
		events, result, err := decide(tx)
		r = result
		for _, ev := range events {
			if err := Apply(tx, h.now, "admin", ev); err != nil {
				return err
			}
			h.kinds = append(h.kinds, strings.TrimPrefix(ev.Kind(), "telemetry."))
			h.replay(ev)
		}
		return err
	})
	return r, err
}

func (h *house) replay(ev Event) {
	h.t.Helper()
	data, err := json.Marshal(ev)
	if err != nil {
		h.t.Fatal(err)
	}
	back, err := Decode(ev.Kind(), data)
	if err == nil {
		err = h.replayed.Update(func(tx *bbolt.Tx) error { return Apply(tx, h.now, "admin", back) })
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) register(s Station) (*Station, error) {
	h.t.Helper()
	return act(h, func(tx *bbolt.Tx) ([]Event, *Station, error) { return DecideRegister(tx, rules, s) })
}

func (h *house) change(c Change) (*Station, error) {
	h.t.Helper()
	return act(h, func(tx *bbolt.Tx) ([]Event, *Station, error) { return DecideChange(tx, rules, c) })
}

func (h *house) standing(c Standing) (*Station, error) {
	h.t.Helper()
	return act(h, func(tx *bbolt.Tx) ([]Event, *Station, error) { return DecideStanding(tx, c) })
}

func (h *house) see(read func(tx *bbolt.Tx) error) {
	h.t.Helper()
	if err := h.db.View(read); err != nil {
		h.t.Fatal(err)
	}
}

// rules know a list of four recipients and the units of the examples.
var rules = Rules{
	Erased: func(_ *bbolt.Tx, ref string) bool { return ref == "gone" },
	Units:  func(_, unit string) bool { return slices.Contains([]string{"", "mg/m3", "%"}, unit) },
	Recipient: func(_ *bbolt.Tx, id string) error {
		if !strings.HasPrefix(id, "E000") {
			return refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": id})
		}
		return nil
	},
}

// cems is a station that breaks no rule.
func cems() Station {
	return Station{MN: mn, Name: "5#机组总排口", Recipient: "E0001", ST: "31", Version: hj212.V2017,
		Outlets: []Outlet{{Name: "5#烟囱", O2: new(6.0), Factors: []Factor{{Code: "a21026", Unit: "mg/m3"}, {Code: "a19001"}}}},
		Secret:  Secret{Ref: "v1", Digest: "d1"}, MinuteMin: 10, SampleS: 60}
}

func with(change func(*Station)) Station {
	s := cems()
	change(&s)
	return s
}

// dump is everything that a register holds.
func dump(t testing.TB, db *bbolt.DB) string {
	t.Helper()
	var b strings.Builder
	err := db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
			return bucket.ForEach(func(k, v []byte) error {
				_, err := fmt.Fprintf(&b, "%s %q %q\n", name, k, v)
				return err
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// places are where a refusal says that the input is wrong, or its own rule.
func places(err error) string {
	var e *refusal.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	var all []string
	for _, f := range e.Fields {
		all = append(all, f.Path+" "+f.Rule)
	}
	if all == nil {
		all = []string{string(e.Code) + " " + e.Rule}
	}
	return strings.Join(all, ", ")
}

// Every rule of the register, by a station that breaks it and no other; nothing is recorded of it.
func TestWhatTheRegisterRefuses(t *testing.T) {
	many := func(n int, code func(i int) string) (all []Factor) {
		for i := range n {
			all = append(all, Factor{Code: code(i)})
		}
		return all
	}
	for _, c := range []struct {
		name   string
		change func(*Station)
		want   string
	}{
		{"no MN", func(s *Station) { s.MN = "" }, "mn telemetry.mn"},
		{"an MN with a dot", func(s *Station) { s.MN = "a.b" }, "mn telemetry.mn"},
		{"a wildcard", func(s *Station) { s.MN = "*" }, "mn telemetry.mn"},
		{"a long MN", func(s *Station) { s.MN = strings.Repeat("A", 41) }, "mn telemetry.mn"},
		{"no name", func(s *Station) { s.Name = " " }, "name input.required"},
		{"two lines", func(s *Station) { s.Name = "a\nb" }, "name telemetry.name"},
		{"nobody's", func(s *Station) { s.Recipient = "" }, "recipient_id input.required"},
		{"of somebody who is not listed", func(s *Station) { s.Recipient = "X9" }, "not_found recipient.unknown"},
		{"an unknown system", func(s *Station) { s.ST = "99" }, "st telemetry.st"},
		{"the server's own system", func(s *Station) { s.ST = "91" }, "st telemetry.st"},
		{"frames without an edition", func(s *Station) { s.Version = 0 }, "version telemetry.version_needed"},
		{"an unknown edition", func(s *Station) { s.Version = 2018 }, "version telemetry.version"},
		{"no password", func(s *Station) { s.Secret = Secret{} }, "password telemetry.password_needed"},
		{"no frames and yet a password", func(s *Station) { s.ST, s.Version, s.MinuteMin, s.SampleS = "", 0, 0, 0 },
			"password telemetry.no_frames"},
		{"no frames and yet all of it", func(s *Station) {
			s.ST, s.SM4, s.Tolerate = "", hj212.Raw, []hj212.Tolerance{hj212.Modbus}
		}, "minute_min telemetry.no_frames, password telemetry.no_frames, sample_s telemetry.no_frames, " +
			"sm4 telemetry.no_frames, tolerate telemetry.no_frames, version telemetry.no_frames"},
		{"an unknown tolerance", func(s *Station) { s.Tolerate = []hj212.Tolerance{"all"} }, "tolerate[0] telemetry.tolerate"},
		{"a tolerance twice", func(s *Station) { s.Tolerate = []hj212.Tolerance{hj212.Modbus, hj212.Modbus} },
			"tolerate[1] telemetry.twice"},
		{"an unknown encryption", func(s *Station) { s.SM4 = "base64" }, "sm4 telemetry.sm4"},
		{"encryption before 2025", func(s *Station) { s.SM4 = hj212.Hex }, "sm4 telemetry.sm4_version"},
		{"negative minutes", func(s *Station) { s.MinuteMin = -1 }, "minute_min telemetry.minute_min"},
		{"31 minutes", func(s *Station) { s.MinuteMin = 31 }, "minute_min telemetry.minute_min"},
		{"29 seconds", func(s *Station) { s.SampleS = 29 }, "sample_s telemetry.sample_s"},
		{"33 outlets", func(s *Station) { s.Outlets = make([]Outlet, 33) }, "outlets telemetry.outlets_many"},
		{"an outlet without a name", func(s *Station) { s.Outlets[0].Name = "" }, "outlets[0].name input.required"},
		{"a name twice", func(s *Station) { s.Outlets = append(s.Outlets, Outlet{Name: "5#烟囱"}) },
			"outlets[1].name telemetry.twice"},
		{"more oxygen than air", func(s *Station) { s.Outlets[0].O2 = new(21.0) }, "outlets[0].o2 telemetry.o2"},
		{"negative oxygen", func(s *Station) { s.Outlets[0].O2 = new(-0.1) }, "outlets[0].o2 telemetry.o2"},
		{"201 factors", func(s *Station) {
			s.Outlets[0].Factors = many(201, func(i int) string { return fmt.Sprint("f", i) })
		}, "outlets[0].factors telemetry.factors_many"},
		{"a factor that is none", func(s *Station) { s.Outlets[0].Factors[1].Code = "a.b" },
			"outlets[0].factors[1].code telemetry.factor"},
		{"a factor at two outlets", func(s *Station) {
			s.Outlets = append(s.Outlets, Outlet{Name: "6#", Factors: many(1, func(int) string { return "a21026" })})
		}, "outlets[1].factors[0].code telemetry.factor_twice"},
		{"an unknown unit", func(s *Station) { s.Outlets[0].Factors[0].Unit = "furlong" },
			"outlets[0].factors[0].unit telemetry.unit"},
		{"a long unit", func(s *Station) { s.Outlets[0].Factors[0].Unit = strings.Repeat("g", 17) },
			"outlets[0].factors[0].unit telemetry.unit"},
		{"a name of the interface", func(s *Station) { s.MN = "states" }, "mn telemetry.mn_kept"},
		{"two things", func(s *Station) { s.MN, s.Name = "", "" }, "mn telemetry.mn, name input.required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			empty := dump(t, h.db)
			if _, err := h.register(with(c.change)); places(err) != c.want {
				t.Errorf("refused as %s, want %s", places(err), c.want)
			}
			if dump(t, h.db) != empty {
				t.Error("something was recorded")
			}
		})
	}
}

func TestWhatTheRegisterTakes(t *testing.T) {
	for name, change := range map[string]func(*Station){
		"the usual":               func(*Station) {},
		"2005, 14 digits":         func(s *Station) { s.MN, s.Version = "88888880000001", hj212.V2005 },
		"a meter":                 func(s *Station) { *s = Station{MN: "DB-0001_a", Name: "总表", Recipient: "E0002"} },
		"the list's own word":     func(s *Station) { s.Outlets[0].Factors[0].Code = "有功功率" },
		"2025, encrypted":         func(s *Station) { s.Version, s.SM4 = hj212.V2025, hj212.Raw },
		"explicitly in clear":     func(s *Station) { s.SM4 = hj212.None },
		"every tolerance":         func(s *Station) { s.Tolerate = hj212.Tolerances() },
		"no outlet yet":           func(s *Station) { s.Outlets = nil },
		"the bounds":              func(s *Station) { s.MinuteMin, s.SampleS, s.Outlets[0].O2 = 30, 3600, new(20.9) },
		"the bounds on the other": func(s *Station) { s.MinuteMin, s.SampleS, s.Outlets[0].O2 = 1, 30, new(0.0) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			in := with(change)
			if _, err := h.register(in); err != nil {
				t.Fatal(err)
			}
			h.see(func(tx *bbolt.Tx) error {
				s, err := ByMN(tx, in.MN)
				if err != nil || s == nil || !s.same(&in) || s.Revision != 1 || s.AddedBy != "admin" || !s.AddedAt.Equal(h.now) {
					t.Errorf("registered as %+v, %v", s, err)
				}
				return err
			})
			if dump(t, h.db) != dump(t, h.replayed) {
				t.Error("live and replayed state differ")
			}
		})
	}
}

// A station's life, act by act: what each is answered with, and what it records.
func TestAStationsLife(t *testing.T) {
	h := newHouse(t)
	again := with(func(s *Station) { s.Secret.Ref, s.SM4 = "v2", hj212.None }) // sealed anew, and the same in other words
	other := with(func(s *Station) { s.Secret.Digest = "d2" })
	for _, c := range []struct {
		name     string
		do       func() (*Station, error)
		want     string // what is recorded, or the refusal
		revision int
	}{
		{"a change of none", func() (*Station, error) { return h.change(Change{MN: mn, Revision: 1}) },
			"not_found telemetry.no_station", 0},
		{"registered", func() (*Station, error) { return h.register(cems()) }, "station_registered", 1},
		{"again", func() (*Station, error) { return h.register(again) }, "", 1},
		{"with another password", func() (*Station, error) { return h.register(other) }, "conflict telemetry.registered", 0},
		{"changed on an old sight", func() (*Station, error) { return h.change(Change{MN: mn, Revision: 3, Name: new("甲")}) },
			"stale_revision telemetry.stale_revision", 0},
		{"changed", func() (*Station, error) {
			return h.change(Change{MN: mn, Revision: 1, Name: new("甲"), Recipient: new("E0002")})
		},
			"station_changed", 2},
		{"the same change again", func() (*Station, error) {
			return h.change(Change{MN: mn, Revision: 1, Name: new("甲"), Recipient: new("E0002")})
		}, "", 2},
		{"to what breaks a rule", func() (*Station, error) { return h.change(Change{MN: mn, Revision: 2, ST: new("x")}) },
			"st telemetry.st", 0},
		{"to nobody's", func() (*Station, error) { return h.change(Change{MN: mn, Revision: 2, Recipient: new("X1")}) },
			"not_found recipient.unknown", 0},
		{"without outlets", func() (*Station, error) { return h.change(Change{MN: mn, Revision: 2, Outlets: []Outlet{}}) },
			"station_changed", 3},
		{"retired on an old sight", func() (*Station, error) { return h.standing(Standing{MN: mn, Revision: 1, Retired: true}) },
			"stale_revision telemetry.stale_revision", 0},
		{"in use already", func() (*Station, error) { return h.standing(Standing{MN: mn, Revision: 1}) }, "", 3},
		{"retired", func() (*Station, error) { return h.standing(Standing{MN: mn, Revision: 3, Retired: true}) },
			"station_retired", 4},
		{"retired again", func() (*Station, error) { return h.standing(Standing{MN: mn, Revision: 3, Retired: true}) }, "", 4},
		{"changed while retired", func() (*Station, error) { return h.change(Change{MN: mn, Revision: 4, Name: new("乙")}) },
			"transition_refused telemetry.change_retired", 0},
		{"registered while retired", func() (*Station, error) { return h.register(cems()) },
			"conflict telemetry.register_retired", 0},
		{"back", func() (*Station, error) { return h.standing(Standing{MN: mn, Revision: 4}) }, "station_reinstated", 5},
	} {
		before, recorded := dump(t, h.db), len(h.kinds)
		s, err := c.do()
		got := strings.Join(h.kinds[recorded:], " ")
		if err != nil {
			got = places(err)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if err == nil && s.Revision != c.revision {
			t.Errorf("%s: revision %d, want %d", c.name, s.Revision, c.revision)
		}
		if len(h.kinds) == recorded && dump(t, h.db) != before {
			t.Errorf("%s: state changed and nothing was recorded", c.name)
		}
	}
	if dump(t, h.db) != dump(t, h.replayed) {
		t.Error("live and replayed state differ")
	}
}

// The same secret takes the place of one that was erased, once.
func TestAnErasedSecretIsGivenAgain(t *testing.T) {
	h := newHouse(t)
	if _, err := h.register(with(func(s *Station) { s.Secret.Ref = "gone" })); err != nil {
		t.Fatal(err)
	}
	for _, revision := range []int{2, 2} {
		s, err := h.change(Change{MN: mn, Revision: 1, Secret: &Secret{Ref: "v2", Digest: "d1"}})
		if err != nil || s.Revision != revision || s.Secret.Ref != "v2" {
			t.Errorf("%+v, %v, want revision %d", s, err, revision)
		}
	}
}

// One recipient has so many stations in use; retired ones make room, and do not come back where there is none.
func TestARecipientsStationsAreBounded(t *testing.T) {
	h := newHouse(t)
	for i := range MostStations {
		if _, err := h.register(Station{MN: fmt.Sprint("M", i), Name: "表", Recipient: "E0001"}); err != nil {
			t.Fatal(err)
		}
	}
	one := Station{MN: "one", Name: "表", Recipient: "E0001"}
	const full = "recipient_id telemetry.stations_many"
	if _, err := h.register(one); places(err) != full {
		t.Errorf("one too many: %v", err)
	}
	if _, err := h.standing(Standing{MN: "M7", Revision: 1, Retired: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.register(one); err != nil {
		t.Errorf("where one was retired: %v", err)
	}
	if _, err := h.standing(Standing{MN: "M7", Revision: 2}); places(err) != full {
		t.Errorf("back where there is no room: %v", err)
	}
}

// What the register says after any acts is what a map would say, in every way of reading it.
func TestTheRegisterIsAMap(test *testing.T) {
	mns, owners := []string{"A", "A-1", "B", "a", "A_"}, []string{"E0001", "E00011", "E0002"}
	rapid.Check(test, func(t *rapid.T) {
		h := newHouse(test)
		defer func() { _, _ = h.db.Close(), h.replayed.Close() }()
		model := map[string]Station{}
		for range rapid.IntRange(0, 25).Draw(t, "acts") {
			m, owner := rapid.SampledFrom(mns).Draw(t, "mn"), rapid.SampledFrom(owners).Draw(t, "owner")
			have, known := model[m]
			switch rapid.IntRange(0, 2).Draw(t, "act") {
			case 0:
				s := Station{MN: m, Name: owner, Recipient: owner}
				_, err := h.register(s)
				same := known && have.Recipient == owner && have.Name == owner && !have.Retired
				if (err == nil) != (!known || same) {
					t.Fatalf("register %s of %s: %v", m, owner, err)
				}
				if !known {
					s.Revision = 1
					model[m] = s
				}
			case 1:
				_, err := h.change(Change{MN: m, Revision: have.Revision, Recipient: &owner, Name: &owner})
				if (err == nil) != (known && !have.Retired) {
					t.Fatalf("change %s to %s: %v", m, owner, err)
				}
				if err == nil && have.Recipient != owner {
					have.Recipient, have.Name = owner, owner
					have.Revision++
					model[m] = have
				}
			default:
				gone := rapid.Bool().Draw(t, "retired")
				_, err := h.standing(Standing{MN: m, Revision: have.Revision, Retired: gone})
				if (err == nil) != known {
					t.Fatalf("standing of %s: %v", m, err)
				}
				if known && have.Retired != gone {
					have.Retired = gone
					have.Revision++
					model[m] = have
				}
			}
		}
		h.compare(t, model, owners)
	})
}

func (h *house) compare(t *rapid.T, model map[string]Station, owners []string) {
	keys := slices.Sorted(maps.Keys(model))
	err := h.db.View(func(tx *bbolt.Tx) error {
		if Count(tx) != len(model) {
			t.Fatalf("%d stations, want %d", Count(tx), len(model))
		}
		var paged []string
		for after, more := "", true; more; {
			page, next, err := Stations(tx, after, 2)
			if err != nil {
				return err
			}
			for _, s := range page {
				paged = append(paged, s.MN)
				if want := model[s.MN]; s.Revision != want.Revision || s.Retired != want.Retired || s.Recipient != want.Recipient {
					t.Fatalf("%+v, want %+v", s, want)
				}
			}
			after, more = next, next != ""
		}
		if !slices.Equal(paged, keys) {
			t.Fatalf("pages have %v, want %v", paged, keys)
		}
		for _, owner := range owners {
			var got, want []string
			all, err := OfRecipient(tx, owner)
			if err != nil {
				return err
			}
			for _, s := range all {
				got = append(got, s.MN)
			}
			for _, k := range keys {
				if model[k].Recipient == owner {
					want = append(want, k)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s has %v, want %v", owner, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if dump(h.t, h.db) != dump(h.t, h.replayed) {
		t.Fatal("live and replayed state differ")
	}
}

// A search looks at so many and no more, and says where it is.
func TestASearchIsBounded(t *testing.T) {
	h := newHouse(t)
	for i := range 10 {
		if _, err := h.register(Station{MN: fmt.Sprint("M", i), Name: "表", Recipient: fmt.Sprint("E000", i%2)}); err != nil {
			t.Fatal(err)
		}
	}
	odd := func(s *Station) bool { return s.Recipient == "E0001" }
	h.see(func(tx *bbolt.Tx) error {
		for _, c := range []struct {
			after         string
			limit, looked int
			want, next    string
		}{
			{"", 2, -1, "M1 M3", "M3"}, {"M3", 2, -1, "M5 M7", "M7"}, {"M7", 2, -1, "M9", ""}, {"", 5, 4, "M1 M3", "M3"},
			{"M9", 2, -1, "", ""}, {"", 100, -1, "M1 M3 M5 M7 M9", ""}, {"M2x", 1, 1, "M3", "M3"},
		} {
			page, next, err := Search(tx, c.after, c.limit, c.looked, odd)
			var got []string
			for _, s := range page {
				got = append(got, s.MN)
			}
			if err != nil || strings.Join(got, " ") != c.want || next != c.next {
				t.Errorf("%+v: %v, next %q, %v", c, got, next, err)
			}
		}
		return nil
	})
}

func TestHoursAreRootedInTheirOrder(t *testing.T) {
	h := newHouse(t)
	const root, other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "//////////////////////////////////////////8="
	hour := func(n int) time.Time { return time.Date(2026, 12, 1, n, 0, 0, 0, hj212.Beijing) }
	h.now = hour(12)
	for _, c := range []struct {
		name string
		in   RootHour
		want string
	}{
		{"no full hour", RootHour{hour(8).Add(time.Minute), root, 1}, "hour telemetry.hour_whole"},
		{"no root", RootHour{hour(8), "x", 1}, "root telemetry.hour_root"},
		{"a short root", RootHour{hour(8), "AAAA", 1}, "root telemetry.hour_root"},
		{"less than nothing", RootHour{hour(8), root, -1}, "root telemetry.hour_root"},
		{"one that runs", RootHour{hour(12), root, 1}, "hour telemetry.hour_runs"},
		{"over", RootHour{hour(8), root, 3}, "hour_rooted"},
		{"again", RootHour{hour(8), root, 3}, ""},
		{"again by another clock", RootHour{hour(8).UTC(), root, 3}, ""},
		{"with another root", RootHour{hour(8), other, 3}, "conflict telemetry.hour_other"},
		{"back", RootHour{hour(7), root, 0}, "conflict telemetry.hour_back"},
		{"nothing came, and one was passed over", RootHour{hour(10), other, 0}, "hour_rooted"},
		{"the one that was passed over", RootHour{hour(9), root, 1}, "conflict telemetry.hour_back"},
	} {
		n := len(h.kinds)
		_, err := act(h, func(tx *bbolt.Tx) ([]Event, RootHour, error) { return DecideRootHour(tx, c.in, h.now) })
		got := strings.Join(h.kinds[n:], " ")
		if err != nil {
			got = places(err)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	h.see(func(tx *bbolt.Tx) error {
		last, found, err := LastHour(tx)
		if err != nil || !found || !last.Equal(hour(10)) {
			t.Errorf("the last hour is %v %v %v", last, found, err)
		}
		got, err := HourRoot(tx, hour(8))
		if err != nil || got == nil || got.Root != root || got.Frames != 3 {
			t.Errorf("08:00 is %+v %v", got, err)
		}
		if none, err := HourRoot(tx, hour(9)); none != nil || err != nil {
			t.Errorf("09:00 is %+v %v", none, err)
		}
		return nil
	})
	if dump(t, h.db) != dump(t, h.replayed) {
		t.Error("live and replayed state differ")
	}
}

// What is refused of a station is said in both languages.
func TestEveryRuleHasWords(t *testing.T) {
	err := new(Station).Check(nil)
	var e *refusal.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	for _, f := range e.Fields {
		for _, lang := range []string{"zh-CN", "en"} {
			if text := f.Message(lang); text == "" || strings.Contains(text, f.Rule) || strings.Contains(text, "{") {
				t.Errorf("%s: %q", f.Rule, text)
			}
		}
	}
}
