package serve

import (
	"io"
	"mime/multipart"
	"net/http"
	"slices"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/web/incoming"
)

// MaxEnvelope is the most that multipart puts around a file, in bytes.
const MaxEnvelope = 64 << 10

// maxText is the most that a part beside the file has, in bytes.
const maxText = 200

// Upload is a file that was sent, in a folder until it is its turn. It has to be closed.
type Upload struct {
	*incoming.File
	Name  string            // that it has there; empty for none
	Texts map[string]string // the parts beside it
}

// ReadForm reads a form of one file, the part named file, and of short texts. Another part is refused.
func ReadForm(form *multipart.Reader, dir string, texts ...string) (up *Upload, err error) {
	up = &Upload{Texts: map[string]string{}}
	defer func() {
		if err != nil {
			if up != nil && up.File != nil {
				_ = up.Close() // what was wrong is said already
			}
			up = nil
		}
	}()
	for {
		part, err := form.NextPart()
		if err == io.EOF && up.File != nil {
			return up, nil
		}
		if err != nil {
			return up, Broken(err)
		}
		switch name := part.FormName(); {
		case name == "file" && up.File == nil:
			up.Name = part.FileName()
			if up.File, err = incoming.Take(dir, part, calls.FileBody); err != nil {
				up.File = nil
				return up, Broken(err)
			}
		case slices.Contains(texts, name) && up.Texts[name] == "":
			data, err := io.ReadAll(io.LimitReader(part, maxText))
			if err != nil {
				return up, Broken(err)
			}
			up.Texts[name] = string(data)
		default:
			return up, refusal.Wrong(name, "list.upload_part", refusal.Args{"name": name})
		}
	}
}

// Bound lets no more of a body be read than a file and what multipart puts around it.
func Bound(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	return http.MaxBytesReader(w, r.Body, calls.FileBody+MaxEnvelope)
}

// Broken refuses what could not be read to its end; nil for nil.
func Broken(err error) error { return incoming.Refusal(err, calls.FileBody) }
