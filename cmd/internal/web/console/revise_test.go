package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
)

// days gives the forecast of the days from tomorrow on and returns what is open then; nil for nothing.
func (w *world) days(aqi ...int) *alerts.Proposal {
	w.t.Helper()
	days := make([]string, len(aqi))
	for i, v := range aqi {
		days[i] = fmt.Sprintf(`{"date":%q,"aqi_low":%d,"aqi_high":%d,"primary":["pm25"]}`, alerts.DateOf(w.clock.Now()).AddDays(i+1), v-20, v)
	}
	body := fmt.Sprintf(`{"source":"tianjin-emc","region":"120111","issued_at":%q,"days":[%s]}`, w.clock.Now().Format(time.RFC3339), strings.Join(days, ","))
	got, err := w.svc.Forecast(w.t.Context(), service.By("feeder"), calls.Document{Text: []byte(body)})
	if err != nil {
		w.t.Fatal(err)
	}
	return got.Proposal
}

// follow takes a form with its proposal from the desk to the confirmation.
func (w *world) follow(path string, change url.Values) (review string) {
	w.t.Helper()
	form := values(w.get(200, "duty", path))
	for name, v := range change {
		form[name] = v
	}
	path, _, _ = strings.Cut(path, "?")
	form.Set("step", stepReview)
	page := parsed(w.t, w.post(200, "duty", path, form).body)
	form = values(page)
	form.Set("step", stepConfirm)
	for _, l := range alerts.Levels() {
		if strings.Contains(textOf(page), terms.ShortLevel(l, zh)) {
			form.Set("typed", terms.ShortLevel(l, zh))
		}
	}
	w.post(303, "duty", path, form)
	return textOf(page)
}

// A proposal of other times is followed from the desk: the form has them, the read-out says that the start waits for approval,
// and the desk whom it waits for.
func TestAProposalOfOtherTimesIsFollowed(t *testing.T) {
	w := newWorld(t)
	p := w.days(90, 90, 160, 160, 160, 90, 90)
	home := textOf(w.get(200, "duty", "/desk"))
	for _, want := range []string{"过程中首个达标日", "解除：其后 36 小时 AQI 均不高于 150"} {
		if !strings.Contains(home, want) {
			t.Errorf("the desk does not say %q: %s", want, home)
		}
	}
	w.follow("/desk/declare?proposal="+p.ID, nil)
	id := w.live()
	approve := values(w.get(200, "approver", warningPath(id)+"/approve"))
	approve.Set("step", stepConfirm)
	w.post(303, "approver", warningPath(id)+"/approve", approve)
	w.elapse(time.Hour)
	p = w.days(90, 160, 160, 160, 160, 160, 90, 90)
	if p == nil || p.Kind != alerts.KindRevise {
		t.Fatalf("%+v", p)
	}
	if home := textOf(w.get(200, "duty", "/desk")); !strings.Contains(home, terms.Name(terms.Proposal, alerts.KindRevise, zh)) || !strings.Contains(home, word(zh, "go.follow.revise")) {
		t.Errorf("the desk does not show it: %s", home)
	}
	review := w.follow(warningPath(id)+"/revise?proposal="+p.ID, nil)
	if !strings.Contains(review, "修改等待审批") {
		t.Errorf("the read-out does not say that it waits: %s", review)
	}
	got := w.warning(id)
	if got.Pending == nil || !got.Pending.Moves() || !got.Pending.EffectiveAt.Equal(p.StartsAt) || got.Pending.EndsAt == nil || !got.Pending.EndsAt.Equal(*p.EndsAt) {
		t.Fatalf("%+v", got.Pending)
	}
	if home := textOf(w.get(200, "approver", "/desk")); !strings.Contains(home, "批准把开始时间改为") {
		t.Errorf("the approver does not see it: %s", home)
	}
	approve = values(w.get(200, "approver", warningPath(id)+"/approve"))
	approve.Set("step", stepConfirm)
	w.post(303, "approver", warningPath(id)+"/approve", approve)
	if got := w.warning(id); got.Pending != nil || !got.StartsAt.Equal(p.StartsAt) || !got.EndsAt.Equal(*p.EndsAt) {
		t.Errorf("%+v", got)
	}
}

// The end is taken away with a box of its own, though the end that there is stands in the form.
func TestAnEndIsTakenAway(t *testing.T) {
	w := newWorld(t)
	id := w.declared(alerts.Yellow, false)
	w.follow(warningPath(id)+"/revise", url.Values{"ends_at": {"2030-01-01T08:00"}})
	if w.warning(id).EndsAt == nil {
		t.Fatal("no end was set")
	}
	w.follow(warningPath(id)+"/revise", url.Values{"no_end": {"true"}})
	if got := w.warning(id); got.EndsAt != nil {
		t.Errorf("it ends at %s", got.EndsAt)
	}
}

// live is the id of the warning that is live.
func (w *world) live() (id string) {
	w.t.Helper()
	err := w.svc.J.View(func(tx *bbolt.Tx) error {
		got, err := alerts.LiveWarning(tx, "120111")
		if err == nil && got != nil {
			id = got.ID
		}
		return err
	})
	if err != nil || id == "" {
		w.t.Fatalf("no warning is live (%v)", err)
	}
	return id
}

// A notice says from when the air is bad, which is not when the response begins where that is on the evening before.
func TestTheNoticeTellsWhenThePollutionBegins(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02T15", s, alerts.Shanghai())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ now, starts, want string }{
		{"2016-12-16T17", "2016-12-16T20", "西青区 12月17日0时至12月19日24时将出现重污染天气过程。经研究，决定自12月16日20时起启动"},
		{"2016-12-16T21", "2016-12-16T21", "西青区 12月17日0时至12月19日24时将出现重污染天气过程。经研究，决定自12月16日21时起启动"},
		{"2016-12-16T17", "2016-12-17T00", "西青区 12月17日0时至12月19日24时将出现重污染天气过程。经研究，决定自12月17日0时起启动"},
		{"2016-12-18T09", "2016-12-18T09", "西青区 12月18日9时至12月19日24时将出现重污染天气过程。经研究，决定自12月18日9时起启动"},
	} {
		end := at("2016-12-20T00")
		p := &alerts.Proposal{Kind: alerts.KindStart, Level: alerts.Orange, StartsAt: at(c.starts), EndsAt: &end}
		p.Trace.Clauses = []alerts.ClauseTrace{{Level: alerts.Orange, Met: true, Windows: []alerts.Window{{From: at("2016-12-17T00"), To: end}}},
			{Level: alerts.Yellow, Met: true, Windows: []alerts.Window{{From: at("2016-12-14T00"), To: at("2016-12-15T00")}, {From: at("2016-12-17T00"), To: end}}}}
		q := &request{now: at(c.now), d: &desk{opt: Options{District: "西青区"}}}
		if got := fillDeclare(q, &subject{p: p}).Get("notice_text"); !strings.Contains(got, c.want) {
			t.Errorf("at %s: %s", c.now, got)
		}
	}
}

// A raise that is announced for a later day may be asked for sooner from the desk; one that is in effect is no choice.
func TestTheDeskOffersAnAnnouncedLevelSooner(t *testing.T) {
	w := newWorld(t)
	id := w.declared(alerts.Yellow, false)
	offered := func() bool {
		return find(w.get(200, "duty", warningPath(id)+"/adjust"), "input", "value", "orange") != nil
	}
	later := w.clock.Now().Add(72 * time.Hour).Format("2006-01-02T15:04")
	w.follow(warningPath(id)+"/adjust", url.Values{"level": {"orange"}, "starts_at": {later}})
	approve := func() {
		form := values(w.get(200, "approver", warningPath(id)+"/approve"))
		form.Set("step", stepConfirm)
		w.post(303, "approver", warningPath(id)+"/approve", form)
	}
	approve()
	if got := w.warning(id); got.LevelAt(w.clock.Now()) != alerts.Yellow || got.Level != alerts.Orange {
		t.Fatalf("%+v", got)
	}
	if !offered() {
		t.Fatal("orange is announced and is no choice")
	}
	w.follow(warningPath(id)+"/adjust", url.Values{"level": {"orange"}})
	approve()
	if got := w.warning(id); got.LevelAt(w.clock.Now()) != alerts.Orange {
		t.Errorf("%+v", got)
	}
	if offered() {
		t.Error("orange is in effect and is a choice")
	}
}

// The days of a warning that ask for nothing are shown beside it, whether its end is set or not; the expected lift where it is not.
func TestTheDeskTellsOfIdleDays(t *testing.T) {
	w := newWorld(t)
	id := w.declared(alerts.Yellow, false)
	w.days(90, 90, 160, 90, 90)
	w.elapse(48 * time.Hour)
	idle, lift := "预警期间有 2 天未达到任何条款", "解除：其后 36 小时 AQI 均不高于 150"
	if text := textOf(w.get(200, "duty", "/desk")); !strings.Contains(text, idle) || !strings.Contains(text, lift) {
		t.Errorf("without an end: %s", text)
	}
	w.follow(warningPath(id)+"/revise", url.Values{"ends_at": {"2030-01-01T08:00"}})
	if text := textOf(w.get(200, "duty", warningPath(id))); !strings.Contains(text, idle) || strings.Contains(text, lift) {
		t.Errorf("with an end: %s", text)
	}
}
