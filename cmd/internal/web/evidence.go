package web

import (
	"errors"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/photos"
	"qingkong/cmd/internal/service"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/place"
)

var _ = bind(calls.AddEvidence, func(s *Server, q *request, _ calls.None) (any, error) {
	claimed, err := claims(q.texts.Get)
	if err != nil {
		return nil, err
	}
	return s.svc.HandIn(q.Context(), q.ask(), service.HandedIn{File: q.sent.Reader(), Size: q.sent.Size(), Claimed: claimed})
})

// claims are what a device says of a photo, by the names of [calls.Claims]; an empty text is not said.
func claims(of func(name string) string) (t compliance.Taken, err error) {
	wrong := func(name string) error {
		return refusal.Wrong(name, "evidence.claimed", refusal.Args{"value": refusal.Shown(of(name))})
	}
	if text := of("taken_at"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.Year() < 1970 || at.Year() > 9000 {
			return t, wrong("taken_at")
		}
		at = at.In(alerts.Shanghai()).Truncate(time.Second)
		t.At = &at
	}
	if of("lon") == "" && of("lat") == "" {
		return t, nil
	}
	p := place.Point{}
	for name, to := range map[string]*float64{"lon": &p.Lon, "lat": &p.Lat} {
		if *to, err = strconv.ParseFloat(of(name), 64); err != nil {
			return t, wrong(name)
		}
	}
	if !p.Valid() {
		return t, wrong("lon")
	}
	t.Position = &p
	return t, nil
}

var _ = bind(calls.Evidence, func(s *Server, q *request, in calls.EvidenceQuery) (any, error) {
	e, content, err := s.svc.OpenEvidence(q.Context(), q.ask(), in.Hash)
	if err != nil {
		return nil, err
	}
	if in.Size > 0 {
		return s.preview(q, e, content, in.Size)
	}
	return handedOut{s, e, content}, nil
})

// handedOut is a file that somebody handed in, as it goes to a reader: from the disk, whole or the ranges that are asked
// for. The connection gives up on who reads too slowly, as for all answers.
type handedOut struct {
	s       *Server
	e       *compliance.Evidence
	content journal.Content
}

// serve lets a browser show pictures and PDF files, which it does not run, and keeps every other file from being taken for
// a page of ours.
func (f handedOut) serve(w http.ResponseWriter, r *http.Request) {
	defer f.content.Close() // it was only read
	h, how := w.Header(), "attachment"
	h.Set("Content-Type", octets)
	if slices.Contains(calls.Shown, f.e.Type) {
		how = "inline"
		h.Set("Content-Type", f.e.Type)
	}
	name := "evidence-" + f.e.Hash[len("sha256:"):][:16] + extension[f.e.Type]
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": name}))
	h.Set("ETag", strconv.Quote(f.e.Hash))
	h.Set("Cache-Control", "private, no-cache") // its reader may keep it, and asks each time whether he may see it still
	out := &ranged{ResponseWriter: w, was: maps.Clone(h)}
	http.ServeContent(out, r, "", time.Time{}, f.content)
	switch out.wrong {
	case 0:
	case http.StatusRequestedRangeNotSatisfiable:
		f.s.problem(w, r, refusal.New(refusal.Invalid, "http.range", refusal.Args{"size": f.content.Size()}))
	default:
		f.s.problem(w, r, errUnserved)
	}
}

// ranged is a writer of what [http.ServeContent] answers. What goes wrong it keeps for itself, with the headers of an
// answer as they were: an error has a form of its own here.
type ranged struct {
	http.ResponseWriter
	was   http.Header
	wrong int // status of what went wrong; 0 for nothing
}

func (w *ranged) WriteHeader(status int) {
	if status < 400 || status == http.StatusPreconditionFailed { // which has no body
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.wrong = status
	h := w.Header()
	size := h.Get("Content-Range")
	clear(h)
	maps.Copy(h, w.was)
	for _, name := range []string{"Content-Disposition", "ETag"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if size != "" {
		h.Set("Content-Range", size)
	}
}

func (w *ranged) Write(b []byte) (int, error) {
	if w.wrong != 0 {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *ranged) Unwrap() http.ResponseWriter { return w.ResponseWriter }

var errUnserved = errors.New("web: a file that is open cannot be read")

// octets keep a browser from showing what somebody handed in.
const octets = "application/octet-stream"

// extension is that of a name for a media type.
var extension = map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
	"image/bmp": ".bmp", "application/pdf": ".pdf", "video/mp4": ".mp4", "video/webm": ".webm", "application/zip": ".zip",
	photos.HEIC: ".heic", "text/plain": ".txt"}
