package stations

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// The register is that of the record as it is now: a station that is registered, changed, retired or whose secrets are
// another or erased, is so for the next frame, but for what was read of the vault within some seconds.
func TestTheRegisterFollowsTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := bbolt.Open(filepath.Join(t.TempDir(), "record.db"), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var height uint64
		apply := func(ev telemetry.Event) {
			t.Helper()
			height++
			err := db.Update(func(tx *bbolt.Tx) error {
				for _, name := range telemetry.Buckets() {
					if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
						return err
					}
				}
				if ev == nil {
					return nil
				}
				return telemetry.Apply(tx, noonOf(height), "admin", ev)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		apply(nil)
		password, broken, reads := "one", error(nil), 0
		r := &Record{View: db.View, Height: func() uint64 { return height },
			Secrets: func(*telemetry.Station) (string, []byte, error) { reads++; return password, nil, broken }}
		is := func(what, want string) {
			t.Helper()
			k, err := r.Station("A")
			got := "nothing"
			switch {
			case err != nil:
				got = err.Error()
			case k != nil && k.Trouble != nil:
				got = k.Trouble.Error()
			case k != nil:
				got = k.Password + " " + string(k.Station.ST)
			}
			if got != want || k != nil && k.Station.Retired {
				t.Errorf("%s: %s, not %s", what, got, want)
			}
		}
		is("before", "nothing")
		st := telemetry.Station{MN: "A", Name: "a", Recipient: "E1", ST: "31", Version: hj212.V2017, Revision: 1}
		apply(telemetry.StationRegistered{Station: st})
		is("registered", "one 31")
		is("again", "one 31")
		if reads != 1 {
			t.Errorf("the vault was read %d times", reads)
		}
		st.ST, st.Revision, password = "39", 2, "two"
		apply(telemetry.StationChanged{Station: st})
		is("changed", "two 39")
		broken = errors.New("erased")
		apply(nil) // the record goes on, the station's row does not change
		is("erased just now", "two 39")
		time.Sleep(secretsFor)
		apply(nil)
		is("erased", "erased")
		f := &hj212.Frame{Head: hj212.Head{MN: "A", PW: "two"}}
		if k, _ := r.Station("A"); refuses(k, f) != whyRegister {
			t.Errorf("a frame is refused as %q", refuses(k, f))
		}
		broken = nil
		time.Sleep(secretsFor)
		apply(nil)
		is("another password", "two 39")
		apply(telemetry.StationRetired{MN: "A"})
		if k, err := r.Station("A"); err != nil || refuses(k, f) != whyRetired {
			t.Errorf("retired: %v", err)
		}
	})
}

func noonOf(day uint64) time.Time {
	return time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, int(day))
}

// Of unknown senders one frame a second and MN is kept, of a bounded number of them; who was quiet makes room.
func TestStrangersAreKeptWithinLimits(t *testing.T) {
	var s strangers
	now := noonOf(0)
	kept := 0
	for i := range 3000 {
		if s.keeps(string(rune('a'+i%26))+string(rune('0'+i/26)), now) {
			kept++
		}
	}
	if kept != strangersMost || s.keeps("a0", now) || s.keeps("new", now.Add(time.Second)) || !s.keeps("a0", now.Add(time.Second)) {
		t.Errorf("%d are kept", kept)
	}
	if later := now.Add(strangersQuiet + 2*time.Second); !s.keeps("new", later) || len(s.last) > 2 {
		t.Errorf("%d are remembered", len(s.last))
	}
}

// While somebody's MN is looked up, which takes as long as it takes, the others are known; an MN that is nobody's leaves
// nothing behind.
func TestNobodyWaitsForALook(t *testing.T) {
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "record.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range telemetry.Buckets() {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return telemetry.Apply(tx, noonOf(0), "admin", telemetry.StationRegistered{Station: telemetry.Station{MN: "A", Name: "a",
			Recipient: "E1", ST: "31", Version: hj212.V2017, Revision: 1}})
	})
	if err != nil {
		t.Fatal(err)
	}
	look, looks := make(chan struct{}), make(chan struct{}, 100)
	held := false
	r := &Record{Height: func() uint64 { return 1 }, Secrets: func(*telemetry.Station) (string, []byte, error) { return "p", nil, nil },
		View: func(fn func(*bbolt.Tx) error) error {
			if held {
				looks <- struct{}{}
				<-look
			}
			return db.View(fn)
		}}
	known := func() {
		t.Helper()
		if k, err := r.Station("A"); err != nil || k == nil || k.Password != "p" {
			t.Fatalf("%+v %v", k, err)
		}
	}
	known()
	held = true
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if k, err := r.Station(fmt.Sprint("nobody", i%10)); k != nil || err != nil {
				t.Errorf("%+v %v", k, err)
			}
		})
	}
	for range 50 {
		<-looks // all of them at once
	}
	known()
	close(look)
	all.Wait()
	if len(r.of) != 1 {
		t.Errorf("%d are kept", len(r.of))
	}
}
