package serve

import (
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/web/incoming"
)

// MaxEnvelope is the most that multipart puts around a file, in bytes.
const MaxEnvelope = 64 << 10

// Upload is a file that was sent, in a folder until it is its turn. It has to be closed.
type Upload struct {
	*incoming.File
	Name string // that it has there; empty for none
}

// Text is a part of a form beside its file.
type Text struct {
	Name  string // or, before a star that ends it, what the names of several begin with
	Bytes int    // that it has at most
	Times int    // that it comes at most, those of a star together
}

// mostName bounds the name of a text whose beginning alone is known, in bytes.
const mostName = 200

// is reports whether the text has the name.
func (t Text) is(name string) bool {
	if begins, ok := strings.CutSuffix(t.Name, "*"); ok {
		return strings.HasPrefix(name, begins) && len(name) <= mostName
	}
	return name == t.Name
}

// times is how often the text came already.
func (t Text) times(in url.Values) (n int) {
	if !strings.HasSuffix(t.Name, "*") {
		return len(in[t.Name])
	}
	for name, values := range in {
		if t.is(name) {
			n += len(values)
		}
	}
	return n
}

// ReadForm reads a form of one file, the part named file, and of texts, which it adds to into as they come: of a form that
// is refused there are those before what was wrong. Another part is refused, and so is a text that is too long.
func ReadForm(form *multipart.Reader, dir string, into url.Values, texts ...Text) (up *Upload, err error) {
	up = &Upload{}
	defer func() {
		if err != nil {
			if up.File != nil {
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
		name := part.FormName()
		if name == "file" && up.File == nil {
			up.Name = part.FileName()
			if up.File, err = incoming.Take(dir, part, calls.FileBody); err != nil {
				up.File = nil
				return up, Broken(err)
			}
			continue
		}
		if err := readText(part, into, texts); err != nil {
			return up, err
		}
	}
}

// ReadTexts reads what a form has before its file, as [ReadForm] does, and leaves the rest.
func ReadTexts(form *multipart.Reader, into url.Values, texts ...Text) {
	for {
		part, err := form.NextPart()
		if err != nil || part.FormName() == "file" || readText(part, into, texts) != nil {
			return
		}
	}
}

func readText(part *multipart.Part, into url.Values, texts []Text) error {
	name := part.FormName()
	i := slices.IndexFunc(texts, func(t Text) bool { return t.is(name) })
	if i < 0 || texts[i].times(into) >= texts[i].Times {
		return refusal.Wrong(name, "list.upload_part", refusal.Args{"name": name})
	}
	data, err := io.ReadAll(io.LimitReader(part, int64(texts[i].Bytes)+1))
	if err != nil {
		return Broken(err)
	}
	if len(data) > texts[i].Bytes {
		return refusal.Wrong(name, "input.too_large", refusal.Args{"limit": texts[i].Bytes})
	}
	into.Add(name, string(data))
	return nil
}

// Bound lets no more of a body be read than a file and what multipart puts around it.
func Bound(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	return http.MaxBytesReader(w, r.Body, calls.FileBody+MaxEnvelope)
}

// Broken refuses what could not be read to its end; nil for nil.
func Broken(err error) error { return incoming.Refusal(err, calls.FileBody) }
