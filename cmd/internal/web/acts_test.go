package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// From a forecast to the report of an enterprise, each by whom it takes.
func TestOneWayThroughTheHouse(t *testing.T) {
	w := newWorld(t)
	var forecast struct {
		ID       string
		Proposal *alerts.Proposal
	}
	body := `{"source":"tianjin-emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","days":[` +
		`{"date":"2016-12-17","aqi_low":210,"aqi_high":230,"primary":["pm25"]},{"date":"2016-12-18","aqi_low":220,"aqi_high":240,"primary":["pm25"]},` +
		`{"date":"2016-12-19","aqi_low":220,"aqi_high":250,"primary":["pm25"]},{"date":"2016-12-20","aqi_low":80,"aqi_high":90}]}`
	r := w.must(http.StatusCreated, call{who: "feeder", path: "/api/v1/forecasts", body: body}, &forecast)
	if got := r.Header.Get("Location"); forecast.Proposal == nil || got != "/api/v1/forecasts/"+forecast.ID {
		t.Fatalf("Location %q, proposal %v", got, forecast.Proposal)
	}
	open := list[alerts.Proposal](w, "duty", "/api/v1/proposals?state=open")
	if open.Total != 1 || len(open.Items) != 1 || open.Items[0].ID != forecast.Proposal.ID {
		t.Fatalf("open proposals: %+v", open)
	}
	level := open.Items[0].Level
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/proposals/" + forecast.Proposal.ID}, nil)

	declare := fmt.Sprintf(`{"level":%q,"trigger":"own_forecast","proposal_id":%q,"reason":"示例"}`, level,
		forecast.Proposal.ID)
	var warning alerts.Warning
	r = w.must(http.StatusCreated, call{who: "duty", path: "/api/v1/warnings", body: declare}, &warning)
	if got := r.Header.Get("Location"); got != "/api/v1/warnings/"+warning.ID || warning.State != alerts.PendingApproval ||
		warning.ListVersion == "" {
		t.Fatalf("Location %q, warning %+v", got, warning)
	}
	act := "/api/v1/warnings/" + warning.ID
	w.must(http.StatusOK, call{who: "approver", path: act + "/approve",
		body: fmt.Sprintf(`{"revision":%d}`, warning.Revision)}, &warning)
	if warning.State != alerts.Active || warning.ApprovedBy != "approver" {
		t.Fatalf("approved: %+v", warning)
	}
	w.elapse(0)
	order := "/api/v1/orders/" + warning.ID + "-E0001-1"
	for _, step := range []struct{ act, body, field, want string }{
		{"receive", "", "delivery", "delivered"},
		{"read", "", "delivery", "read"},
		{"acknowledge", `{"note":"收到"}`, "answer", "acknowledged"},
		{"start", `{}`, "execution", "started"},
		{"report", `{"note":"已停产","measures":[{"id":"M1","value":0,"unit":"t/d","note":"炉温下降"}]}`, "execution", "reported"},
		{"complete", `{}`, "execution", "completed"},
	} {
		var got map[string]any
		w.must(http.StatusOK, call{who: "E0001", method: "POST", path: order + "/" + step.act, body: step.body}, &got)
		if got[step.field] != step.want {
			t.Errorf("after %s: %s is %v, want %s", step.act, step.field, got[step.field], step.want)
		}
	}
	var board notify.Board
	w.must(http.StatusOK, call{who: "viewer", path: act + "/board"}, &board)
	if board.Total != 3 || board.Execution["completed"] != 1 || len(board.ByTown) != 2 {
		t.Errorf("board: %+v", board)
	}
	w.must(http.StatusOK, call{who: "duty", path: act + "/lift",
		body: fmt.Sprintf(`{"revision":%d,"reason":"示例"}`, warning.Revision)}, &warning)
	w.elapse(0)
	released := list[map[string]any](w, "E0002", "/api/v1/orders?state=released")
	if warning.State != alerts.Lifted || released.Total != 1 || released.Items[0]["recipient_id"] != "E0002" {
		t.Errorf("%s; released %+v", warning.State, released)
	}
	report, err := w.svc.J.Check(t.Context())
	if err != nil || !report.OK {
		t.Errorf("check of the record: %v, %v", report.Problems, err)
	}
}

type pageOf[T any] struct {
	Items []T
	Next  string
	Total int
}

// list reads one page.
func list[T any](w *world, who, path string) pageOf[T] {
	w.t.Helper()
	var p pageOf[T]
	w.must(http.StatusOK, call{who: who, path: path}, &p)
	return p
}

func TestObservation(t *testing.T) {
	w := newWorld(t)
	body := `{"station":"xq-1","region":"120111","days":[{"date":"2016-12-15","aqi":120,"primary":["pm25"],"cause":""}]}`
	w.must(http.StatusCreated, call{who: "feeder", path: "/api/v1/observations", body: body}, nil)
	before := w.svc.J.Height()
	w.must(http.StatusCreated, call{who: "feeder", path: "/api/v1/observations", body: body}, nil)
	if after := w.svc.J.Height(); after != before {
		t.Errorf("the same observation wrote block %d", after)
	}
}

// One bad hour never loses a batch: what is set aside is named, in the language asked for, and the rest is kept. Where
// nothing is left the whole is refused.
func TestAnObservationIsAnsweredWithWhatIsSetAside(t *testing.T) {
	w := newWorld(t)
	type answer struct {
		New      int
		SetAside []struct{ Path, Rule, Message string } `json:"set_aside"`
		Errors   []struct{ Path, Rule, Message string }
	}
	send := func(status int, lang, hours string) (got answer) {
		t.Helper()
		body := `{"station":"xq-1","region":"120111","hours":[` + hours + `]}`
		w.must(status, call{who: "feeder", path: "/api/v1/observations", body: body,
			header: map[string]string{"Accept-Language": lang}}, &got)
		return got
	}
	got := send(http.StatusCreated, "zh-CN",
		`{"at":"2016-12-16T08:00:00+08:00","pm25":120,"co":1500},{"at":"2016-12-16T09:00:00+08:00","pm25":-999,"so2":8}`)
	if len(got.SetAside) != 2 || got.New != 2 || got.SetAside[0].Path != "hours[0].co" ||
		got.SetAside[1].Path != "hours[1].pm25" || got.SetAside[0].Rule != "impossible" ||
		!strings.Contains(got.SetAside[0].Message, "单位是 mg/m³") {
		t.Errorf("%+v", got)
	}
	if got := send(http.StatusCreated, "en",
		`{"at":"2016-12-16T08:00:00+08:00","pm25":120,"co":1500}`); len(got.SetAside) != 1 ||
		!strings.Contains(got.SetAside[0].Message, "the unit wanted is mg/m³") {
		t.Errorf("%+v", got)
	}
	before := w.svc.J.Height()
	if got := send(http.StatusUnprocessableEntity, "zh-CN",
		`{"at":"2016-12-16T10:00:00+08:00","pm25":9999,"pm10":-99}`); len(got.Errors) != 2 ||
		got.Errors[1].Rule != "impossible" ||
		!strings.Contains(got.Errors[1].Message, "9999 是缺测标记") || w.svc.J.Height() != before {
		t.Errorf("%+v", got)
	}
}

// Who entered a declaration does not approve it, whatever roles that person had; the role is asked first.
func TestTwoPersons(t *testing.T) {
	w := newWorld(t)
	entered := w.declared(alerts.Orange)
	approve := func(who string) call {
		return call{who: who, path: "/api/v1/warnings/" + entered.ID + "/approve",
			body: fmt.Sprintf(`{"revision":%d}`, entered.Revision)}
	}
	w.refused(http.StatusForbidden, "forbidden", approve("duty"))
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings/" + entered.ID + "/cancel",
		body: fmt.Sprintf(`{"revision":%d}`, entered.Revision)}, nil)

	entered, err := servicetest.Say(t.Context(), w.svc, "approver", "", calls.Declare, "", []byte(declaration(alerts.Red)))
	if err != nil {
		t.Fatal(err)
	}
	w.refused(http.StatusConflict, "same_person", approve("approver"))
	w.account("second", calls.Approver)
	var active alerts.Warning
	if w.must(http.StatusOK, approve("second"), &active); active.State != alerts.Active {
		t.Errorf("approved by a second person: %s", active.State)
	}
	w.refused(http.StatusConflict, "stale_revision", approve("second"))
}

// A raise to a level that takes two persons leaves the old one in force until it is approved.
func TestRaise(t *testing.T) {
	w := newWorld(t)
	yellow := w.declared(alerts.Yellow)
	act := "/api/v1/warnings/" + yellow.ID
	raise := fmt.Sprintf(`{"revision":%d,"level":"red","reason":"示例"}`, yellow.Revision)
	var raised alerts.Warning
	w.must(http.StatusOK, call{who: "duty", path: act + "/adjust", body: raise}, &raised)
	if raised.Level != alerts.Yellow || raised.Pending == nil || raised.Pending.Level != alerts.Red {
		t.Fatalf("raised: %+v", raised)
	}
	w.must(http.StatusOK, call{who: "approver", path: act + "/reject",
		body: fmt.Sprintf(`{"revision":%d,"reason":"示例"}`, raised.Revision)}, &raised)
	if raised.Level != alerts.Yellow || raised.Pending != nil || raised.State != alerts.Active {
		t.Errorf("rejected: %+v", raised)
	}
}

// What the approver rejected is entered again in other terms under the same id; an active warning's end is moved.
func TestRevise(t *testing.T) {
	w := newWorld(t)
	entered := w.declared(alerts.Red)
	act := "/api/v1/warnings/" + entered.ID
	var got alerts.Warning
	w.must(http.StatusOK, call{who: "approver", path: act + "/reject",
		body: fmt.Sprintf(`{"revision":%d,"reason":"依据不足"}`, entered.Revision)}, &got)
	if got.State != alerts.Rejected {
		t.Fatalf("rejected to %s", got.State)
	}
	w.refused(http.StatusForbidden, "forbidden",
		call{who: "approver", path: act + "/revise", body: fmt.Sprintf(`{"revision":%d}`, got.Revision)})
	w.refused(http.StatusUnprocessableEntity, "unknown_field",
		call{who: "duty", path: act + "/revise", body: fmt.Sprintf(`{"revision":%d,"list_hash":"x"}`, got.Revision)})
	w.must(http.StatusOK, call{who: "duty", path: act + "/revise",
		body: fmt.Sprintf(`{"revision":%d,"level":"orange","reason":"补充依据"}`, got.Revision)}, &got)
	if got.ID != entered.ID || got.State != alerts.PendingApproval || got.Level != alerts.Orange || got.ListHash == "" {
		t.Errorf("revised: %+v", got)
	}
	w.must(http.StatusOK, call{who: "approver", path: act + "/approve",
		body: fmt.Sprintf(`{"revision":%d}`, got.Revision)}, &got)
	end := w.clock.Load().Add(48 * time.Hour)
	w.must(http.StatusOK, call{who: "duty", path: act + "/revise",
		body: fmt.Sprintf(`{"revision":%d,"ends_at":%q,"reason":"延长"}`, got.Revision, end.Format(time.RFC3339))}, &got)
	if got.State != alerts.Active || got.EndsAt == nil || !got.EndsAt.Equal(end) {
		t.Errorf("its end was moved to %v, %s", got.EndsAt, got.State)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "duty", path: act + "/revise", body: fmt.Sprintf(`{"revision":%d,"level":"red"}`, got.Revision)})
}

// One recipient's objection is accepted and its order ends as exempted; another's is rejected and it has to answer
// anew.
func TestObjections(t *testing.T) {
	w := newWorld(t)
	warning := w.declared(alerts.Yellow)
	w.elapse(0)
	order := func(recipient string) string { return "/api/v1/orders/" + warning.ID + "-" + recipient + "-1" }
	decide := func(who, recipient, body string) call {
		return call{who: who, path: order(recipient) + "/objection", body: body}
	}
	w.refused(http.StatusConflict, "transition_refused", decide("duty", "E0001", `{"decision":"accept","reason":"没有异议"}`))
	for _, r := range []string{"E0001", "E0002", "E0003"} {
		w.must(http.StatusOK, call{who: r, method: "POST", path: order(r) + "/object", body: `{"note":"供热不能停"}`}, nil)
	}
	w.refused(http.StatusForbidden, "forbidden", decide("E0001", "E0001", `{"decision":"accept","reason":"自己同意"}`))
	w.refused(http.StatusUnprocessableEntity, "invalid", decide("duty", "E0001", `{"decision":"perhaps","reason":"再议"}`))
	w.refused(http.StatusUnprocessableEntity, "invalid", decide("duty", "E0001", `{"decision":"accept"}`))
	var got map[string]any
	if w.must(http.StatusOK, decide("duty", "E0001", `{"decision":"accept","reason":"保障供热"}`),
		&got); got["state"] != "exempted" {
		t.Errorf("accepted: %v", got["state"])
	}
	if w.must(http.StatusOK, decide("duty", "E0002", `{"decision":"reject","reason":"不属保障类"}`),
		&got); got["state"] != "open" || got["answer"] != "awaiting" {
		t.Errorf("rejected: %v, %v", got["state"], got["answer"])
	}
	w.must(http.StatusOK, call{who: "E0002", method: "POST", path: order("E0002") + "/acknowledge", body: `{}`}, &got)
	if got["answer"] != "acknowledged" {
		t.Errorf("after a rejected objection: %v", got["answer"])
	}
	w.must(http.StatusOK, call{who: "duty", path: order("E0003"), method: "GET"}, &got)
	measure := got["measures"].([]any)[0].(map[string]any)["id"].(string)
	w.refused(http.StatusUnprocessableEntity, "invalid", decide("duty", "E0003", `{"decision":"amend","reason":"改为四小时内"}`))
	expires := w.clock.Load().Add(5 * time.Hour).Format(time.RFC3339)
	amend := call{who: "duty", path: order("E0003") + "/objection", header: map[string]string{"Idempotency-Key": "a1"},
		body: fmt.Sprintf(
			`{"decision":"amend","reason":"安全停炉需要时间","expires_at":%q,"measures":[{"id":%q,"change":{"complete_within_h":12,"monitor":[{"source":"video"}],"evidence":["停炉记录"]}}]}`, expires, measure)}
	for range 2 { // repeated under its key it takes effect once
		w.must(http.StatusOK, amend, &got)
		if got["id"] != warning.ID+"-E0003-2" || got["cause"] != "amended" || got["answer"] != "awaiting" ||
			got["measures"].([]any)[0].(map[string]any)["complete_within_h"] != 12.0 {
			t.Errorf("amended: %v", got)
		}
	}
	w.elapse(5 * time.Hour)
	w.must(http.StatusOK, call{who: "E0003", path: strings.TrimSuffix(order("E0003"), "1") + "3", method: "GET"}, &got)
	if got["cause"] != "decision_ended" || got["measures"].([]any)[0].(map[string]any)["complete_within_h"] == 12.0 {
		t.Errorf("after its end: %v", got)
	}
}

// When no approver can be reached the duty officer goes on on somebody's word, which is recorded; an approver confirms
// it, late too, and that it was late stays.
func TestEmergencyApproval(t *testing.T) {
	w := newWorld(t)
	entered := w.declared(alerts.Red)
	act := "/api/v1/warnings/" + entered.ID
	say := func(authority string, called time.Time) string {
		return fmt.Sprintf(`{"revision":%d,"authority":%q,"called_at":%q,"reason":"审批人电话无人接听"}`, entered.Revision, authority,
			called.Format(time.RFC3339))
	}
	now := *w.clock.Load()
	w.refused(http.StatusForbidden, "forbidden",
		call{who: "approver", path: act + "/emergency-approve", body: say("区政府总值班室", now)})
	w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "duty", path: act + "/emergency-approve", body: say("", now)})
	w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "duty", path: act + "/emergency-approve", body: say("区政府总值班室", now.Add(3*time.Hour))})
	var got alerts.Warning
	w.must(http.StatusOK, call{who: "duty", path: act + "/emergency-approve", body: say("区政府总值班室", now)}, &got)
	if got.State != alerts.Active || got.Emergency == nil || got.Emergency.By != "duty" ||
		!got.Emergency.ConfirmBy.Equal(now.Add(12*time.Hour)) {
		t.Fatalf("approved in an emergency: %+v, %+v", got, got.Emergency)
	}
	w.elapse(13 * time.Hour)
	w.must(http.StatusOK, call{who: "viewer", path: act}, &got)
	if !got.Emergency.Overdue || got.Emergency.ConfirmedAt != nil {
		t.Errorf("13 h later: %+v", got.Emergency)
	}
	w.must(http.StatusOK, call{who: "approver", path: act + "/approve",
		body: fmt.Sprintf(`{"revision":%d}`, got.Revision)}, &got)
	if got.Emergency.ConfirmedBy != "approver" || !got.Emergency.Overdue || got.State != alerts.Active {
		t.Errorf("confirmed: %+v", got.Emergency)
	}
	w.refused(http.StatusConflict, "transition_refused",
		call{who: "approver", path: act + "/approve", body: fmt.Sprintf(`{"revision":%d}`, got.Revision)})
}

// A start beyond the limits is taken with its date alone, whatever the act that names it.
func TestAStartFarFromNowIsConfirmedByItsDate(t *testing.T) {
	w := newWorld(t)
	far, date := w.svc.J.Wall().Add(16*24*time.Hour).In(alerts.Shanghai()),
		func(at time.Time) string { return at.Format(time.DateOnly) }
	confirmed := func(path, body string, want int, into *alerts.Warning) {
		t.Helper()
		for _, wrong := range []string{"", date(far.AddDate(0, 0, -1))} {
			w.refused(http.StatusUnprocessableEntity, "invalid",
				call{who: "duty", path: path, body: fmt.Sprintf(body, far.Format(time.RFC3339), wrong)})
		}
		w.must(want, call{who: "duty", path: path, body: fmt.Sprintf(body, far.Format(time.RFC3339), date(far))}, into)
	}
	var got alerts.Warning
	confirmed("/api/v1/warnings", `{"level":"red","trigger":"city_order","starts_at":%q,"confirm":%q}`,
		http.StatusCreated, &got)
	act := "/api/v1/warnings/" + got.ID
	w.must(http.StatusOK, call{who: "approver", path: act + "/reject",
		body: fmt.Sprintf(`{"revision":%d,"reason":"依据不足"}`, got.Revision)}, &got)
	confirmed(act+"/revise", `{"revision":`+fmt.Sprint(got.Revision)+`,"level":"yellow","starts_at":%q,"confirm":%q}`,
		http.StatusOK, &got)
	if got.State != alerts.Scheduled {
		t.Fatalf("it is %s", got.State)
	}
	confirmed(act+"/adjust", `{"revision":`+fmt.Sprint(got.Revision)+`,"level":"advisory","starts_at":%q,"confirm":%q}`,
		http.StatusOK, &got)
}

// A request that comes again under its key gets the first answer and does nothing more; with other content, or for
// another act, it is refused. Keys are the caller's own.
func TestIdempotencyKey(t *testing.T) {
	w := newWorld(t)
	id := w.ordered()
	key := map[string]string{keyHeader: "k-1"}
	order := "/api/v1/orders/" + id + "-E0001-1"
	day := func(high int) string {
		return fmt.Sprintf(`{"source":"emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","days":[{"date":"2016-12-18","aqi_low":1,"aqi_high":%d}]}`, high)
	}
	for _, c := range []struct {
		name        string
		first       call
		status      int
		otherBody   string
		otherPath   string
		otherStatus int
	}{
		{"forecast", call{who: "feeder", path: "/api/v1/forecasts", body: day(100)}, 201, day(101), "", 409},
		{"adjust", call{who: "duty", path: "/api/v1/warnings/" + id + "/adjust",
			body: `{"revision":2,"level":"orange","reason":"一"}`}, 200,
			`{"revision":2,"level":"orange","reason":"二"}`, "", 409},
		{"answer", call{who: "E0001", path: order + "/acknowledge", body: `{}`}, 200, "", order + "/start", 409},
		{"answer with a note", call{who: "E0002", path: "/api/v1/orders/" + id + "-E0002-1/acknowledge",
			body: `{"note":"收到"}`}, 200, `{"note":"没收到"}`, "", 409},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			c.first.header = key
			first := w.must(c.status, c.first, nil)
			height := w.svc.J.Height()
			again := w.must(c.status, c.first, nil)
			if again.body != first.body || again.Header.Get("Location") != first.Header.Get("Location") {
				t.Errorf("again:\n%s\nfirst:\n%s", again.body, first.body)
			}
			if now := w.svc.J.Height(); now != height {
				t.Errorf("the repeat wrote blocks %d to %d", height+1, now)
			}
			other := c.first
			if c.otherBody != "" {
				other.body = c.otherBody
			}
			if c.otherPath != "" {
				other.path = c.otherPath
			}
			w.refused(c.otherStatus, "conflict", other)
		})
	}
	w.t = t
	// The admin's k-1 is not the feeder's. A secret is shown once, so the repeat of its request is refused.
	add := call{who: "admin", path: "/api/v1/accounts", body: `{"user":"eva","role":"viewer","name":"示例"}`, header: key}
	var issued calls.Issued
	r := w.must(http.StatusCreated, add, &issued)
	w.keep("eva", issued)
	if got := r.Header.Get("Location"); got != "/api/v1/accounts/eva" {
		t.Errorf("Location %q", got)
	}
	w.refused(http.StatusConflict, "conflict", add)
}

// Accounts and credentials work from the moment they are shown, and the recipient's old ones end.
func TestCredentials(t *testing.T) {
	w := newWorld(t)
	issue := call{who: "admin", method: "POST", path: "/api/v1/recipients/E0003/credentials"}
	var first, second calls.Issued
	w.must(http.StatusOK, issue, &first)
	w.keep("E0003", first)
	w.must(http.StatusOK, call{who: "E0003", path: "/api/v1/me"}, nil)
	if p, _, err := w.svc.Login("E0003", first.Password); err != nil || p == nil ||
		!slices.Equal(p.MNs, []string{"MNE0003"}) {
		t.Errorf("login with the password: %+v, %v", p, err)
	}
	var kicked []string
	w.svc.Kick = func(user string) { kicked = append(kicked, user) }
	w.must(http.StatusOK, issue, &second)
	w.refused(http.StatusUnauthorized, "unauthenticated", call{who: "E0003", method: "GET", path: "/api/v1/me"})
	w.keep("E0003", second)
	w.must(http.StatusOK, call{who: "E0003", path: "/api/v1/me"}, nil)
	if !slices.Equal(kicked, []string{"E0003"}) {
		t.Errorf("closed connections of %v", kicked)
	}

	var token calls.Issued
	w.must(http.StatusCreated, call{who: "admin", path: "/api/v1/accounts/viewer/tokens", body: `{"name":"dcs"}`}, &token)
	old := w.tokens["viewer"]
	w.keep("viewer", token)
	w.must(http.StatusOK, call{who: "viewer", path: "/api/v1/me"}, nil)
	w.must(http.StatusOK, call{path: "/api/v1/me", header: map[string]string{"Authorization": "Bearer " + old}}, nil)
}

// An enterprise sees and answers its own orders, a town sees its own; another's is as if it were not there.
func TestScope(t *testing.T) {
	w := newWorld(t)
	id := w.ordered()
	for _, c := range []struct {
		who, query string
		want       []string
		total      int
	}{
		{"duty", "", []string{"E0001", "E0002", "E0003"}, 3},
		{"viewer", "?town=杨柳青镇", []string{"E0002"}, 1},
		{"inspector", "?recipient=E0003", []string{"E0003"}, 1},
		{"duty", "?q=E0002&warning=" + id, []string{"E0002"}, 1},
		{"E0001", "", []string{"E0001"}, 1},
		{"E0001", "?recipient=E0001&state=open", []string{"E0001"}, 1},
		{"E0001", "?recipient=E0002", nil, 0},
		{"E0001", "?warning=" + id, []string{"E0001"}, 1},
		{"E0001", "?q=E0002", nil, 0},
		{"E0001", "?town=杨柳青镇", nil, 0},
		{"E0001", "?cursor=" + id + "-E0002-1", []string{"E0001"}, 1}, // another's order is no place in its list
		{"town", "", []string{"E0001", "E0003"}, 2},
		{"town", "?town=大寺镇", []string{"E0001", "E0003"}, 2},
		{"town", "?town=杨柳青镇", nil, 0},
		{"town", "?recipient=E0002", nil, 0},
	} {
		got := list[struct {
			RecipientID string `json:"recipient_id"`
		}](w, c.who, "/api/v1/orders"+c.query)
		var ids []string
		for _, o := range got.Items {
			ids = append(ids, o.RecipientID)
		}
		if !slices.Equal(ids, c.want) || got.Total != c.total || got.Next != "" {
			t.Errorf("%s%s sees %v of %d, want %v of %d", c.who, c.query, ids, got.Total, c.want, c.total)
		}
	}
	for who, sees := range map[string][]bool{"E0001": {true, false, false}, "E0002": {false, true, false},
		"town": {true, false, true}, "duty": {true, true, true}} {
		for i, see := range sees {
			c := call{who: who, method: "GET", path: fmt.Sprintf("/api/v1/orders/%s-E%04d-1", id, i+1)}
			if see {
				w.must(http.StatusOK, c, nil)
			} else {
				w.refused(http.StatusNotFound, "not_found", c)
			}
		}
	}
	for _, act := range []string{"receive", "read", "acknowledge", "object", "start", "report", "complete"} {
		w.refused(http.StatusNotFound, "not_found",
			call{who: "E0001", path: "/api/v1/orders/" + id + "-E0002-1/" + act, body: `{"note":"示例"}`})
	}
}

// A scope that is empty sees nothing, not everything.
func TestEmptyScope(t *testing.T) {
	for _, role := range []calls.Role{calls.Enterprise, calls.Town} {
		who := &access.Principal{User: "x", Role: role}
		if f := (notify.Filter{}); service.Narrow(&f, who) || service.Visible(who, "E0001", "大寺镇") ||
			service.Visible(who, "", "") {
			t.Errorf("a %s without a scope sees something", role)
		}
	}
}

func TestRecipients(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		query string
		want  []string
		total int
	}{
		{"", []string{"E0001", "E0002", "E0003"}, 3},
		{"?town=大寺镇", []string{"E0001", "E0003"}, 2},
		{"?q=企业E0002", []string{"E0002"}, 1},
		{"?q=e0002", nil, 0},
		{"?q=3&town=大寺镇", []string{"E0003"}, 1},
		{"?town=别处", nil, 0},
	} {
		for limit := 1; limit <= 4; limit++ {
			var ids []string
			cursor := ""
			for {
				query := fmt.Sprintf("limit=%d&cursor=%s", limit, cursor)
				if c.query != "" {
					query = c.query[1:] + "&" + query
				}
				page := list[struct{ ID string }](w, "duty", "/api/v1/recipients?"+query)
				if len(page.Items) > limit || page.Total != c.total && (page.Total != -1 || !strings.Contains(c.query, "q=")) {
					t.Errorf("%s: %d items, total %d, want %d", query, len(page.Items), page.Total, c.total)
				}
				for _, r := range page.Items {
					ids = append(ids, r.ID)
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if !slices.Equal(ids, c.want) {
				t.Errorf("%s by %d: %v, want %v", c.query, limit, ids, c.want)
			}
		}
	}
	var one map[string]any
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/recipients/E0001?as_of=2016-06-01"}, &one)
	if one["name"] != "示例企业E0001" || one["list_version"] == "" || one["contact_ref"] != nil || one["contact"] != nil {
		t.Errorf("recipient: %v", one)
	}
	versions := list[calls.Version](w, "approver", "/api/v1/list/versions")
	if versions.Total != 1 || !versions.Items[0].InForce || versions.Items[0].Recipients != 3 ||
		versions.Items[0].ApprovedAt != nil {
		t.Errorf("versions: %+v", versions)
	}
}

// A search of a long list ends each page in time, and goes on from there.
func TestLongSearch(t *testing.T) {
	w := newWorld(t)
	l := fixture()
	l.EffectiveFrom, l.Recipients = "2016-02-01", nil
	for i := range service.ScanRecipients + 2 {
		l.Recipients = append(l.Recipients,
			&reductionlist.Recipient{ID: fmt.Sprintf("E%05d", i), Type: reductionlist.Enterprise, Name: "示例"})
	}
	l.Recipients[service.ScanRecipients].Name = "最后"
	w.importList(l)
	first := list[struct{ ID string }](w, "duty", "/api/v1/recipients?q=最后")
	if len(first.Items) != 0 || first.Total != -1 || first.Next == "" {
		t.Fatalf("first page: %+v", first)
	}
	second := list[struct{ ID string }](w, "duty", "/api/v1/recipients?q=最后&cursor="+first.Next)
	if len(second.Items) != 1 || second.Items[0].ID != fmt.Sprintf("E%05d", service.ScanRecipients) || second.Next != "" {
		t.Errorf("second page: %+v", second)
	}
}

// The pages of warnings hold each once, the latest first, and say how many there are.
func TestWarningPages(t *testing.T) {
	w := newWorld(t)
	var want []string
	for range 5 {
		entered := w.declared(alerts.Orange)
		w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings/" + entered.ID + "/cancel",
			body: fmt.Sprintf(`{"revision":%d}`, entered.Revision)}, nil)
		want = append([]string{entered.ID}, want...)
	}
	var got []string
	for cursor := ""; ; {
		page := list[alerts.Warning](w, "E0001", "/api/v1/warnings?limit=2&cursor="+cursor)
		if page.Total != len(want) || len(page.Items) > 2 {
			t.Errorf("page of %d, total %d", len(page.Items), page.Total)
		}
		for i := range page.Items {
			got = append(got, page.Items[i].ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	var raw map[string]json.RawMessage
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/proposals"}, &raw)
	if string(raw["items"]) != "[]" || string(raw["next"]) != `""` || string(raw["total"]) != "0" {
		t.Errorf("an empty list is %s", raw)
	}
}

// A warning that is looked at says what is known of its end, and how many of its days so far ask for nothing, to those
// who decide: declared on the 16th at 17:00, looked at a day later with a forecast of clean days; it says nothing of it
// once it is over, nor to an enterprise.
func TestAWarningTellsWhatIsKnownOfItsEnd(t *testing.T) {
	w := newWorld(t)
	live := w.declared(alerts.Yellow)
	path := "/api/v1/warnings/" + live.ID
	look := func(who string) (got calls.WarningLook) {
		w.must(http.StatusOK, call{who: who, method: http.MethodGet, path: path}, &got)
		return got
	}
	if got := look("viewer"); got.Outlook == nil || got.Outlook.From != nil || !got.Outlook.KnownUntil.IsZero() ||
		got.ID != live.ID {
		t.Errorf("with nothing known: %+v", got.Outlook)
	}
	w.elapse(24 * time.Hour)
	today := alerts.DateOf(w.clock.Now())
	days := fmt.Sprintf(`{"date":%q,"aqi_low":60,"aqi_high":60},{"date":%q,"aqi_low":155,"aqi_high":155},{"date":%q,"aqi_low":90,"aqi_high":90},{"date":%q,"aqi_low":90,"aqi_high":90}`,
		today, today.AddDays(1), today.AddDays(2), today.AddDays(3))
	w.must(http.StatusCreated, call{who: "feeder", path: "/api/v1/forecasts",
		body: fmt.Sprintf(`{"source":"tianjin-emc","region":"120111","issued_at":%q,"days":[%s]}`,
			w.clock.Now().Format(time.RFC3339), days)}, nil)
	got := look("duty")
	if o := got.Outlook; o == nil || o.From == nil || !o.From.Equal(today.AddDays(2).Start()) || o.Open ||
		o.IdleDays != 1 || !o.KnownUntil.Equal(today.AddDays(3).End()) {
		t.Errorf("%+v", o)
	}
	for _, who := range []string{"feeder", "town"} {
		if look(who).Outlook != nil {
			t.Errorf("%s is told", who)
		}
	}
	w.must(http.StatusOK, call{who: "duty", path: path + "/lift",
		body: fmt.Sprintf(`{"revision":%d,"reason":"示例"}`, got.Revision)}, nil)
	if got := look("duty"); got.State != alerts.Lifted || got.Outlook != nil {
		t.Errorf("once it is lifted: %+v", got.Outlook)
	}
}
