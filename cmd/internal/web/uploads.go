package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" // tus 1.0 asks for it; it tells a damaged piece, not an enemy's
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/web/uploads"
)

// Uploads in pieces speak tus 1.0. The protocol is small, and what is around it is ours: who may, shares, words of
// refusals, what an upload becomes. So it stands here over package uploads.

const (
	pieceMedia    = "application/offset+octet-stream"
	tusExtensions = "creation,expiration,termination,checksum"
	tusChecksums  = "sha1,sha256"
)

// The usual limits of uploads in pieces: of one file, and of an account's that are not complete.
const (
	usualUpload   = 200 << 20
	usualInAll    = 8 << 30
	openUploads   = 50
	waitingBytes  = 2 << 30
	uploadExpires = 24 * time.Hour
)

// The pace of a piece: a phone on a bad line sends little and stops now and then, and one that has gone sends nothing.
const (
	pieceStall     = 30 * time.Second
	pieceGrace     = 2 * time.Minute
	piecePerSecond = 512 // bytes
)

func newUploads(opt Options) *uploads.Store {
	o := opt.Uploads
	o.Most, o.InAll = cmp.Or(o.Most, usualUpload), cmp.Or(o.InAll, usualInAll)
	o.Open, o.Waiting = cmp.Or(o.Open, openUploads), cmp.Or(o.Waiting, waitingBytes)
	o.Expires, o.Clock, o.Log = cmp.Or(o.Expires, uploadExpires), opt.Clock, opt.Log
	return uploads.New(o)
}

// KeepUploads removes uploads in pieces that were abandoned, until ctx ends.
func (s *Server) KeepUploads(ctx context.Context) error { return s.uploads.Run(ctx) }

// speaksTus refuses a call of tus that is of another version, and has every answer say which one is spoken here.
func speaksTus(w http.ResponseWriter, r *http.Request, route route) error {
	if !route.Tus {
		return nil
	}
	h := w.Header()
	h.Set("Tus-Resumable", calls.TusVersion)
	given := r.Header.Get("Tus-Resumable")
	if route.Method == http.MethodOptions || given == calls.TusVersion {
		return nil
	}
	h.Set("Tus-Version", calls.TusVersion)
	return refusal.New(refusal.Invalid, "uploads.version", refusal.Args{"value": refusal.Shown(given)})
}

var _ = bind(calls.UploadOptions, func(s *Server, q *request, _ calls.None) (any, error) {
	h := q.w.Header()
	h.Set("Tus-Version", calls.TusVersion)
	h.Set("Tus-Extension", tusExtensions)
	h.Set("Tus-Max-Size", strconv.FormatInt(s.uploads.Most(), 10))
	h.Set("Tus-Checksum-Algorithm", tusChecksums)
	return nil, nil
})

var _ = bind(calls.BeginUpload, func(s *Server, q *request, _ calls.None) (any, error) {
	text := q.Header.Get("Upload-Length")
	length, err := strconv.ParseInt(text, 10, 64)
	if err != nil || length < 1 {
		return nil, refusal.Wrong("Upload-Length", "uploads.length", refusal.Args{"value": refusal.Shown(text)})
	}
	raw := q.Header.Get("Upload-Metadata")
	metadata, err := readMetadata(raw)
	if err != nil {
		return nil, err
	}
	if _, err := claims(func(name string) string { return metadata[name] }); err != nil {
		return nil, err
	}
	if sum, given := metadata["sha256"]; given && !hexSum.MatchString(sum) {
		return nil, refusal.Wrong("Upload-Metadata", "uploads.sha256", refusal.Args{"value": refusal.Shown(sum)})
	}
	if s.svc.Large != nil {
		if err := s.svc.Large(); err != nil {
			return nil, err
		}
	}
	u, err := s.uploads.Create(uploads.Upload{Owner: q.who.User, Key: q.key, Length: length, Metadata: metadata, Raw: raw})
	if err != nil {
		return nil, err
	}
	tell(q.w, u)
	return calls.UploadView{ID: u.ID, Offset: u.Offset, Length: u.Length, Expires: u.Expires, Evidence: u.Evidence}, nil
})

var hexSum = regexp.MustCompile(`^[0-9a-f]{64}$`)

// mostMetadata bounds what a client says of a file, in bytes.
const mostMetadata = 4096

// readMetadata reads pairs of a name and a value in base64; a name alone has the empty value.
func readMetadata(text string) (map[string]string, error) {
	all := map[string]string{}
	if text == "" {
		return all, nil
	}
	wrong := refusal.Wrong("Upload-Metadata", "uploads.metadata", refusal.Args{"value": refusal.Shown(text), "limit": mostMetadata})
	if len(text) > mostMetadata {
		return nil, wrong
	}
	for pair := range strings.SplitSeq(text, ",") {
		name, coded, _ := strings.Cut(strings.TrimSpace(pair), " ")
		value, err := base64.StdEncoding.DecodeString(coded)
		if _, twice := all[name]; err != nil || name == "" || twice {
			return nil, wrong
		}
		all[name] = string(value)
	}
	return all, nil
}

// tell sets what an answer says of an upload.
func tell(w http.ResponseWriter, u uploads.Upload) {
	h := w.Header()
	h.Set("Upload-Offset", strconv.FormatInt(u.Offset, 10))
	h.Set("Upload-Expires", u.Expires.UTC().Format(http.TimeFormat))
	if u.Evidence != "" {
		h.Set(calls.EvidenceHeader, u.Evidence)
	}
}

var _ = bind(calls.UploadState, func(s *Server, q *request, in calls.ByID) (any, error) {
	held, err := s.uploads.Take(q.Context(), q.who.User, in.ID, nil)
	if err != nil {
		return nil, err
	}
	defer held.Release()
	if err := s.complete(q, held); err != nil { // the end that somebody did not hear of, or that could not be had
		return nil, err
	}
	u := held.Upload()
	tell(q.w, u)
	q.w.Header().Set("Upload-Length", strconv.FormatInt(u.Length, 10))
	if u.Raw != "" {
		q.w.Header().Set("Upload-Metadata", u.Raw)
	}
	return nil, nil
})

var _ = bind(calls.EndUpload, func(s *Server, q *request, in calls.ByID) (any, error) {
	held, err := s.uploads.Take(q.Context(), q.who.User, in.ID, nil)
	if err != nil {
		return nil, err
	}
	defer held.Release()
	return nil, held.Drop()
})

var _ = bind(calls.UploadPiece, func(s *Server, q *request, in calls.ByID) (any, error) {
	if media := q.Header.Get("Content-Type"); media != pieceMedia {
		return nil, refusal.New(refusal.UnsupportedMedia, "uploads.media", refusal.Args{"value": refusal.Shown(media)})
	}
	sum, err := readChecksum(q.Header.Get("Upload-Checksum"))
	if err != nil {
		return nil, err
	}
	body := &piece{from: q.Body, control: http.NewResponseController(q.w)}
	if paced, ok := q.Body.(interface {
		SetPace(stall, grace time.Duration, perSecond int)
	}); ok {
		paced.SetPace(pieceStall, pieceGrace, piecePerSecond)
	}
	held, err := s.uploads.Take(q.Context(), q.who.User, in.ID, body.end)
	if err != nil {
		return nil, err
	}
	defer held.Release()
	err = addPiece(q, held, body, sum)
	if body.done() { // the connection has a deadline that is past
		q.w.Header().Set("Connection", "close")
	}
	if err != nil {
		tell(q.w, held.Upload())
		return nil, err
	}
	err = s.complete(q, held)
	tell(q.w, held.Upload())
	return nil, err
})

// addPiece adds what a request carries to an upload, where it begins at the end of what is there.
func addPiece(q *request, held *uploads.Held, body *piece, sum *checksum) error {
	u, text := held.Upload(), q.Header.Get("Upload-Offset")
	offset, err := strconv.ParseInt(text, 10, 64)
	if err != nil || offset < 0 {
		return refusal.Wrong("Upload-Offset", "uploads.offset", refusal.Args{"value": refusal.Shown(text), "offset": u.Offset})
	}
	if offset != u.Offset {
		return refusal.New(refusal.Conflict, "uploads.offset", refusal.Args{"value": offset, "offset": u.Offset})
	}
	if q.ContentLength > min(calls.MostPiece, u.Length-u.Offset) {
		return refusal.New(refusal.TooLarge, "uploads.long", refusal.Args{"limit": calls.MostPiece >> 20, "length": u.Length})
	}
	if u.Evidence != "" {
		return nil
	}
	if sum != nil {
		_, err = held.Append(body, calls.MostPiece, sum)
	} else {
		_, err = held.Append(body, calls.MostPiece, nil)
	}
	if err == nil || refusal.CodeOf(err) != "" {
		return err
	}
	return refusal.New(refusal.Invalid, "uploads.broken", refusal.Args{"why": refusal.NotJSON(err)})
}

// complete makes an upload that is whole the evidence that it is. What can never be taken ends it; after any other error it
// is there still, and the next look at it tries again. Whoever sent it need not be there any more.
func (s *Server) complete(q *request, held *uploads.Held) error {
	u := held.Upload()
	if !u.Whole() || u.Evidence != "" {
		return nil
	}
	file, err := held.Open()
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	claimed, err := claims(func(name string) string { return u.Metadata[name] })
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.Context()), s.opt.Within)
	defer cancel()
	e, err := s.svc.HandIn(ctx, q.ask(), service.HandedIn{File: file, Size: u.Length, Most: s.uploads.Most(),
		SHA256: u.Metadata["sha256"], Claimed: claimed})
	switch refusal.CodeOf(err) {
	case refusal.Invalid, refusal.UnsupportedMedia, refusal.TooLarge:
		return errors.Join(err, held.Drop())
	}
	if err != nil {
		return err
	}
	return held.Complete(e.Hash)
}

// piece is the body of a request, until another takes its upload.
type piece struct {
	from    io.Reader
	control *http.ResponseController

	mu    sync.Mutex
	taken bool
	over  bool // nothing more is read
}

var errTaken = errors.New("web: another request goes on with this upload")

func (p *piece) Read(b []byte) (int, error) {
	p.mu.Lock()
	taken := p.taken
	p.mu.Unlock()
	if taken {
		return 0, errTaken
	}
	return p.from.Read(b)
}

// end ends a Read that waits, and those to come. It leaves the connection alone once all was read: the next request is
// another's matter.
func (p *piece) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.taken = true
		_ = p.control.SetReadDeadline(time.Now()) // of the server's connections; a test's recorder has none
	}
}

// done says that nothing more is read, and whether another took the upload before.
func (p *piece) done() (taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	return p.taken
}

// checksum is what a piece is said to have.
type checksum struct {
	hash.Hash
	want []byte
}

// Err is why a piece does not count: it has another checksum, or has not come whole.
func (c *checksum) Err(whole bool) error {
	if whole && bytes.Equal(c.Sum(nil), c.want) {
		return nil
	}
	return refusal.New(refusal.Invalid, "uploads.checksum", nil)
}

// readChecksum reads Upload-Checksum; nil where there is none.
func readChecksum(text string) (*checksum, error) {
	if text == "" {
		return nil, nil
	}
	algorithm, coded, _ := strings.Cut(text, " ")
	c := &checksum{}
	switch algorithm {
	case "sha1":
		c.Hash = sha1.New()
	case "sha256":
		c.Hash = sha256.New()
	}
	want, err := base64.StdEncoding.DecodeString(coded)
	if c.Hash == nil || err != nil || len(want) != c.Size() {
		return nil, refusal.Wrong("Upload-Checksum", "uploads.algorithm", refusal.Args{"value": refusal.Shown(text)})
	}
	c.want = want
	return c, nil
}
