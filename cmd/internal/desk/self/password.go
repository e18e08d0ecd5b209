package self

import (
	"context"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
)

// passwordView is the page of one's own password and logins. It never holds a password.
type passwordView struct {
	*frame.Chrome
	Issued bool // the password is not for its owner to choose
	Least  int
	Most   int
	formErrors

	Sessions []calls.Session // one's own
}

// showPassword shows the form, empty, and what was wrong with what was sent.
func (d *desk) showPassword(q *frame.Request) (any, error) {
	v := passwordView{Chrome: q.Chrome(), Issued: q.Who.Recipient != "", formErrors: errorsOf(q, "password.unchanged")}
	v.Least, v.Most = access.PasswordLength()
	var err error
	v.Sessions, err = d.Sessions.Own(q.Request, q.Who.User)
	return v, err
}

// formErrors says of a form of secrets what was wrong with it. Nothing that was typed comes back.
type formErrors struct {
	Errors map[string]string // by field
	Error  string            // of the whole
}

// errorsOf is what was refused; unchanged is the word for the whole where single fields were wrong.
func errorsOf(q *frame.Request, unchanged string) formErrors {
	r := formErrors{Errors: map[string]string{}}
	switch e := q.Refused; {
	case e == nil:
	case len(e.Fields) == 0:
		r.Error = e.Detail(q.Lang)
	default:
		r.Error = q.T(unchanged)
		for _, wrong := range e.Fields {
			r.Errors[wrong.Path] = wrong.Message(q.Lang)
		}
	}
	return r
}

// missing are the fields of a form that were left empty.
func missing(q *frame.Request, names ...string) (wrong []refusal.Field) {
	for _, name := range names {
		if q.PostForm.Get(name) == "" {
			wrong = append(wrong, refusal.Field{Path: name, Rule: "desk.form.required"})
		}
	}
	return wrong
}

// changePassword puts a password of one's own choosing in the place of the one in force. All other logins end.
func (d *desk) changePassword(q *frame.Request) (to string, err error) {
	current, next := q.PostForm.Get("current"), q.PostForm.Get("password")
	wrong := missing(q, "current", "password", "repeat")
	if len(wrong) == 0 && next != q.PostForm.Get("repeat") {
		wrong = append(wrong, refusal.Field{Path: "repeat", Rule: "desk.password.repeat_wrong"})
	}
	if err = refusal.Input(wrong); err == nil {
		err = d.Sessions.ChangePassword(q.W, q.Request, q.Who.User, func(ctx context.Context) (*access.Principal, error) {
			return d.Svc.ChangePassword(ctx, q.Who.User, current, next)
		})
	}
	return "/desk/password?done=password", err
}

// endSession ends one of one's own logins, and endSessions all of them.
func (d *desk) endSession(q *frame.Request) (any, error) {
	found, err := d.Sessions.End(q.Request, q.Who.User, q.PathValue("id"))
	switch {
	case err != nil:
		return nil, err
	case !found: // it has ended meanwhile, which is what was asked for
		return q.Redirect("/desk/password")
	}
	return q.Redirect("/desk/password?done=session")
}

func (d *desk) endSessions(q *frame.Request) (any, error) {
	if err := d.Sessions.EndAll(q.W, q.Request, q.Who.User); err != nil {
		return nil, err
	}
	return q.Redirect("/login")
}
