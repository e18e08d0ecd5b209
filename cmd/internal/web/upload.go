package web

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/web/incoming"
)

// Bounds of an upload: of the file, and of what multipart puts around it.
const (
	maxUpload   = 64 << 20
	maxEnvelope = 64 << 10
)

// readUpload takes in a file of at most maxUpload bytes, in a folder until it is its turn: the body itself, or its part named file with
// the name that it has there. One that says that it is larger is not read, any other no further than the limit. It has to be closed.
func readUpload(w http.ResponseWriter, r *http.Request, dir string) (f *incoming.File, name string, err error) {
	given := r.Header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(given)
	if encoding := r.Header.Get("Content-Encoding"); err != nil || encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, "", wrongMedia(strings.TrimSuffix(given+"; "+encoding, "; "))
	}
	limit := int64(maxUpload)
	switch media {
	case "multipart/form-data":
		limit += maxEnvelope
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
		return readPart(multipart.NewReader(in, params["boundary"]), dir)
	}
	f, err = incoming.Take(dir, in, maxUpload)
	return f, "", uploadBroken(err)
}

// readPart reads a form of one part, the file.
func readPart(form *multipart.Reader, dir string) (f *incoming.File, name string, err error) {
	defer func() {
		if err != nil && f != nil {
			_ = f.Close()
			f = nil
		}
	}()
	for {
		part, err := form.NextPart()
		if err == io.EOF && f != nil {
			return f, name, nil
		}
		if err != nil {
			return f, "", uploadBroken(err)
		}
		if f != nil || part.FormName() != "file" {
			return f, "", refusal.Input([]refusal.Field{{Path: part.FormName(), Rule: "list.upload_part", Args: refusal.Args{"name": part.FormName()}}})
		}
		name = part.FileName()
		if f, err = incoming.Take(dir, part, maxUpload); err != nil {
			return nil, "", uploadBroken(err)
		}
	}
}

func wrongMedia(given string) error {
	return refusal.New(refusal.UnsupportedMedia, "list.media", refusal.Args{"type": strconv.Quote(given)})
}

func uploadTooLarge() error {
	return refusal.New(refusal.TooLarge, "list.upload_size", refusal.Args{"limit": maxUpload})
}

// uploadBroken refuses what could not be read to its end; nil for nil.
func uploadBroken(err error) error { return incoming.Refusal(err, maxUpload) }
