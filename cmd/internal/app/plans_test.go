package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// demoClient speaks HTTP to a running demo with the accounts of its file.
type demoClient struct {
	t   *testing.T
	url string
	who map[string]demo.Credential
}

func newDemoClient(t *testing.T, dir string, a *App) *demoClient {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, folder.DemoCredentials))
	if err != nil {
		t.Fatal(err)
	}
	c := &demoClient{t: t, url: "http://" + a.Addr().HTTP + "/api/v1"}
	if err := json.Unmarshal(text, &c.who); err != nil {
		t.Fatal(err)
	}
	return c
}

// do calls as one of the accounts and reads the answer into v.
func (c *demoClient) do(who, method, path string, body, v any) {
	c.t.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, in)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.who[who].Token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		c.t.Fatalf("%s %s by %s: %s, %v: %s", method, path, who, res.Status, err, text)
	}
	if err := json.Unmarshal(text, v); err != nil {
		c.t.Fatalf("%s: %v in %s", path, err, text)
	}
}

// listen is a plant on NATS: the orders that reach it, and its answers.
func (c *demoClient) listen(a *App, id string) (orders chan notify.View, acknowledge func(order string)) {
	c.t.Helper()
	var secret demo.Credential
	c.do("admin", http.MethodPost, "/recipients/"+id+"/credentials", map[string]any{}, &secret)
	nc, err := nats.Connect("nats://"+a.Addr().NATS, nats.UserInfo(id, secret.Password),
		nats.CustomInboxPrefix("_INBOX."+id))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(nc.Close)
	orders = make(chan notify.View, 100)
	if _, err := nc.Subscribe("qingkong.order."+id, func(msg *nats.Msg) {
		var in struct {
			Event string      `json:"event"`
			Order notify.View `json:"order"`
		}
		if err := json.Unmarshal(msg.Data, &in); err != nil {
			c.t.Errorf("%v in %s", err, msg.Data)
		}
		orders <- in.Order
	}); err != nil {
		c.t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		c.t.Fatal(err)
	}
	return orders, func(order string) {
		c.t.Helper()
		ctx, cancel := context.WithTimeout(c.t.Context(), patience)
		defer cancel()
		msg, err := nc.RequestWithContext(ctx, "qingkong.answer."+id,
			fmt.Appendf(nil, `{"order_id":%q,"action":"acknowledge"}`, order))
		if err != nil {
			c.t.Fatal(err)
		}
		if !strings.Contains(string(msg.Data), `"ok":true`) {
			c.t.Fatalf("acknowledging %s: %s", order, msg.Data)
		}
	}
}

func awaited(t *testing.T, orders chan notify.View, revision int) notify.View {
	t.Helper()
	for timeout := time.After(patience); ; {
		select {
		case o := <-orders:
			if o.Revision == revision {
				return o
			}
		case <-timeout:
			t.Fatalf("no order of revision %d comes", revision)
		}
	}
}

// A newcomer declares a warning in the demo: both plants get their orders at once, the prepared plan of each is
// optimal, and what the duty officer accepts reaches the plant as its quantities, which it acknowledges.
func TestDemoPlansOfBothPlants(t *testing.T) {
	cfg := alone(t)
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	c := newDemoClient(t, cfg.Data, a)
	coal, ackCoal := c.listen(a, "E0001")
	waste, ackWaste := c.listen(a, "E0002")

	now := a.journal.Now()
	var w struct {
		ID       string
		Revision int
		State    string
	}
	c.do("duty", http.MethodPost, "/warnings",
		map[string]any{"level": "orange", "trigger": "city_order", "document_no": "津污防指〔2016〕1号", "issued_by": "天津市",
			"starts_at": now.Add(20 * time.Hour), "ends_at": now.Add(5*24*time.Hour + 13*time.Minute), "reason": "示例"}, &w)
	c.do("approver", http.MethodPost, "/warnings/"+w.ID+"/approve", map[string]any{"revision": w.Revision}, &w)

	for _, p := range []struct {
		id     string
		kind   plant.Kind
		orders chan notify.View
		ack    func(string)
	}{{"E0001", plant.Coal, coal, ackCoal}, {"E0002", plant.Waste, waste, ackWaste}} {
		first := awaited(t, p.orders, 1)
		var prepared struct {
			Problem json.RawMessage
			Missing []any
			Result  *struct {
				Status     string
				Reductions []plant.PlanReduction
			}
		}
		begin := time.Now()
		c.do("duty", http.MethodGet, "/orders/"+first.ID+"/plan", nil, &prepared)
		t.Logf("%s: %s in %s", p.id, prepared.Result.Status, time.Since(begin).Round(time.Millisecond))
		if len(prepared.Missing) != 0 || prepared.Result == nil || prepared.Result.Status != "optimal" {
			t.Fatalf("%s: missing %v, %+v", p.id, prepared.Missing, prepared.Result)
		}
		var accepted notify.View
		c.do("duty", http.MethodPost, "/orders/"+first.ID+"/plan/accept",
			map[string]any{"problem": prepared.Problem, "reason": "示例：供热不能减",
				"reduction_stays": plant.AskedReductions(prepared.Result.Reductions)}, &accepted)
		revised := awaited(t, p.orders, 2)
		plan, err := plant.ParseOperatingPlan(revised.Plan)
		if err != nil || plan == nil || plan.Kind != p.kind || plan.Status != "optimal" {
			t.Fatalf("%s over NATS: %v %s", p.id, err, revised.Plan)
		}
		total := 0.0
		for _, d := range plan.Days {
			total += d.T
		}
		burnt := plan.Totals.CoalT
		if p.kind == plant.Waste {
			burnt = plan.Totals.FeedT
		}
		if *burnt <= 0 || total < *burnt-0.01 || total > *burnt+0.01 {
			t.Errorf("%s: %g t by day, %g t in all", p.id, total, *burnt)
		}
		planned := 0
		for _, m := range revised.Measures {
			if m.Action != p.kind.Action() {
				continue
			}
			planned++
			largest := 0.0
			for _, d := range m.Quantity.Days {
				largest = max(largest, d.Value)
			}
			if len(m.Quantity.Days) != len(plan.Days) || m.Quantity.Kind != reductionlist.AtMost ||
				m.Quantity.Value != largest || m.Quantity.Days[0].From == nil {
				t.Errorf("%s %s: %+v", p.id, m.ID, m.Quantity)
			}
			watched := false
			for _, o := range m.Monitor {
				watched = watched || o.Criterion == fmt.Sprintf("day_total_at_most %v t", largest)
			}
			if !watched || !strings.Contains(revised.Text, m.Text) {
				t.Errorf("%s %s is watched by %+v, and reads %s", p.id, m.ID, m.Monitor, m.Text)
			}
		}
		if want := map[plant.Kind]int{plant.Coal: 4, plant.Waste: 3}[p.kind]; planned != want {
			t.Errorf("%s: %d measures with a plan, want %d", p.id, planned, want)
		}
		p.ack(revised.ID)
		var after notify.View
		c.do("duty", http.MethodGet, "/orders/"+revised.ID, nil, &after)
		if after.Answer != "acknowledged" || after.ID != accepted.ID || string(after.Plan) != string(accepted.Plan) {
			t.Errorf("%s: %s is %s", p.id, after.ID, after.Answer)
		}
	}
	prove(t, a)
}
