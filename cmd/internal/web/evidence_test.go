package web

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/notify/compliance"
)

// handsIn is a file that somebody hands in under a name.
func handsIn(t testing.TB, who, name, content string) call {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return call{who: who, path: "/api/v1/evidence", body: b.String(), header: map[string]string{"Content-Type": form.FormDataContentType()}}
}

// A file is named by its hash, told by its content and not by its name, and shown to its enterprise and to staff alone.
func TestEvidence(t *testing.T) {
	w := newWorld(t)
	const photo = "\xff\xd8\xff\xe0\x00\x10JFIF\x00 a photo"
	var first, again calls.EvidenceView
	r := w.must(http.StatusCreated, handsIn(t, "E0001", "照片.txt", photo), &first)
	if first.Type != "image/jpeg" || first.Size != int64(len(photo)) || !strings.HasPrefix(first.Hash, "sha256:") ||
		r.Header.Get("Location") != "/api/v1/evidence/"+first.Hash {
		t.Fatalf("%+v at %q", first, r.Header.Get("Location"))
	}
	height := w.svc.J.Height()
	w.must(http.StatusCreated, handsIn(t, "E0001", "again.jpg", photo), &again)
	if !reflect.DeepEqual(again, first) || w.svc.J.Height() != height {
		t.Errorf("the same file again is %+v, and recorded again", again)
	}
	path := "/api/v1/evidence/" + first.Hash
	for _, who := range []string{"E0001", "inspector", "duty"} {
		if got := w.must(http.StatusOK, call{who: who, path: path}, nil); got.body != photo {
			t.Errorf("%s gets %q", who, got.body)
		}
	}
	w.refused(http.StatusNotFound, "not_found", call{who: "E0002", path: path})
	w.refused(http.StatusForbidden, "forbidden", call{who: "viewer", path: path})
	w.refused(http.StatusForbidden, "forbidden", handsIn(t, "viewer", "a.jpg", photo))
	for name, content := range map[string]string{"a.jpg": "<html><script>alert(1)</script></html>", "b.png": "\x7fELF\x02\x01\x01\x00 a program",
		"c.jpg": "#!/bin/sh\nrm -rf /", "d.txt": "\ufeff#!/usr/bin/python3"} {
		w.refused(http.StatusUnsupportedMediaType, "unsupported_media", handsIn(t, "E0001", name, content))
	}
	w.refused(http.StatusUnprocessableEntity, "invalid", handsIn(t, "E0001", "nothing.jpg", ""))
	w.refused(http.StatusRequestEntityTooLarge, "too_large", handsIn(t, "E0001", "large.jpg", photo+strings.Repeat("x", calls.MostEvidence)))
	if w.svc.J.Height() != height {
		t.Error("what was refused is recorded")
	}
}

// Pictures and PDF files open in a browser as what they are; whatever else may be handed in is a download of bytes. Neither
// can load or run anything under our address.
func TestHowEvidenceIsHandedOut(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ name, content, media, how, ends string }{
		{"a photo", "\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg", "inline", ".jpg"},
		{"a drawing", "\x89PNG\x0d\x0a\x1a\x0a", "image/png", "inline", ".png"},
		{"a curve", "%PDF-1.7 a curve", "application/pdf", "inline", ".pdf"},
		{"a table", "PK\x03\x04 a workbook", octets, "attachment", ".zip"},
		{"a text", "what the meter said", octets, "attachment", ".txt"},
		{"a video", "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", octets, "attachment", ".mp4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var e calls.EvidenceView
			w.must(http.StatusCreated, handsIn(t, "E0001", "x", c.content), &e)
			h := w.must(http.StatusOK, call{who: "E0001", path: "/api/v1/evidence/" + e.Hash}, nil).Header
			how, named, err := mime.ParseMediaType(h.Get("Content-Disposition"))
			if h.Get("Content-Type") != c.media || how != c.how || err != nil || !strings.HasSuffix(named["filename"], c.ends) ||
				h.Get("Content-Security-Policy") != apiPolicy {
				t.Errorf("%v", h)
			}
		})
	}
}

// Of a file ranges are handed out, so that a download that broke goes on, and to who has it only that nothing changed.
func TestRangesOfEvidence(t *testing.T) {
	w := newWorld(t)
	const text = "0123456789"
	var e calls.EvidenceView
	w.must(http.StatusCreated, handsIn(t, "E0001", "x.txt", text), &e)
	path, tag := "/api/v1/evidence/"+e.Hash, strconv.Quote(e.Hash)
	asks := func(method string, header map[string]string) reply {
		return w.do(call{who: "E0001", method: method, path: path, header: header})
	}
	for _, c := range []struct {
		name, method string
		header       map[string]string
		status       int
		body         string
	}{
		{"the first", "GET", map[string]string{"Range": "bytes=0-3"}, 206, "0123"},
		{"the rest", "GET", map[string]string{"Range": "bytes=4-", "If-Range": tag}, 206, "456789"},
		{"the rest of another file", "GET", map[string]string{"Range": "bytes=4-", "If-Range": `"sha256:x"`}, 200, text},
		{"the last", "GET", map[string]string{"Range": "bytes=-2"}, 206, "89"},
		{"how long it is", "HEAD", nil, 200, ""},
		{"what is there already", "GET", map[string]string{"If-None-Match": tag}, 304, ""},
		{"what it is not", "GET", map[string]string{"If-Match": `"sha256:x"`}, 412, ""},
	} {
		r := asks(c.method, c.header)
		if r.StatusCode != c.status || r.body != c.body || r.Header.Get("ETag") != tag {
			t.Errorf("%s: %d %q %v", c.name, r.StatusCode, r.body, r.Header)
		}
		if c.method == "HEAD" && r.Header.Get("Content-Length") != "10" {
			t.Errorf("%s: %v", c.name, r.Header)
		}
	}
	if r := asks("GET", map[string]string{"Range": "bytes=0-0,-1"}); r.StatusCode != 206 ||
		!strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/byteranges") {
		t.Errorf("two ranges: %d %v", r.StatusCode, r.Header)
	}
	for _, wrong := range []string{"bytes=10-", "bytes=x"} {
		c := call{who: "E0001", path: path, header: map[string]string{"Range": wrong}}
		w.refused(http.StatusRequestedRangeNotSatisfiable, "invalid", c)
		if r := w.do(c); r.Header.Get("Content-Disposition") != "" || strings.Contains(r.body, "456") {
			t.Errorf("%s: %v %s", wrong, r.Header, r.body)
		}
	}
}

// A file goes to its reader from the disk: nobody holds all of it in memory, however many read.
func TestEvidenceIsNotHeldInMemory(t *testing.T) {
	w := newWorld(t)
	var e calls.EvidenceView
	w.must(http.StatusCreated, handsIn(t, "E0001", "x.pdf", "%PDF-1.7"+strings.Repeat("x", calls.MostEvidence-8)), &e)
	r := w.request(call{who: "E0001", path: "/api/v1/evidence/" + e.Hash})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out := &counted{header: http.Header{}}
	w.server.ServeHTTP(out, r)
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; out.n != calls.MostEvidence || grown > calls.MostEvidence/4 {
		t.Errorf("%d bytes went out, and %d were allocated", out.n, grown)
	}
}

// counted is a reader who takes everything and keeps nothing.
type counted struct {
	header http.Header
	n      int
}

func (c *counted) Header() http.Header { return c.header }
func (c *counted) WriteHeader(int)     {}
func (c *counted) Write(b []byte) (int, error) {
	c.n += len(b)
	return len(b), nil
}

// An account that has handed in what a day takes is told so and until when; nothing of its file reaches the disk. What is
// there already it may send again.
func TestEvidenceBeyondADay(t *testing.T) {
	w := newWorld(t)
	const photo = "\xff\xd8\xff\xe0\x00\x10JFIF\x00 photo"
	w.must(http.StatusCreated, handsIn(t, "E0001", "a.jpg", photo), nil)
	for n := 1; n < int(compliance.UsualEvidence.FilesADay); n++ {
		_, err := w.svc.J.Submit(t.Context(), journal.Command{Kind: judging.CommandEvidence, Actor: "E0001",
			Payload: compliance.Evidence{Hash: fmt.Sprintf("sha256:%064x", n), Size: 1, Type: "image/jpeg", Recipient: "E0001"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	kept := func() int {
		t.Helper()
		names, err := w.svc.J.Contents(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	before, height := kept(), w.svc.J.Height()
	w.refused(http.StatusTooManyRequests, "rate_limited", handsIn(t, "E0001", "b.jpg", photo+"2"))
	r := w.do(handsIn(t, "E0001", "b.jpg", photo+"2"))
	if after := r.Header.Get("Retry-After"); len(after) < 3 || !strings.Contains(r.body, "500") {
		t.Errorf("again after %q s: %s", after, r.body)
	}
	w.must(http.StatusCreated, handsIn(t, "E0001", "a.jpg", photo), nil)
	if kept() != before || w.svc.J.Height() != height {
		t.Error("what was refused, or there already, is kept or recorded")
	}
	w.must(http.StatusCreated, handsIn(t, "E0002", "b.jpg", photo+"2"), nil)
}

// late is a body that begins to come after a while.
type late struct {
	io.Reader
	after time.Duration
}

func (l *late) Read(b []byte) (int, error) {
	time.Sleep(l.after)
	l.after = 0
	return l.Reader.Read(b)
}

// A photo comes over a slow line for longer than an act may wait for the record, which begins when it is there.
func TestEvidenceOverASlowLine(t *testing.T) {
	w := newWorld(t)
	w.server.opt.Within = 2 * time.Second
	r := w.request(handsIn(t, "E0001", "a.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF"))
	r.Body = io.NopCloser(&late{r.Body, w.server.opt.Within + time.Second})
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	if rec.Code != http.StatusCreated {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
