package desktest

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/reductionlist"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

// Upload sends a workbook by the form of the page of lists.
func (w *World) Upload(user, name string, workbook []byte, header ...string) Reply {
	w.T.Helper()
	return w.UploadFrom(user, "/desk/lists", name, workbook, header...)
}

// UploadFrom is Upload by the form of another page.
func (w *World) UploadFrom(user, page, name string, workbook []byte, header ...string) Reply {
	w.T.Helper()
	form := Values(w.Get(200, user, page))
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("key", form.Get("key"))
	part, err := m.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(workbook)
	}
	if err != nil || m.Close() != nil {
		w.T.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/desk/lists", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.send(r, user, header)
}

// Xiqing is the embedded list from a day on, changed before it is written.
func Xiqing(t testing.TB, from string, change func(l *reductionlist.List)) []byte {
	t.Helper()
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom = from
	if change != nil {
		change(l)
	}
	var b bytes.Buffer
	if err := workbook.Write(&b, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Current is the list in force.
func (w *World) Current() reductionlist.Version {
	w.T.Helper()
	return read(w, func(tx *bbolt.Tx) (reductionlist.Version, error) {
		return reductionlist.Current(tx, w.Svc.J.Now())
	})
}

// Reissued has the administrator give an account new secrets, with which it logs in from then on.
func (w *World) Reissued(user string) {
	w.T.Helper()
	issued, err := servicetest.Say(w.T.Context(), w.Svc, "admin", "", calls.RenewAccount, user, nil)
	if err != nil {
		w.T.Fatal(err)
	}
	w.Passwords[user] = issued.Password
	delete(w.Cookies, user)
}
