package desktest

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
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
	form := Values(w.Get(200, user, "/desk/lists"))
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
	r.AddCookie(w.Cookie(user))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.Desk.ServeHTTP(rec, r)
	return Reply{rec.Result(), rec.Body.String()}
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

func (w *World) Current() (v reductionlist.Version) {
	w.T.Helper()
	if err := w.Svc.J.View(func(tx *bbolt.Tx) (err error) {
		v, err = reductionlist.Current(tx, w.Svc.J.Now())
		return err
	}); err != nil {
		w.T.Fatal(err)
	}
	return v
}

// SaysAll expects texts on a page.
func SaysAll(t testing.TB, what, text string, all ...string) {
	t.Helper()
	for _, s := range all {
		if !strings.Contains(text, s) {
			t.Errorf("%s does not say %q: %s", what, s, text)
		}
	}
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
