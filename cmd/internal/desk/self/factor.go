package self

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"github.com/boombuler/barcode/qr"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
)

// factorView is the page of the user's second factor.
type factorView struct {
	*frame.Chrome
	Recipient bool // the user is a recipient, which has no second factor
	At        *time.Time
	Required  bool
	Approves  bool // the role approves
	Secret    string
	Typed     string // the secret in groups, for reading
	Picture   *symbol
	formErrors
}

// showFactor shows the form with a secret for the authenticator: a fresh one, or that of the refused form, which the
// authenticator has by now. Nothing else that was typed comes back.
func (d *desk) showFactor(q *frame.Request) (any, error) {
	v := factorView{Chrome: q.Chrome(), Recipient: q.Who.Recipient != "", formErrors: errorsOf(q, "factor.unchanged"),
		Approves: q.May(calls.ActWarningsApprove) || q.May(calls.ActListsApprove)}
	secret := q.PostForm.Get("secret")
	if v.Errors["secret"] != "" { // it is none of ours, and gives way to a fresh one
		v.Error, secret = v.Errors["secret"], ""
	}
	if v.Recipient {
		return v, nil
	}
	state, err := d.Svc.Factor(q.Context(), q.Ask(), calls.None{})
	if err != nil {
		return nil, err
	}
	draft, err := d.Svc.FactorDraft(q.Who.User, secret)
	if err != nil {
		return nil, err
	}
	v.At, v.Required, v.Secret = state.At, state.Required, draft.Secret
	v.Typed = strings.Join(slices.Collect(groups(draft.Secret, 4)), " ")
	v.Picture, err = newSymbol(draft.URI)
	return v, err
}

// enrolFactor gives the user a second factor.
func (d *desk) enrolFactor(q *frame.Request) (to string, err error) {
	f := q.PostForm
	in := calls.Enrolment{Current: f.Get("current"), Secret: f.Get("secret"), OTP: f.Get(frame.CodeField),
		OldOTP: f.Get("old_otp")}
	if err = refusal.Input(missing(q, "current", frame.CodeField)); err == nil {
		err = d.Sessions.Confirm(q.W, q.Request, q.Who.User, func(ctx context.Context) (*access.Principal, error) {
			return d.Svc.EnrolFactor(ctx, q.Who.User, in)
		})
	}
	return "/desk/factor?done=factor", err
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

// symbol is a QR code, which the page draws itself: a picture of its own would have an address that holds the secret.
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
