package web

import (
	"bytes"
	"encoding/json"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/photos/photostest"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/place"
)

// handsInWith is a photo that somebody hands in, and texts beside it.
func handsInWith(t testing.TB, who string, photo []byte, texts map[string]string) call {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, text := range texts {
		if err := form.WriteField(name, text); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", "a.jpg")
	if err == nil {
		_, err = part.Write(photo)
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	return call{who: who, path: "/api/v1/evidence", body: b.String(), header: map[string]string{"Content-Type": form.FormDataContentType()}}
}

// What a photo says of itself stands beside what the device claims, and where the two differ there is a remark. Both are in
// the vault: the record has neither a place nor a time.
func TestWhenAndWhereAPhotoWasTaken(t *testing.T) {
	w := newWorld(t)
	at := w.clock.Now().Truncate(time.Second)
	where := place.Point{Lon: 117.0123456, Lat: 39.0654321}
	photo := photostest.JPEG(photostest.Says{At: at, Position: where}, 16, 16)
	var e calls.EvidenceView
	w.must(http.StatusCreated, handsInWith(t, "inspector", photo, map[string]string{
		"taken_at": at.Add(time.Hour).Format(time.RFC3339), "lon": "117.1", "lat": "39.0654321"}), &e)
	if e.TakenAt == nil || !e.TakenAt.Equal(at) || e.Position == nil ||
		place.Distance(place.Point(*e.Position), where) > 0.1 || e.ClaimedAt == nil || !e.ClaimedAt.Equal(at.Add(time.Hour)) ||
		e.ClaimedPosition == nil || e.ClaimedPosition.Lon != 117.1 {
		t.Errorf("%+v", e)
	}
	var rules []string
	for _, r := range e.Remarks {
		rules = append(rules, r.Rule)
		if r.Text == "" {
			t.Errorf("%s has no words", r.Rule)
		}
	}
	if !slices.Equal(rules, []string{"photo_place_differs", "photo_time_differs"}) {
		t.Errorf("remarks %v", rules)
	}
	err := w.svc.J.View(func(tx *bbolt.Tx) error {
		raw := journal.ReadBlock(tx, w.svc.J.Height())
		if !bytes.Contains(raw, []byte("photo_ref")) || bytes.Contains(raw, []byte("117.")) || bytes.Contains(raw, []byte("taken_at")) {
			t.Errorf("the record has %s", raw)
		}
		known, err := compliance.GetEvidence(tx, e.Hash, "")
		if err != nil {
			return err
		}
		var in compliance.Photo
		return json.Unmarshal(journal.ReadVault(tx, known.PhotoRef), &in)
	})
	if err != nil {
		t.Error(err)
	}
	w.must(http.StatusCreated, handsInWith(t, "inspector", photostest.JPEG(photostest.Says{Seed: 3}, 16, 16), nil), &e)
	if e.TakenAt != nil || e.Position != nil || e.ClaimedAt != nil || e.ClaimedPosition != nil || len(e.Remarks) != 0 {
		t.Errorf("a photo that says nothing: %+v", e)
	}
	height := w.svc.J.Height()
	for name, texts := range map[string]map[string]string{
		"a time without a zone": {"taken_at": "2016-12-19T12:00:00"}, "half a place": {"lon": "117"}, "no number": {"lon": "x", "lat": "39"},
		"nowhere": {"lon": "0", "lat": "0"}, "off the earth": {"lon": "117", "lat": "139"}, "another text": {"note": "x"},
		"a long text": {"taken_at": strings.Repeat("2", 100)}, "not a number": {"lon": "NaN", "lat": "39"},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(http.StatusUnprocessableEntity, "invalid", handsInWith(t, "inspector", photo, texts))
		})
	}
	if w.svc.J.Height() != height {
		t.Error("what was refused is recorded")
	}
}

// A photo is shown small, in one of a few sizes and to who may see it alone; who has it is told that nothing changed.
func TestPreviews(t *testing.T) {
	w := newWorld(t)
	var photo, pdf, broken calls.EvidenceView
	w.must(http.StatusCreated, handsInWith(t, "E0001", photostest.JPEG(photostest.Says{Orientation: 6}, 400, 300), nil), &photo)
	w.must(http.StatusCreated, handsIn(t, "E0001", "x.pdf", "%PDF-1.7 a curve"), &pdf)
	w.must(http.StatusCreated, handsIn(t, "E0001", "x.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF"), &broken)
	path := "/api/v1/evidence/" + photo.Hash + "?size="
	var tag string
	for range 2 {
		for size, want := range map[string]int{"16": 160, "160": 160, "161": 320, "640": 400, "1280": 400} {
			r := w.must(http.StatusOK, call{who: "inspector", path: path + size}, nil)
			is, err := jpeg.DecodeConfig(strings.NewReader(r.body))
			if err != nil || is.Height != want || r.Header.Get("Content-Type") != "image/jpeg" ||
				r.Header.Get("Content-Security-Policy") != apiPolicy {
				t.Errorf("size %s: %v, %v, %v", size, is, err, r.Header)
			}
			tag = r.Header.Get("ETag")
			again := w.do(call{who: "inspector", path: path + size, header: map[string]string{"If-None-Match": tag}})
			if again.StatusCode != http.StatusNotModified {
				t.Errorf("size %s again: %d", size, again.StatusCode)
			}
		}
	}
	w.refused(http.StatusNotFound, "not_found", call{who: "E0002", path: path + "160"})
	w.refused(http.StatusNotFound, "not_found", call{who: "E0001", path: "/api/v1/evidence/" + pdf.Hash + "?size=160"})
	w.refused(http.StatusNotFound, "not_found", call{who: "E0001", path: "/api/v1/evidence/" + broken.Hash + "?size=160"})
	for _, wrong := range []string{"15", "1281", "-1", "x", ""} {
		w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "E0001", path: path + wrong})
	}
}

// What is kept of previews in memory has an end.
func TestKeptPreviewsHaveAnEnd(t *testing.T) {
	p := newPreviews()
	made := 0
	get := func(tag string) {
		t.Helper()
		picture, err := p.get(t.Context(), tag, func() ([]byte, error) { made++; return make([]byte, previewBytes/4), nil })
		if err != nil || len(picture) != previewBytes/4 {
			t.Fatal(err)
		}
	}
	for _, tag := range strings.Split("abcdabcdeaeb", "") { // e pushes out a's elder brother b alone
		get(tag)
	}
	if made != 7 || p.bytes > previewBytes || len(p.of) != 4 || p.used.Len() != 4 {
		t.Errorf("%d were made, %d are kept in %d bytes", made, len(p.of), p.bytes)
	}
}
