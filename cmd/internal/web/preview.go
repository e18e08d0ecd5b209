package web

import (
	recent "container/list"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/photos"
	"qingkong/notify/compliance"
)

// previewSizes are those that are made, so that no caller has a picture decoded in every size that there is.
var previewSizes = []int{160, 320, 640, calls.MostPreview}

// preview answers with a small picture of a file. Who has it is told so without a look at the file. It closes the content.
func (s *Server) preview(q *request, e *compliance.Evidence, content journal.Content, size int) (any, error) {
	defer content.Close() // it was only read
	i, _ := slices.BinarySearch(previewSizes, size)
	size = previewSizes[i]
	tag := strconv.Quote(e.Hash + "-" + strconv.Itoa(size))
	if !photos.Scales(e.Type) {
		return nil, refusal.New(refusal.NotFound, "evidence.preview_none", nil)
	}
	if matches(q.Header.Values("If-None-Match"), tag) {
		return smallPicture{s: s, tag: tag}, nil
	}
	picture, err := s.previews.get(q.Context(), tag, func() ([]byte, error) { return photos.Preview(content, e.Type, size) })
	switch {
	case errors.Is(err, photos.ErrLarge):
		return nil, refusal.New(refusal.NotFound, "evidence.preview_large", nil)
	case errors.Is(err, photos.ErrNone):
		return nil, refusal.New(refusal.NotFound, "evidence.preview_none", nil)
	case err != nil:
		return nil, err
	}
	return smallPicture{s, tag, picture}, nil
}

type smallPicture struct {
	s       *Server
	tag     string
	picture []byte
}

func (p smallPicture) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-cache") // as the file itself: its reader asks whether he may see it still
	if unchangedBy(w, r, p.tag) {
		return
	}
	p.s.write(w, r, http.StatusOK, "image/jpeg", p.picture)
}

// previews keeps small pictures that were made, those that were asked for last, and makes one at a time: a large picture
// takes much memory for a moment.
type previews struct {
	making chan struct{}

	mu    sync.Mutex
	of    map[string]*recent.Element
	used  *recent.List // of *madePreview, the last used first
	bytes int
}

type madePreview struct {
	tag     string
	picture []byte
}

// What is kept of previews in memory, and how long somebody waits for its turn to have one made.
const (
	previewBytes  = 32 << 20
	previewWithin = 10 * time.Second
)

func newPreviews() *previews {
	return &previews{making: make(chan struct{}, 1), of: map[string]*recent.Element{}, used: recent.New()}
}

// get is the picture of a tag, made unless it is kept.
func (p *previews) get(ctx context.Context, tag string, build func() ([]byte, error)) ([]byte, error) {
	if picture := p.kept(tag); picture != nil {
		return picture, nil
	}
	ctx, cancel := context.WithTimeout(ctx, previewWithin)
	defer cancel()
	select {
	case p.making <- struct{}{}:
		defer func() { <-p.making }()
	case <-ctx.Done():
		return nil, refusal.New(refusal.NotReady, "evidence.preview_busy", nil)
	}
	if picture := p.kept(tag); picture != nil { // whoever was before wanted the same
		return picture, nil
	}
	picture, err := build()
	if err == nil {
		p.keep(tag, picture)
	}
	return picture, err
}

func (p *previews) kept(tag string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.of[tag]
	if e == nil {
		return nil
	}
	p.used.MoveToFront(e)
	return e.Value.(*madePreview).picture
}

func (p *previews) keep(tag string, picture []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[tag] = p.used.PushFront(&madePreview{tag, picture})
	for p.bytes += len(picture); p.bytes > previewBytes; {
		last := p.used.Remove(p.used.Back()).(*madePreview)
		delete(p.of, last.tag)
		p.bytes -= len(last.picture)
	}
}
