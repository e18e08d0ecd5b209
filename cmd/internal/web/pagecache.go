package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"sync"
	"time"

	"qingkong/alerts/refusal"
)

// staticPage is an answer that is the same for whoever asks, with its ETag. A caller that has it already is told so at
// no cost.
type staticPage struct {
	media  string
	policy string // Content-Security-Policy; empty: as of every answer
	name   string // of the file that it is saved as; empty: it is looked at
	text   []byte
	tag    string
}

func newStaticPage(media string, text []byte) *staticPage {
	return &staticPage{media: media, text: text, tag: tagOf(text)}
}

func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`
}

func (v *staticPage) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", v.media)
	if v.policy != "" {
		h.Set("Content-Security-Policy", v.policy)
	}
	if v.name != "" {
		h.Set("Content-Disposition", attached(v.name))
	}
	if unchangedBy(w, r, v.tag) {
		return
	}
	_, _ = w.Write(v.text) // a reader that has gone is nothing to do anything about
}

// pageCache holds pages for the public as they were last made. One is good while its stamp is, which says what it was
// made of, and for keptFor at most. One page is made at a time, however many ask.
type pageCache struct {
	turn chan struct{}

	mu    sync.Mutex
	pages map[string]cachedPage
	bytes int
	made  int
}

type cachedPage struct {
	*staticPage
	stamp string
	at    time.Time
}

const (
	cachedFor  = time.Minute
	cacheBytes = 64 << 20
)

func newPageCache() *pageCache {
	return &pageCache{turn: make(chan struct{}, 1), pages: map[string]cachedPage{}}
}

// get is the page of a key, made where it is not there. may is asked before it is made; who waits for that no longer
// than ctx.
func (k *pageCache) get(ctx context.Context, key, stamp string, may func() error,
	make func(w io.Writer) (*staticPage, error)) (*staticPage, error) {
	if page := k.find(key, stamp); page != nil {
		return page, nil
	}
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, refusal.New(refusal.NotReady, "http.no_answer", nil)
	}
	defer func() { <-k.turn }()
	if page := k.find(key, stamp); page != nil { // another made it meanwhile
		return page, nil
	}
	if err := may(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	page, err := make(&b)
	if err != nil {
		return nil, err
	}
	page.text, page.tag = b.Bytes(), tagOf(b.Bytes())
	k.keep(key, cachedPage{page, stamp, time.Now()})
	return page, nil
}

func (k *pageCache) find(key, stamp string) *staticPage {
	k.mu.Lock()
	defer k.mu.Unlock()
	if page, ok := k.pages[key]; ok && page.stamp == stamp && time.Since(page.at) < cachedFor {
		return page.staticPage
	}
	return nil
}

// keep lets all others go where there is no room: what is asked for is made anew soon.
func (k *pageCache) keep(key string, page cachedPage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made++
	size := len(page.text) + len(key)
	if old, ok := k.pages[key]; ok {
		k.bytes -= len(old.text) + len(key)
		delete(k.pages, key)
	}
	if k.bytes+size > cacheBytes {
		clear(k.pages)
		k.bytes = 0
	}
	if size <= cacheBytes {
		k.pages[key] = page
		k.bytes += size
	}
}
