package lists

import (
	"io"
	"net/http"
	"net/url"
	"strconv"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/web/incoming"
)

// Bounds of a workbook that is sent, as the interface has them.
const (
	maxWorkbook = calls.FileBody
	maxEnvelope = 64 << 10
)

// importList takes in the form with a workbook. What comes of it is the page of its findings.
func (d *desk) importList(q *frame.Request) (to string, err error) {
	name, key, workbook, err := d.readWorkbook(q)
	if err != nil {
		return "", err
	}
	defer workbook.Close()
	q.PostForm = url.Values{"key": {key}}
	in, err := d.Svc.ImportWorkbook(q.Context(), q.Ask(), name, workbook.Bytes)
	if err != nil {
		return "", err
	}
	done := url.Values{"done": {"list.import"}, "contacts": {strconv.Itoa(in.Contacts.Changed)}, "kept": {strconv.Itoa(in.Contacts.Kept)}}
	return listPath(in.Version.ID) + "/findings?" + done.Encode(), nil
}

// readWorkbook reads the form: its key, and the file.
func (d *desk) readWorkbook(q *frame.Request) (name, key string, workbook *incoming.File, err error) {
	defer func() {
		if err != nil && workbook != nil {
			_ = workbook.Close()
			workbook = nil
		}
	}()
	q.Body = http.MaxBytesReader(q.W, q.Body, maxWorkbook+maxEnvelope)
	form, err := q.MultipartReader()
	if err != nil {
		return "", "", nil, refusal.New(refusal.Invalid, "desk.error.form", nil)
	}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", "", workbook, brokenUpload(err)
		}
		switch part.FormName() {
		case "file":
			if workbook != nil {
				return "", "", workbook, refusal.New(refusal.Invalid, "desk.error.form", nil)
			}
			name = part.FileName()
			if workbook, err = incoming.Take(d.Incoming, part, maxWorkbook); err != nil {
				return "", "", nil, brokenUpload(err)
			}
		case "key":
			data, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil {
				return "", "", workbook, brokenUpload(err)
			}
			key = string(data)
		}
	}
	if workbook == nil || workbook.Size() == 0 {
		return "", "", workbook, refusal.New(refusal.Invalid, "list.file_empty", nil)
	}
	return name, key, workbook, nil
}

func brokenUpload(err error) error { return incoming.Refusal(err, maxWorkbook) }
