package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/bus"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/watch"
	"qingkong/seeds"
)

// is compares a finding with a state and a rule, and looks that the rule has all its words.
func is(t *testing.T, name string, f watch.Finding, state watch.State, rule string, stops bool) {
	t.Helper()
	if f.State == "" {
		f.State = watch.OK
	}
	got := ""
	if f.Why != nil {
		got = f.Why.Rule
		for _, lang := range []string{"zh-CN", "en"} {
			if text := f.Why.Detail(lang); !refusal.Known(got) || strings.Contains(text, "{") {
				t.Errorf("%s has no words, or not all: %s", got, text)
			}
		}
	}
	if f.State != state || got != rule || f.Stops != stops {
		t.Errorf("%s: %s %s, stops %v; want %s %s, %v", name, f.State, got, f.Stops, state, rule, stops)
	}
}

func TestFindings(t *testing.T) {
	is(t, "a writer that writes", writerFinding(journal.Status{Busy: time.Second}), watch.OK, "", false)
	is(t, "a fork", writerFinding(journal.Status{Halted: journal.ErrForked}), watch.Failed, "watch.writer_halted", true)
	paused := refusal.New(refusal.NotReady, "journal.place_unknown", refusal.Args{"block": 7})
	is(t, "a block whose place is not known", writerFinding(journal.Status{Paused: paused}), watch.Failed, "watch.writer_paused", true)
	is(t, "a disk that takes no block", writerFinding(journal.Status{Busy: time.Minute}), watch.Failed, "watch.writer_stuck", true)

	is(t, "a stream that is level", followerFinding(journal.Status{}), watch.OK, "", false)
	is(t, "a stream that is being completed", followerFinding(journal.Status{Short: true, Behind: 3}), watch.Degraded, "watch.follower_behind", false)
	is(t, "a stream that takes nothing", followerFinding(journal.Status{Short: true, Behind: 3, Tail: context.DeadlineExceeded}), watch.Failed, "watch.follower_stands", false)

	is(t, "somebody leads", leaderFinding(journal.Leadership{Holder: "a"}), watch.OK, "", false)
	is(t, "nobody leads", leaderFinding(journal.Leadership{None: true}), watch.Failed, "watch.leader_none", false)
	is(t, "nobody leads, and why", leaderFinding(journal.Leadership{None: true, Err: nats.ErrNoResponders}), watch.Failed, "watch.leader_none", false)

	now := time.Now()
	trouble := journal.TwinStatus{Owed: 2, Trouble: nats.ErrNoResponders, Since: now.Add(-time.Minute)}
	is(t, "a vault that is level", vaultFinding(journal.Status{}, now), watch.OK, "", false)
	is(t, "a vault whose other side has just fallen silent", vaultFinding(journal.Status{Vault: trouble}, trouble.Since.Add(time.Second)), watch.OK, "", false)
	is(t, "a vault whose other side is silent", vaultFinding(journal.Status{Vault: trouble}, now), watch.Degraded, "watch.vault_behind", false)
	is(t, "a vault that lost entries", vaultFinding(journal.Status{Vault: journal.TwinStatus{Lost: 1}}, now), watch.Failed, "watch.vault_lost", false)

	is(t, "a record that is whole", recordFinding(journal.Status{}), watch.OK, "", false)
	is(t, "a record that has forked", recordFinding(journal.Status{Halted: journal.ErrForked}), watch.Failed, "watch.record_halted", false)
	is(t, "a record that was made to end early", recordFinding(journal.Status{Restored: &journal.RestoredMark{Block: 4, Confirmed: 10}}), watch.Degraded, "watch.record_restored", false)
	is(t, "a height that is not written", recordFinding(journal.Status{HeightErr: os.ErrPermission}), watch.Degraded, "watch.record_height", false)

	is(t, "a store that is written", storeFinding(time.Time{}), watch.OK, "", false)
	is(t, "a store that could not be written", storeFinding(time.Now()), watch.Failed, "watch.nats_store", false)
	is(t, "NATS that answers", natsFinding(nil, true), watch.OK, "", false)
	vital, side := &bus.Silence{Part: "journal", Vital: true, Err: context.DeadlineExceeded}, &bus.Silence{Part: "readers", Err: nats.ErrConnectionClosed}
	is(t, "our own is silent", natsFinding(vital, true), watch.Failed, "watch.nats_inside", false)
	is(t, "one connection of our own is down", natsFinding(side, true), watch.Failed, "watch.nats_inside", false)
	is(t, "an external one is silent", natsFinding(vital, false), watch.Failed, "watch.nats_outside", false)
	is(t, "a side connection of an external one is down", natsFinding(side, false), watch.Degraded, "watch.nats_part", false)
	for s, want := range map[*bus.Silence]string{vital: "no answer in time", side: "the connection is down"} {
		if text := natsFinding(s, false).Why.Detail("en"); !strings.Contains(text, want) {
			t.Errorf("%v is worded %s", s.Err, text)
		}
	}

	wall := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	is(t, "a clock that goes with the record", clockFinding(wall, wall.Add(2*time.Second)), watch.OK, "", false)
	is(t, "a clock ahead of the record", clockFinding(wall, wall.Add(-time.Hour)), watch.OK, "", false)
	behind := clockFinding(wall, wall.Add(8*time.Hour))
	is(t, "a clock that is behind", behind, watch.Degraded, "watch.clock_behind", false)
	if text := behind.Why.Detail("zh-CN"); !strings.Contains(text, "2026-11-24 08:00:00") || !strings.Contains(text, "2026-11-24 16:00:00") {
		t.Errorf("both times are to stand in it: %s", text)
	}

	is(t, "room enough", roomFinding(watch.RoomOf(2048, 1024, 256)), watch.OK, "", false)
	is(t, "little room", roomFinding(watch.RoomOf(900, 1024, 256)), watch.Degraded, "watch.disk_low", false)
	is(t, "hardly any room", roomFinding(watch.RoomOf(100, 1024, 256)), watch.Failed, "watch.disk_stop", false)
	gone := newRoom(t.TempDir()+"/gone", config.Default().Disk)
	is(t, "a disk that is not there", gone.check(t.Context()), watch.Failed, "watch.disk_unreadable", false)
	if err := gone.large(); err != nil {
		t.Errorf("nothing is known of its room, and imports are refused: %v", err)
	}
}

// A message may be due for two minutes; one that is due longer has not gone out.
func TestMessagesThatDoNotGoOut(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom = "2016-01-01"
	w.Import(l)
	is(t, "nothing is due", checkOutbox(w.Svc.J), watch.OK, "", false)
	if _, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "", []byte(`{"level":"yellow","trigger":"city_order","document_no":"1","issued_by":"天津市","reason":"示例"}`)); err != nil {
		t.Fatal(err)
	}
	w.Elapse(0)
	is(t, "orders have just become due", checkOutbox(w.Svc.J), watch.OK, "", false)
	w.Clock.Add(2 * time.Minute)
	is(t, "orders are due for two minutes", checkOutbox(w.Svc.J), watch.OK, "", false)
	w.Clock.Add(time.Second)
	late := checkOutbox(w.Svc.J)
	is(t, "orders are due for longer", late, watch.Failed, "watch.outbox_late", false)
	var rows int
	if err := w.Svc.J.View(func(tx *bbolt.Tx) error {
		due, _ := journal.DueOutbox(tx, w.Svc.J.Now(), 10_000)
		rows = len(due)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if text := late.Why.Detail("zh-CN"); rows < 3 || !strings.Contains(text, fmt.Sprintf("有 %d 条消息", rows)) || !strings.Contains(text, "2016-12-16 17:00:00") {
		t.Errorf("of %d messages it says %s", rows, text)
	}
	d, err := readDue(w.Svc.J, w.Svc.J.Moment())
	if err != nil || d.rows != rows || d.outboxLate != 2*time.Minute+time.Second {
		t.Errorf("the metrics have %+v, want %d rows: %v", d, rows, err)
	}
}

// fetch asks a program over HTTP, from this machine.
func fetch(t *testing.T, a *App, path string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.Addr().HTTP+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// A program that is well says so of each part, and shows figures of each.
func TestAWholeProgramIsWatched(t *testing.T) {
	a := start(t, Options{Config: alone(t), Demo: &Demo{NoSimulate: true}})
	status, body := fetch(t, a, "/readyz")
	want := `{"status":"ready","checks":[{"name":"writer","state":"ok"},{"name":"follower","state":"ok"},{"name":"nats","state":"ok"},{"name":"leader","state":"ok"},{"name":"clock","state":"ok"},{"name":"disk","state":"ok"},{"name":"vault","state":"ok"},{"name":"record","state":"ok"},{"name":"outbox","state":"ok"},{"name":"auditor","state":"ok"},{"name":"backup","state":"ok"},{"name":"logins","state":"ok"},{"name":"tls","state":"ok"},{"name":"credentials","state":"ok"}]}`
	if status != 200 || strings.TrimSpace(body) != want {
		t.Errorf("%d %s", status, body)
	}
	status, text := fetch(t, a, "/metrics")
	if status != 200 {
		t.Fatalf("/metrics: %d %s", status, text)
	}
	for _, line := range []string{`qingkong_check_state\{name="writer"\} 0`, `qingkong_check_state\{name="disk"\} 0`, `qingkong_ready 1`, `qingkong_record_height [1-9]\d*`, `qingkong_commands_total [1-9]\d*`, `qingkong_commit_seconds_count [1-9]\d*`,
		`qingkong_outbox_rows \d+`, `qingkong_outbox_late_seconds \d\S*`, `qingkong_timers_due 0`, `qingkong_timers_late_seconds 0`, `qingkong_clock_behind_seconds 0`,
		`qingkong_disk_free_bytes [1-9]\S+`, `qingkong_disk_limit_bytes\{limit="min"\} 1.073741824e\+09`, `qingkong_disk_limit_bytes\{limit="stop"\} 2.68435456e\+08`,
		`qingkong_nats_connected\{connection="journal"\} 1`, `qingkong_nats_clients [4-9]`, `qingkong_nats_cut_off 0`, `qingkong_nats_cut_off_total 0`, `qingkong_nats_refused_total 0`, `qingkong_http_requests_total\{class="2xx",method="GET",route="/readyz"\} 1`,
		`go_goroutines \d+`, `process_open_fds \d+`} {
		if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(text) {
			t.Errorf("no line %s", line)
		}
	}
	if problems, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	contract, err := os.ReadFile("../../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (qingkong_\w+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(string(contract), "`"+m[1]+"`") {
			t.Errorf("docs/contract.md §8 lacks %s", m[1])
		}
	}
	if status, _ := fetch(t, a, "/metrics", "X-Forwarded-For", "203.0.113.9"); status != 401 {
		t.Errorf("through a proxy without a token: %d", status)
	}
}

// Answers over NATS are counted by their outcome, and by nothing of who gave them.
func TestAnswersAreCounted(t *testing.T) {
	a := start(t, Options{Config: alone(t), Demo: &Demo{NoSimulate: true}})
	issued, err := servicetest.Say(t.Context(), a.svc, "admin", "", calls.IssueCredentials, "E0003", nil)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(a.Addr().NATS, nats.UserInfo("E0003", issued.Password), nats.CustomInboxPrefix("_INBOX.E0003"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for range 2 {
		if _, err := nc.Request("qingkong.answer.E0003", []byte(`{"order_id":"W1-E0003-1","action":"receive"}`), patience); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := nc.Request("qingkong.answer.E0003", []byte(`{`), patience); err != nil {
		t.Fatal(err)
	}
	_, text := fetch(t, a, "/metrics")
	for _, want := range []string{`qingkong_nats_answers_total{outcome="not_found"} 2`, `qingkong_nats_answers_total{outcome="invalid"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "E0003") {
		t.Error("a recipient stands in the metrics")
	}
}

// Where the disk has less room than the first limit, lists are not taken in and everything else is; nobody calls that not ready.
func TestADiskWithLittleRoom(t *testing.T) {
	const free = 1 << 39 // MB, more than any disk of a test has
	for _, c := range []struct {
		name  string
		disk  config.Disk
		level watch.RoomLevel
		says  string
	}{
		{"below the first limit", config.Disk{MinMB: free, StopMB: 1}, watch.RoomLow, "no imports, uploads or backups"},
		{"below the second limit", config.Disk{MinMB: free + 1, StopMB: free}, watch.RoomStop, "only lift, cancel, approve"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := alone(t)
			before := start(t, Options{Config: cfg, Demo: &Demo{NoSimulate: true}})
			live := declare(t, before)
			planned(t, before, live.ID)
			stop(t, before)
			cfg.Disk = c.disk // as it is found after a restart
			log := &lines{}
			a := start(t, Options{Config: cfg, Log: logTo(log)})
			if room := a.Room(); room.Level != c.level || room.FreeMB <= 0 {
				t.Errorf("the room is %+v", room)
			}
			_, err := a.svc.ImportWorkbook(t.Context(), service.By("duty"), "西青.xlsx", func() ([]byte, error) { return seeds.Workbook(), nil })
			var e *refusal.Error
			if !errors.As(err, &e) || e.Code != refusal.NotReady || e.Rule != "watch.no_room" {
				t.Errorf("an import is answered %v", err)
			}
			_, err = servicetest.Say(t.Context(), a.svc, "duty", "", calls.Declare, "", []byte(strings.Replace(yellow, "{", `{"drill":true,`, 1)))
			if refused := errors.As(err, &e) && e.Rule == "watch.full"; refused != (c.level == watch.RoomStop) || !refused && err != nil {
				t.Errorf("a declaration is answered %v", err)
			}
			if w, err := servicetest.WarningAct(t.Context(), a.svc, "duty", "", live.ID, "lift", fmt.Appendf(nil, `{"revision":%d,"reason":"示例"}`, live.Revision)); err != nil || w.State != alerts.Lifted {
				t.Errorf("a lift is answered %v", err)
			}
			planned(t, a, live.ID) // and its releases go out
			status, body := fetch(t, a, "/readyz", "Authorization", "Bearer "+newDemoClient(t, cfg.Data, a).who["viewer"].Token, "Accept-Language", "en")
			var got struct {
				Status string
				Checks []struct{ Name, State, Detail string }
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || got.Status != "degraded" || got.Checks[5].Name != "disk" || !strings.Contains(got.Checks[5].Detail, c.says) {
				t.Errorf("%d %v %s", status, err, body)
			}
			if n := strings.Count(log.String(), c.says); n != 1 {
				t.Errorf("the log says it %d times:\n%s", n, log.String())
			}
		})
	}
}

// post asks a running program to act.
func post(t *testing.T, a *App, path, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+a.Addr().HTTP+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}
