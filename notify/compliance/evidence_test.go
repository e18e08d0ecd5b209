package compliance

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// handing is a state to which files are handed in.
type handing struct {
	t  *testing.T
	tx *bbolt.Tx

	limits EvidenceLimits
}

func newHanding(t *testing.T) *handing {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "state.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = tx.Rollback(), db.Close() })
	for _, name := range Buckets() {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	return &handing{t, tx, EvidenceLimits{FilesADay: 20, BytesADay: 1000}}
}

// file is the n-th of an enterprise, or of staff.
func file(n int, recipient string) Evidence {
	return Evidence{Hash: fmt.Sprintf("sha256:%064x", n), Size: 1, Type: "image/jpeg", Recipient: recipient}
}

// handIn hands a file in; what may not be is not decided either.
func (h *handing) handIn(account string, in Evidence, at time.Time) refusal.Code {
	h.t.Helper()
	may := MayHandIn(h.tx, h.limits, account, in, at)
	events, _, err := DecideEvidence(h.tx, h.limits, account, in, at)
	if refusal.CodeOf(may) != refusal.CodeOf(err) {
		h.t.Fatalf("it may be handed in: %v; and is decided: %v", may, err)
	}
	for _, ev := range events {
		if err := Apply(h.tx, nil, at, account, ev); err != nil {
			h.t.Fatal(err)
		}
	}
	return refusal.CodeOf(err)
}

// counts is how many rows the counts of files have.
func (h *handing) counts() (n int) {
	_ = h.tx.Bucket(handedBucket).ForEach(func(_, _ []byte) error { n++; return nil })
	return n
}

// An account hands in so many files on a day of Beijing time, whosever they are. The same again is none more, others hand
// theirs in meanwhile, and on the next day it goes on.
func TestHowManyFilesADay(t *testing.T) {
	h := newHanding(t)
	last := time.Date(2016, 12, 16, 23, 59, 59, 0, alerts.Shanghai())
	for n := range int(h.limits.FilesADay) {
		if code := h.handIn("E0001", file(n, "E0001"), last.Add(-time.Duration(n)*time.Second)); code != "" {
			t.Fatalf("file %d: %s", n+1, code)
		}
	}
	one := file(20, "E0001")
	for range 2 { // a refusal counts nothing and leaves nothing
		if code := h.handIn("E0001", one, last); code != refusal.RateLimited {
			t.Fatalf("one more: %q", code)
		}
	}
	if code := h.handIn("E0001", file(0, "E0001"), last); code != "" {
		t.Errorf("one that is there: %s", code)
	}
	for account, in := range map[string]Evidence{"E0001b": one, "E0002": file(0, "E0002"), "inspector": file(0, "")} {
		if code := h.handIn(account, in, last); code != "" {
			t.Errorf("%s: %s", account, code)
		}
	}
	if n := h.counts(); n != 4 {
		t.Errorf("%d accounts are counted", n)
	}
	if code := h.handIn("E0001", file(21, "E0001"), last.Add(time.Second)); code != "" {
		t.Errorf("the next day: %s", code)
	}
	if n := h.counts(); n != 1 {
		t.Errorf("%d counts on the next day", n)
	}
}

// Who is refused hears until when: the end of the day in Beijing.
func TestWhenFilesAreTakenAgain(t *testing.T) {
	h := newHanding(t)
	at := time.Date(2016, 12, 16, 15, 0, 0, 0, time.UTC) // 23:00
	for n := range int(h.limits.FilesADay) {
		h.handIn("inspector", file(n, ""), at)
	}
	err := MayHandIn(h.tx, h.limits, "inspector", file(-1, ""), at)
	e, ok := err.(*refusal.Error)
	if !ok || e.Rule != "evidence.many" || e.Args["retry_after"] != 3601 {
		t.Errorf("%v", err)
	}
}

// The bytes of a day are bounded as its files are; without a setting the limits are the usual ones.
func TestHowManyBytesADay(t *testing.T) {
	h := newHanding(t)
	at := time.Date(2016, 12, 16, 12, 0, 0, 0, alerts.Shanghai())
	sized := func(n int, size int64) Evidence { e := file(n, ""); e.Size = size; return e }
	for n, size := range []int64{600, 400} {
		if code := h.handIn("inspector", sized(n, size), at); code != "" {
			t.Fatalf("file %d: %s", n, code)
		}
	}
	if code := h.handIn("inspector", sized(2, 1), at); code != refusal.RateLimited {
		t.Errorf("a byte more: %q", code)
	}
	if code := h.handIn("inspector", sized(0, 600), at); code != "" {
		t.Errorf("one that is there: %s", code)
	}
	h.limits = EvidenceLimits{}
	if code := h.handIn("inspector", sized(2, 200<<20), at); code != "" {
		t.Errorf("under the usual limits: %s", code)
	}
}

// Files are paged by their hash, all of one together however many handed it in.
func TestKeptFiles(t *testing.T) {
	h := newHanding(t)
	at := time.Date(2016, 12, 16, 12, 0, 0, 0, alerts.Shanghai())
	for n := range 5 {
		for i, recipient := range []string{"", "E0001", "E0002"}[:1+n%3] {
			in := file(n, recipient)
			in.PhotoRef = fmt.Sprint("v", n, recipient)
			if code := h.handIn("a"+recipient, in, at.Add(time.Duration(i)*time.Hour)); code != "" {
				t.Fatal(code)
			}
		}
	}
	for rows := 1; rows < 12; rows++ {
		var all []KeptFile
		for after, more := "", true; more; more = after != "" {
			var page []KeptFile
			var err error
			if page, after, err = KeptFiles(h.tx, after, rows); err != nil || len(page) == 0 {
				t.Fatalf("by %d: %v, %v", rows, page, err)
			}
			all = append(all, page...)
		}
		if len(all) != 5 {
			t.Fatalf("by %d: %v", rows, all)
		}
		for n, f := range all {
			one, ok, err := KeptFileOf(h.tx, f.Hash)
			if f.Hash != file(n, "").Hash || len(f.Photos) != 1+n%3 || !f.Latest.Equal(at.Add(time.Duration(n%3)*time.Hour)) ||
				err != nil || !ok || fmt.Sprint(one) != fmt.Sprint(f) {
				t.Errorf("by %d: %+v, %+v, %v", rows, f, one, err)
			}
		}
	}
}
