package service

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/journaltest"
	"qingkong/notify"
	"qingkong/notify/channel"
	"qingkong/reductionlist"
)

// story is a district's December, played on the real program with a clock of its own.
type story struct {
	unsure bool // of a message was said that what became of it is unknown
	t      *testing.T
	js     jetstream.JetStream
	dir    string
	clock  time.Time
	svc    *Service
	epoch  uint64
	close  func()
	w      string // the warning that is spoken of
}

// tell plays the story and returns the blocks of its record.
func tell(t *testing.T) (blocks [][]byte) {
	s := &story{t: t, js: startNATS(t), dir: t.TempDir(), clock: at("2026-12-14T15:30:00+08:00")}
	s.open(alerts.OwnAllowed)
	s.prepare()
	s.air()
	s.first()
	s.orders()
	s.monitored()
	s.inspected()
	s.levels()
	s.end()
	s.emergencies()
	s.drill()
	s.amended()
	s.city()
	s.housekeeping()
	s.persons()
	s.stations()
	s.ledger()
	s.restored()
	report, err := s.svc.J.Check(t.Context())
	if err != nil || !report.OK {
		t.Fatalf("the story does not prove itself: %v %v", err, report.Problems)
	}
	s.view(func(tx *bbolt.Tx) error {
		for n := uint64(1); n <= s.svc.J.Height(); n++ {
			blocks = append(blocks, bytes.Clone(journal.ReadBlock(tx, n)))
		}
		return nil
	})
	s.close()
	return blocks
}

// open starts the program in a district with that rule for its own declarations.
func (s *story) open(own string) {
	s.t.Helper()
	set := Settings{Region: "120111", Alerts: alerts.DefaultSettings(), RepeatFirst: time.Minute,
		RepeatMax: 30 * time.Minute}
	set.Alerts.OwnDeclaration = own
	j := ok(journal.Open(s.t.Context(),
		journal.Options{Dir: s.dir, Registry: Registry(set), JS: s.js, NoSync: true, Node: "xiqing-1",
			Clock: func() time.Time { return s.clock }}))(s.t)
	s.svc = ok(New(s.t.Context(), j, set, slog.New(slog.DiscardHandler)))(s.t)
	leader := journaltest.Lead(s.t, j)
	s.epoch = leader.Epoch
	s.close = func() {
		leader.Stop()
		if err := j.Close(context.Background()); err != nil {
			s.t.Error(err)
		}
	}
}

// restored goes on as a record does whose end was lost.
func (s *story) restored() {
	s.t.Helper()
	s.close()
	mark := fmt.Sprintf(`{"block":%d,"confirmed":%[1]d,"restored_at":%q}`, s.svc.J.Height(), s.clock.Format(time.RFC3339))
	s.must(os.WriteFile(filepath.Join(s.dir, journal.RestoredFile), []byte(mark), 0o600))
	s.open(alerts.OwnAllowed)
}

// ok passes on what a call gave and ends the test when it failed.
func ok[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (s *story) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) view(read func(tx *bbolt.Tx) error) {
	s.t.Helper()
	s.must(s.svc.J.View(read))
}

// until moves the clock on, running every timer at its time and sending what is due.
func (s *story) until(text string) {
	s.t.Helper()
	end := at(text)
	for {
		s.send()
		var ids []string
		var next time.Time
		s.view(func(tx *bbolt.Tx) error {
			var soon journal.Moment
			ids, soon = journal.DueTimers(tx, s.svc.J.Moment(), 100)
			next = journal.Earliest(soon)
			return nil
		})
		for _, id := range ids {
			s.must(s.svc.J.FireTimer(s.t.Context(), s.epoch, id))
		}
		switch {
		case len(ids) > 0:
		case next.IsZero() || next.After(end):
			s.clock = end
			s.send()
			return
		default:
			s.clock = next
		}
	}
}

func (s *story) send() {
	s.t.Helper()
	var due []journal.Due
	s.view(func(tx *bbolt.Tx) error {
		due, _ = journal.DueOutbox(tx, channel.NATS, s.clock, 1000)
		for i, d := range due {
			m, err := s.svc.Render(tx, channel.NATS, d.Topic, d.ID)
			if err != nil {
				return err
			}
			due[i].Nothing = m.To == ""
		}
		return nil
	})
	if len(due) == 0 {
		return
	}
	went := journal.SendReport{Epoch: s.epoch, Channel: channel.NATS, Rows: due}
	if !s.unsure { // what became of the first message is unknown once
		s.unsure, went.Rows = true, due[1:]
		went.Single = []journal.RowOutcome{{Due: due[0], Result: channel.Unknown, Why: "timeout"}}
	}
	s.must(s.svc.RecordSent(s.t.Context(), went))
}

// declare enters a warning, of which is spoken from then on.
func (s *story) declare(actor, body string) {
	s.t.Helper()
	s.w = ok(say(s.t.Context(), s.svc, actor, "declare-"+s.clock.Format(time.RFC3339), calls.Declare, "",
		[]byte(body)))(s.t).ID
}

// act does an act on the warning at its present revision; members are those of the body beside that.
func (s *story) act(actor, act, members string) {
	s.t.Helper()
	var w *alerts.Warning
	s.view(func(tx *bbolt.Tx) (err error) { w, err = alerts.GetWarning(tx, s.w); return err })
	body := fmt.Sprintf(`{"revision":%d%s}`, w.Revision, members)
	ok(actOn(s.t.Context(), s.svc, actor, "", s.w, act, []byte(body)))(s.t)
}

// order is the last order of a recipient under the warning.
func (s *story) order(recipient string) (id string) {
	s.t.Helper()
	s.view(func(tx *bbolt.Tx) error {
		orders, _, err := notify.ListOrders(tx, notify.Filter{Warning: s.w, Recipient: recipient}, "", 100)
		last := 0
		for _, o := range orders {
			if o.Revision > last {
				id, last = o.ID, o.Revision
			}
		}
		return err
	})
	if id == "" {
		s.t.Fatalf("no order of %s under %s", recipient, s.w)
	}
	return id
}

func (s *story) answers(recipient string, acts ...notify.Action) {
	s.t.Helper()
	for _, a := range acts {
		s.answer(recipient, notify.AnswerText{Action: a})
	}
}

func (s *story) answer(recipient string, in notify.AnswerText) {
	s.t.Helper()
	in.OrderID = s.order(recipient)
	key := fmt.Sprintf("%s/%s/%s/%d", recipient, in.OrderID, in.Action, s.clock.Unix())
	ok(answerOrder(s.t.Context(), s.svc, recipient, key, in))(s.t)
}

// call telephones a recipient about its last order.
func (s *story) call(recipient, body string) {
	s.t.Helper()
	ok(say(s.t.Context(), s.svc, "duty", "", calls.RecordCall, s.order(recipient), []byte(body)))(s.t)
}

func (s *story) decide(recipient, body string) {
	s.t.Helper()
	ok(say(s.t.Context(), s.svc, "duty", "", calls.DecideObjection, s.order(recipient), []byte(body)))(s.t)
}

func (s *story) forecast(body string) *alerts.Proposal {
	s.t.Helper()
	return ok(s.svc.Forecast(s.t.Context(), By("feeder"), calls.Document{Text: []byte(body)}))(s.t).Proposal
}

// days is a forecast of one value a day from a date on.
func days(issued, first string, values ...int) string {
	var b strings.Builder
	date, _ := alerts.ParseDate(first)
	for i, v := range values {
		fmt.Fprintf(&b, `,{"date":%q,"aqi_low":%d,"aqi_high":%d,"primary":["pm25"]}`, date.AddDays(i), v-20, v)
	}
	return fmt.Sprintf(`{"source":"tianjin-center","region":"120111","issued_at":%q,"days":[%s]}`, issued, b.String()[1:])
}

// prepare makes settings, accounts, a list and the recipients' credentials.
func (s *story) prepare() {
	ctx := s.t.Context()
	s.must(s.svc.SetOrders(ctx, time.Hour, "值班员（示例）", "022-00000000"))
	for user, role := range map[string]calls.Role{"duty": calls.Duty, "duty2": calls.Duty, "approver": calls.Approver,
		"admin":       calls.Admin,
		"yangliuqing": calls.Town, "viewer": calls.Viewer, "feeder": calls.Feeder, "inspector": calls.Inspector} {
		body := fmt.Sprintf(`{"user":%q,"role":%q,"name":"示例人员"%s}`, user, role,
			map[bool]string{true: `,"town":"杨柳青镇"`}[role == calls.Town])
		ok(say(ctx, s.svc, "init", "account-"+user, calls.AddAccount, "", []byte(body)))(s.t)
	}
	ok(say(ctx, s.svc, "admin", "", calls.AddToken, "duty", []byte(`{"name":"值班室大屏"}`)))(s.t)
	s.access(access.CommandRevoke, access.Revoke{User: "duty", TokenID: "t2"})
	ok(say(ctx, s.svc, "admin", "", calls.AddToken, "duty",
		[]byte(`{"name":"临时接口","expires_at":"2026-12-20T00:00:00+08:00"}`)))(s.t)
	ok(s.svc.ImportList(ctx, "admin", list("2026-10-01"), "减排清单2026.xlsx", []byte("示例工作簿")))(s.t)
	for _, r := range list("2026-10-01").Recipients {
		ok(say(ctx, s.svc, "admin", "", calls.IssueCredentials, r.ID, nil))(s.t)
	}
	ok(say(ctx, s.svc, "admin", "", calls.IssueCredentials, "E0003", nil))(s.t)
}

func (s *story) access(kind string, payload any) {
	s.t.Helper()
	ok(s.svc.J.Submit(s.t.Context(), journal.Command{Kind: kind, Actor: "admin", Payload: payload}))(s.t)
}

// list is a list of five recipients, in force from a date on.
func list(from string) *reductionlist.List {
	l := &reductionlist.List{Name: "西青区重污染天气应急减排清单（示例）", Region: "120111", EffectiveFrom: from, CompiledBy: "西青区生态环境局",
		Emission: amounts()}
	heat := heatPlant()
	heat.ContactRef, heat.Contact = "", &reductionlist.Contact{Name: "示例联系人", Phone: "13800000000"}
	heat.Measures[0].Unit = heat.Units[0].Name // so that a plan can be made for it
	l.Recipients = append(l.Recipients, &heat)
	for _, r := range []struct {
		id, name, town, industry string
		kind                     reductionlist.Type
		action                   reductionlist.Action
		text                     string
	}{
		{"D0001", "区住房建设委", "", "", reductionlist.Department, reductionlist.OtherAction, "督促全区施工工地停止土石方作业"},
		{"E0003", "杨柳青铸造厂（示例）", "杨柳青镇", "C3391", reductionlist.Enterprise, reductionlist.Stop, "熔炼、造型工序停产"},
		{"S0001", "大寺镇示例小区二期工地", "大寺镇", "E4710", reductionlist.Site, reductionlist.StopWork, "停止土石方、建筑拆除、喷涂作业"},
		{"T0001", "杨柳青镇人民政府", "杨柳青镇", "", reductionlist.Town, reductionlist.CleanRoads, "主干道洒水保洁每日不少于4次"},
	} {
		monitors, evidence := []reductionlist.Monitor{{Source: reductionlist.Video, Ref: "SP-" + r.id}}, []string{"现场照片"}
		l.Recipients = append(l.Recipients,
			&reductionlist.Recipient{ID: r.id, Type: r.kind, Name: r.name, Town: r.town, Industry: r.industry,
				Measures: []reductionlist.Measure{
					{ID: "M1", Levels: []alerts.Level{alerts.Yellow, alerts.Orange, alerts.Red}, Action: r.action, Text: r.text,
						CompleteWithinH: 4,
						Responsible:     "值班负责人", Monitors: monitors, Evidence: evidence},
					{ID: "M2", Levels: []alerts.Level{alerts.Red}, Action: reductionlist.StopVehicles, Text: "国四及以下柴油货车停运",
						CompleteWithinH: 2,
						Responsible:     "车队负责人", Monitors: monitors, Evidence: evidence},
				}})
	}
	slices.SortFunc(l.Recipients, func(a, b *reductionlist.Recipient) int { return strings.Compare(a.ID, b.ID) })
	return l
}

// air brings measurements, a feed that falls silent, and forecasts from which a proposal comes, changes, falls away and
// comes again.
func (s *story) air() {
	ctx := s.t.Context()
	ok(s.svc.Observation(ctx, By("feeder"), calls.Document{Text: []byte(`{"station":"1021A","region":"120111","days":[
		{"date":"2026-12-12","aqi":118,"primary":["pm25"],"pm25":88.5},{"date":"2026-12-13","aqi":142,"primary":["pm25"],"cause":""}]}`)}))(s.t)
	for _, silent := range []bool{true, false} {
		s.must(s.svc.FeedSilent(ctx, alerts.FeedSilence{Feed: "center", Source: "tianjin-center", Silent: silent,
			Since: s.clock.Add(-6 * time.Hour)}))
	}
	s.forecast(days("2026-12-14T14:00:00+08:00", "2026-12-15", 130, 180, 190, 120))
	s.forecast(days("2026-12-14T15:00:00+08:00", "2026-12-15", 130, 90, 80, 70))
	p := s.forecast(days("2026-12-14T15:10:00+08:00", "2026-12-15", 130, 180, 190, 120))
	ok(say(ctx, s.svc, "duty", "", calls.Dismiss, p.ID, []byte(`{"reason":"会商认为扩散条件将好转"}`)))(s.t)
}

// first declares on a proposal; the second person rejects, the declaration is revised and approved, and announced.
func (s *story) first() {
	s.until("2026-12-14T16:00:00+08:00")
	s.forecast(days("2026-12-14T15:50:00+08:00", "2026-12-15", 130, 230, 240, 210, 160, 90))
	p := s.forecast(days("2026-12-14T15:55:00+08:00", "2026-12-15", 130, 230, 260, 220, 190, 90))
	s.declare("duty", fmt.Sprintf(`{"level":"orange","trigger":"own_forecast","proposal_id":%q,"starts_at":"2026-12-16T00:00:00+08:00",
		"reason":"预测将出现连续重污染","notice_text":"自12月16日0时起启动重污染天气橙色预警，落实Ⅱ级应急响应措施。"}`, p.ID))
	s.act("approver", "reject", `,"reason":"应写明预计结束时间"`)
	s.act("duty", "revise", `,"ends_at":"2026-12-20T00:00:00+08:00","reason":"补充结束时间"`)
	s.until("2026-12-14T16:20:00+08:00")
	s.act("approver", "approve", "")
	s.until("2026-12-14T16:30:00+08:00")
}

// orders has every answer, one that comes late, one that never comes, and the decisions on objections.
func (s *story) orders() {
	s.answers("E0001", notify.Receive, notify.ReadIt, notify.Acknowledge)
	s.answers("D0001", notify.Receive, notify.Acknowledge)
	for _, r := range []string{"E0003", "S0001"} {
		s.answer(r, notify.AnswerText{Action: notify.Object, Note: "炉内尚有铁水，需保温至次日（示例）"})
	}
	s.until("2026-12-14T18:00:00+08:00") // the deadline passes
	s.call("T0001", `{"outcome":"unreachable","note":"两个号码均无人接听（示例）"}`)
	s.call("T0001", `{"outcome":"told"}`)
	s.answers("T0001", notify.Acknowledge)
	s.decide("E0003", `{"decision":"amend","reason":"同意分步停产","expires_at":"2026-12-16T12:00:00+08:00",
		"measures":[{"id":"M1","change":{"text":"熔炼工序保温运行，造型工序停产"}}]}`)
	s.decide("S0001", `{"decision":"reject","reason":"土石方作业不属于保障类工程"}`)
	s.until("2026-12-14T18:10:00+08:00")
	s.answer("S0001", notify.AnswerText{Action: notify.Object, Note: "应急抢险工程（示例）"})
	s.decide("S0001", `{"decision":"accept","reason":"属于应急抢险","expires_at":"2026-12-17T00:00:00+08:00"}`)
	s.answers("E0003", notify.Acknowledge)
	s.until("2026-12-16T01:00:00+08:00") // the warning has begun
	s.answers("E0001", notify.Start)
	plant := Ask{Who: &access.Principal{User: "E0001", Role: calls.Enterprise, Recipient: "E0001"}}
	const meter = "%PDF-1.7 a meter (示例)"
	file := ok(s.svc.AddEvidence(s.t.Context(), plant, strings.NewReader(meter), int64(len(meter))))(s.t)
	s.answer("E0001", notify.AnswerText{Action: notify.Report, Note: "负荷已降（示例）", Evidence: []string{file.Hash},
		Measures: []notify.MeasureText{{ID: "M1", Value: new(21.5), Unit: "%", Note: "日耗煤量（示例）"}}})
	s.answer("E0001", notify.AnswerText{Action: notify.Complete, Evidence: []string{file.Hash}})
	s.until("2026-12-16T13:00:00+08:00") // what the objection of E0003 was granted is over
}

// levels raises the warning, once refused and once on the telephone, and lowers it; a new list comes into force
// meanwhile.
func (s *story) levels() {
	s.act("duty", "adjust", `,"level":"red","reason":"浓度上升快于预测"`)
	s.act("approver", "reject", `,"reason":"未达到红色预警启动条件"`)
	s.until("2026-12-16T20:00:00+08:00")
	s.act("duty", "adjust", `,"level":"red","trigger":"city_order","document_no":"津污防指〔2026〕13号","issued_by":"天津市重污染天气应急指挥部",
		"received_at":"2026-12-16T19:40:00+08:00","reason":"市指挥部要求","starts_at":"2026-12-17T00:00:00+08:00"`)
	s.act("duty", "emergency-approve",
		`,"authority":"区应急指挥部副指挥长","called_at":"2026-12-16T19:50:00+08:00","reason":"审批人无法联系"`)
	s.until("2026-12-16T22:00:00+08:00")
	s.act("approver", "approve", "")
	s.answers("T0001", notify.Receive, notify.Acknowledge)
	ok(s.svc.ImportList(s.t.Context(), "admin", list("2026-12-17"), "减排清单2026修订.xlsx", nil))(s.t)
	s.until("2026-12-18T09:00:00+08:00")
	s.act("duty", "adjust", `,"level":"yellow","reason":"空气质量改善","starts_at":"2026-12-18T12:00:00+08:00"`)
	s.act("duty", "revise", `,"ends_at":"2026-12-21T00:00:00+08:00","document_no":"津污防指〔2026〕14号","issued_by":"天津市重污染天气应急指挥部",
		"received_at":"2026-12-18T08:50:00+08:00","notice_text":"预警延长至12月21日0时。","reason":"市指挥部通知延长"`)
	s.until("2026-12-18T18:00:00+08:00")
}

// end announces the lift, which comes by its timer.
func (s *story) end() {
	s.act("duty", "lift", `,"ends_at":"2026-12-19T17:00:00+08:00","reason":"冷空气过程到达"`)
	s.until("2026-12-19T18:00:00+08:00")
	s.answers("E0003", notify.Receive)
	s.judgedForGood()
}

// emergencies approves a warning by telephone that nobody confirms in time, and cancels it; the next one is open-ended
// and lifted at once.
func (s *story) emergencies() {
	s.until("2026-12-22T09:00:00+08:00")
	s.declare("duty", `{"level":"orange","trigger":"regional_linkage","document_no":"京津冀联动〔2026〕3号","issued_by":"区域协作机制办公室",
		"received_at":"2026-12-22T08:40:00+08:00","reason":"区域联动"}`)
	s.act("duty", "emergency-approve",
		`,"authority":"区应急指挥部副指挥长","called_at":"2026-12-22T08:55:00+08:00","reason":"审批人在外出差"`)
	s.until("2026-12-22T22:00:00+08:00")
	s.act("duty", "cancel", `,"reason":"区域协作机制撤回通知"`)
	s.until("2026-12-23T09:00:00+08:00")
	s.declare("duty2", `{"level":"advisory","trigger":"work_requirement","reason":"应对污染天气工作要求"}`)
	s.until("2026-12-23T12:00:00+08:00")
	s.act("duty2", "lift", `,"reason":"要求已取消"`)
	s.until("2026-12-23T13:00:00+08:00")
}

// drill plays a drill that a live declaration ends; that one is by order of the city, against our own proposal, and its
// start is moved, once refused.
func (s *story) drill() {
	s.declare("duty", `{"level":"yellow","trigger":"city_order","drill":true,"reason":"冬季应急演练"}`)
	s.until("2026-12-23T13:05:00+08:00")
	s.answers("E0003", notify.Receive, notify.Acknowledge)
	s.forecast(days("2026-12-23T13:00:00+08:00", "2026-12-24", 120, 180, 190, 130))
	s.declare("duty", `{"level":"orange","trigger":"city_order","document_no":"津污防指〔2026〕15号","issued_by":"天津市重污染天气应急指挥部",
		"received_at":"2026-12-23T13:00:00+08:00","starts_at":"2026-12-25T00:00:00+08:00","ends_at":"2026-12-27T00:00:00+08:00","reason":"市指挥部要求全市同步启动"}`)
	s.act("approver", "approve", "")
	s.act("duty", "revise", `,"starts_at":"2026-12-25T06:00:00+08:00","reason":"请求推迟"`)
	s.act("approver", "reject", `,"reason":"市级指令未改"`)
	s.act("duty", "revise", `,"starts_at":"2026-12-24T20:00:00+08:00","reason":"市指挥部要求提前"`)
	s.act("approver", "approve", "")
	s.until("2026-12-25T09:00:00+08:00")
}

// amended changes the list while a warning lasts, and has the recipient that it concerns follow the new version;
// somebody is called, another person answers the telephone from then on, a plant says how it runs and gets a plan that
// does not keep the list, and a mistaken amendment is taken back.
func (s *story) amended() {
	ctx := s.t.Context()
	a := ok(amendList(ctx, s.svc, "duty", "",
		[]byte(`{"recipient_id":"E0003","measure_id":"M1","change":{"complete_within_h":3},
		"reason":"铸造厂王某报告新炉停炉只需三小时（示例）","effective_from":"2026-12-25"}`)))(s.t)
	v := ok(say(ctx, s.svc, "approver", "", calls.ApproveList, a.Version.ID,
		fmt.Appendf(nil, `{"revision":%d}`, a.Version.Revision)))(s.t)
	ok(say(ctx, s.svc, "admin", "", calls.ActivateList, v.ID, fmt.Appendf(nil, `{"revision":%d}`, v.Revision)))(s.t)
	var w *alerts.Warning
	s.view(func(tx *bbolt.Tx) (err error) { w, err = alerts.GetWarning(tx, s.w); return err })
	done := ok(say(ctx, s.svc, "duty", "", calls.Relist, s.w,
		fmt.Appendf(nil, `{"revision":%d,"recipients":["E0003"],"list_version":%q}`, w.Revision, v.ID)))(s.t)
	if len(done.Revised) != 1 {
		s.t.Fatalf("the amended recipient did not get another order: %+v", done)
	}
	s.until("2026-12-25T10:00:00+08:00")
	s.svc.Saw(Ask{Who: &access.Principal{User: "duty", Role: calls.Duty}, Call: "GET /orders/{id}"},
		Reading{Kind: access.SeenContact, Recipients: []string{"E0001"}})
	s.must(s.svc.RecordSeen(ctx))
	ok(amendList(ctx, s.svc, "duty", "",
		[]byte(`{"recipient_id":"E0001","contact":{"name":"示例联系人二","phone":"13800000001"},"reason":"换人"}`)))(s.t)
	figures := ok(calls.GiveFigures.Read(func(string) string { return "E0001" }, nil, []byte(`{
		"from":"2026-12-25T10:00:00+08:00","to":"2026-12-27T00:00:00+08:00","units":[{"name":"1号机组","initially_on":true,"hours_in_state":100}],
		"demand":[{"power_min_mw":200,"power_max_mw":280,"heat_gj_h":300}],"baseline_mw":{"1号机组":[260]}}`)))(s.t)
	ok(s.svc.GiveFigures(ctx, Ask{Who: &access.Principal{User: "E0001", Role: calls.Enterprise, Recipient: "E0001"}},
		figures.(calls.FiguresInput)))(s.t)
	ok(say(ctx, s.svc, "duty", "", calls.AcceptPlan, s.order("E0001"), []byte(`{"reason":"供热不能减，区指挥部同意（示例）"}`)))(s.t)
	mistaken := ok(amendList(ctx, s.svc, "duty", "",
		[]byte(`{"recipient_id":"E0003","measure_id":"M1","change":{"complete_within_h":30},
		"reason":"多写了一个零（示例）","effective_from":"2027-01-10"}`)))(s.t)
	ok(s.svc.DiscardList(ctx, By("duty"),
		calls.DraftAt{ByID: calls.ByID{ID: mistaken.Version.ID}, Revision: mistaken.Version.Revision}))(s.t)
	s.until("2026-12-27T01:00:00+08:00")
}

// city is a time in which the district's own declarations go to the city, which confirms one and lets another lapse.
func (s *story) city() {
	s.close()
	s.open(alerts.OwnReportToCity)
	s.declare("duty", `{"level":"yellow","trigger":"own_forecast","starts_at":"2026-12-28T00:00:00+08:00","reason":"预测污染"}`)
	reported := s.w
	s.until("2026-12-27T10:00:00+08:00")
	s.declare("duty", fmt.Sprintf(`{"level":"yellow","trigger":"city_order","activates":%q,"document_no":"津污防指〔2026〕16号","issued_by":"天津市重污染天气应急指挥部",
		"received_at":"2026-12-27T09:30:00+08:00","starts_at":"2026-12-28T00:00:00+08:00","ends_at":"2026-12-29T00:00:00+08:00","reason":"市指挥部令"}`, reported))
	s.until("2026-12-29T01:00:00+08:00")
	s.declare("duty", `{"level":"yellow","trigger":"own_forecast","starts_at":"2026-12-29T12:00:00+08:00","ends_at":"2026-12-29T18:00:00+08:00","reason":"预测污染"}`)
	s.until("2026-12-30T09:00:00+08:00")
}

// housekeeping gives an account new secrets, lets it choose a password and end its sessions, ends a recipient's
// secrets, locks an account out and in again, and erases what was said of a person.
func (s *story) housekeeping() {
	cmd, issued := access.RenewAccountCommand("admin", "", "duty")
	ok(access.Submit(s.t.Context(), s.svc.J, cmd, issued))(s.t)
	if who, err := s.svc.ChangePassword(s.t.Context(), "duty", issued.Password, "示例口令 of my own"); who == nil {
		s.t.Fatalf("the password was not changed: %v", err)
	}
	ok(s.svc.SetPhone(s.t.Context(), By("admin"), calls.AccountPhone{ByID: calls.ByID{ID: "approver"},
		Phone: "13800000000"}))(s.t)
	s.access(access.CommandRevokeCredentials, access.RevokeCredentials{Recipient: "S0001"})
	s.access(access.CommandDisable, access.Disable{User: "duty2"})
	s.access(access.CommandEnable, access.Enable{User: "duty2"})
	s.access(access.CommandDisable, access.Disable{User: "viewer"})
	ok(journal.Do[access.CredentialChange](s.t.Context(), s.svc.J,
		journal.Command{Kind: access.CommandEndSessions, Actor: "duty", Payload: access.EndSessions{User: "duty"}}))(s.t)
	s.must(access.EnsureLoginKey(s.t.Context(), s.svc.J))
	var set notify.Settings
	s.view(func(tx *bbolt.Tx) (err error) { set, err = notify.CurrentSettings(tx); return err })
	s.must(s.svc.J.Erase(s.t.Context(), "admin", set.ContactRef, "当事人要求删除"))
	s.must(s.svc.SetOrders(s.t.Context(), 90*time.Minute, "", ""))
}
