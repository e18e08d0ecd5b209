package service_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/photos/photostest"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/place"
)

// handsIn hands a photo in that says when and where it was taken.
func handsIn(t *testing.T, w *servicetest.World, user string, seed int) string {
	t.Helper()
	photo := photostest.JPEG(photostest.Says{Seed: seed, At: w.Clock.Now(), Position: place.Point{Lon: 117, Lat: 39}}, 16, 16)
	e, err := w.Svc.AddEvidence(t.Context(), service.By(user), bytes.NewReader(photo), int64(len(photo)))
	if err != nil || e.Position == nil {
		t.Fatalf("%+v, %v", e, err)
	}
	return e.Hash
}

// gone says whether a file and what its photo says are erased.
func gone(t *testing.T, w *servicetest.World, hash string) bool {
	t.Helper()
	_, content, err := w.Svc.OpenEvidence(t.Context(), service.By("inspector"), hash)
	if err == nil {
		_ = content.Close()
	} else if refusal.CodeOf(err) != refusal.NotFound {
		t.Fatal(err)
	}
	said := false
	err2 := w.Svc.J.View(func(tx *bbolt.Tx) error {
		f, ok, err := compliance.KeptFileOf(tx, hash)
		if err != nil || !ok || len(f.Photos) == 0 {
			t.Fatalf("%+v, %v, %v", f, ok, err)
		}
		for _, ref := range f.Photos {
			said = said || journal.ReadVault(tx, ref) != nil
		}
		return nil
	})
	if err2 != nil {
		t.Fatal(err2)
	}
	if (err != nil) == said {
		t.Errorf("of %s the file is gone: %v, what its photo says is there: %v", hash, err != nil, said)
	}
	return err != nil
}

// A file is erased once it was kept for as long as the district keeps them, unless something that goes on names it. Its
// hash stays, and a second look finds nothing more.
func TestFilesAreKeptForATime(t *testing.T) {
	w := servicetest.New(t, nil, func(s *service.Settings) { s.KeepEvidence = 90 * 24 * time.Hour })
	old, held := handsIn(t, w, "inspector", 1), handsIn(t, w, "inspector", 2)
	names := map[string]bool{held: true}
	w.Svc.EvidenceHolds = append(w.Svc.EvidenceHolds, func(_ *bbolt.Tx, all map[string]bool) error {
		for name := range names {
			all[name] = true
		}
		return nil
	})
	erased := func(want int) {
		t.Helper()
		if n, err := w.Svc.EraseOldEvidence(t.Context()); err != nil || n != want {
			t.Errorf("%d were erased, not %d, %v", n, want, err)
		}
	}
	w.Clock.Add(60 * 24 * time.Hour)
	young := handsIn(t, w, "inspector", 3)
	erased(0)
	w.Clock.Add(31 * 24 * time.Hour)
	erased(1)
	erased(0)
	if !gone(t, w, old) || gone(t, w, held) || gone(t, w, young) {
		t.Error("another was erased")
	}
	delete(names, held)
	erased(1)
	if !gone(t, w, held) || gone(t, w, young) {
		t.Error("what nothing names any more is there, or another is not")
	}
}

// An administrator erases a photo for good, with when and where it was taken.
func TestAPhotoIsErased(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	hash, other := handsIn(t, w, "inspector", 1), handsIn(t, w, "inspector", 2)
	admin := service.Ask{Who: &access.Principal{User: "admin", Role: calls.Admin}}
	for range 2 {
		if _, err := w.Svc.ErasePersonal(t.Context(), admin, calls.Erasure{Evidence: hash, Reason: "误拍"}); err != nil {
			t.Fatal(err)
		}
	}
	if !gone(t, w, hash) || gone(t, w, other) {
		t.Error("it is there, or another is not")
	}
	_, err := w.Svc.ErasePersonal(t.Context(), admin, calls.Erasure{Evidence: "sha256:" + hash[10:] + "000", Reason: "误拍"})
	if refusal.CodeOf(err) != refusal.NotFound {
		t.Errorf("one that there is not: %v", err)
	}
	if n, err := w.Svc.EraseOldEvidence(t.Context()); n != 0 || err != nil {
		t.Errorf("files that are kept for ever: %d, %v", n, err)
	}
}

// A file that was erased does not come back, and whoever hands it in is told so.
func TestAnErasedFileIsNotTakenAgain(t *testing.T) {
	w := servicetest.New(t, nil)
	photo := photostest.JPEG(photostest.Says{Seed: 1}, 16, 16)
	handIn := func() error {
		_, err := w.Svc.AddEvidence(t.Context(), service.By("inspector"), bytes.NewReader(photo), int64(len(photo)))
		return err
	}
	e, err := w.Svc.AddEvidence(t.Context(), service.By("inspector"), bytes.NewReader(photo), int64(len(photo)))
	if err != nil || handIn() != nil {
		t.Fatal(err)
	}
	if err := w.Svc.J.EraseContent(t.Context(), "admin", e.Hash, "误拍"); err != nil {
		t.Fatal(err)
	}
	if err := handIn(); refusal.CodeOf(err) != refusal.Invalid {
		t.Errorf("it is taken, and gone: %v", err)
	}
}
