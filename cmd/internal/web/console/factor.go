package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/boombuler/barcode/qr"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
)

// factorView is the page of one's own second factor.
type factorView struct {
	*chrome
	Recipient bool // has none
	At        *time.Time
	Required  bool
	Approves  bool // the role approves
	Secret    string
	Typed     string // the secret in groups, for reading
	Picture   *symbol
	Errors    map[string]string
	Error     string
}

func (d *desk) factorPage(q *request) error { return d.showFactor(q, "", nil) }

// showFactor shows the form with a secret for the authenticator: a fresh one, or that of a form that was refused, for the
// authenticator has it by now. Nothing else that was typed comes back.
func (d *desk) showFactor(q *request, secret string, failed error) error {
	v := factorView{chrome: q.chrome("factor"), Recipient: q.who.Recipient != "", Errors: map[string]string{},
		Approves: q.may(calls.ActWarningsApprove) || q.may(calls.ActListsApprove)}
	v.Flash = q.flash()
	status := http.StatusOK
	if failed != nil {
		var e *refusal.Error
		e, status = d.refusalOf(q, failed)
		for _, wrong := range e.Fields {
			v.Errors[wrong.Path] = wrong.Message(q.lang)
		}
		if v.Error = q.t("factor.unchanged"); len(e.Fields) == 0 {
			v.Error = e.Detail(q.lang)
		}
		if v.Errors["secret"] != "" { // it is none of ours: a fresh one
			v.Error, secret = v.Errors["secret"], ""
		}
	}
	if !v.Recipient {
		state, err := d.svc.Factor(q.Context(), q.ask(), calls.None{})
		if err != nil {
			return err
		}
		draft, err := d.svc.FactorDraft(q.who.User, secret)
		if err != nil {
			return err
		}
		v.At, v.Required, v.Secret = state.At, state.Required, draft.Secret
		v.Typed = strings.Join(slices.Collect(groups(draft.Secret, 4)), " ")
		if v.Picture, err = newSymbol(draft.URI); err != nil {
			return err
		}
	}
	return q.render(status, "factor", v)
}

// enrolFactor gives whoever asks a second factor.
func (d *desk) enrolFactor(q *request) error {
	f := q.PostForm
	in := calls.Enrolment{Current: f.Get("current"), Secret: f.Get("secret"), OTP: f.Get(codeField), OldOTP: f.Get("old_otp")}
	var wrong []refusal.Field
	for _, one := range []struct{ name, value string }{{"current", in.Current}, {codeField, in.OTP}} {
		if one.value == "" {
			wrong = append(wrong, refusal.Field{Path: one.name, Rule: "desk.form.required"})
		}
	}
	err := refusal.Input(wrong)
	if err == nil {
		err = d.sessions.Confirm(q.w, q.Request, q.who.User, func(ctx context.Context) (*access.Principal, error) {
			return d.svc.EnrolFactor(ctx, q.who.User, in)
		})
	}
	if err != nil {
		return d.showFactor(q, in.Secret, err)
	}
	return q.redirect("/desk/factor?done=factor")
}

// groups cuts a text into pieces of n bytes.
func groups(s string, n int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for len(s) > n && yield(s[:n]) {
			s = s[n:]
		}
		if s != "" && len(s) <= n {
			yield(s)
		}
	}
}

// symbol is a QR code as a page draws it: within the page, for a picture of its own would be an address that holds the secret.
type symbol struct {
	Side int    // in modules, with the quiet zone
	Path string // of SVG
}

// newSymbol encodes a text with a border of four modules (ISO/IEC 18004).
func newSymbol(text string) (*symbol, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("QR code: %w", err)
	}
	const quiet = 4
	var b strings.Builder
	size := code.Bounds().Dx()
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return &symbol{size + 2*quiet, b.String()}, nil
}
