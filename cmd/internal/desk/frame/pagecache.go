package frame

import (
	"sync"
	"time"
)

// PageCache keeps rendered pages for a second, by what they say.
type PageCache struct {
	mu    sync.Mutex
	pages map[string]cachedPage
}

type cachedPage struct {
	at   time.Time
	text []byte
}

const (
	cachedFor  = time.Second
	cachedMost = 64
)

// Get is the page of a key; make renders it anew after a second.
func (p *PageCache) Get(key string, make func() ([]byte, error)) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if had, ok := p.pages[key]; ok && time.Since(had.at) < cachedFor {
		return had.text, nil
	}
	text, err := make()
	if err != nil {
		return nil, err
	}
	if p.pages == nil || len(p.pages) >= cachedMost {
		p.pages = map[string]cachedPage{}
	}
	p.pages[key] = cachedPage{time.Now(), text}
	return text, nil
}
