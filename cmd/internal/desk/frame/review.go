package frame

import (
	"errors"
	"maps"
	"net/http"
	"net/url"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// A form that is read out before it is carried out is kept as a draft of its user, and the page that reads it out is an
// address of its own, ?draft=<id>: it can be loaded again, come back to and found after a new login, and it only looks.
// Its form brings back the draft's id and the digest of what the page said the act leads to. Where the act would lead to
// something else by then, nothing is done and the review is shown anew. The id is the act's idempotency key, so that a
// second send, from wherever, gives the first answer.

// Names of the fields of a review's form beside those that a person fills in.
const (
	draftField = "draft"
	seenField  = "seen"
)

// notDrafted are the fields that belong to a step and not to what was typed, and those that nothing may keep.
var notDrafted = []string{"step", "key", draftField, seenField, CodeField, TypedField}

// TypedField is the name of the input in which the word is typed that confirms an act.
const TypedField = "typed"

// Kept is the request's draft with what was typed since; nil for a request that is about none.
func (q *Request) Kept() url.Values {
	if q.draft == "" {
		return nil
	}
	return q.PostForm
}

// ToReview keeps the form v as a draft and leads to the page that reads it out.
func (q *Request) ToReview(v url.Values) (view any, err error) {
	id, err := q.keep(v)
	if err != nil {
		return nil, err
	}
	return q.Redirect(q.reviewOf(id))
}

// ToEdit keeps the form v as a draft and returns the query by which a page goes on with it, see [Request.Kept].
func (q *Request) ToEdit(v url.Values) (query url.Values, err error) {
	id, err := q.keep(v)
	return url.Values{draftField: {id}, "step": {StepEdit}}, err
}

func (q *Request) keep(v url.Values) (id string, err error) {
	form := maps.Clone(v)
	for _, name := range notDrafted {
		form.Del(name)
	}
	return q.frame.Sessions.KeepDraft(q.Context(), q.Who.User, form)
}

func (q *Request) reviewOf(draft string) string {
	return q.URL.Path + "?" + url.Values{draftField: {draft}}.Encode()
}

// Reviewed are the hidden fields of a review's form: which draft it is of, the revision that was seen, and the digest of
// what the page says the act leads to.
func (q *Request) Reviewed(digest string) []Pair {
	return append(Hidden(q.PostForm, "revision"), Pair{draftField, q.draft}, Seen(digest))
}

// Seen is the hidden field by which a form says what its page told of the act.
func Seen(digest string) Pair { return Pair{seenField, digest} }

// EditPath is the address at which the draft is changed once more.
func (q *Request) EditPath() string { return q.reviewOf(q.draft) + "&step=" + StepEdit }

// Step is what is to be done with a form; for a draft that was only asked for, its review.
func (q *Request) Step() string { return q.PostForm.Get("step") }

// Confirms reports whether a review's form was sent, to be carried out: by somebody who was shown what it leads to.
func (q *Request) Confirms() bool {
	return q.Method == http.MethodPost && q.draft != "" && q.Step() == StepConfirm && q.PostForm.Get(seenField) != ""
}

// Changed reports whether an act was refused because it would lead to something else than its review said.
func (q *Request) Changed(err error) bool {
	var e *refusal.Error
	return errors.As(err, &e) && e.Rule == journal.OutcomeChanged
}

// loadDraft has a request that names a draft go on with what that holds: what came with the request goes before it.
func (q *Request) loadDraft() error {
	get := q.Method == http.MethodGet
	id := q.PostForm.Get(draftField)
	if get {
		id = q.URL.Query().Get(draftField)
	}
	if id == "" {
		return nil
	}
	form, ok := q.frame.Sessions.Draft(q.Context(), q.Who.User, id)
	if !ok {
		return refusal.New(refusal.NotFound, "desk.error.no_draft", refusal.Args{"path": q.URL.Path})
	}
	q.draft = id
	for name, values := range q.PostForm {
		form[name] = values
	}
	if get {
		form.Set("step", StepReview)
		if q.URL.Query().Get("step") == StepEdit {
			form.Set("step", StepEdit)
		}
	}
	q.PostForm = form
	return nil
}

// drafted is the address of the review that a posted form came from; empty for a form that came from none.
func (q *Request) drafted() string {
	if id := q.PostForm.Get(draftField); id != "" {
		return q.reviewOf(id)
	}
	return ""
}
