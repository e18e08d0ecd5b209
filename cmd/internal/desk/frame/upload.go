package frame

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/web/serve"
)

// keyText is the part of a form that has its idempotency key.
var keyText = serve.Text{Name: "key", Bytes: 200, Times: 1}

// maxTexts bounds, in bytes, what is read of a form with a file whose sender is not signed in.
const maxTexts = 64 << 10

// ReadForm reads the posted form of a page with Upload, in which texts stand before a file. The texts are in PostForm from
// then on, also of a form that is refused as far as they came. The file is nil where none was chosen; it has to be closed.
func (q *Request) ReadForm() (file *serve.Upload, err error) {
	if media, _, _ := mime.ParseMediaType(q.Header.Get("Content-Type")); media == "application/x-www-form-urlencoded" {
		return nil, q.readPlain() // a form that was carried over a login has no file any more
	}
	q.Body = serve.Bound(q.W, q.Request)
	form, err := q.MultipartReader()
	if err != nil {
		return nil, refusal.New(refusal.Invalid, "desk.error.form", nil)
	}
	q.PostForm = url.Values{}
	file, err = serve.ReadForm(form, q.frame.Incoming, q.PostForm, append(slices.Clone(q.page.Texts), keyText)...)
	unixLines(q.PostForm)
	if q.begins != nil {
		q.begins()
	}
	if err == nil && file.Size() == 0 && file.Name == "" { // so a browser sends an input in which nothing was chosen
		err = file.Close()
		file = nil
	}
	return file, err
}

// readPlain reads a posted form without a file.
func (q *Request) readPlain() error {
	q.Body = http.MaxBytesReader(q.W, q.Body, maxForm)
	if err := q.ParseForm(); err != nil {
		return unreadable(err)
	}
	unixLines(q.PostForm)
	return nil
}

// readTexts reads what a form has before its file, to be carried over a login.
func (q *Request) readTexts() {
	q.Body = http.MaxBytesReader(q.W, q.Body, maxTexts)
	q.PostForm = url.Values{}
	if form, err := q.MultipartReader(); err == nil {
		serve.ReadTexts(form, q.PostForm, append(slices.Clone(q.page.Texts), keyText)...)
	}
	unixLines(q.PostForm)
}

// unixLines ends lines as everything else here does: a browser ends them in its own way, whatever was typed.
func unixLines(form url.Values) {
	for _, values := range form {
		for i, v := range values {
			values[i] = strings.ReplaceAll(v, "\r\n", "\n")
		}
	}
}
