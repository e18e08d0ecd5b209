package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/photos/photostest"
	"qingkong/cmd/internal/service"
	"qingkong/notify/compliance"
)

// tus are the headers of a call on an upload, by pairs.
func tus(pairs ...string) map[string]string {
	h := map[string]string{"Tus-Resumable": "1.0.0"}
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = pairs[i+1]
	}
	return h
}

// metadata are what is said of a file, by pairs.
func metadata(pairs ...string) string {
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return strings.Join(all, ",")
}

// upload begins one and is its path.
func (w *world) upload(who string, length int, pairs ...string) string {
	w.t.Helper()
	h := tus(append([]string{"Upload-Length", strconv.Itoa(length)}, pairs...)...)
	return w.must(http.StatusCreated, call{who: who, method: "POST", path: "/api/v1/uploads", header: h}, nil).Header.Get("Location")
}

func (w *world) piece(who, path string, offset int, body string, pairs ...string) call {
	h := tus(append([]string{"Upload-Offset", strconv.Itoa(offset), "Content-Type", pieceMedia}, pairs...)...)
	return call{who: who, method: "PATCH", path: path, body: body, header: h}
}

// has asks how an upload is.
func (w *world) has(who, path string) http.Header {
	w.t.Helper()
	return w.must(http.StatusNoContent, call{who: who, method: "HEAD", path: path, header: tus()}, nil).Header
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// A photo comes in pieces and becomes evidence with what it says and what is claimed of it; whoever did not hear of the end
// is told again, after a restart as well, and the same photo again is no other.
func TestAFileInPieces(t *testing.T) {
	w := newWorld(t)
	photo := photostest.JPEG(photostest.Says{At: w.clock.Now()}, 64, 64)
	said := []string{"Upload-Metadata", metadata("filename", "1.jpg", "sha256", sumOf(photo), "taken_at", "2016-12-16T12:00:00+08:00",
		"lon", "117.1", "lat", "39"), "Idempotency-Key", "photo-1"}
	path := w.upload("inspector", len(photo), said...)
	if h := w.has("inspector", path); h.Get("Upload-Offset") != "0" || h.Get("Upload-Length") != strconv.Itoa(len(photo)) ||
		h.Get("Upload-Metadata") != said[1] || h.Get("Upload-Expires") == "" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", h)
	}
	half := len(photo) / 2
	height := w.svc.J.Height()
	r := w.must(http.StatusNoContent, w.piece("inspector", path, 0, string(photo[:half])), nil)
	if r.Header.Get("Upload-Offset") != strconv.Itoa(half) || r.Header.Get(calls.EvidenceHeader) != "" || w.svc.J.Height() != height {
		t.Errorf("after half of it: %v", r.Header)
	}
	w.refused(http.StatusConflict, "conflict", w.piece("inspector", path, 0, string(photo[:half])))
	if conflict := w.do(w.piece("inspector", path, 0, string(photo[:half]))); conflict.Header.Get("Upload-Offset") != strconv.Itoa(half) {
		t.Errorf("where to go on: %v", conflict.Header)
	}
	w.restartUploads()
	if again := w.upload("inspector", len(photo), said...); again != path {
		t.Errorf("again it is %s", again)
	}
	r = w.must(http.StatusNoContent, w.piece("inspector", path, half, string(photo[half:])), nil)
	name := "sha256:" + sumOf(photo)
	if r.Header.Get(calls.EvidenceHeader) != name {
		t.Fatalf("the end: %v", r.Header)
	}
	w.restartUploads()
	height = w.svc.J.Height()
	if h := w.has("inspector", path); h.Get(calls.EvidenceHeader) != name || h.Get("Upload-Offset") != strconv.Itoa(len(photo)) {
		t.Errorf("after the end: %v", h)
	}
	if got := w.must(http.StatusOK, call{who: "duty", path: "/api/v1/evidence/" + name}, nil); got.body != string(photo) {
		t.Errorf("it became %d bytes", len(got.body))
	}
	view, err := w.svc.EvidenceOf(service.By("inspector"), []string{name})
	if err != nil || view[0].TakenAt == nil || view[0].ClaimedAt == nil || view[0].ClaimedPosition == nil {
		t.Errorf("%+v, %v", view, err)
	}
	second := w.upload("inspector", len(photo))
	r = w.must(http.StatusNoContent, w.piece("inspector", second, 0, string(photo)), nil)
	if r.Header.Get(calls.EvidenceHeader) != name || w.svc.J.Height() != height {
		t.Errorf("the same photo again: %v", r.Header)
	}
	w.refused(http.StatusNotFound, "not_found", call{who: "E0001", method: "HEAD", path: path, header: tus()})
	w.refused(http.StatusForbidden, "forbidden", call{who: "viewer", method: "HEAD", path: path, header: tus()})
	third := w.upload("inspector", 10)
	w.must(http.StatusNoContent, call{who: "inspector", method: "DELETE", path: third, header: tus()}, nil)
	w.refused(http.StatusNotFound, "not_found", call{who: "inspector", method: "HEAD", path: third, header: tus()})
}

// kept is how many files are kept.
func (w *world) kept() int {
	w.t.Helper()
	names, err := w.svc.J.Contents(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return len(names)
}

// restartUploads has the server know of uploads what its folder holds alone.
func (w *world) restartUploads() {
	w.server.uploads = newUploads(w.server.opt)
}

// An enterprise explains a finding with a file that came in pieces from itself; another's upload is neither its to go on with nor
// its evidence.
func TestAnEnterpriseExplainsWithItsUpload(t *testing.T) {
	j := newJudged(newWorld(t))
	finding := j.suspected("E0001")
	explain := func(hash string) call {
		return call{who: "E0001", path: finding + "/explain", body: fmt.Sprintf(`{"note":"检修后试车","evidence":[%q]}`, hash)}
	}
	gives := func(who, file string) (path, hash string) {
		path = j.upload(who, len(file))
		j.must(http.StatusNoContent, j.piece(who, path, 0, file[:5]), nil)
		return path, j.must(http.StatusNoContent, j.piece(who, path, 5, file[5:]), nil).Header.Get(calls.EvidenceHeader)
	}
	theirs, other := gives("E0002", "%PDF-1.7 another's curve")
	_, own := gives("E0001", "%PDF-1.7 a curve")
	j.refused(http.StatusNotFound, "not_found", j.piece("E0001", theirs, 0, "x"))
	height := j.svc.J.Height()
	j.refused(http.StatusUnprocessableEntity, "invalid", explain(other))
	if j.svc.J.Height() != height {
		t.Error("an explanation with another's file is recorded")
	}
	var f calls.FindingView
	j.must(http.StatusOK, explain(own), &f)
	if len(f.Explanations) != 1 || len(f.Explanations[0].Evidence) != 1 || f.Explanations[0].Evidence[0] != own {
		t.Errorf("%+v", f.Explanations)
	}
}

// Whatever an enterprise answers to its order, by whichever way, names no file that somebody else handed in. The hash of a file
// that it holds and has not handed in stands.
func TestAnAnswerNamesItsOwnFiles(t *testing.T) {
	w := newWorld(t)
	id := w.ordered() + "-E0001-1"
	var own, other calls.EvidenceView
	w.must(http.StatusCreated, handsIn(t, "E0001", "a.pdf", "%PDF-1.7 a curve"), &own)
	w.must(http.StatusCreated, handsIn(t, "E0002", "a.pdf", "%PDF-1.7 another's curve"), &other)
	path := calls.Prefix + "/orders/" + id + "/"
	height := w.svc.J.Height()
	for _, hash := range []string{other.Hash} {
		w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "E0001", path: path + "acknowledge",
			body: fmt.Sprintf(`{"evidence":[%q,%q]}`, own.Hash, hash)})
		answered := make(chan error, 1)
		w.svc.Answer("E0001", false, fmt.Appendf(nil, `{"order_id":%q,"action":"acknowledge","evidence":[%q]}`, id, hash),
			func(_ string, err error) { answered <- err }) // as over NATS
		if err := <-answered; refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("over NATS: %v", err)
		}
	}
	if w.svc.J.Height() != height {
		t.Error("an answer with another's file is recorded")
	}
	for _, c := range []struct{ act, body string }{{"acknowledge", "{}"}, {"start", "{}"}, {"report", `{"evidence":["` + own.Hash + `","sha256:` + strings.Repeat("0", 64) + `"]}`}} {
		w.must(http.StatusOK, call{who: "E0001", path: path + c.act, body: c.body}, nil)
	}
}

// What can never be taken is refused at once where its length says so, and otherwise at its end, which ends the upload: an
// exchanged photo, a script that is named like one.
func TestUploadsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	begin := func(pairs ...string) call {
		return call{who: "inspector", method: "POST", path: "/api/v1/uploads", header: tus(pairs...)}
	}
	w.refused(http.StatusRequestEntityTooLarge, "too_large", begin("Upload-Length", strconv.Itoa(4<<30)))
	for _, wrong := range [][]string{{}, {"Upload-Length", "0"}, {"Upload-Length", "-1"}, {"Upload-Length", "x"},
		{"Upload-Defer-Length", "1"}, {"Upload-Length", "1", "Upload-Metadata", "a !"}, {"Upload-Length", "1", "Upload-Metadata", "a YQ==,a YQ=="},
		{"Upload-Length", "1", "Upload-Metadata", "a " + strings.Repeat("A", mostMetadata)},
		{"Upload-Length", "1", "Upload-Metadata", metadata("sha256", "x")},
		{"Upload-Length", "1", "Upload-Metadata", metadata("taken_at", "yesterday")},
		{"Upload-Length", "1", "Upload-Metadata", metadata("lon", "117")}} {
		w.refused(http.StatusUnprocessableEntity, "invalid", begin(wrong...))
	}
	for _, version := range []string{"", "0.2.2"} {
		r := w.do(call{who: "inspector", method: "POST", path: "/api/v1/uploads", header: map[string]string{"Tus-Resumable": version}})
		if r.StatusCode != http.StatusPreconditionFailed || r.Header.Get("Tus-Version") != "1.0.0" {
			t.Errorf("version %q: %d %v", version, r.StatusCode, r.Header)
		}
	}
	photo := photostest.JPEG(photostest.Says{}, 16, 16)
	height, kept := w.svc.J.Height(), w.kept()
	ends := func(name string, status int, code, content string, pairs ...string) {
		t.Helper()
		path := w.upload("inspector", len(content), pairs...)
		w.refused(status, code, w.piece("inspector", path, 0, content))
		w.refused(http.StatusNotFound, "not_found", call{who: "inspector", method: "HEAD", path: path, header: tus()})
		if names, err := w.svc.J.Contents(t.Context()); err != nil || w.svc.J.Height() != height || len(names) != kept {
			t.Errorf("%s: %d files are kept, %v", name, len(names), err)
		}
	}
	ends("an exchanged photo", http.StatusUnprocessableEntity, "invalid", string(photo),
		"Upload-Metadata", metadata("sha256", sumOf([]byte("another"))))
	ends("a script", http.StatusUnsupportedMediaType, "unsupported_media", "<html><script>alert(1)</script></html>",
		"Upload-Metadata", metadata("filename", "photo.jpg"))

	path := w.upload("inspector", len(photo))
	w.refused(http.StatusUnsupportedMediaType, "unsupported_media", call{who: "inspector", method: "PATCH", path: path, body: "x",
		header: tus("Upload-Offset", "0", "Content-Type", "application/json")})
	w.refused(http.StatusUnprocessableEntity, "invalid", w.piece("inspector", path, 0, "x", "Upload-Offset", "x"))
	w.refused(http.StatusRequestEntityTooLarge, "too_large", w.piece("inspector", path, 0, string(photo)+"x"))
	w.refused(http.StatusUnprocessableEntity, "invalid", w.piece("inspector", path, 0, "x", "Upload-Checksum", "md5 x"))
	sum := sha1.Sum(photo[:10])
	good := "sha1 " + base64.StdEncoding.EncodeToString(sum[:])
	if r := w.do(w.piece("inspector", path, 0, "0123456789", "Upload-Checksum", good)); r.StatusCode != 460 {
		t.Errorf("a damaged piece: %d %s", r.StatusCode, r.body)
	}
	r := w.must(http.StatusNoContent, w.piece("inspector", path, 0, string(photo[:10]), "Upload-Checksum", good), nil)
	if r.Header.Get("Upload-Offset") != "10" {
		t.Errorf("a sound piece: %v", r.Header)
	}
	large := w.upload("inspector", calls.MostPiece+1)
	w.refused(http.StatusRequestEntityTooLarge, "too_large", w.piece("inspector", large, 0, strings.Repeat("x", calls.MostPiece+1)))
}

func TestWhatUploadsMayBe(t *testing.T) {
	w := newWorld(t)
	h := w.must(http.StatusNoContent, call{who: "E0001", method: "OPTIONS", path: "/api/v1/uploads"}, nil).Header
	for name, want := range map[string]string{"Tus-Version": "1.0.0", "Tus-Resumable": "1.0.0", "Tus-Max-Size": strconv.Itoa(200 << 20),
		"Tus-Extension": "creation,expiration,termination,checksum", "Tus-Checksum-Algorithm": "sha1,sha256"} {
		if h.Get(name) != want {
			t.Errorf("%s: %q", name, h.Get(name))
		}
	}
}

// badLine is a connection that breaks after it has carried so many bytes.
type badLine struct {
	net.Conn
	left atomic.Int64
}

var errBroken = errors.New("the line broke")

func (l *badLine) Write(p []byte) (int, error) {
	left := l.left.Add(-int64(len(p)))
	if left >= 0 {
		return l.Conn.Write(p)
	}
	n := max(0, len(p)+int(left))
	m, _ := l.Conn.Write(p[:n])
	_ = l.Close()
	return m, errBroken
}

// sender uploads as a phone does: it asks where it is and goes on from there.
type sender struct {
	t      testing.TB
	w      *world
	client *http.Client
	base   string
	breaks int
}

// asks is one request, however often its line breaks before it is answered.
func (s *sender) ask(method, path string, header map[string]string, body []byte) (*http.Response, error) {
	r, err := http.NewRequest(method, s.base+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.w.tokens["inspector"])
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := s.client.Do(r)
	if err != nil {
		s.breaks++
		return nil, err
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err == nil && res.StatusCode >= 400 && res.StatusCode != http.StatusConflict && res.StatusCode != http.StatusUnprocessableEntity &&
		res.StatusCode != http.StatusTooManyRequests {
		s.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	return res, err
}

// send uploads a photo and is its name as evidence.
func (s *sender) send(key string, photo []byte, piece int) string {
	path := ""
	for tries := 0; tries < 10_000; tries++ {
		if path == "" {
			res, err := s.ask("POST", "/api/v1/uploads", tus("Upload-Length", strconv.Itoa(len(photo)), "Idempotency-Key", key,
				"Upload-Metadata", metadata("sha256", sumOf(photo))), nil)
			if err == nil && res.StatusCode == http.StatusCreated {
				path = res.Header.Get("Location")
			}
			continue
		}
		res, err := s.ask("HEAD", path, tus(), nil)
		if err != nil {
			continue
		}
		for err == nil {
			if name := res.Header.Get(calls.EvidenceHeader); name != "" {
				return name
			}
			offset, wrong := strconv.Atoi(res.Header.Get("Upload-Offset"))
			if wrong != nil {
				break
			}
			res, err = s.ask("PATCH", path, tus("Upload-Offset", strconv.Itoa(offset), "Content-Type", pieceMedia),
				photo[offset:min(offset+piece, len(photo))])
		}
	}
	s.t.Fatalf("%s does not come to its end", key)
	return ""
}

// over is a sender whose lines break after so many bytes; 0 is never.
func (w *world) over(base string, every int64) *sender {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil || every == 0 {
			return c, err
		}
		l := &badLine{Conn: c}
		l.left.Store(every)
		return l, nil
	}
	transport := &http.Transport{DialContext: dial}
	w.t.Cleanup(transport.CloseIdleConnections)
	return &sender{t: w.t, w: w, client: &http.Client{Transport: transport}, base: base}
}

// A day's photos come over a line that breaks again and again: none is lost, and none is there twice.
func TestADaysPhotosOverABadLine(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.server)
	defer server.Close()
	const photos, size = 40, 30_000
	s := w.over(server.URL, 17_000) // less than a photo: each breaks at least once
	kept, height, want := w.kept(), w.svc.J.Height(), map[string]bool{}
	for n := range photos {
		photo := append(photostest.JPEG(photostest.Says{Seed: n}, 8, 8), randomBytes(size)...)
		name := s.send(fmt.Sprint("photo-", n), photo, 8_000)
		if name != "sha256:"+sumOf(photo) {
			t.Fatalf("photo %d became %s", n, name)
		}
		if again := w.over(server.URL, 0).send(fmt.Sprint("photo-", n), photo, 8_000); again != name {
			t.Fatalf("photo %d again became %s", n, again)
		}
		want[name] = true
	}
	names, err := w.svc.J.Contents(t.Context())
	if err != nil || len(names) != kept+photos || len(want) != photos || w.svc.J.Height() != height+photos {
		t.Errorf("%d files are kept of %d, in %d blocks, %v", len(names)-kept, photos, w.svc.J.Height()-height, err)
	}
	if s.breaks < photos {
		t.Errorf("the line broke %d times", s.breaks)
	}
	err = w.svc.J.View(func(tx *bbolt.Tx) error {
		for name := range want {
			if _, err := compliance.GetEvidence(tx, name, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// A day's photos as they are: 200 of 4 MB over a line that breaks every 1.2 MB, which is 10 s of 1 Mbit/s. The memory
// that the server and the sender take is told beside the time.
func BenchmarkADaysPhotos(b *testing.B) {
	const photos, size, every = 200, 4_000_000, 1_250_000
	for b.Loop() {
		w := newWorld(b)
		server := httptest.NewServer(w.server)
		s, photo := w.over(server.URL, every), append(photostest.JPEG(photostest.Says{}, 8, 8), randomBytes(size)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for n := range photos {
			copy(photo[len(photo)-8:], fmt.Sprintf("%08d", n))
			if name := s.send(fmt.Sprint("photo-", n), photo, calls.MostPiece); name != "sha256:"+sumOf(photo) {
				b.Fatalf("photo %d became %s", n, name)
			}
		}
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(s.breaks), "breaks")
		b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/photos/1e6, "MB/photo")
		b.ReportMetric(float64(after.HeapSys)/1e6, "MB-heap")
		b.SetBytes(photos * size)
		server.Close()
	}
}
