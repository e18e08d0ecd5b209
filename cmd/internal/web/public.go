package web

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/papers"
	"qingkong/cmd/internal/service"
)

// publicRows are those of one page of the list.
const publicRows = 100

// The QR code of a board opens a recipient's page. A browser that comes for a recipient that is not there any more gets
// a page that says so.
var _ = bind(calls.PublicRecipient, func(s *Server, q *request, in calls.PublicQuery) (any, error) {
	if err := s.shares.Public(q.w.Header(), s.sessions.Address(q.Request)); err != nil {
		return nil, err
	}
	a := s.printing(q, in.PaperLang)
	now, err := s.svc.Standing()
	if err != nil {
		return nil, err
	}
	answer, err := s.forAll(q, a, "recipient/"+in.ID, fmt.Sprint(now), &staticPage{media: papers.HTMLMedia, policy: papers.Policy},
		func(w io.Writer) error {
			return s.svc.Public(w, a, in.ID, calls.PublicListPath)
		})
	if refusal.CodeOf(err) == refusal.NotFound && strings.Contains(q.Header.Get("Accept"), "text/html") {
		return printout{s: s, media: papers.HTMLMedia, status: http.StatusNotFound, write: func(w io.Writer) error {
			return papers.PublicGone(w, a.Lang, in.ID, calls.PublicListPath)
		}}, nil
	}
	return answer, err
})

// forAll is a page that is the same for everybody while the list in force is, and what else it is made of: made once,
// whoever asks.
func (s *Server) forAll(q *request, a service.Ask, key, of string, as *staticPage, write func(w io.Writer) error) (any,
	error) {
	v, err := s.svc.PublicVersion()
	if refusal.CodeOf(err) == refusal.NotFound {
		err = write(io.Discard) // which says what is not there
	}
	if err != nil {
		return nil, err
	}
	may := func() error { return s.shares.Made(q.w.Header()) }
	return s.pages.get(q.Context(), a.Lang+"/"+key, fmt.Sprintf("%s/%d/%s", v.ID, v.Revision, of), may,
		func(w io.Writer) (*staticPage, error) { return as, write(w) })
}

// The list in force for everybody is a page of it, or the whole as a workbook.
var _ = bind(calls.PublicList, func(s *Server, q *request, in calls.PublicListQuery) (any, error) {
	if err := s.shares.Public(q.w.Header(), s.sessions.Address(q.Request)); err != nil {
		return nil, err
	}
	a := s.printing(q, in.PaperLang)
	if formatOf(in.Format) == papers.XLSX {
		v, err := s.svc.PublicVersion()
		if err != nil {
			return nil, err
		}
		return s.forAll(q, a, "book", "", &staticPage{media: papers.XLSXMedia, name: "public-" + v.ID + ".xlsx"},
			func(w io.Writer) error {
				return s.svc.PublicList(w, a, &v, papers.XLSX)
			})
	}
	address := func(set, value string) string {
		query := url.Values{}
		for name, given := range map[string]string{"town": in.Town, "lang": in.Lang, set: value} {
			if given != "" {
				query.Set(name, given)
			}
		}
		if len(query) == 0 {
			return calls.PublicListPath
		}
		return calls.PublicListPath + "?" + query.Encode()
	}
	key := "list/" + url.Values{"town": {in.Town}, "cursor": {in.Cursor}, "lang": {in.Lang}}.Encode()
	return s.forAll(q, a, key, "", &staticPage{media: papers.HTMLMedia, policy: papers.Policy}, func(w io.Writer) error {
		return s.svc.PublicPage(w, a, in.Town, in.Cursor, publicRows,
			func(cursor string) string { return address("cursor", cursor) },
			address("format", string(papers.XLSX)))
	})
})
