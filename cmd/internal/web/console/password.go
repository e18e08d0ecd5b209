package console

import (
	"context"
	"net/http"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
)

// passwordView is the page of one's own password and logins. It never holds a password.
type passwordView struct {
	*chrome
	Issued bool // the password is not for its owner to choose
	Least  int
	Most   int
	Errors map[string]string // by field
	Error  string            // of the whole

	Sessions []calls.Session // one's own
}

func (d *desk) passwordPage(q *request) error { return d.showPassword(q, nil) }

// showPassword shows the form, empty, and what was wrong with what was sent.
func (d *desk) showPassword(q *request, failed error) error {
	v := passwordView{chrome: q.chrome("password"), Issued: q.who.Recipient != "", Errors: map[string]string{}}
	v.Flash = q.flash()
	var err error
	if v.Sessions, err = d.sessions.Own(q.Request, q.who.User); err != nil {
		return err
	}
	v.Least, v.Most = access.PasswordLength()
	status := http.StatusOK
	if failed != nil {
		var e *refusal.Error
		e, status = d.refusalOf(q, failed)
		for _, wrong := range e.Fields {
			v.Errors[wrong.Path] = wrong.Message(q.lang)
		}
		if v.Error = q.t("password.unchanged"); len(e.Fields) == 0 {
			v.Error = e.Detail(q.lang)
		}
	}
	return q.render(status, "password", v)
}

// changePassword puts a password of one's own choosing in the place of the one in force. All other logins end.
func (d *desk) changePassword(q *request) error {
	current, next, repeat := q.PostForm.Get("current"), q.PostForm.Get("password"), q.PostForm.Get("repeat")
	var wrong []refusal.Field
	for _, f := range []struct{ name, value string }{{"current", current}, {"password", next}, {"repeat", repeat}} {
		if f.value == "" {
			wrong = append(wrong, refusal.Field{Path: f.name, Rule: "desk.form.required"})
		}
	}
	if len(wrong) == 0 && next != repeat {
		wrong = append(wrong, refusal.Field{Path: "repeat", Rule: "desk.password.repeat_wrong"})
	}
	err := refusal.Input(wrong)
	if err == nil {
		err = d.sessions.ChangePassword(q.w, q.Request, q.who.User, func(ctx context.Context) (*access.Principal, error) {
			return d.svc.ChangePassword(ctx, q.who.User, current, next)
		})
	}
	if err != nil {
		return d.showPassword(q, err)
	}
	return q.redirect("/desk/password?done=password")
}

// endSession ends one of one's own logins, and endSessions all of them.
func (d *desk) endSession(q *request) error {
	found, err := d.sessions.End(q.Request, q.who.User, q.PathValue("id"))
	switch {
	case err != nil:
		return err
	case !found: // it has ended meanwhile, which is what was asked for
		return q.redirect("/desk/password")
	}
	return q.redirect("/desk/password?done=session")
}

func (d *desk) endSessions(q *request) error {
	if err := d.sessions.EndAll(q.w, q.Request, q.who.User); err != nil {
		return err
	}
	return q.redirect("/login")
}
