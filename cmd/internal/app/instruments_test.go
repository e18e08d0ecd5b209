package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/config"
)

// stationsOfRegion are a region's stations for six days until the hour that runs, as its feed has them: hour by hour,
// some of them missing.
type stationsOfRegion struct {
	d     *district
	until time.Time
}

const regionHours = 6 * 24

// send gives a station's hours over HTTP and returns how many values were set aside.
func (n *stationsOfRegion) send(station string, of func(hour int) string) (aside map[string]int) {
	t := n.d.t
	t.Helper()
	var hours []string
	for i := range regionHours {
		if values := of(i); values != "" {
			hours = append(hours, fmt.Sprintf(`{"at":%q,%s}`,
				n.until.Add(time.Duration(i-regionHours)*time.Hour).Format(time.RFC3339), values))
		}
	}
	res, body := n.d.ask(http.DefaultClient, n.d.request("POST", "/api/v1/observations", n.d.tokens["feeder"],
		fmt.Sprintf(`{"station":%q,"region":"120111","hours":[%s]}`, station, strings.Join(hours, ","))))
	var got struct {
		SetAside []struct{ Path, Rule, Message string } `json:"set_aside"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %d %s", station, res.StatusCode, body)
	}
	aside = map[string]int{}
	for _, s := range got.SetAside {
		aside[s.Rule]++
		if s.Path == "" || s.Message == "" {
			t.Errorf("%+v", s)
		}
	}
	return aside
}

// proposed is what is open, in one line.
func (n *stationsOfRegion) proposed() string {
	t := n.d.t
	t.Helper()
	res, body := n.d.ask(http.DefaultClient, n.d.request("GET", "/api/v1/proposals?state=open", n.d.tokens["duty"], ""))
	var page struct{ Items []alerts.Proposal }
	if err := json.Unmarshal([]byte(body), &page); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	var out []string
	for _, p := range page.Items {
		line := fmt.Sprint(p.Kind, " ", p.Level)
		for _, c := range p.Trace.Clauses {
			for _, w := range c.Windows {
				line += fmt.Sprintf(" %s %d-%d for %v", c.Clause, w.AQIMin, w.AQIMax, w.To.Sub(w.From))
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

// The whole program over HTTP: of thirty-seven stations ten repeat one value for six days, with hours missing. What is
// proposed is what the twenty-seven others say, in bad air as in clean, and every value of the ten is named.
func TestTenFrozenStationsOfThirtySeven(t *testing.T) {
	t.Parallel()
	for _, air := range []struct {
		name   string
		pm25   int
		frozen []int // what the ten say
	}{
		{"bad air that clean numbers would hide", 175, []int{4, 8, 9, 12, 15, 20, 22, 30, 31, 35}},
		{"clean air that high numbers would spoil", 30, []int{264, 300, 350, 400, 500, 600, 700, 800, 900, 985}},
	} {
		t.Run(air.name, func(t *testing.T) {
			d, _ := newShares(t, func(c *config.Config) {
				c.Limits = config.Default().Limits
				c.Limits.WritesBurst, c.Limits.WritesPerMinute = 200, 600
			})
			n := &stationsOfRegion{d, time.Now().Truncate(time.Hour)}
			for s := range 27 {
				if aside := n.send(fmt.Sprintf("live-%02d", s), func(i int) string {
					if (i+s)%29 == 0 {
						return ""
					}
					return fmt.Sprintf(`"pm25":%d,"pm10":%d,"no2":%d`, air.pm25+(i*7+s)%11, air.pm25+60+(i*5+s)%13, 30+(i*3+s)%17)
				}); len(aside) > 0 {
					t.Errorf("of a live station: %v", aside)
				}
			}
			live := n.proposed()
			for s, v := range air.frozen {
				sent := 0
				aside := n.send(fmt.Sprintf("frozen-%02d", s), func(i int) string {
					if (i+s)%6 == 0 {
						return ""
					}
					sent++
					return fmt.Sprintf(`"pm25":%d,"no2":%d`, v, 30+(i*3+s)%17)
				})
				if aside["stuck"] != sent || len(aside) != 1 {
					t.Errorf("frozen at %d: %d values sent, set aside %v", v, sent, aside)
				}
			}
			if all := n.proposed(); all != live || (live == "") != (air.pm25 < 100) {
				t.Errorf("with ten frozen stations:\n%s\nof the live ones:\n%s", all, live)
			}
			prove(t, d.app)
		})
	}
}
