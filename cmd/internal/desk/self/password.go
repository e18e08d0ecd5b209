package self

import (
	"context"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
)

// passwordView is the page of the user's password and logins. It never holds a password.
type passwordView struct {
	*frame.Chrome
	Issued bool // the user is issued a password and cannot choose one
	Least  int
	Most   int
	formErrors

	Sessions []calls.Session // the user's
}

// showPassword shows the empty form, and what was wrong with the one that was sent.
func (d *desk) showPassword(q *frame.Request) (any, error) {
	v := passwordView{Chrome: q.Chrome(), Issued: q.Who.Recipient != "", formErrors: errorsOf(q, "password.unchanged")}
	v.Least, v.Most = access.PasswordLength()
	var err error
	v.Sessions, err = d.Sessions.Own(q.Request, q.Who.User)
	return v, err
}

// formErrors say what was wrong with a form of secrets. Nothing that was typed comes back.
type formErrors struct {
	Errors map[string]string // by field
	Error  string            // of the whole
}

// errorsOf words what was refused; unchanged is the key of what is said of the whole form where single fields were
// wrong.
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

// changePassword replaces the password by one of the user's choosing. All other logins of the user end.
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

// endSession ends one of the user's logins.
func (d *desk) endSession(q *frame.Request) (any, error) {
	found, err := d.Sessions.End(q.Request, q.Who.User, q.PathValue("id"))
	switch {
	case err != nil:
		return nil, err
	case !found: // it has ended meanwhile, as was asked for
		return q.Redirect("/desk/password")
	}
	return q.Redirect("/desk/password?done=session")
}

// endSessions ends all of the user's logins.
func (d *desk) endSessions(q *frame.Request) (any, error) {
	if err := d.Sessions.EndAll(q.W, q.Request, q.Who.User); err != nil {
		return nil, err
	}
	return q.Redirect("/login")
}
