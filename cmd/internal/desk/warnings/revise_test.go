package warnings_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// days gives the forecast of the days from tomorrow on and returns what is open then; nil for nothing.
func days(w *desktest.World, aqi ...int) *alerts.Proposal {
	w.T.Helper()
	days := make([]string, len(aqi))
	for i, v := range aqi {
		days[i] = fmt.Sprintf(`{"date":%q,"aqi_low":%d,"aqi_high":%d,"primary":["pm25"]}`,
			alerts.DateOf(w.Clock.Now()).AddDays(i+1), v-20, v)
	}
	body := fmt.Sprintf(`{"source":"tianjin-emc","region":"120111","issued_at":%q,"days":[%s]}`,
		w.Clock.Now().Format(time.RFC3339), strings.Join(days, ","))
	got, err := w.Svc.Forecast(w.T.Context(), service.By("feeder"), calls.Document{Text: []byte(body)})
	if err != nil {
		w.T.Fatal(err)
	}
	return got.Proposal
}

// follow takes a form with its proposal from the desk to the confirmation.
func follow(w *desktest.World, path string, change url.Values) (review string) {
	w.T.Helper()
	form := desktest.Values(w.Get(200, "duty", path))
	for name, v := range change {
		form[name] = v
	}
	path, _, _ = strings.Cut(path, "?")
	form.Set("step", frame.StepReview)
	page := desktest.Parsed(w.T, w.Post(200, "duty", path, form).Text)
	form = desktest.Values(page)
	form.Set("step", frame.StepConfirm)
	for _, l := range alerts.Levels() {
		if strings.Contains(desktest.TextOf(page), terms.ShortLevel(l, frame.ZH)) {
			form.Set("typed", terms.ShortLevel(l, frame.ZH))
		}
	}
	w.Post(303, "duty", path, form)
	return desktest.TextOf(page)
}

// A proposal of other times is followed from the desk: the form has them, the read-out says that the start waits for
// approval, and the desk whom it waits for.
func TestAProposalOfOtherTimesIsFollowed(t *testing.T) {
	w := desktest.New(t)
	p := days(w, 90, 90, 160, 160, 160, 90, 90)
	home := desktest.TextOf(w.Get(200, "duty", "/desk"))
	for _, want := range []string{"过程中首个达标日", "解除：其后 36 小时 AQI 均不高于 150"} {
		if !strings.Contains(home, want) {
			t.Errorf("the desk does not say %q: %s", want, home)
		}
	}
	follow(w, "/desk/declare?proposal="+p.ID, nil)
	id := live(w)
	approve := desktest.Values(w.Get(200, "approver", desktest.WarningPath(id)+"/approve"))
	approve.Set("step", frame.StepConfirm)
	w.Post(303, "approver", desktest.WarningPath(id)+"/approve", approve)
	w.Elapse(time.Hour)
	p = days(w, 90, 160, 160, 160, 160, 160, 90, 90)
	if p == nil || p.Kind != alerts.KindRevise {
		t.Fatalf("%+v", p)
	}
	if home := desktest.TextOf(w.Get(200, "duty", "/desk")); !strings.Contains(home, terms.Name(terms.Proposal,
		alerts.KindRevise, frame.ZH)) || !strings.Contains(home, frame.Word(frame.ZH, "go.follow.revise")) {
		t.Errorf("the desk does not show it: %s", home)
	}
	review := follow(w, desktest.WarningPath(id)+"/revise?proposal="+p.ID, nil)
	if !strings.Contains(review, "修改等待审批") {
		t.Errorf("the read-out does not say that it waits: %s", review)
	}
	got := w.Warning(id)
	if got.Pending == nil || !got.Pending.Moves() || !got.Pending.EffectiveAt.Equal(p.StartsAt) ||
		got.Pending.EndsAt == nil || !got.Pending.EndsAt.Equal(*p.EndsAt) {
		t.Fatalf("%+v", got.Pending)
	}
	if home := desktest.TextOf(w.Get(200, "approver", "/desk")); !strings.Contains(home, "批准把开始时间改为") {
		t.Errorf("the approver does not see it: %s", home)
	}
	approve = desktest.Values(w.Get(200, "approver", desktest.WarningPath(id)+"/approve"))
	approve.Set("step", frame.StepConfirm)
	w.Post(303, "approver", desktest.WarningPath(id)+"/approve", approve)
	if got := w.Warning(id); got.Pending != nil || !got.StartsAt.Equal(p.StartsAt) || !got.EndsAt.Equal(*p.EndsAt) {
		t.Errorf("%+v", got)
	}
}

// The end is taken away with a box of its own, though the end that there is stands in the form.
func TestAnEndIsTakenAway(t *testing.T) {
	w := desktest.New(t)
	id := w.Declared(alerts.Yellow, false)
	follow(w, desktest.WarningPath(id)+"/revise", url.Values{"ends_at": {"2030-01-01T08:00"}})
	if w.Warning(id).EndsAt == nil {
		t.Fatal("no end was set")
	}
	follow(w, desktest.WarningPath(id)+"/revise", url.Values{"no_end": {"true"}})
	if got := w.Warning(id); got.EndsAt != nil {
		t.Errorf("it ends at %s", got.EndsAt)
	}
}

// live is the id of the warning that is live.
func live(w *desktest.World) (id string) {
	w.T.Helper()
	err := w.Svc.J.View(func(tx *bbolt.Tx) error {
		got, err := alerts.LiveWarning(tx, "120111")
		if err == nil && got != nil {
			id = got.ID
		}
		return err
	})
	if err != nil || id == "" {
		w.T.Fatalf("no warning is live (%v)", err)
	}
	return id
}

// A raise that is announced for a later day may be asked for sooner from the desk; one that is in effect is no choice.
func TestTheDeskOffersAnAnnouncedLevelSooner(t *testing.T) {
	w := desktest.New(t)
	id := w.Declared(alerts.Yellow, false)
	offered := func() bool {
		return desktest.Find(w.Get(200, "duty", desktest.WarningPath(id)+"/adjust"), "input", "value", "orange") != nil
	}
	later := w.Clock.Now().Add(72 * time.Hour).Format("2006-01-02T15:04")
	follow(w, desktest.WarningPath(id)+"/adjust", url.Values{"level": {"orange"}, "starts_at": {later}})
	approve := func() {
		form := desktest.Values(w.Get(200, "approver", desktest.WarningPath(id)+"/approve"))
		form.Set("step", frame.StepConfirm)
		w.Post(303, "approver", desktest.WarningPath(id)+"/approve", form)
	}
	approve()
	if got := w.Warning(id); got.LevelAt(w.Clock.Now()) != alerts.Yellow || got.Level != alerts.Orange {
		t.Fatalf("%+v", got)
	}
	if !offered() {
		t.Fatal("orange is announced and is no choice")
	}
	follow(w, desktest.WarningPath(id)+"/adjust", url.Values{"level": {"orange"}})
	approve()
	if got := w.Warning(id); got.LevelAt(w.Clock.Now()) != alerts.Orange {
		t.Errorf("%+v", got)
	}
	if offered() {
		t.Error("orange is in effect and is a choice")
	}
}

// The days of a warning that ask for nothing are shown beside it, whether its end is set or not; the expected lift
// where it is not.
func TestTheDeskTellsOfIdleDays(t *testing.T) {
	w := desktest.New(t)
	id := w.Declared(alerts.Yellow, false)
	days(w, 90, 90, 160, 90, 90)
	w.Elapse(48 * time.Hour)
	idle, lift := "预警期间有 2 天未达到任何条款", "解除：其后 36 小时 AQI 均不高于 150"
	if text := desktest.TextOf(w.Get(200, "duty", "/desk")); !strings.Contains(text, idle) ||
		!strings.Contains(text, lift) {
		t.Errorf("without an end: %s", text)
	}
	follow(w, desktest.WarningPath(id)+"/revise", url.Values{"ends_at": {"2030-01-01T08:00"}})
	if text := desktest.TextOf(w.Get(200, "duty", desktest.WarningPath(id))); !strings.Contains(text, idle) ||
		strings.Contains(text, lift) {
		t.Errorf("with an end: %s", text)
	}
}
