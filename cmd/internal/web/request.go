package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/web/incoming"
)

// request is one call as a handler sees it: who may do it is already known.
type request struct {
	*http.Request
	w     http.ResponseWriter // for cookies; the answer is what the handler returns
	who   *access.Principal   // nil for a public call
	by    string              // how it is known: byToken or bySession
	key   string              // for the journal; empty when the caller gave none
	file  string              // the name of the file that is sent; empty when it has none
	sent  *incoming.File      // where a file is sent
	texts url.Values          // beside that file
	table bool                // the body is a table
	route route
	in    any // what the call takes, of the type that its row says
}

// ask is who makes the request, and how, as the acts have it.
func (q *request) ask() service.Ask {
	return service.Ask{Who: q.who, Key: q.key, Call: q.route.Name(), Lang: languageOf(q.Request)}
}

// read takes in what the request carries, as far as its route lets it.
func (s *Server) read(w http.ResponseWriter, r *http.Request, route route, who *access.Principal) (*request, error) {
	q := &request{Request: r, w: w, who: who, route: route}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, calls.WrongQuery("?", r.URL.RawQuery, "http.want_query")
	}
	var body []byte
	if route.HasBody() {
		// nobody's key is nobody's: what is public makes nothing that a repeat would make twice
		if who != nil && route.Method == http.MethodPost {
			if q.key, err = idempotencyKey(r, who); err != nil {
				return nil, err
			}
		}
		if route.Upload {
			q.texts = url.Values{}
			q.sent, q.file, err = readUpload(w, r, s.opt.Incoming, q.texts, route.Texts)
		} else {
			limit := route.Body
			if q.table = route.Table > 0 && isTable(r.Header); q.table {
				limit = route.Table
			}
			body, err = readBody(w, r, limit, q.table)
		}
		if err != nil {
			return nil, err
		}
	}
	if q.in, err = route.Read(r.PathValue, query, body); err != nil && q.sent != nil {
		_ = q.sent.Close() // a file that nobody will read
	}
	return q, err
}

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
		return "", refusal.Wrong(keyHeader, "http.key", nil)
	}
	return "http/" + who.User + "/" + key, nil
}

// readBody reads a JSON body of at most limit bytes, a table, or none at all. One that says that it is larger is not
// read, any other no further than the limit; no more is held than has come.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, table bool) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	if !table {
		if err := checkMedia(r.Header); err != nil {
			return nil, err
		}
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
		return nil, refusal.New(refusal.Invalid, "input.not_json",
			refusal.Args{"offset": len(body), "why": refusal.NotJSON(err)})
	}
	return body, nil
}

// isTable reports whether a body is a table, not compressed: whoever reads it finds out in which letters.
func isTable(h http.Header) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	encoding := h.Get("Content-Encoding")
	return err == nil && media == calls.CSVMedia && (encoding == "" || strings.EqualFold(encoding, "identity"))
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
		return refusal.New(refusal.UnsupportedMedia, "http.media",
			refusal.Args{"type": strconv.Quote(given + "; " + encoding)})
	}
	return nil
}
