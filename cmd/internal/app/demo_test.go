package app

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/demo"
)

// monitored is a demo whose instruments report, as its accounts see it.
type monitored struct {
	t     *testing.T
	app   *App
	demo  *demo.Demo
	token map[string]string // by role
}

// startMonitored starts a demo in a folder, with the instruments of some recipients, and waits until the time before it
// is filled in.
func startMonitored(t *testing.T, opt Options, recipients ...string) *monitored {
	t.Helper()
	opt.Demo = &demo.Demo{Instruments: recipients}
	m := &monitored{t: t, app: start(t, opt), demo: opt.Demo, token: map[string]string{}}
	all, err := demo.Credentials(opt.Config.Data)
	if err != nil {
		t.Fatal(err)
	}
	for role, c := range all {
		m.token[role] = c.Token
	}
	filledIn(t, m.demo)
	return m
}

// filledIn waits until the time before a demo is filled in, which is much work, for as long as it goes on.
func filledIn(t *testing.T, d *demo.Demo) {
	t.Helper()
	for done, all := d.Filled(); all == 0 || done < all; {
		was := done
		eventually(t, "more of the time before", func() bool {
			done, all = d.Filled()
			return done > was || all > 0 && done == all
		})
	}
}

// get reads a page of the interface as a role; it is false where there is none for that role.
func (m *monitored) get(role, path string, into any) bool {
	m.t.Helper()
	status, text := fetch(m.t, m.app, "/api/v1"+path, "Authorization", "Bearer "+m.token[role])
	if status == http.StatusNotFound {
		return false
	}
	if err := json.Unmarshal([]byte(text), into); err != nil || status != http.StatusOK {
		m.t.Fatalf("%s: %d %s", path, status, text)
	}
	return true
}

// hours are the hours of a point in the last ninety days that have a value, as the duty officer sees them.
func (m *monitored) hours(point string) (n int) {
	m.t.Helper()
	from := time.Now().AddDate(0, 0, -90).UTC().Format(time.RFC3339)
	var page struct {
		Station string
		Items   []struct{ Value *float64 }
	}
	if !m.get("duty", "/telemetry/"+url.PathEscape(point)+"?step=1h&limit=10000&from="+from, &page) {
		m.t.Fatalf("no point %s", point)
	}
	for _, at := range page.Items {
		if at.Value != nil {
			n++
		}
	}
	return n
}

// heard waits until every station is connected, and all instruments have been heard of since a time and are fresh.
func (m *monitored) heard(since time.Time, stations, instruments int) {
	m.t.Helper()
	eventually(m.t, "all report", func() bool {
		var page struct {
			Items []struct {
				MN, Freshness, Name string
				Registered          bool
				Frames, Connected   bool
				LastAt              *time.Time `json:"last_at"`
			}
		}
		m.get("duty", "/stations/states?limit=200&freshness=fresh", &page)
		frames, all := 0, 0
		for _, st := range page.Items {
			if all++; st.Frames && st.Connected && !st.LastAt.Before(since) {
				frames++
			}
			if st.Registered != strings.HasSuffix(st.Name, "（演示）") {
				m.t.Errorf("%+v is not told from a real one", st)
			}
		}
		return frames == stations && all == instruments
	})
}

// The instruments of a demo report to its own ports: each is there with the hours of ninety days before and reports by
// itself, whoever asks sees what is theirs, and a second start makes none of it anew.
func TestTheInstrumentsOfADemo(t *testing.T) {
	t.Parallel()
	const unit, meter, reagent = "120111E00010000000000005.a21002", "XQ-E0003-1", "DCS-E0001-石灰石"
	opt := Options{Config: alone(t)}
	opt.Config.Listen.HJ212 = "127.0.0.1:0"
	begun := time.Now()
	m := startMonitored(t, opt, "E0001", "E0003")
	m.heard(begun.Add(-time.Second), 6, 10)
	whole := func(m *monitored) {
		for _, point := range []string{unit, meter, reagent} {
			if n := m.hours(point); n < 90*24-2 {
				t.Errorf("%s has %d hours of ninety days", point, n)
			}
		}
	}
	whole(m)
	var trucks struct {
		Masked bool
		Items  []struct{ Plate, Standard string }
	}
	if m.get("town", "/telemetry/MJ-E0003-1/passes", &trucks) {
		t.Error("a town reads of a gate elsewhere")
	}
	dirty := 0
	m.get("viewer", "/telemetry/MJ-E0003-1/passes", &trucks)
	for _, pass := range trucks.Items {
		if pass.Standard == "国四" || pass.Standard == "国三" {
			dirty++
		}
	}
	if !trucks.Masked || dirty == 0 || dirty > len(trucks.Items)/2 {
		t.Errorf("%d of the trucks at the gate are below 国五: %+v", dirty, trucks)
	}
	var any json.RawMessage
	if m.get("enterprise", "/telemetry/"+unit, &any) || !m.get("enterprise", "/telemetry/"+meter, &any) {
		t.Error("the enterprise's account sees another's points, or not its own")
	}
	if strangers, err := m.app.station.Strangers(t.Context()); err != nil || len(strangers) > 0 {
		t.Errorf("strangers: %+v %v", strangers, err)
	}
	before, _ := m.app.station.Taker.Taken()
	stop(t, m.app)
	again := time.Now()
	m = startMonitored(t, opt, "E0001", "E0003")
	m.heard(again, 6, 10)
	if after, _ := m.app.station.Taker.Taken(); after > before/10 {
		t.Errorf("%d frames at the second start, %d at the first", after, before)
	}
	whole(m)
	prove(t, m.app)
}
