package app

import (
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

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/watch"
	"qingkong/notify/channel"
	"qingkong/seeds"
)

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
	a := start(t, Options{Config: alone(t), Demo: &demo.Demo{NoSimulate: true}})
	status, body := fetch(t, a, "/readyz")
	want := `{"status":"ready","checks":[{"name":"writer","state":"ok"},{"name":"follower","state":"ok"},{"name":"nats","state":"ok"},{"name":"leader","state":"ok"},{"name":"clock","state":"ok"},{"name":"disk","state":"ok"},{"name":"vault","state":"ok"},{"name":"blobs","state":"ok"},{"name":"record","state":"ok"},{"name":"outbox","state":"ok"},{"name":"auditor","state":"ok"},{"name":"backup","state":"ok"},{"name":"local","state":"ok"},{"name":"telemetry","state":"ok"},{"name":"judging","state":"ok"},{"name":"ledger","state":"ok"},{"name":"logins","state":"ok"},{"name":"tls","state":"ok"},{"name":"credentials","state":"ok"}]}`
	if status != 200 || strings.TrimSpace(body) != want {
		t.Errorf("%d %s", status, body)
	}
	status, text := fetch(t, a, "/metrics")
	if status != 200 {
		t.Fatalf("/metrics: %d %s", status, text)
	}
	for _, line := range []string{`qingkong_check_state\{name="writer"\} 0`, `qingkong_check_state\{name="disk"\} 0`,
		`qingkong_ready 1`, `qingkong_record_height [1-9]\d*`, `qingkong_commands_total [1-9]\d*`,
		`qingkong_commit_seconds_count [1-9]\d*`,
		`qingkong_outbox_rows \d+`, `qingkong_outbox_late_seconds \d\S*`, `qingkong_timers_due 0`,
		`qingkong_timers_late_seconds 0`, `qingkong_clock_behind_seconds 0`,
		`qingkong_disk_free_bytes [1-9]\S+`, `qingkong_disk_limit_bytes\{limit="min"\} 1.073741824e\+09`,
		`qingkong_disk_limit_bytes\{limit="stop"\} 2.68435456e\+08`,
		`qingkong_nats_connected\{connection="journal"\} 1`, `qingkong_nats_clients [4-9]`, `qingkong_nats_cut_off 0`,
		`qingkong_nats_cut_off_total 0`, `qingkong_nats_refused_total 0`,
		`qingkong_http_requests_total\{class="2xx",method="GET",route="/readyz"\} 1`,
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
	a := start(t, Options{Config: alone(t), Demo: &demo.Demo{NoSimulate: true}})
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
		if _, err := nc.Request("qingkong.answer.E0003", []byte(`{"order_id":"W1-E0003-1","action":"receive"}`),
			patience); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := nc.Request("qingkong.answer.E0003", []byte(`{`), patience); err != nil {
		t.Fatal(err)
	}
	_, text := fetch(t, a, "/metrics")
	for _, want := range []string{`qingkong_nats_answers_total{outcome="not_found"} 2`,
		`qingkong_nats_answers_total{outcome="invalid"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "E0003") {
		t.Error("a recipient stands in the metrics")
	}
}

// Where the disk has less room than the first limit, lists are not taken in and everything else is; nobody calls that
// not ready.
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
			before := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
			live := declare(t, before)
			planned(t, before, live.ID)
			stop(t, before)
			cfg.Disk = c.disk // as it is found after a restart
			log := &lines{}
			a := start(t, Options{Config: cfg, Log: logTo(log)})
			if room := a.Room(); room.Level != c.level || room.FreeMB <= 0 {
				t.Errorf("the room is %+v", room)
			}
			_, err := a.svc.ImportWorkbook(t.Context(), service.By("duty"), "西青.xlsx",
				func() ([]byte, error) { return seeds.Workbook(), nil })
			var e *refusal.Error
			if !errors.As(err, &e) || e.Code != refusal.NotReady || e.Rule != "watch.no_room" {
				t.Errorf("an import is answered %v", err)
			}
			_, err = servicetest.Say(t.Context(), a.svc, "duty", "", calls.Declare, "",
				[]byte(strings.Replace(yellow, "{", `{"drill":true,`, 1)))
			if refused := errors.As(err, &e) && e.Rule == "watch.full"; refused != (c.level == watch.RoomStop) || !refused &&
				err != nil {
				t.Errorf("a declaration is answered %v", err)
			}
			if w, err := servicetest.WarningAct(t.Context(), a.svc, "duty", "", live.ID, "lift",
				fmt.Appendf(nil, `{"revision":%d,"reason":"示例"}`, live.Revision)); err != nil || w.State != alerts.Lifted {
				t.Errorf("a lift is answered %v", err)
			}
			planned(t, a, live.ID) // and its releases go out
			status, body := fetch(t, a, "/readyz", "Authorization", "Bearer "+newDemoClient(t, cfg.Data, a).who["viewer"].Token,
				"Accept-Language", "en")
			var got struct {
				Status string
				Checks []struct{ Name, State, Detail string }
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || got.Status != "degraded" ||
				got.Checks[5].Name != "disk" || !strings.Contains(got.Checks[5].Detail, c.says) {
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

// The metrics say of each channel how long its first message is due.
func TestMetricsOfWhatIsDue(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.DiscardHandler))
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom = "2016-01-01"
	w.Import(l)
	if _, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "",
		[]byte(`{"level":"yellow","trigger":"city_order","document_no":"1","issued_by":"天津市","reason":"示例"}`)); err != nil {
		t.Fatal(err)
	}
	w.Elapse(0)
	w.Clock.Add(2*time.Minute + time.Second)
	d, err := readDue(w.Svc.J, w.Svc.J.Moment())
	if err != nil || d.rows < 3 || d.outboxLate != 2*time.Minute+time.Second || d.late[channel.NATS] != d.outboxLate {
		t.Errorf("the metrics have %+v: %v", d, err)
	}
}
