package access

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// seenModel is the slow way: all events in order, looked through from the end.
type seenModel []PersonalSeen

func (m seenModel) list(recipient, user string) (found []PersonalSeen) {
	for _, ev := range slices.Backward(m) {
		if user != "" && ev.User != user {
			continue
		}
		if recipient != "" {
			ev.Reads = slices.DeleteFunc(slices.Clone(ev.Reads), func(r calls.PersonalRead) bool {
				return r.List == "" && r.Unnamed == 0 && !slices.Contains(r.Recipients, recipient)
			})
			if len(ev.Reads) == 0 {
				continue
			}
		}
		found = append(found, ev)
	}
	return found
}

func openSeen(t testing.TB) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "seen.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Whatever was recorded, pages of any size give what the slow way gives, in its order, for every recipient and user.
func TestListSeenIsTheRecordBackwards(t *testing.T) {
	db := openSeen(t)
	ids := rapid.SampledFrom([]string{"E1", "E10", "E2", "E"}) // one is the beginning of another
	users := rapid.SampledFrom([]string{"duty", "duty2", "admin"})
	rapid.Check(t, func(rt *rapid.T) {
		tx, err := db.Begin(true)
		if err != nil {
			rt.Fatal(err)
		}
		defer tx.Rollback() //nolint:errcheck // each run begins with nothing
		for _, name := range []string{"access.seen", "access.seen_by"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				rt.Fatal(err)
			}
		}
		var model seenModel
		pos := journal.Pos{Block: 1}
		for range rapid.IntRange(0, 12).Draw(rt, "events") {
			if pos.Off += 50; rapid.Bool().Draw(rt, "next block") {
				pos.Block, pos.Off = pos.Block+1, 50
			}
			ev := PersonalSeen{User: users.Draw(rt, "user"), From: time.Unix(int64(pos.Block), 0).UTC(),
				To: time.Unix(int64(pos.Block)+9, 0).UTC()}
			for range rapid.IntRange(1, 3).Draw(rt, "reads") {
				r := calls.PersonalRead{Kind: SeenContact, Call: "GET /x", Count: 1}
				switch rapid.IntRange(0, 5).Draw(rt, "what") {
				case 0:
					r.List = "L1"
				case 1:
					r.Unnamed = 3
				default:
					r.Recipients = rapid.SliceOfNDistinct(ids, 1, 3, rapid.ID).Draw(rt, "ids")
				}
				ev.Reads = append(ev.Reads, r)
			}
			model = append(model, ev)
			if err := applySeen(tx, pos, ev); err != nil {
				rt.Fatal(err)
			}
		}
		for _, recipient := range []string{"", "E", "E1", "E10", "E9"} {
			for _, user := range []string{"", "duty", "duty2", "nobody"} {
				size := rapid.IntRange(1, 5).Draw(rt, "page")
				var got []PersonalSeen
				for cursor := ""; ; {
					page, next, err := ListSeen(tx, recipient, user, cursor, size)
					if err != nil || len(page) > size {
						rt.Fatalf("%d of %d, %v", len(page), size, err)
					}
					for _, s := range page {
						got = append(got, PersonalSeen{s.User, s.From, s.To, s.Reads})
					}
					if cursor = next; next == "" {
						break
					}
				}
				if want := model.list(recipient, user); !reflect.DeepEqual(got, want) {
					rt.Fatalf("recipient %q, user %q:\n%+v, want\n%+v", recipient, user, got, want)
				}
			}
		}
	})
}

func TestListSeenRefusesForeignCursor(t *testing.T) {
	db := openSeen(t)
	err := db.Update(func(tx *bbolt.Tx) error {
		for _, cursor := range []string{"x", "00", "000000000000000000000000ff"} {
			if _, _, err := ListSeen(tx, "", "", cursor, 10); refusal.CodeOf(err) != refusal.Invalid {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Nobody writes another's record, and none is larger than a block lets it be.
func TestDecideSeen(t *testing.T) {
	many := make([]string, MaxSeen+1)
	for i := range many {
		many[i] = fmt.Sprintf("E%05d", i)
	}
	one := []calls.PersonalRead{{Kind: SeenContact, Call: "GET /x", Count: 1, Recipients: []string{"E1"}}}
	for name, c := range map[string]struct {
		actor  string
		in     PersonalSeen
		events int
		code   refusal.Code
	}{
		"its own":   {"duty", PersonalSeen{User: "duty", Reads: one}, 1, ""},
		"another's": {"duty", PersonalSeen{User: "admin", Reads: one}, 0, refusal.Invalid},
		"nothing":   {"duty", PersonalSeen{User: "duty"}, 0, ""},
		"the most":  {"duty", PersonalSeen{User: "duty", Reads: []calls.PersonalRead{{Recipients: many[:MaxSeen]}}}, 1, ""},
		"too much": {"duty", PersonalSeen{User: "duty", Reads: []calls.PersonalRead{{Recipients: many}}}, 0,
			refusal.Invalid},
	} {
		events, _, err := decideSeen(nil, c.actor, c.in, time.Time{})
		if len(events) != c.events || refusal.CodeOf(err) != c.code {
			t.Errorf("%s: %d events, %v", name, len(events), err)
		}
	}
}
