package web

import (
	"bytes"
	"cmp"
	"io"
	"mime"
	"net/http"
	"strings"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/papers"
	"qingkong/cmd/internal/service"
	"qingkong/reductionlist"
)

// response is an answer that writes itself.
type response interface {
	serve(w http.ResponseWriter, r *http.Request)
}

// printout is a paper. It is written to the caller as it is made, and broken off where that fails: half of it is never
// taken for the whole.
type printout struct {
	s           *Server
	name, media string
	status      int // 0 is 200
	write       func(w io.Writer) error
}

func (p printout) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", p.media)
	how := "attachment"
	if p.media == papers.HTMLMedia {
		how = "inline"
		h.Set("Content-Security-Policy", papers.Policy)
	}
	if p.name != "" {
		h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": p.name}))
	}
	if p.status != 0 {
		w.WriteHeader(p.status)
	}
	if r.Method == http.MethodHead {
		return
	}
	if err := p.write(w); err != nil {
		p.s.log.Error("a paper was broken off", "method", r.Method, "path", r.URL.Path, "err", err)
		panic(http.ErrAbortHandler)
	}
}

func attached(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}

// made is a paper that is made whole before anything is answered, so that what goes wrong can still be said.
func (s *Server) made(name, media string, write func(w io.Writer) error) (any, error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return nil, err
	}
	return printout{s: s, name: name, media: media, write: func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	}}, nil
}

// printing is who asks for papers: in the language of the paper, whatever one a browser prefers.
func (s *Server) printing(q *request, in calls.PaperLang) service.Ask {
	a := q.ask()
	a.Lang, a.Base = cmp.Or(in.Lang, "zh-CN"), s.base(q.Request)
	return a
}

// base is the address under which the server was asked.
func (s *Server) base(r *http.Request) string {
	if strings.ContainsAny(r.Host, "/\\?#@\"' \t") || r.Host == "" {
		return ""
	}
	if s.sessions.Secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// formatOf is the form that is asked for; html unless told.
func formatOf(asked string) papers.Format { return papers.Format(cmp.Or(asked, string(papers.HTML))) }

var (
	_ = bind(calls.PlanPaper, paper(papers.Handbook))
	_ = bind(calls.BoardPaper, paper(papers.GateBoard))
)

// paper is one recipient's paper, by the list in force or the one asked for.
func paper(kind papers.Kind) func(*Server, *request, calls.PaperQuery) (any, error) {
	return func(s *Server, q *request, in calls.PaperQuery) (any, error) {
		f, err := s.svc.PaperOf(s.printing(q, in.PaperLang), in)
		if err != nil {
			return nil, err
		}
		format := formatOf(in.Format)
		return s.made(papers.FileName(kind, format, f), format.Media(),
			func(w io.Writer) error { return papers.Write(w, kind, format, f) })
	}
}

// listOf is the version in the path, as far as the reader may print it.
func (s *Server) listOf(a service.Ask, id string) (reductionlist.Version, error) {
	v, err := s.svc.ListVersion(id)
	if err == nil {
		err = service.PublishedVersion(a, &v)
	}
	return v, err
}

// A batch is the papers of all recipients of a version.
var _ = bind(calls.PaperBatch, func(s *Server, q *request, in calls.BatchQuery) (any, error) {
	kinds := papers.Kinds()
	if in.Kind != "" {
		kinds = []papers.Kind{papers.Kind(in.Kind)}
	}
	a := s.printing(q, in.PaperLang)
	v, err := s.listOf(a, in.ID)
	if err != nil {
		return nil, err
	}
	return printout{s: s, name: "papers-" + v.ID + ".zip", media: calls.ZipMedia, write: func(w io.Writer) error {
		return s.svc.PaperBatch(w, a, &v, kinds, formatOf(in.Format))
	}}, nil
})

// A version is printed for everybody, as whoever keeps the list sees it before it is in force, or by town.
var (
	_ = bind(calls.PublicRoll, func(s *Server, q *request, in calls.RollQuery) (any, error) {
		a := s.printing(q, in.PaperLang)
		return s.printedList(a, in.ID, "public", formatOf(in.Format),
			func(w io.Writer, v *reductionlist.Version, format papers.Format) error {
				return s.svc.PublicList(w, a, v, format)
			})
	})
	_ = bind(calls.TownRoll, func(s *Server, q *request, in calls.TownRollQuery) (any, error) {
		if q.who.Role == calls.Town && in.Town != "" && in.Town != q.who.Town {
			return nil, refusal.New(refusal.NotFound, "list.no_version", refusal.Args{"version": in.ID})
		}
		a := s.printing(q, in.PaperLang)
		return s.printedList(a, in.ID, "towns", formatOf(in.Format),
			func(w io.Writer, v *reductionlist.Version, format papers.Format) error {
				return s.svc.TownList(w, a, v, in.Town, format)
			})
	})
)

// The call sheet of a warning is made whole before it is answered: what is refused of it is said in its place.
var _ = bind(calls.CallBook, func(s *Server, q *request, in calls.CallBookQuery) (any, error) {
	a, format := s.printing(q, in.PaperLang), formatOf(in.Format)
	return s.made("calls-"+in.ID+"."+string(format), format.Media(),
		func(w io.Writer) error { return s.svc.CallBook(w, a, in, format) })
})

func (s *Server) printedList(a service.Ask, id, name string, format papers.Format,
	write func(io.Writer, *reductionlist.Version, papers.Format) error) (any, error) {
	v, err := s.listOf(a, id)
	if err != nil {
		return nil, err
	}
	return printout{s: s, name: name + "-" + v.ID + "." + string(format), media: format.Media(),
		write: func(w io.Writer) error {
			return write(w, &v, format)
		}}, nil
}
