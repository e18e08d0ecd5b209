package warnings_test

import (
	"maps"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"

	"qingkong/alerts"
)

// From the proposal to red in force: the form is filled in, the read-out says everything, the level is typed, an
// approver agrees with one tap.
func TestDeclareFromProposal(t *testing.T) {
	w := desktest.New(t)
	p := w.Forecast(false)
	home := desktest.TextOf(w.Get(200, "duty", "/desk"))
	for _, want := range []string{"系统建议", "红色", "解除条件", "AQI>200 持续", "重度污染", "PM2.5"} {
		if !strings.Contains(home, want) {
			t.Errorf("the desk does not say %q: %s", want, home)
		}
	}
	form := desktest.Values(w.Get(200, "duty", "/desk/declare?proposal="+p))
	for name, want := range map[string]string{"level": "red", "trigger": "own_forecast", "proposal_id": p,
		"ends_at": "2016-12-22 24:00"} {
		if form.Get(name) != want {
			t.Errorf("%s is filled in with %q, want %q", name, form.Get(name), want)
		}
	}
	if !strings.Contains(form.Get("notice_text"), "红色（Ⅰ级）预警") || !strings.Contains(form.Get("notice_text"), "12月22日24时") {
		t.Errorf("notice: %s", form.Get("notice_text"))
	}
	form.Set("document_no", "津青污防〔2016〕9号")
	form.Set("step", frame.StepReview)
	review := desktest.Parsed(t, w.Post(200, "duty", "/desk/declare", form).Text)
	text := desktest.TextOf(review)
	for _, want := range []string{"即将发布正式预警", "红色（Ⅰ级）", "津青污防〔2016〕9号", "2016-12-22 24:00", "本区预报", "3 个（清单共 3 个",
		"须由一名审批人批准", "输入“红色”", "提交审批"} {
		if !strings.Contains(text, want) {
			t.Errorf("the read-out does not say %q: %s", want, text)
		}
	}
	if w.Warnings() != 0 {
		t.Fatal("the read-out declared something")
	}
	form = desktest.Values(review)
	form.Set("typed", " 红色 ")
	form.Set("step", frame.StepConfirm)
	to := w.Post(303, "duty", "/desk/declare", form).Header.Get("Location")
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/warnings/"), "?")
	if said := desktest.TextOf(w.Get(200, "duty", to)); !strings.Contains(said, "已登记") ||
		strings.Count(said, "等待审批：发布红色（Ⅰ级）预警") != 1 || !strings.Contains(said, "发起人 duty 不能自批") ||
		!strings.Contains(said, "未登记电话") {
		t.Errorf("after the act: %s", said)
	}
	_, err := w.Svc.SetPhone(t.Context(), service.By("admin"), calls.AccountPhone{ByID: calls.ByID{ID: "approver"},
		Phone: "138 1234 5678"})
	if err != nil {
		t.Fatal(err)
	}
	for who, sees := range map[string]bool{"duty2": true, "approver": true, "viewer": false, "town": false} {
		page := w.Get(200, who, desktest.WarningPath(id))
		if got := desktest.Find(page, "a", "href", "tel:13812345678") != nil; got != sees {
			t.Errorf("%s sees the approver's telephone: %v", who, got)
		}
	}
	page := w.Get(200, "approver", desktest.WarningPath(id)+"/approve")
	if text := desktest.TextOf(page); !strings.Contains(text, "发布红色（Ⅰ级）预警") || !strings.Contains(text, "批准：12月") {
		t.Errorf("the approver is not told what is decided, and from when: %s", text)
	}
	if text := desktest.TextOf(page); !strings.Contains(text, "立即生效") && !strings.Contains(text, "生效；减排令现在就发出") {
		t.Errorf("the approver is not told what follows: %s", text)
	}
	form = desktest.Values(page)
	form.Set("step", frame.StepConfirm)
	w.Post(303, "approver", desktest.WarningPath(id)+"/approve", form)
	if got := w.Warning(id); got.State != alerts.Scheduled || got.ApprovedBy != "approver" || *got.ProposalID != p {
		t.Errorf("after the approval: %+v", got)
	}
}

func TestTypedConfirmation(t *testing.T) {
	w := desktest.New(t)
	form := desktest.Values(w.Get(200, "duty", "/desk/declare"))
	form.Set("level", "red")
	form.Set("trigger", "city_order")
	form.Set("reason", "保留我")
	unread := maps.Clone(form)
	maps.Copy(unread, url.Values{"typed": {"红色"}, "step": {frame.StepConfirm}})
	if page := desktest.Parsed(t, w.Post(200, "duty", "/desk/declare", unread).Text); w.Warnings() != 0 ||
		desktest.Find(page, "input", "name", "typed") == nil {
		t.Error("what nobody read out is carried out")
	}
	form = w.Reviewed("duty", "/desk/declare", form)
	for _, typed := range []string{"", "橙色", "red!", "红"} {
		form.Set("typed", typed)
		page := w.Refused(422, "duty", "/desk/declare", form)
		if v := desktest.Values(page); v.Get("draft") != form.Get("draft") || !strings.Contains(desktest.TextOf(page), "保留我") {
			t.Errorf("typed %q: the review lost what was typed: %v", typed, v)
		}
	}
	form.Set("typed", "RED")
	w.Post(303, "duty", "/desk/declare", form)
	if w.Warnings() != 1 {
		t.Errorf("%d warnings", w.Warnings())
	}
}

func TestDoubleSubmit(t *testing.T) {
	w := desktest.New(t)
	form := desktest.Values(w.Get(200, "duty", "/desk/declare"))
	form.Set("level", "yellow")
	form.Set("trigger", "city_order")
	form.Set("typed", "黄色")
	form = w.Reviewed("duty", "/desk/declare", form)
	first := w.Post(303, "duty", "/desk/declare", form).Header.Get("Location")
	again := w.Post(303, "duty", "/desk/declare", form).Header.Get("Location")
	if first != again || w.Warnings() != 1 {
		t.Errorf("sent twice: %s and %s, %d warnings", first, again, w.Warnings())
	}
	id := strings.TrimSuffix(strings.TrimPrefix(first, "/desk/warnings/"), "?done=declare")
	lift := desktest.Values(w.Get(200, "duty", desktest.WarningPath(id)+"/lift"))
	lift.Set("typed", "解除")
	lift = w.Reviewed("duty", desktest.WarningPath(id)+"/lift", lift)
	w.Post(303, "duty", desktest.WarningPath(id)+"/lift", lift)
	w.Post(303, "duty", desktest.WarningPath(id)+"/lift", lift)
	if got := w.Warning(id); got.State != alerts.Lifted || len(got.History) != 3 {
		t.Errorf("lifted twice: %+v", got.History)
	}
}

// Two officers act on what one of them saw earlier: the later is shown what changed and keeps what was typed.
func TestStaleRevision(t *testing.T) {
	w := desktest.New(t)
	id := w.Declared(alerts.Yellow, false)
	stale := desktest.Values(w.Get(200, "duty2", desktest.WarningPath(id)+"/adjust"))
	other := desktest.Values(w.Get(200, "duty", desktest.WarningPath(id)+"/revise"))
	other.Set("document_no", "新文号")
	other.Set("reason", "改文号"+desktest.Hostile)
	revise := desktest.WarningPath(id) + "/revise"
	w.Post(303, "duty", revise, w.Reviewed("duty", revise, other))

	stale.Set("level", "advisory")
	stale.Set("reason", "我写的理由")
	stale.Set("step", frame.StepReview)
	page := w.Refused(409, "duty2", desktest.WarningPath(id)+"/adjust", stale)
	text, form := desktest.TextOf(page), desktest.Values(page)
	if !strings.Contains(text, "情况有了变化") || !strings.Contains(text, "改文号") || !strings.Contains(text, "duty") {
		t.Errorf("what changed is not shown: %s", text)
	}
	if form.Get("reason") != "我写的理由" || form.Get("level") != "advisory" ||
		form.Get("revision") != strconv.Itoa(w.Warning(id).Revision) {
		t.Errorf("the form lost what was typed: %v", form)
	}
	form.Set("typed", "管控要求")
	adjust := desktest.WarningPath(id) + "/adjust"
	w.Post(303, "duty2", adjust, w.Reviewed("duty2", adjust, form))
	if got := w.Warning(id); got.Level != alerts.Advisory {
		t.Errorf("level %s", got.Level)
	}
}

// A session that ends while somebody types loses nothing, and nothing is sent by itself.
func TestExpiredSession(t *testing.T) {
	w := desktest.New(t)
	form := desktest.Values(w.Get(200, "duty", "/desk/declare"))
	form.Set("level", "red")
	form.Set("trigger", "city_order")
	form.Set("reason", "两点钟写的理由"+desktest.Hostile)
	form.Set("step", frame.StepReview)
	w.Expire("duty")
	page := w.Refused(401, "duty", "/desk/declare", form)
	login := desktest.ValuesOf(page, url.Values{})
	if !strings.Contains(desktest.TextOf(page), "已保留") || login.Get("typed.reason") != form.Get("reason") {
		t.Fatalf("the login form does not carry what was typed: %v", login)
	}
	login.Set("user", "duty")
	login.Set("password", "wrong")
	login = desktest.ValuesOf(w.Refused(401, "", "/login", login), url.Values{})
	login.Set("password", w.Passwords["duty"])
	again := w.Refused(200, "", "/login", login)
	delete(w.Cookies, "duty") // the browser has the new one
	back := desktest.Values(again)
	for _, name := range []string{"level", "trigger", "reason", "key"} {
		if back.Get(name) != form.Get(name) {
			t.Errorf("%s is %q after the login, was %q", name, back.Get(name), form.Get(name))
		}
	}
	if w.Warnings() != 0 {
		t.Fatal("the form was sent by itself")
	}
	back.Set("typed", "红色")
	w.Post(303, "duty", "/desk/declare", w.Reviewed("duty", "/desk/declare", back))
	if w.Warnings() != 1 {
		t.Error("the form could not be sent after all")
	}
}

// Whoever logs in with another form in hand than its role may send is refused it; a place of another host is no place.
func TestResumeIsChecked(t *testing.T) {
	w := desktest.New(t)
	in := url.Values{"user": {"viewer"}, "password": {w.Passwords["viewer"]}, "next": {"/desk/declare"},
		"typed.level": {"red"}}
	w.Refused(403, "", "/login", in)
	for _, next := range []string{"//evil.example/", "https://evil.example/", `/\evil.example`, "/logout", "/desk/look",
		"/login", "javascript:alert(1)"} {
		in.Set("next", next)
		if to := w.Post(303, "", "/login", in).Header.Get("Location"); to != "/desk" {
			t.Errorf("next %q leads to %s", next, to)
		}
	}
}

// A drill looks and reads differently on every page, needs no typed word, and a live declaration says that it ends it.
func TestDrill(t *testing.T) {
	w := desktest.New(t)
	form := desktest.Values(w.Get(200, "duty", "/desk/declare?drill=true"))
	form.Set("level", "orange")
	form.Set("trigger", "own_forecast")
	form.Set("step", frame.StepReview)
	page := w.Post(200, "duty", "/desk/declare", form)
	if text := desktest.TextOf(desktest.Parsed(t, page.Text)); !strings.Contains(text, "即将发起演练") ||
		!strings.Contains(page.Text, "band-drill") || strings.Contains(text, "输入级别名称") {
		t.Errorf("the read-out of a drill: %s", text)
	}
	form = desktest.Values(desktest.Parsed(t, page.Text))
	form.Set("step", frame.StepConfirm)
	to := w.Post(303, "duty", "/desk/declare", form).Header.Get("Location")
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/warnings/"), "?")
	if !w.Warning(id).Drill {
		t.Fatalf("%s is no drill", id)
	}
	for _, path := range []string{desktest.WarningPath(id), desktest.WarningPath(id) + "/board",
		desktest.WarningPath(id) + "/cancel"} {
		if r := w.As("duty", path, nil); !strings.Contains(r.Text, "band-drill") || !strings.Contains(r.Text, "is-drill") {
			t.Errorf("%s does not look like a drill", path)
		}
	}
	live := desktest.Values(w.Get(200, "duty", "/desk/declare"))
	live.Set("level", "yellow")
	live.Set("trigger", "city_order")
	live.Set("step", frame.StepReview)
	if text := desktest.TextOf(desktest.Parsed(t,
		w.Post(200, "duty", "/desk/declare", live).Text)); !strings.Contains(text, id+" 将随之终止") {
		t.Errorf("that the drill ends is not said: %s", text)
	}
}

// What the record refuses stands beside its field; a warning that is in the way is named and linked.
func TestRefusalsStandBesideTheirFields(t *testing.T) {
	w := desktest.New(t)
	form := desktest.Values(w.Get(200, "duty", "/desk/declare"))
	form.Set("level", "yellow")
	form.Set("trigger", "city_order")
	form.Set("ends_at", "2016-12-01T00:00")
	form.Set("step", frame.StepReview)
	page := w.Refused(422, "duty", "/desk/declare", form)
	if e := desktest.Find(page, "p", "id", "f-ends_at-error"); e == nil || !strings.Contains(desktest.TextOf(e), "结束时间") {
		t.Errorf("no error beside ends_at: %s", desktest.TextOf(page))
	}
	form.Set("ends_at", "morgen")
	if e := desktest.Find(w.Refused(422, "duty", "/desk/declare", form), "p", "id", "f-ends_at-error"); e == nil {
		t.Error("no error beside a time that is none")
	}
	form.Del("level")
	form.Del("ends_at")
	if e := desktest.Find(w.Refused(422, "duty", "/desk/declare", form), "p", "id", "f-level-error"); e == nil {
		t.Error("no error beside a level that was not chosen")
	}
	id := w.Declared(alerts.Yellow, false)
	form.Set("level", "red")
	page = w.Refused(409, "duty", "/desk/declare", form)
	if desktest.Find(page, "a", "href", desktest.WarningPath(id)) == nil {
		t.Errorf("the warning in the way is not linked: %s", desktest.TextOf(page))
	}
}

// A start in a wrong month is refused; the form then asks for its date once more, and carries it to the act.
func TestAStartFarFromNowIsTypedTwice(t *testing.T) {
	w := desktest.New(t)
	form := desktest.Values(w.Get(200, "duty", "/desk/declare"))
	if form.Has("confirm") {
		t.Fatal("the date is asked for before anything was typed")
	}
	for name, v := range map[string]string{"level": "yellow", "trigger": "city_order", "starts_at": "2017-01-17T00:00",
		"step": frame.StepReview} {
		form.Set(name, v)
	}
	page := w.Refused(422, "duty", "/desk/declare", form)
	if e := desktest.Find(page, "p", "id", "f-confirm-error"); e == nil || !strings.Contains(desktest.TextOf(e), "15 天") ||
		desktest.Find(page, "input", "id", "f-confirm") == nil {
		t.Fatalf("the date is not asked for: %s", desktest.TextOf(page))
	}
	form = desktest.Values(page)
	form.Set("confirm", "2016-01-17")
	form.Set("step", frame.StepReview)
	page = w.Refused(422, "duty", "/desk/declare", form)
	if e := desktest.Find(page, "p", "id", "f-confirm-error"); e == nil ||
		desktest.Values(page).Get("confirm") != "2016-01-17" {
		t.Errorf("another date: %s", desktest.TextOf(page))
	}
	form.Set("starts_at", "2016-12-17T00:00") // which it was to be; what is left in the other field does no harm
	if text := desktest.TextOf(desktest.Parsed(t,
		w.Post(200, "duty", "/desk/declare", form).Text)); !strings.Contains(text, "2016-12-17") {
		t.Errorf("a start within the limits: %s", text)
	}
	form.Set("starts_at", "2017-01-17T00:00")
	form.Set("confirm", "2017-01-17")
	form = desktest.Values(desktest.Parsed(t, w.Post(200, "duty", "/desk/declare", form).Text))
	form.Set("typed", "黄色")
	form.Set("step", frame.StepConfirm)
	w.Post(303, "duty", "/desk/declare", form)
	if w.Warnings() != 1 {
		t.Errorf("%d warnings", w.Warnings())
	}
}

// The other acts, each once from its form.
func TestActs(t *testing.T) {
	w := desktest.New(t)
	id := w.Declared(alerts.Red, false)
	send := func(user, act string, set url.Values) {
		t.Helper()
		form := desktest.Values(w.Get(200, user, desktest.WarningPath(id)+"/"+act))
		for name, v := range set {
			form[name] = v
		}
		form.Set("step", frame.StepReview)
		if act != "reject" && act != "approve" { // the others are read out first
			form = desktest.Values(desktest.Parsed(t, w.Post(200, user, desktest.WarningPath(id)+"/"+act, form).Text))
			form.Set("typed", set.Get("typed"))
		}
		form.Set("step", frame.StepConfirm)
		w.Post(303, user, desktest.WarningPath(id)+"/"+act, form)
	}
	state := func(want alerts.State) {
		t.Helper()
		if got := w.Warning(id).State; got != want {
			t.Fatalf("state %s, want %s", got, want)
		}
	}
	w.Refused(422, "approver", desktest.WarningPath(id)+"/reject", func() url.Values {
		v := desktest.Values(w.Get(200, "approver", desktest.WarningPath(id)+"/reject"))
		v.Set("step", frame.StepConfirm)
		return v
	}())
	send("approver", "reject", url.Values{"reason": {"再核实"}})
	state(alerts.Rejected)
	send("duty", "revise", url.Values{"level": {"red"}, "document_no": {"2号"}, "typed": {"红色"}})
	state(alerts.PendingApproval)
	send("duty", "emergency-approve",
		url.Values{"authority": {"区领导"}, "called_at": {"2016-12-16T16:50"}, "reason": {"联系不上"}, "typed": {"红色"}})
	state(alerts.Active)
	send("approver", "approve", nil)
	if em := w.Warning(id).Emergency; em.ConfirmedBy != "approver" {
		t.Errorf("not confirmed: %+v", em)
	}
	send("duty", "adjust", url.Values{"level": {"orange"}, "starts_at": {"2016-12-18T00:00"}, "typed": {"橙色"}})
	if got := w.Warning(id); got.Level != alerts.Orange || len(got.Stages) != 2 {
		t.Errorf("adjusted: %+v", got.Stages)
	}
	if lead := desktest.TextOf(w.Get(200, "duty", "/desk")); !strings.Contains(lead, "2016-12-18 00:00 起为橙色") {
		t.Errorf("the stages are not told: %s", lead)
	}
	send("duty", "lift", url.Values{"ends_at": {"2016-12-20T12:00"}, "reason": {"好转"}, "typed": {"解除"}})
	state(alerts.Active)
	send("duty", "cancel", url.Values{"reason": {"误发"}, "typed": {"撤销"}})
	state(alerts.Cancelled)
}

func TestDismiss(t *testing.T) {
	w := desktest.New(t)
	p := w.Forecast(false)
	path := "/desk/proposals/" + p + "/dismiss"
	form := desktest.Values(w.Get(200, "duty", path))
	form.Set("step", frame.StepConfirm)
	w.Refused(422, "duty", path, form)
	form.Set("reason", "以市级研判为准")
	if to := w.Post(303, "duty", path, form).Header.Get("Location"); to != "/desk?done=dismiss" {
		t.Errorf("leads to %s", to)
	}
}
