package lists

import (
	"net/url"
	"strconv"

	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/web/serve"

	"qingkong/alerts/refusal"
)

// uploadForm is the form that sends a workbook.
type uploadForm struct {
	Key    string
	Mended bool // it stands below what was found in one that was refused
}

// importList imports the workbook of a form, and leads to the page of its findings.
func (d *desk) importList(q *frame.Request) (to string, err error) {
	q.Body = serve.Bound(q.W, q.Request)
	form, err := q.MultipartReader()
	if err != nil {
		return "", refusal.New(refusal.Invalid, "desk.error.form", nil)
	}
	up, err := serve.ReadForm(form, d.Incoming, "key")
	if err != nil {
		return "", err
	}
	defer up.Close()
	if up.Size() == 0 {
		return "", refusal.New(refusal.Invalid, "list.file_empty", nil)
	}
	q.PostForm = url.Values{"key": {up.Texts["key"]}}
	in, err := d.Svc.ImportWorkbook(q.Context(), q.Ask(), up.Name, up.Bytes)
	if err != nil {
		return "", err
	}
	done := url.Values{"done": {"list.import"}, "contacts": {strconv.Itoa(in.Contacts.Changed)},
		"kept": {strconv.Itoa(in.Contacts.Kept)}}
	return listPath(in.Version.ID) + "/findings?" + done.Encode(), nil
}
