package console

import (
	"net/http"
	"net/url"
	"sync"
	"time"
)

// failureView is the page that says what went wrong.
type failureView struct {
	*chrome
	Status int
	Detail string
	Next   string
}

func (q *request) failure(status int, detail string) failureView {
	return failureView{q.chrome("error"), status, detail, "/desk"}
}

// Refuse answers a request with the page that says why it was refused. A flood costs no more than the sending: the page says
// nothing of who asks, and is rendered once a second for all.
func (k *Desk) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	d := k.d
	d.headers(w)
	q := d.request(w, r, nobody)
	e, status := d.refusalOf(q, err)
	detail := e.Detail(q.lang)
	text, rerr := d.refusals.get(q.lang+"|"+q.theme+"|"+detail, func() ([]byte, error) {
		anywhere := *q
		anywhere.Request = &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/desk"}}
		return anywhere.text("error", anywhere.failure(status, detail))
	})
	if rerr != nil {
		d.failed(q, err)
		return
	}
	q.send(status, text)
}

// moments are pages by what they say, as of a moment ago.
type moments struct {
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

func (p *moments) get(key string, make func() ([]byte, error)) ([]byte, error) {
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
