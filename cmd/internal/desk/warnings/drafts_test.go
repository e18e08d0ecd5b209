package warnings_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
)

// reviewPath sends a form to be read out and gives the address of the page that does so.
func reviewPath(w *desktest.World, user, path string, form url.Values) string {
	w.T.Helper()
	return path + "?" + url.Values{"draft": {w.Reviewed(user, path, form).Get("draft")}}.Encode()
}

func declaration(w *desktest.World) url.Values {
	w.T.Helper()
	form := desktest.Values(w.Get(200, "duty", "/desk/declare"))
	maps.Copy(form, url.Values{"level": {"yellow"}, "trigger": {"city_order"}, "document_no": {"津〔2016〕1号"},
		"issued_by": {"市指挥部"}, "reason": {"夜里写的理由"}})
	return form
}

// The review is a page of its own: loaded again it says the same and does nothing, another user does not find it, and what
// was typed comes back to be changed.
func TestReviewIsAPageThatOnlyLooks(t *testing.T) {
	w := desktest.New(t)
	at := reviewPath(w, "duty", "/desk/declare", declaration(w))
	before := w.Svc.J.Height()
	for range 2 {
		text := desktest.TextOf(w.Get(200, "duty", at))
		desktest.SaysAll(t, "the review", text, "夜里写的理由", "黄色", "津〔2016〕1号")
	}
	w.Get(200, "duty", at+"&step="+frame.StepConfirm)
	if w.Svc.J.Height() != before || w.Warnings() != 0 {
		t.Error("a page that only looks did something")
	}
	if text := desktest.TextOf(w.Get(404, "duty2", at)); !strings.Contains(text, "不在了") {
		t.Errorf("another user's draft: %s", text)
	}
	back := desktest.Values(w.Get(200, "duty", at+"&step="+frame.StepEdit))
	if back.Get("reason") != "夜里写的理由" || back.Get("level") != "yellow" || back.Get("draft") != "" {
		t.Errorf("back to the form: %v", back)
	}
}

// A confirmation that does not say what its sender was shown confirms nothing: the review is shown.
func TestWhatWasNotSeenIsNotConfirmed(t *testing.T) {
	w := desktest.New(t)
	form := w.Reviewed("duty", "/desk/declare", declaration(w))
	form.Set("typed", "黄色")
	form.Del("seen")
	page := desktest.Parsed(t, w.Post(200, "duty", "/desk/declare", form).Text)
	if w.Warnings() != 0 || desktest.Values(page).Get("seen") == "" {
		t.Errorf("%d warnings, and the page is %s", w.Warnings(), desktest.TextOf(page))
	}
}

// An approver agrees to what the page read out. Where that is something else by the time it is sent, it is read out anew.
func TestApprovalIsShownAgainWhenTheOutcomeChanges(t *testing.T) {
	w := desktest.New(t)
	form := declaration(w)
	maps.Copy(form, url.Values{"level": {"red"}, "starts_at": {"2016-12-16T17:30"}})
	form = w.Reviewed("duty", "/desk/declare", form)
	form.Set("typed", "红色")
	to := w.Post(303, "duty", "/desk/declare", form).Header.Get("Location")
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/warnings/"), "?")
	approve := desktest.WarningPath(id) + "/approve"
	early := desktest.Values(w.Get(200, "approver", approve))
	early.Set("step", frame.StepConfirm)
	w.Elapse(time.Hour) // it would begin at 17:30 when this was read, and begins at once now

	page := w.Refused(409, "approver", approve, early)
	desktest.SaysAll(t, "the approval", desktest.TextOf(page), "情况已变化", "发布红色（Ⅰ级）预警")
	again := desktest.Values(page)
	again.Set("step", frame.StepConfirm)
	w.Post(303, "approver", approve, again)
	if got := w.Warning(id); got.ApprovedBy != "approver" {
		t.Errorf("it is %s", got.State)
	}
}

// A session that ends between review and confirmation costs a login: the same user's next session finds the review, and
// only the word is typed anew.
func TestReviewOutlastsItsSession(t *testing.T) {
	w := desktest.New(t)
	form := w.Reviewed("duty", "/desk/declare", declaration(w))
	form.Set("typed", "黄色")
	delete(w.Cookies, "duty")
	login := desktest.ValuesOf(desktest.Parsed(t, w.As("", "/desk/declare", form).Text), url.Values{})
	for name := range login {
		if strings.HasPrefix(name, "typed.") {
			t.Errorf("the login form carries %s", name)
		}
	}
	login.Set("user", "duty")
	login.Set("password", w.Passwords["duty"])
	at := w.Post(303, "", "/login", login).Header.Get("Location")
	review := desktest.Values(w.Get(200, "duty", at))
	review.Set("typed", "黄色")
	review.Set("step", frame.StepConfirm)
	w.Post(303, "duty", "/desk/declare", review)
	if w.Warnings() != 1 {
		t.Errorf("%d warnings", w.Warnings())
	}
}

// A review that was sent once gives its first answer for ever, whatever has become of the warning since.
func TestReviewSentTwiceGivesTheFirstAnswer(t *testing.T) {
	w := desktest.New(t)
	form := w.Reviewed("duty", "/desk/declare", declaration(w))
	form.Set("typed", "黄色")
	first := w.Post(303, "duty", "/desk/declare", form).Header.Get("Location")
	w.Elapse(time.Hour)
	if again := w.Post(303, "duty", "/desk/declare", form).Header.Get("Location"); again != first || w.Warnings() != 1 {
		t.Errorf("first %s, then %s; %d warnings", first, again, w.Warnings())
	}
}

// What comes between review and confirmation and changes what the act leads to has the review shown once more, with
// nothing done; the clock alone does not.
func TestReviewIsShownAgainWhenTheOutcomeChanges(t *testing.T) {
	w := desktest.New(t)
	drill := w.Declared(alerts.Yellow, true)
	form := declaration(w)
	form.Set("typed", "黄色")
	early := w.Reviewed("duty", "/desk/declare", form)
	w.Elapse(time.Minute)
	lift := desktest.WarningPath(drill) + "/lift"
	w.Post(303, "duty2", lift, w.Reviewed("duty2", lift, desktest.Values(w.Get(200, "duty2", lift))))
	w.Elapse(time.Minute)

	page := w.Refused(409, "duty", "/desk/declare", early)
	desktest.SaysAll(t, "the review", desktest.TextOf(page), "情况已变化", "夜里写的理由")
	if w.Warnings() != 1 {
		t.Fatalf("%d warnings", w.Warnings())
	}
	again := desktest.Values(page)
	again.Set("typed", "黄色")
	again.Set("step", frame.StepConfirm)
	w.Elapse(10 * time.Minute)
	w.Post(303, "duty", "/desk/declare", again)
	if w.Warnings() != 2 {
		t.Errorf("%d warnings", w.Warnings())
	}
}
