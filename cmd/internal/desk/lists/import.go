package lists

import (
	"net/url"
	"strconv"

	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts/refusal"
)

// uploadForm is the form that sends a workbook.
type uploadForm struct {
	Key    string
	Mended bool // it stands below what was found in one that was refused
}

// importList imports the workbook of a form, and leads to the page of its findings.
func (d *desk) importList(q *frame.Request) (to string, err error) {
	up, err := q.ReadForm()
	if err != nil {
		return "", err
	}
	if up == nil {
		return "", refusal.New(refusal.Invalid, "list.file_empty", nil)
	}
	defer up.Close()
	if up.Size() == 0 {
		return "", refusal.New(refusal.Invalid, "list.file_empty", nil)
	}
	in, err := d.Svc.ImportWorkbook(q.Context(), q.Ask(), up.Name, up.Bytes)
	if err != nil {
		return "", err
	}
	done := url.Values{"done": {"list.import"}, "contacts": {strconv.Itoa(in.Contacts.Changed)},
		"kept": {strconv.Itoa(in.Contacts.Kept)}}
	return listPath(in.Version.ID) + "/findings?" + done.Encode(), nil
}
