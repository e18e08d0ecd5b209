package frame

import (
	"net/http"
	"net/url"
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

// Refuse answers a request with the page that says why it was refused. In a flood of requests only the sending costs:
// the page holds nothing about the caller and is rendered once a second for all.
func (f *Frame) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	f.face.Headers(w)
	q := f.request(w, r, nobody)
	e, status := f.face.Told(r, err)
	detail := e.Detail(q.Lang)
	text, rerr := f.refusals.Get(q.Look()+"|"+detail, func() ([]byte, error) {
		anywhere := *q
		anywhere.Request = &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/desk"}}
		return f.templates.page(q.Lang, "error", anywhere.failure(status, detail))
	})
	if rerr != nil {
		f.failed(q, err)
		return
	}
	q.Send(status, text)
}
