package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
)

// Bounds of a workbook that is sent, as the interface has them.
const (
	maxWorkbook   = 64 << 20
	maxEnvelope   = 64 << 10
	uploadTimeout = 5 * time.Minute
)

// importList takes in the form with a workbook. What comes of it is the page of its findings.
func (d *desk) importList(q *request) error {
	if err := access.Require(q.who, access.ActListsImport); err != nil {
		return err
	}
	name, key, workbook, err := readWorkbook(q)
	var in service.Imported
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(q.Context()), uploadTimeout)
		defer cancel()
		q.PostForm = url.Values{"key": {key}}
		in, err = d.svc.ImportWorkbook(ctx, q.who.User, q.key(), name, workbook)
	}
	if err != nil {
		if refusal.CodeOf(err) == "" {
			return err
		}
		return d.showLists(q, err)
	}
	to := url.Values{"done": {"list.import"}, "contacts": {strconv.Itoa(in.Contacts.Changed)}, "kept": {strconv.Itoa(in.Contacts.Kept)}}
	return q.redirect("/desk/lists/" + url.PathEscape(in.Version.ID) + "/findings?" + to.Encode())
}

// readWorkbook reads the form: its key, and the file.
func readWorkbook(q *request) (name, key string, workbook []byte, err error) {
	q.Body = http.MaxBytesReader(q.w, q.Body, maxWorkbook+maxEnvelope)
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
			return "", "", nil, brokenUpload(err)
		}
		limit := int64(200)
		if part.FormName() == "file" {
			limit = maxWorkbook
		}
		data, err := io.ReadAll(io.LimitReader(part, limit+1))
		switch {
		case err != nil:
			return "", "", nil, brokenUpload(err)
		case int64(len(data)) > limit:
			return "", "", nil, refusal.New(refusal.TooLarge, "list.upload_size", refusal.Args{"limit": maxWorkbook})
		case part.FormName() == "file":
			name, workbook = part.FileName(), data
		case part.FormName() == "key":
			key = string(data)
		}
	}
	if len(workbook) == 0 {
		return "", "", nil, refusal.New(refusal.Invalid, "list.file_empty", nil)
	}
	return name, key, workbook, nil
}

func brokenUpload(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return refusal.New(refusal.TooLarge, "list.upload_size", refusal.Args{"limit": maxWorkbook})
	}
	return refusal.New(refusal.Invalid, "list.upload_broken", refusal.Args{"why": err.Error()})
}
