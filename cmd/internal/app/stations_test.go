package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/service"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// stationFrame is an hour's value of a station as it goes over the wire.
func stationFrame(t *testing.T, mn, password string, at time.Time, so2 float64) string {
	t.Helper()
	text := at.In(hj212.Beijing).Format("20060102150405")
	f := hj212.NewFrame(hj212.Head{QN: text + "000", ST: "31", CN: "2061", PW: password, MN: mn, Flag: 5, HasFlag: true},
		hj212.NewItem("DataTime", text), hj212.NewItem("a21026-Avg", fmt.Sprint(so2)), hj212.NewItem("a21026-Flag", "N"))
	b, err := f.Append(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// over sends a frame on a connection and returns what is answered.
func over(t *testing.T, c net.Conn, frame string) string {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte(frame)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// A registered station reports over TCP and over NATS, is confirmed, and what it says can be read at once and after a
// restart; the hour's root over it is recorded.
func TestStationsReport(t *testing.T) {
	cfg := alone(t)
	cfg.Listen.HJ212 = "127.0.0.1:0"
	a := start(t, Options{Config: cfg, Demo: &demo.Demo{NoSimulate: true}})
	var accounts map[string]struct{ User, Password, Recipient string }
	text, err := os.ReadFile(filepath.Join(cfg.Data, folder.DemoCredentials))
	if err == nil {
		err = json.Unmarshal(text, &accounts)
	}
	if err != nil {
		t.Fatal(err)
	}
	owner := accounts["enterprise"]
	_, err = a.svc.AddStation(t.Context(), service.By("demo-admin"), calls.NewStation{MN: "DEMO0001", Name: "总排口",
		RecipientID: owner.Recipient, ST: "31", Version: "2017", Secrets: calls.Secrets{Password: "123456"},
		Outlets: []calls.OutletText{{Name: "总排口", Factors: []calls.FactorText{{Code: "a21026"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	var told map[string]string
	if text, err = os.ReadFile(filepath.Join(cfg.Data, folder.Addresses)); err == nil {
		err = json.Unmarshal(text, &told)
	}
	if err != nil || told["hj212"] == "" || told["hj212"] != a.Addr().HJ212 {
		t.Fatalf("addresses: %s %v", text, err)
	}
	c, err := net.Dial("tcp", told["hj212"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	hour := time.Now().Truncate(time.Hour).Add(-3 * time.Hour)
	if got := over(t, c, stationFrame(t, "DEMO0001", "123456", hour, 35)); !strings.Contains(got, "CN=9014;PW=123456;MN=DEMO0001;") {
		t.Errorf("answered %q", got)
	}
	for i, who := range []string{"feeder", "enterprise"} {
		user := accounts[who]
		nc, err := nats.Connect("nats://"+a.Addr().NATS, nats.UserInfo(user.User, user.Password),
			nats.CustomInboxPrefix("_INBOX."+user.User))
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		frame := stationFrame(t, "DEMO0001", "123456", hour.Add(time.Duration(i+1)*time.Hour), 36)
		msg, err := nc.Request("qingkong.telemetry.DEMO0001", []byte(frame), patience)
		if err != nil || !strings.Contains(string(msg.Data), "CN=9014") {
			t.Errorf("%s: %v %v", who, msg, err)
		}
		wrong := stationFrame(t, "DEMO0001", "another", hour, 37)
		if msg, err = nc.Request("qingkong.telemetry.DEMO0001", []byte(wrong), patience); err != nil ||
			!strings.Contains(string(msg.Data), `"code":"forbidden"`) || !strings.Contains(string(msg.Data), "PW") {
			t.Errorf("%s with a wrong password: %s %v", who, msg.Data, err)
		}
		said := fmt.Sprintf(`{"point":"DEMO0001.a21026","unit":"mg/m3","step":"1m","readings":[{"at":%q,"value":30}]}`,
			hour.Add(time.Duration(i)*time.Minute).Format(time.RFC3339))
		if msg, err = nc.Request("qingkong.telemetry.DEMO0001", []byte(said), patience); err != nil ||
			!strings.Contains(string(msg.Data), `"ok":true,"point":"DEMO0001.a21026"`) {
			t.Errorf("%s as JSON: %s %v", who, msg.Data, err)
		}
		other := strings.Replace(said, "DEMO0001", "DEMO0002", 1)
		if msg, err = nc.Request("qingkong.telemetry.DEMO0001", []byte(other), patience); err != nil ||
			!strings.Contains(string(msg.Data), `"path":"point"`) {
			t.Errorf("%s for another station: %s %v", who, msg.Data, err)
		}
		nc.Close()
	}
	read := func(a *App) (values []float64) {
		eventually(t, "readings of all three", func() bool {
			kept, err := a.station.Series(t.Context(), "DEMO0001.a21026", telemetry.Hour, hour, hour.Add(4*time.Hour), 10)
			values = nil
			for _, k := range kept {
				if x, ok := k.Values.Get(telemetry.Avg); ok && k.Source == telemetry.ByDevice {
					values = append(values, x)
				}
			}
			return err == nil && len(values) == 3
		})
		return values
	}
	if got := fmt.Sprint(read(a)); got != "[35 36 36]" {
		t.Error(got)
	}
	eventually(t, "what was confirmed and refused after the last hour to be counted", func() bool {
		h, err := a.station.Heard(t.Context(), "DEMO0001")
		if err != nil || h == nil || h.Frames > 5 || !h.Connected {
			t.Fatalf("%+v %v", h, err)
		}
		return h.Frames == 5 && h.Refused > 0
	})
	stop(t, a)
	cfg.Listen.HJ212 = ""
	later := time.Now().Add(3 * time.Hour)
	a = start(t, Options{Config: cfg, Clock: func() time.Time { return later }})
	if got := fmt.Sprint(read(a)); got != "[35 36 36]" || a.Addr().HJ212 != "" {
		t.Errorf("after a restart %s on %q", got, a.Addr().HJ212)
	}
	if err := a.rootDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	view(t, a, func(tx *bbolt.Tx) error {
		var n int64
		for at := hour; at.Before(later.Add(-2 * time.Hour)); at = at.Add(time.Hour) {
			h, err := telemetry.HourRoot(tx, at)
			if err != nil {
				return err
			}
			if h != nil {
				n += h.Frames
			}
		}
		if n != 5 {
			t.Errorf("the roots are over %d frames", n)
		}
		return nil
	})
	prove(t, a)
}
