package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// connectAs connects an account that is no enterprise to NATS.
func (p *program) connectAs(who string) *nats.Conn {
	p.t.Helper()
	a := p.accounts[who]
	nc, err := nats.Connect("nats://"+p.addr.NATS, nats.UserInfo(a.User, a.Password),
		nats.CustomInboxPrefix("_INBOX."+a.User))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(nc.Close)
	return nc
}

// entries counts what was recorded but for the journal's own: that a message went out may be recorded at any time.
func (p *program) entries() (n int) {
	p.t.Helper()
	var page struct {
		Items []struct {
			Kind string `json:"kind"`
		} `json:"items"`
	}
	p.must("viewer", "GET", "/ledger/entries?from=0&limit=1000", nil, &page)
	for _, e := range page.Items {
		if !strings.HasPrefix(e.Kind, "journal.") && !strings.HasPrefix(e.Kind, "ledger.") { // which the program says of itself
			n++
		}
	}
	if n == 0 || len(page.Items) == 1000 {
		p.t.Fatalf("%d of %d entries", n, len(page.Items))
	}
	return n
}

type problem struct {
	Code    string
	Detail  string
	Message string
	Errors  []struct{ Path, Rule, Message string }
}

func (e problem) says(code, path string) bool {
	return e.Code == code && (path == "" || len(e.Errors) > 0 && e.Errors[0].Path == path && e.Errors[0].Message != "")
}

func day(offset int) string {
	return time.Now().UTC().Add(8*time.Hour).AddDate(0, 0, offset).Format("2006-01-02")
}

// Bad input over HTTP and NATS gets its code and its place, and nothing is recorded.
func TestBadInputChangesNothing(t *testing.T) {
	p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	feeder := p.connectAs("feeder")
	issued := time.Now().UTC().Format(time.RFC3339)
	forecast := func(days string) string {
		return fmt.Sprintf(`{"source":"tianjin-emc","region":"120111","issued_at":%q,"drill":false,"days":[%s]}`,
			issued, days)
	}
	one := fmt.Sprintf(`{"date":%q,"aqi_low":230,"aqi_high":280}`, day(1))
	before := p.entries()
	for _, c := range []struct {
		name, body string
		status     int
		code, path string
	}{
		{"broken JSON", `{"source":`, 400, "invalid", ""},
		{"not JSON at all", "date,aqi\n2016-12-17,238\n", 400, "invalid", ""},
		{"unknown field", forecast(fmt.Sprintf(`{"date":%q,"aqi_low":230,"aqi_hi":280}`, day(1))), 422, "unknown_field",
			"days[0].aqi_hi"},
		{"a date twice", forecast(one + "," + strings.Replace(one, "280", "290", 1)), 422, "invalid", "days[1].date"},
		{"a range upside down", forecast(fmt.Sprintf(`{"date":%q,"aqi_low":280,"aqi_high":230}`, day(1))), 422, "invalid",
			"days[0].aqi_high"},
		{"an index there is not", forecast(fmt.Sprintf(`{"date":%q,"aqi_low":230,"aqi_high":501}`, day(1))), 422, "invalid",
			"days[0].aqi_high"},
		{"no days", forecast(""), 422, "invalid", "days"},
		{"wrong type", forecast(fmt.Sprintf(`{"date":%q,"aqi_low":true,"aqi_high":280}`, day(1))), 422, "invalid",
			"days[0].aqi_low"},
		{"no index", forecast(fmt.Sprintf(`{"date":%q,"aqi_low":"many","aqi_high":280}`, day(1))), 422, "invalid",
			"days[0].aqi_low"},
		{"a day without its year", forecast(`{"date":"12月1日","aqi":160}`), 422, "invalid", "days[0].date"},
	} {
		status, text := p.raw("feeder", "POST", "/forecasts", c.body)
		var got problem
		if err := json.Unmarshal(text, &got); err != nil || status != c.status || !got.says(c.code, c.path) ||
			got.Detail == "" {
			t.Errorf("%s over HTTP: %d %s; want %d %s at %q", c.name, status, text, c.status, c.code, c.path)
		}
		reply, err := feeder.Request("qingkong.forecast.tianjin-emc", []byte(c.body), 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var over struct{ Error problem }
		if err := json.Unmarshal(reply.Data, &over); err != nil || !over.Error.says(c.code, c.path) ||
			over.Error.Message == "" {
			t.Errorf("%s over NATS: %s; want %s at %q", c.name, reply.Data, c.code, c.path)
		}
	}
	for _, c := range []struct {
		name, who, path, body string
		status                int
		code, at              string
	}{
		{"unknown level", "duty", "/warnings", `{"level":"purple","trigger":"city_order"}`, 422, "invalid", "level"},
		{"unknown trigger", "duty", "/warnings", `{"level":"red","trigger":"a_feeling"}`, 422, "invalid", "trigger"},
		{"unknown recipient", "admin", "/recipients/E9999/credentials", `{}`, 404, "not_found", ""},
		{"a role that may not", "viewer", "/warnings", `{"level":"red","trigger":"city_order"}`, 403, "forbidden", ""},
		{"nobody", "", "/warnings", `{"level":"red","trigger":"city_order"}`, 401, "unauthenticated", ""},
		{"50 MB", "feeder", "/forecasts", `{"source":"` + strings.Repeat("x", 50<<20) + `"}`, 413, "too_large", ""},
	} {
		status, text := p.raw(c.who, "POST", c.path, c.body)
		var got problem
		if err := json.Unmarshal(text, &got); err != nil || status != c.status || !got.says(c.code, c.at) {
			t.Errorf("%s: %d %.300s; want %d %s at %q", c.name, status, text, c.status, c.code, c.at)
		}
	}
	if after := p.entries(); after != before {
		t.Errorf("bad input made %d entries", after-before)
	}
	p.stop()
}

// A forecast from a CSV file, over NATS and by HTTP becomes one proposal with its trace; the declaration goes out on
// its subject and stays in the stream of public events.
func TestFromAForecastToThePublicEvent(t *testing.T) {
	p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	viewer := p.connectAs("viewer")
	declared, err := viewer.SubscribeSync("qingkong.warning.declared")
	if err != nil {
		t.Fatal(err)
	}
	if err := viewer.Flush(); err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	csv, token := filepath.Join(dir, "emc.csv"), filepath.Join(dir, "token")
	text := "date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h\n"
	// seven days: the demo's own forecast gives way to all of them
	for i, aqi := range []int{210, 211, 212, 80, 80, 80, 80} {
		text += fmt.Sprintf("%s,%d,PM2.5,,,,,,\n", day(1+i), aqi)
	}
	for path, content := range map[string]string{csv: text, token: p.accounts["feeder"].Token + "\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	type proposal struct {
		ID, State, Kind, Level string
		Trace                  struct {
			Clauses []struct {
				Level, Clause string
				Met           bool
				Windows       []struct {
					AQIMin int `json:"aqi_min"`
				}
			}
		}
	}
	var got struct {
		ID       string
		Proposal *proposal
	}
	answer := command(t, "forecast", csv, "--server", "http://"+p.addr.HTTP, "--token-file", token, "--source",
		"tianjin-emc")
	if err := json.Unmarshal(answer, &got); err != nil || got.ID == "" || got.Proposal == nil ||
		got.Proposal.Level != "orange" || got.Proposal.State != "open" {
		t.Fatalf("the CSV gave %s (>200 on three days and never over 300 is orange)", answer)
	}
	met := 0
	for _, c := range got.Proposal.Trace.Clauses {
		if c.Met && c.Level == "orange" && len(c.Windows) > 0 && c.Windows[0].AQIMin >= 201 {
			met++
		}
	}
	if met == 0 {
		t.Errorf("the trace does not show the orange clause: %+v", got.Proposal.Trace)
	}
	reply, err := p.connectAs("feeder").Request("qingkong.forecast.tianjin-emc", fmt.Appendf(nil,
		`{"source":"tianjin-emc","region":"120111","issued_at":%q,"days":[{"date":%q,"aqi_low":150,"aqi_high":320},{"date":%q,"aqi_low":210,"aqi_high":210},{"date":%q,"aqi_low":212,"aqi_high":212}]}`,
		time.Now().UTC().Format(time.RFC3339), day(1), day(2), day(3)), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(reply.Data, &got); err != nil || got.Proposal == nil || got.Proposal.Level != "red" {
		t.Fatalf("over NATS: %s; >200 for 72 h and >300 for 24 h within is red", reply.Data)
	}

	w := p.declare("orange")
	msg, err := declared.NextMsg(20 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var event warning
	if err := json.Unmarshal(msg.Data, &event); err != nil || event.ID != w.ID ||
		msg.Header.Get("Qingkong-Event-Id") == "" {
		t.Errorf("qingkong.warning.declared carries %s with %v", msg.Data, msg.Header)
	}
	js, err := jetstream.New(viewer)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.CreateConsumer(t.Context(), "QINGKONG_EVENTS",
		jetstream.ConsumerConfig{Durable: "viewer", FilterSubject: "qingkong.warning.declared"})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := consumer.Fetch(1, jetstream.FetchMaxWait(20*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for m := range batch.Messages() {
		kept++
		if err := json.Unmarshal(m.Data(), &event); err != nil || event.ID != w.ID {
			t.Errorf("the stream keeps %s", m.Data())
		}
	}
	if kept != 1 {
		t.Errorf("QINGKONG_EVENTS holds %d declarations: %v", kept, batch.Error())
	}
	p.stop()
}
