package web

import (
	"net/http"
	"strings"
)

// unchangedBy sets the ETag of an answer that is read again and again and reports whether the caller has it already;
// then 304 has been answered. The tag is the SHA-256 of the body: see [tagOf]. A revision would be cheaper and say less: what a body
// holds also depends on the reader's role and language, on the time, and on the program's version, and what costs is
// the reading from the record, which both need.
func unchangedBy(w http.ResponseWriter, r *http.Request, tag string) bool {
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache") // it may be kept by its reader, who asks each time whether it still stands
	if !matches(r.Header.Values("If-None-Match"), tag) {
		return false
	}
	h.Del("Content-Type")
	w.WriteHeader(http.StatusNotModified)
	return true
}

// matches compares as RFC 9110 §13.1.2 asks: weakly, and * is any.
func matches(given []string, tag string) bool {
	for _, line := range given {
		for one := range strings.SplitSeq(line, ",") { // our tags hold no comma, so a foreign one may break in pieces
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}
