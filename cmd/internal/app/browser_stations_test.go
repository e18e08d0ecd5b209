package app

import (
	"fmt"
	"math"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// stationMN is that of a boiler's stack in this story.
const stationMN = "010000A8900016F000169DC0"

// theirReadings registers a station with two clicks from what it sent, and looks at the wall, the station and its points on a
// desk and, dark and in English, on a phone.
func theirReadings(t *testing.T, w *world) {
	sends := func(sort telemetry.Sort, why string, raw []byte) {
		t.Helper()
		r := telemetry.Received{Sort: sort, Why: why, MN: stationMN, From: "192.0.2.7:50123", Raw: raw}
		if err := w.svc.Instruments.Take(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().In(alerts.Shanghai()).Truncate(time.Hour)
	sends(telemetry.Unknown, "unregistered", hourFrame(t, now.Add(-time.Hour), 20, "N"))

	admin := w.person(t, deskWidth)
	admin.login("admin")
	eventually(t, "it asks to be registered", func() bool {
		admin.open("/desk/stations")
		return admin.there(`a[href="/desk/register?mn=` + stationMN + `"]`)
	})
	admin.looksRight("/desk/stations")
	admin.shot("stations-strangers")
	admin.click(`a[href="/desk/register?mn=` + stationMN + `"]`)
	admin.looksRight("/desk/register")
	admin.shot("station-form")
	admin.fill("#f-name", "2#锅炉总排口")
	admin.fill("#f-recipient_id", "E0003")
	admin.click(`main button.button-main`)
	admin.says(word("done.station.add"), "2#锅炉总排口")

	for h := -72; h < 0; h++ {
		flag := "N"
		switch {
		case h >= -30 && h < -25:
			continue
		case h >= -12 && h < -9:
			flag = "D"
		}
		sends(telemetry.Frame, "", hourFrame(t, now.Add(time.Duration(h)*time.Hour), 24+8*math.Sin(float64(h)/5), flag))
	}
	sends(telemetry.Refused, "crc", []byte("##0101QN=20160801085857223;ST=31;CN=2011;PW=1;MN="+stationMN+";"+hostile))
	duty := w.person(t, deskWidth)
	duty.login("duty")
	eventually(t, "its last hour is shown", func() bool {
		duty.open("/desk/points/" + stationMN + ".a21026")
		return duty.there("svg.chart-wide")
	})
	looks := func(p *tab, variant string) {
		t.Helper()
		for _, page := range []struct{ path, name string }{{"/desk/stations?freshness=fresh", "stations"},
			{"/desk/stations/" + stationMN, "station"}, {"/desk/points/" + stationMN + ".a21026?step=1h", "point"}} {
			p.open(page.path)
			p.looksRight(page.path)
			p.shot(page.name + variant)
		}
	}
	looks(duty, "")
	duty.says(word("flag.D"), word("point.missing"))

	plant := w.person(t, phoneWidth)
	plant.login("enterprise")
	plant.click(`#my-stations`)
	plant.looksRight("/desk/stations")
	plant.shot("stations-mine")
	plant.click(`button[value=en]`)
	plant.colours("light")
	plant.click(`button.system-light`)
	looks(plant, "-en-dark")

	duty.open("/desk/stations?q=" + stationMN)
	again := func(what string) {
		t.Helper()
		eval[bool](duty, `(() => { window.answered = false; document.getElementById("wall").dataset.old = "yes";
			document.addEventListener("htmx:afterSettle", () => window.answered = true, {once: true});
			document.addEventListener("htmx:afterRequest", () => window.answered = true, {once: true});
			htmx.ajax("GET", location.href, {target: "#wall", select: "#wall", swap: "outerHTML"}); return true })()`)
		duty.comes(what, `window.answered === true`)
	}
	again("the wall asks for itself")
	duty.comes("the wall loads itself again", `!document.getElementById("wall").dataset.old`)
	other := duty.beside()
	other.open("/desk")
	other.click(`form[action="/logout"] button`)
	again("it asks once more")
	if !eval[bool](duty, `!!document.getElementById("wall").dataset.old`) {
		t.Error("the login's page takes the place of the wall")
	}
	duty.says("2#锅炉总排口")
}

// hourFrame is an hour of the station: sulphur dioxide at a concentration, with dust and oxygen beside it.
func hourFrame(t *testing.T, at time.Time, so2 float64, flag string) []byte {
	t.Helper()
	items := []hj212.Item{hj212.NewItem("DataTime", at.Format("20060102150405"))}
	for _, kv := range [][2]string{{"a21026-Avg", fmt.Sprintf("%.1f", so2)}, {"a21026-Min", fmt.Sprintf("%.1f", so2*.8)},
		{"a21026-Max", fmt.Sprintf("%.1f", so2*1.3)}, {"a21026-Cou", fmt.Sprintf("%.2f", so2/9)},
		{"a21026-ZsAvg", fmt.Sprintf("%.1f", so2*1.15)}, {"a21026-Flag", flag}, {"a34013-Avg", "2.4"}, {"a34013-Flag", "N"},
		{"a19001-Avg", "7.9"}, {"a19001-Flag", "N"}} {
		items = append(items, hj212.NewItem(kv[0], kv[1]))
	}
	f := hj212.NewFrame(hj212.Head{QN: time.Now().In(alerts.Shanghai()).Format("20060102150405") + "000", ST: "31", CN: "2061",
		PW: "123456", MN: stationMN, Flag: hj212.FlagOf(hj212.V2017, true, false), HasFlag: true}, items...)
	raw, err := f.Append(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
