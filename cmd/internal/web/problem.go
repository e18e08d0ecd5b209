package web

import (
	"encoding/json"
	"net/http"
	"strconv"

	"golang.org/x/text/language"

	"qingkong/alerts/refusal"
)

// retryAfter is, in seconds, when to try again after a refusal that is not about the request.
var retryAfter = map[refusal.Code]string{refusal.RateLimited: "1", refusal.NotReady: "5"}

// problem is the body of an error (RFC 9457).
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Code   refusal.Code   `json:"code"`
	Detail string         `json:"detail"`
	State  string         `json:"state,omitempty"`
	Errors []problemField `json:"errors"`
}

type problemField struct {
	Path    string `json:"path"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// problem answers with an error in the language asked for. Only the log hears of an error that is no refusal.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, err error) {
	e, status := s.face.Told(r, err)
	lang := languageOf(r)
	body := problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: e.Code,
		Detail: e.Detail(lang), State: e.State, Errors: []problemField{}}
	for _, f := range e.Fields {
		body.Errors = append(body.Errors, problemField{f.Path, f.Rule, f.Message(lang)})
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	h := w.Header()
	h.Del("Location")
	h.Set("Content-Language", lang)
	h.Set("Vary", "Accept-Language")
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="qingkong"`)
	}
	if seconds, ok := e.Args["retry_after"].(int); ok { // how long the refusal itself says
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	if after := retryAfter[e.Code]; after != "" && h.Get("Retry-After") == "" {
		h.Set("Retry-After", after)
	}
	s.write(w, r, status, "application/problem+json", append(text, '\n'))
}

var languages = language.NewMatcher([]language.Tag{language.MustParse("zh-CN"), language.English})

// languageOf is the language of messages: zh-CN unless English is preferred to Chinese.
func languageOf(r *http.Request) string {
	if _, i := language.MatchStrings(languages, r.Header.Get("Accept-Language")); i == 1 {
		return "en"
	}
	return "zh-CN"
}

// file is an answer that is to be saved as a file rather than read as JSON.
type file struct {
	name, media string
	data        []byte
}

// answer answers with a value as JSON, with raw JSON that is already written, or with a file.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, route route, status int, value any) {
	if f, ok := value.(file); ok {
		w.Header().Set("Content-Disposition", attached(f.name))
		s.write(w, r, status, f.media, f.data)
		return
	}
	if v, ok := value.(response); ok {
		v.serve(w, r)
		return
	}
	text, err := json.Marshal(value)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	text = append(text, '\n')
	if route.Repeats && unchangedBy(w, r, tagOf(text)) {
		return
	}
	s.write(w, r, status, "application/json", text)
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, media string, body []byte) {
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		s.log.Debug("an answer did not reach its reader", "method", r.Method, "path", r.URL.Path, "err", err)
	}
}
