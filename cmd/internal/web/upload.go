package web

import (
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/web/incoming"
	"qingkong/cmd/internal/web/serve"
)

// readUpload takes in a file of at most calls.FileBody bytes, in a folder until it is its turn: the body itself, or its
// part named file with the name that it has there, and beside it the texts of some names. One that says that it is larger
// is not read, any other no further than the limit. It has to be closed.
func readUpload(w http.ResponseWriter, r *http.Request, dir string, into url.Values, names []string) (f *incoming.File,
	name string, err error) {
	given := r.Header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(given)
	if encoding := r.Header.Get("Content-Encoding"); err != nil || encoding != "" &&
		!strings.EqualFold(encoding, "identity") {
		return nil, "", wrongMedia(strings.TrimSuffix(given+"; "+encoding, "; "))
	}
	limit := int64(calls.FileBody)
	switch media {
	case "multipart/form-data":
		limit += serve.MaxEnvelope
	case calls.XLSXMedia, "application/octet-stream":
	default:
		return nil, "", wrongMedia(given)
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close")
		return nil, "", uploadTooLarge()
	}
	in := http.MaxBytesReader(w, r.Body, limit)
	if media == "multipart/form-data" {
		var texts []serve.Text
		for _, name := range names {
			texts = append(texts, serve.Text{Name: name, Bytes: mostText, Times: 1})
		}
		up, err := serve.ReadForm(multipart.NewReader(in, params["boundary"]), dir, into, texts...)
		if err != nil {
			return nil, "", err
		}
		return up.File, up.Name, nil
	}
	f, err = incoming.Take(dir, in, calls.FileBody)
	return f, "", serve.Broken(err)
}

// mostText is the length of a text beside a file, in bytes.
const mostText = 64

func wrongMedia(given string) error {
	return refusal.New(refusal.UnsupportedMedia, "list.media", refusal.Args{"type": strconv.Quote(given)})
}

func uploadTooLarge() error {
	return refusal.New(refusal.TooLarge, "list.upload_size", refusal.Args{"limit": calls.FileBody})
}
