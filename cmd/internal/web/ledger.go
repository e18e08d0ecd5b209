package web

import (
	"mime"
	"net/http"
	"strconv"

	"qingkong/cmd/internal/calls"
	"qingkong/notify/ledger/bundle"
)

var _ = bind(calls.LedgerCheckpoint, func(s *Server, q *request, _ calls.None) (any, error) {
	text, err := s.svc.Checkpoint(q.Context())
	return plain{text, "text/plain; charset=utf-8", "no-cache"}, err
})

// A tile that is full never changes, so that whoever follows the ledger asks for it once.
var _ = bind(calls.LedgerTile, func(s *Server, q *request, in calls.TilePath) (any, error) {
	data, full, err := s.svc.Tile(q.Context(), in.Level+"/"+in.Place)
	keep := "no-cache"
	if full {
		keep = "public, max-age=31536000, immutable"
	}
	return plain{data, octets, keep}, err
})

// plain is an answer of bytes that says how long it may be kept.
type plain struct {
	data  []byte
	media string
	keep  string // as Cache-Control has it
}

func (p plain) serve(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", p.media)
	h.Set("Cache-Control", p.keep)
	h.Set("Content-Length", strconv.Itoa(len(p.data)))
	_, _ = w.Write(p.data) // whoever has gone needs no answer
}

var _ = bind(calls.Bundle, func(s *Server, q *request, in calls.BundleQuery) (any, error) {
	draft, err := s.svc.Bundle(q.Context(), q.ask(), in)
	if err != nil {
		return nil, err
	}
	return bundled{s, draft, "qingkong-" + in.Order + in.Recipient + in.Warning + ".zip"}, nil
})

// bundled is a bundle as it goes to its reader. What cannot be read any more while it is written ends the connection, so that
// nobody takes a part for the whole.
type bundled struct {
	s     *Server
	draft *bundle.Draft
	name  string
}

func (b bundled) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", calls.ZipMedia)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.FormatInt(b.draft.Size(), 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": b.name}))
	if r.Method == http.MethodHead {
		return
	}
	if _, err := b.draft.WriteTo(w); err != nil && r.Context().Err() == nil {
		b.s.log.Error("a bundle could not be written to its end", "file", b.name, "err", err)
		panic(http.ErrAbortHandler)
	}
}
