package compliance

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/compliance/judge"
)

// silent are effects that nobody hears.
type silent struct{ Effects }

func (silent) SendBy(_, _, _ string, _ time.Time) {}

// The findings of a recipient are its own alone, whatever other ids end with its, the latest warning first; those that ask
// something of it are the open ones. Rows of others are not looked at: theirs are damaged here.
func TestFindingsOfARecipient(t *testing.T) {
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range Buckets() {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		for _, id := range []string{"W2-X-E-F001", "W2-X-1-F001", "W9-Z-F001"} {
			if err := errors.Join(tx.Bucket(findingsBucket).Put([]byte(id), []byte("{")), tx.Bucket(openBucket).Put([]byte(id), nil)); err != nil {
				return err
			}
		}
		for _, warning := range []string{"W1", "W2", "W3"} {
			for _, recipient := range []string{"1", "E-1", "E", "E-10"} {
				for n := range 3 {
					f := Finding{ID: findingID(warning, recipient, n+1), Warning: warning, Recipient: recipient,
						Verdict: judge.Suspected, Worst: judge.Suspected, Cleared: n == 1}
					if err := f.applyTo(tx, silent{}, at("19 08:00"), &Case{}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, recipient := range []string{"1", "E-1", "E", "E-10", "10"} {
		var want, open, got []string
		for _, warning := range []string{"W3", "W2", "W1"} {
			for n := 3; n >= 1 && recipient != "10"; n-- {
				id := fmt.Sprintf("%s-%s-F%03d", warning, recipient, n)
				if want = append(want, id); n != 2 {
					open = append(open, id)
				}
			}
		}
		slices.Reverse(open)
		err := db.View(func(tx *bbolt.Tx) error {
			for cursor, more := "", true; more; more = cursor != "" {
				var page []*Finding
				var err error
				if page, cursor, err = ListFindings(tx, Filter{Recipient: recipient}, cursor, 2); err != nil {
					return err
				}
				for _, f := range page {
					got = append(got, f.ID)
				}
			}
			asked, err := Asked(tx, recipient)
			for i, f := range asked {
				if len(asked) != len(open) || f.ID != open[i] {
					t.Errorf("%s is asked %s, want %q", recipient, f.ID, open)
				}
			}
			if len(asked) != len(open) {
				t.Errorf("%s is asked %d times, want %d", recipient, len(asked), len(open))
			}
			return err
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s has %q (%v), want %q", recipient, got, err, want)
		}
	}
}
