package frame

import (
	"net/http"
	"net/url"
	"sync"
	"time"
)

// failureView is the page that says what went wrong.
type failureView struct {
	*Chrome
	Status int
	Detail string
	Next   string
}

func (q *Request) failure(status int, detail string) failureView {
	return failureView{q.chrome("error"), status, detail, "/desk"}
}

// Refuse answers a request with the page that says why it was refused. A flood costs no more than the sending: the page
// says nothing of who asks, and is rendered once a second for all.
func (f *Frame) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	f.face.Headers(w)
	q := f.request(w, r, nobody)
	e, status := f.refusalOf(q, err)
	detail := e.Detail(q.Lang)
	text, rerr := f.refusals.Get(q.Look()+"|"+detail, func() ([]byte, error) {
		anywhere := *q
		anywhere.Request = &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/desk"}}
		return templates.page(q.Lang, "error", anywhere.failure(status, detail))
	})
	if rerr != nil {
		f.failed(q, err)
		return
	}
	q.Send(status, text)
}

// Moments are pages by what they say, as of a moment ago.
type Moments struct {
	mu    sync.Mutex
	pages map[string]momentPage
}

type momentPage struct {
	at   time.Time
	text []byte
}

const (
	momentAge   = time.Second
	momentsMost = 64
)

// Get is the page of a key, made anew after a second.
func (p *Moments) Get(key string, make func() ([]byte, error)) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if had, ok := p.pages[key]; ok && time.Since(had.at) < momentAge {
		return had.text, nil
	}
	text, err := make()
	if err != nil {
		return nil, err
	}
	if p.pages == nil || len(p.pages) >= momentsMost {
		p.pages = map[string]momentPage{}
	}
	p.pages[key] = momentPage{time.Now(), text}
	return text, nil
}
