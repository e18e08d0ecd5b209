package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/papers"
)

// publicListPath is where the list in force is, for everybody.
const publicListPath = "/public/list"

// publicRows are those of one page of the list.
const publicRows = 100

// publicRecipient is the page that the QR code of a board opens. Who comes with a browser for what is not there any more is
// told so on a page.
func (s *Server) publicRecipient(q *request) (any, error) {
	if err := s.shares.Public(q.w.Header()); err != nil {
		return nil, err
	}
	r, err := s.reader(q)
	if err != nil {
		return nil, err
	}
	answer, err := s.made("", papers.HTMLMedia, func(w io.Writer) error { return s.svc.Public(w, r, q.id(), publicListPath) })
	if refusal.CodeOf(err) == refusal.NotFound && strings.Contains(q.Header.Get("Accept"), "text/html") {
		return printed{s: s, media: papers.HTMLMedia, status: http.StatusNotFound, write: func(w io.Writer) error {
			return papers.PublicGone(w, r.Lang, q.id(), publicListPath)
		}}, nil
	}
	return answer, err
}

// publicCurrent is the list in force for everybody: a page of it, or the whole as a workbook.
func (s *Server) publicCurrent(q *request) (any, error) {
	if err := s.shares.Public(q.w.Header()); err != nil {
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
		v, data, err := s.svc.PublicBook(r)
		return printed{s: s, name: "public-" + v.ID + ".xlsx", media: papers.XLSXMedia, write: func(w io.Writer) error { _, err := w.Write(data); return err }}, err
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
	return s.made("", papers.HTMLMedia, func(w io.Writer) error {
		return s.svc.PublicPage(w, r, q.query.Get("town"), q.query.Get("cursor"), publicRows, func(cursor string) string { return address("cursor", cursor) },
			address("format", string(papers.XLSX)))
	})
}
