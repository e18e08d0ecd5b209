package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/web/incoming"
)

// request is one call as a handler sees it: who may do it is already known.
type request struct {
	*http.Request
	w     http.ResponseWriter // for cookies; the answer is what the handler returns
	who   *access.Principal   // nil for a public call
	by    string              // how it is known: byToken or bySession
	key   string              // for the journal; empty when the caller gave none
	body  []byte              // of a POST
	file  string              // the name of the file that is sent; empty when it has none
	sent  *incoming.File      // where a file is sent
	route *route
	query url.Values // only parameters that the route has, each given once
}

// id is the {id} of the path.
func (q *request) id() string { return q.PathValue("id") }

// read takes in what the request carries, as far as its route lets it.
func (s *Server) read(w http.ResponseWriter, r *http.Request, route *route, who *access.Principal) (*request, error) {
	q := &request{Request: r, w: w, who: who, route: route}
	var err error
	if q.query, err = readQuery(r, route.query); err != nil {
		return nil, err
	}
	if !takesBody(route.method) {
		return q, nil
	}
	if who != nil && route.method == http.MethodPost { // nobody's key is nobody's: what is public makes nothing that a repeat would make twice
		if q.key, err = idempotencyKey(r, who); err != nil {
			return nil, err
		}
	}
	if route.upload {
		q.sent, q.file, err = readUpload(w, r, s.opt.Incoming)
	} else {
		q.body, err = readBody(w, r, route.body)
	}
	return q, err
}

func readQuery(r *http.Request, known []param) (url.Values, error) {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, wrongQuery("?", r.URL.RawQuery, "http.want_query")
	}
	for name, values := range given {
		if !slices.ContainsFunc(known, func(p param) bool { return p.name == name }) {
			return nil, &refusal.Error{Code: refusal.UnknownField, Rule: "input.wrong", Args: refusal.Args{"count": 1},
				Fields: []refusal.Field{{Path: name, Rule: "http.query_unknown", Args: refusal.Args{"name": name}}}}
		}
		if len(values) > 1 {
			return nil, wrongQuery(name, strings.Join(values, ", "), "http.want_once")
		}
	}
	return given, nil
}

// wrongQuery refuses the value of a query parameter; want is the rule that says what is expected.
func wrongQuery(name, value, want string) error {
	return refusal.Input([]refusal.Field{{Path: name, Rule: want, Args: refusal.Args{"name": name, "value": value}}})
}

// page is the paging that a list is asked for.
func (q *request) page() (cursor string, limit int, err error) {
	const most, usual = 1000, 100
	limit = usual
	if text := q.query.Get("limit"); q.query.Has("limit") {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > most {
			return "", 0, wrongQuery("limit", text, "http.want_limit")
		}
	}
	return q.query.Get("cursor"), limit, nil
}

// takesBody reports whether a call of a method carries something.
func takesBody(method string) bool { return method == http.MethodPost || method == http.MethodPut }

const keyHeader = "Idempotency-Key"

// idempotencyKey is the key under which the journal knows the request: the caller's own, of 1 to 200 visible
// ASCII characters, among that caller's keys.
func idempotencyKey(r *http.Request, who *access.Principal) (string, error) {
	values, given := r.Header[keyHeader]
	if !given {
		return "", nil
	}
	key := values[0]
	visible := strings.IndexFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
	if len(values) != 1 || key == "" || len(key) > 200 || !visible {
		return "", refusal.Input([]refusal.Field{{Path: keyHeader, Rule: "http.key"}})
	}
	return "http/" + who.User + "/" + key, nil
}

// readBody reads a JSON body of at most limit bytes, or none at all. One that says that it is larger is not
// read, any other no further than the limit; no more is held than has come.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	if err := checkMedia(r.Header); err != nil {
		return nil, err
	}
	tooLarge := refusal.New(refusal.TooLarge, "input.too_large", refusal.Args{"limit": limit})
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close")
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge
	case err != nil: // the sender stopped, or was too slow
		return nil, refusal.New(refusal.Invalid, "input.not_json", refusal.Args{"offset": len(body), "why": refusal.NotJSON(err)})
	}
	return body, nil
}

// checkMedia accepts application/json in UTF-8, not compressed.
func checkMedia(h http.Header) error {
	given := h.Get("Content-Type")
	media, params, err := mime.ParseMediaType(given)
	charset := params["charset"]
	if err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return refusal.New(refusal.UnsupportedMedia, "http.media", refusal.Args{"type": strconv.Quote(given)})
	}
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return refusal.New(refusal.UnsupportedMedia, "http.media", refusal.Args{"type": strconv.Quote(given + "; " + encoding)})
	}
	return nil
}

// orEmpty is the body of a call whose members are all optional.
func (q *request) orEmpty() []byte {
	if len(q.body) == 0 {
		return []byte("{}")
	}
	return q.body
}
