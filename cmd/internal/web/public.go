package web

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/papers"
	"qingkong/cmd/internal/service"
)

// publicListPath is where the list in force is, for everybody.
const publicListPath = "/public/list"

// publicRows are those of one page of the list.
const publicRows = 100

// publicRecipient is the page that the QR code of a board opens. Who comes with a browser for what is not there any more is
// told so on a page.
func (s *Server) publicRecipient(q *request) (any, error) {
	if err := s.shares.Public(q.w.Header(), s.sessions.Address(q.Request)); err != nil {
		return nil, err
	}
	r, err := s.reader(q)
	if err != nil {
		return nil, err
	}
	answer, err := s.forAll(q, r, "recipient/"+q.id(), &standing{media: papers.HTMLMedia, policy: papers.Policy}, func(w io.Writer) error {
		return s.svc.Public(w, r, q.id(), publicListPath)
	})
	if refusal.CodeOf(err) == refusal.NotFound && strings.Contains(q.Header.Get("Accept"), "text/html") {
		return printed{s: s, media: papers.HTMLMedia, status: http.StatusNotFound, write: func(w io.Writer) error {
			return papers.PublicGone(w, r.Lang, q.id(), publicListPath)
		}}, nil
	}
	return answer, err
}

// forAll is a page that is the same for everybody while the list in force is: made once, whoever asks.
func (s *Server) forAll(q *request, r service.Reader, key string, as *standing, write func(w io.Writer) error) (any, error) {
	v, err := s.svc.PublicVersion()
	if refusal.CodeOf(err) == refusal.NotFound {
		err = write(io.Discard) // which says what is not there
	}
	if err != nil {
		return nil, err
	}
	may := func() error { return s.shares.Made(q.w.Header()) }
	return s.kept.get(q.Context(), r.Lang+"/"+key, fmt.Sprintf("%s/%d", v.ID, v.Revision), may, func(w io.Writer) (*standing, error) { return as, write(w) })
}

// publicCurrent is the list in force for everybody: a page of it, or the whole as a workbook.
func (s *Server) publicCurrent(q *request) (any, error) {
	if err := s.shares.Public(q.w.Header(), s.sessions.Address(q.Request)); err != nil {
		return nil, err
	}
	r, err := s.reader(q)
	if err != nil {
		return nil, err
	}
	format, err := q.format(papers.HTML, papers.XLSX)
	if err != nil {
		return nil, err
	}
	if format == papers.XLSX {
		v, err := s.svc.PublicVersion()
		if err != nil {
			return nil, err
		}
		return s.forAll(q, r, "book", &standing{media: papers.XLSXMedia, name: "public-" + v.ID + ".xlsx"}, func(w io.Writer) error {
			return s.svc.PublicList(w, r, &v, papers.XLSX)
		})
	}
	address := func(set, value string) string {
		query := url.Values{}
		for _, name := range []string{"town", "lang"} {
			if q.query.Has(name) {
				query.Set(name, q.query.Get(name))
			}
		}
		if value != "" {
			query.Set(set, value)
		}
		if len(query) == 0 {
			return publicListPath
		}
		return publicListPath + "?" + query.Encode()
	}
	town, cursor := q.query.Get("town"), q.query.Get("cursor")
	return s.forAll(q, r, "list/"+url.Values{"town": {town}, "cursor": {cursor}, "lang": q.query["lang"]}.Encode(), &standing{media: papers.HTMLMedia, policy: papers.Policy}, func(w io.Writer) error {
		return s.svc.PublicPage(w, r, town, cursor, publicRows, func(cursor string) string { return address("cursor", cursor) },
			address("format", string(papers.XLSX)))
	})
}
