package web

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/papers"
	"qingkong/cmd/internal/service"
	"qingkong/reductionlist"
)

// served is an answer that writes itself.
type served interface {
	serve(w http.ResponseWriter, r *http.Request)
}

// printed is a paper. It is written to the caller as it is made, and broken off where that fails: half of it is never taken
// for the whole.
type printed struct {
	s           *Server
	name, media string
	status      int // 0 is 200
	write       func(w io.Writer) error
}

func (p printed) serve(w http.ResponseWriter, r *http.Request) {
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
	return printed{s: s, name: name, media: media, write: func(w io.Writer) error { _, err := w.Write(b.Bytes()); return err }}, nil
}

// reader is who asks for papers. Their language is Chinese unless lang says otherwise: they are official papers, whatever
// language a browser prefers.
func (s *Server) reader(q *request) (service.Reader, error) {
	r := service.Reader{Who: q.who, Call: q.call(), Lang: "zh-CN", Base: s.base(q.Request)}
	switch lang := q.query.Get("lang"); lang {
	case "", "zh-CN":
	case "en":
		r.Lang = lang
	default:
		return r, wantOneOf("lang", lang, "zh-CN, en")
	}
	return r, nil
}

// call is the route that a request takes, as the interface names it.
func (q *request) call() string { return q.route.method + " " + q.route.full() }

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

func wantOneOf(name, value, allowed string) error {
	return refusal.Input([]refusal.Field{{Path: name, Rule: "papers.want_format", Args: refusal.Args{"value": value, "allowed": allowed}}})
}

// format reads the parameter format; the first of those allowed is the default.
func (q *request) format(allowed ...papers.Format) (papers.Format, error) {
	text := q.query.Get("format")
	if !q.query.Has("format") {
		return allowed[0], nil
	}
	names := make([]string, len(allowed))
	for i, f := range allowed {
		if names[i] = string(f); text == names[i] {
			return f, nil
		}
	}
	return "", wantOneOf("format", text, strings.Join(names, ", "))
}

// paper is one recipient's paper, by the list in force or the one asked for.
func paper(kind papers.Kind) func(*Server, *request) (any, error) {
	return func(s *Server, q *request) (any, error) {
		format, err := q.format(papers.HTML, papers.Docx)
		if err != nil {
			return nil, err
		}
		r, err := s.reader(q)
		if err != nil {
			return nil, err
		}
		asked, err := s.asked(q)
		if err != nil {
			return nil, err
		}
		var v reductionlist.Version
		err = s.svc.J.View(func(tx *bbolt.Tx) error {
			found := false
			if v, found, err = asked.version(tx); err == nil && !found {
				err = refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": q.id()})
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		f, err := s.svc.PaperFacts(r, &v, q.id())
		if err != nil {
			return nil, err
		}
		return s.made(papers.FileName(kind, format, f), format.Media(), func(w io.Writer) error { return papers.Write(w, kind, format, f) })
	}
}

// listOf is the version in the path, as far as the reader may print it.
func (s *Server) listOf(q *request) (service.Reader, reductionlist.Version, error) {
	r, err := s.reader(q)
	if err != nil {
		return r, reductionlist.Version{}, err
	}
	v, err := s.svc.ListVersion(q.id())
	if err == nil {
		err = service.PublishedVersion(r, &v)
	}
	return r, v, err
}

// paperBatch is the papers of all recipients of a version.
func (s *Server) paperBatch(q *request) (any, error) {
	format, err := q.format(papers.HTML, papers.Docx)
	if err != nil {
		return nil, err
	}
	kinds := papers.Kinds()
	if q.query.Has("kind") {
		kind, ok := papers.KindOf(q.query.Get("kind"))
		if !ok {
			return nil, refusal.Input([]refusal.Field{{Path: "kind", Rule: "papers.want_kind", Args: refusal.Args{"value": q.query.Get("kind")}}})
		}
		kinds = []papers.Kind{kind}
	}
	r, v, err := s.listOf(q)
	if err != nil {
		return nil, err
	}
	return printed{s: s, name: "papers-" + v.ID + ".zip", media: zipMedia, write: func(w io.Writer) error {
		return s.svc.PaperBatch(w, r, &v, kinds, format)
	}}, nil
}

// Media types as the document names them.
const (
	zipMedia  = "application/zip"
	htmlMedia = "text/html"
)

// publicList is a version for everybody, as whoever keeps the list sees it before it is in force.
func (s *Server) publicList(q *request) (any, error) {
	return s.printedList(q, "public", func(w io.Writer, r service.Reader, v *reductionlist.Version, format papers.Format) error {
		return s.svc.PublicList(w, r, v, format)
	})
}

// townList is a version by town.
func (s *Server) townList(q *request) (any, error) {
	town := q.query.Get("town")
	if q.who.Role == access.Town && town != "" && town != q.who.Town {
		return nil, refusal.New(refusal.NotFound, "list.no_version", refusal.Args{"version": q.id()})
	}
	return s.printedList(q, "towns", func(w io.Writer, r service.Reader, v *reductionlist.Version, format papers.Format) error {
		return s.svc.TownList(w, r, v, town, format)
	})
}

func (s *Server) printedList(q *request, name string, write func(io.Writer, service.Reader, *reductionlist.Version, papers.Format) error) (any, error) {
	format, err := q.format(papers.HTML, papers.XLSX)
	if err != nil {
		return nil, err
	}
	r, v, err := s.listOf(q)
	if err != nil {
		return nil, err
	}
	return printed{s: s, name: name + "-" + v.ID + "." + string(format), media: format.Media(), write: func(w io.Writer) error {
		return write(w, r, &v, format)
	}}, nil
}

var (
	paperFormat = param{"format", word(string(papers.HTML), string(papers.Docx)), "html（默认，可打印）或 docx", "html (default, to be printed) or docx", false}
	rollFormat  = param{"format", word(string(papers.HTML), string(papers.XLSX)), "html（默认，可打印）或 xlsx", "html (default, to be printed) or xlsx", false}
	paperKind   = param{"kind", word(string(papers.PlanPaper), string(papers.BoardPaper)), "只要操作方案 plan 或公示牌 board，缺省两种", "plan or board alone; both unless told", false}
	paperLang   = param{"lang", word("zh-CN", "en"), "表格文字的语言，默认 zh-CN", "the language of the form; zh-CN unless told", false}
)
