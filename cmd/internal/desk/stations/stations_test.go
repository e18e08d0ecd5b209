package stations_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/notify/telemetry"
)

// at is an hour of the world's first day, negative ones of the days before.
func at(hour int) time.Time {
	return desktest.Begin.Truncate(time.Hour).Add(time.Duration(hour) * time.Hour)
}

// district is a world in which MNE0001 reports two days of hours, with three that are missing, one with a fault and one
// that came twice; MNE0002 fell silent, MNE0003 never reported, and one that nobody knows asks to be registered.
func district(t *testing.T) *desktest.World {
	w := desktest.New(t)
	w.Instruments()
	for _, id := range []string{"E0001", "E0002", "E0003"} {
		w.Register("MN"+id, "总排口"+id, id, "a34013", "a21026", "a21002")
	}
	var frames [][]byte
	for h := -48; h < 0; h++ {
		flag := "N"
		switch {
		case h >= -20 && h < -17:
			continue
		case h == -10:
			flag = "D"
		}
		frames = append(frames, w.Frame("MNE0001", "2061", at(h), "a21026-Avg", fmt.Sprint(20+h%7), "a21026-Min", "11.5",
			"a21026-Max", "33", "a21026-Cou", "2.25", "a21026-ZsAvg", "25.5", "a21026-Flag", flag, "a34013-Avg", "3.1",
			"a34013-Flag", "N"))
	}
	w.Reports("MNE0001", frames...)
	w.Reports("MNE0001", w.Frame("MNE0001", "2061", at(-5), "a21026-Avg", "77.7", "a21026-Flag", "N"))
	w.Refuses("MNE0001", "crc",
		[]byte("##0100QN=1;CN=2011;PW=geheim;MN=MNE0001;CP=&&DataTime=20161216160000;"+desktest.Hostile+"&&0000"))
	w.Reports("MNE0002", w.Frame("MNE0002", "2061", at(-1), "a21026-Avg", "9", "a21026-Flag", "N"))
	w.Quarantines("MNNEW", "unregistered", w.Frame("MNNEW", "2061", at(-1), "a21026-Avg", "5", "a21002-Avg", "6"))
	w.Elapse(6 * time.Hour)
	w.Reports("MNE0001", w.Frame("MNE0001", "2061", at(5), "a21026-Avg", "21", "a21026-Flag", "N", "a34013-Avg", "4",
		"a34013-Flag", "N"))
	w.Heard("MNE0001", at(5))
	return w
}

// rowOf is the text of the row that has a link to an address.
func rowOf(page *html.Node, href string) (text string) {
	var row *html.Node
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "tr" {
			row = e
		}
		if e.Data == "a" && desktest.Attr(e, "href") == href && row != nil && text == "" {
			text = desktest.TextOf(row)
		}
	})
	return text
}

// What pages show of a district; none of it changes anything.
func TestPages(t *testing.T) {
	w := district(t)
	for name, test := range map[string]func(*testing.T, *desktest.World){"wall": wall, "station": station, "point": point,
		"scopes": scopes} {
		t.Run(name, func(t *testing.T) {
			w.T = t
			test(t, w)
		})
	}
	w.T = t
}

// The wall has those first that need somebody, says of each how it reports, and counts them.
func wall(t *testing.T, w *desktest.World) {
	page := w.Get(200, "duty", "/desk/stations")
	text := desktest.TextOf(page)
	silent, fresh := strings.Index(text, "总排口E0002"), strings.Index(text, "总排口E0001")
	if silent < 0 || fresh < 0 || silent > fresh {
		t.Errorf("the silent station stands behind the one that reports: %s", text)
	}
	desktest.Says(t, "counters", text, "断线 1", "从未上报 2", "正常 1", "全部 4")
	desktest.Says(t, "silent", rowOf(page, "/desk/stations/MNE0002"), "断线", "6 小时前", "示例企业E0002", "杨柳青镇")
	desktest.Says(t, "fresh", rowOf(page, "/desk/stations/MNE0001"), "正常", "刚刚", "二氧化硫 21 mg/m³", "烟尘 4 mg/m³", "拒收 1", "缺数")
	desktest.Says(t, "never", rowOf(page, "/desk/stations/MNE0003"), "从未上报")
	desktest.Says(t, "meter of the list", rowOf(page, "/desk/stations/P1"), "未登记", "从未上报")
	only := desktest.TextOf(w.Get(200, "duty", "/desk/stations?freshness=silent&q=MNE"))
	if !strings.Contains(only, "总排口E0002") || strings.Contains(only, "总排口E0001") {
		t.Errorf("only silent ones: %s", only)
	}
	if strings.Contains(text, "MNNEW") {
		t.Error("an officer is told of who asks to be registered")
	}
}

// Whoever nobody knows is registered with two clicks: the form is filled in with what it sent.
func TestRegisterAStranger(t *testing.T) {
	w := district(t)
	page := w.Get(200, "admin", "/desk/stations")
	desktest.Says(t, "quarantine", rowOf(page, "/desk/register?mn=MNNEW"), "MNNEW", "192.0.2.7", "二氧化硫", "氮氧化物")
	form := desktest.Values(w.Get(200, "admin", "/desk/register?mn=MNNEW"))
	if got := form.Get("outlets"); !strings.Contains(got, "a21026") || form.Get("password") != "123456" ||
		form.Get("st") != "31" || form.Get("version") != "2017" {
		t.Errorf("filled in: %v", form)
	}
	w.Refused(422, "admin", "/desk/register", form) // whose it is only a person can say
	form.Set("recipient_id", "E0003")
	form.Set("name", "新站<script>alert(1)</script>")
	if to := w.Post(303, "admin", "/desk/register", form).Header.Get("Location"); to != "/desk/stations/MNNEW?done=station.add" {
		t.Errorf("it leads to %s", to)
	}
	desktest.Says(t, "station", desktest.TextOf(w.Get(200, "duty", "/desk/stations/MNNEW")), "新站<script>", "示例企业E0003")
	for _, user := range []string{"duty", "E0001", "town"} {
		w.Refused(403, user, "/desk/register", form)
		w.Get(403, user, "/desk/register")
	}
}

// A form that is refused says where and keeps what was typed; a change goes by revision.
func TestChangeAStation(t *testing.T) {
	w := district(t)
	path := "/desk/stations/MNE0001/change"
	form := desktest.Values(w.Get(200, "admin", path))
	if form.Get("password") != "" || form.Get("outlets") != "1#烟囱：a34013，a21026，a21002；O2=6" {
		t.Errorf("the form: %v", form)
	}
	bad := url.Values{}
	for k, v := range form {
		bad[k] = v
	}
	bad.Set("outlets", "一行话")
	desktest.Says(t, "refused", desktest.TextOf(w.Refused(422, "admin", path, bad)), "第 1 行", "一行话")
	form.Set("tolerate.modbus_crc", "true")
	form.Set("name", "改名")
	w.Post(303, "admin", path, form)
	page := desktest.TextOf(w.Get(200, "admin", "/desk/stations/MNE0001"))
	desktest.Says(t, "changed", page, "改名", "Modbus", "第 2 版", "已设置")
	form.Set("name", "又改名")
	form.Set("key", frame.NewKey())
	w.Refused(409, "admin", path, form)

	none := desktest.Values(w.Get(200, "admin", path)) // it sends no frames any more: what was said of them goes
	for _, name := range []string{"st", "version", "minute_min", "sample_s"} {
		none.Set(name, "")
	}
	none.Del("tolerate.modbus_crc")
	w.Post(303, "admin", path, none)
	if page := desktest.TextOf(w.Get(200, "admin", "/desk/stations/MNE0001")); strings.Contains(page, "HJ 212-2017") ||
		!strings.Contains(page, "第 3 版") {
		t.Errorf("it sends no frames any more: %s", page)
	}

	retire := desktest.Values(w.Get(200, "admin", "/desk/stations/MNE0001"))
	w.Refused(403, "duty", "/desk/stations/MNE0001/retire", retire)
	w.Post(303, "admin", "/desk/stations/MNE0001/retire", retire)
	desktest.Says(t, "retired", desktest.TextOf(w.Get(200, "duty", "/desk/stations/MNE0001")), "已停用")
	back := desktest.Values(w.Get(200, "admin", "/desk/stations/MNE0001"))
	w.Post(303, "admin", "/desk/stations/MNE0001/reinstate", back)
}

// A station's page tells what it sent and what was refused, and shows no password.
func station(t *testing.T, w *desktest.World) {
	r := w.As("duty", "/desk/stations/MNE0001", nil)
	desktest.Lint(t, "station", r.Text)
	text := desktest.TextOf(desktest.Parsed(t, r.Text))
	desktest.Says(t, "station", text, "总排口E0001", "示例企业E0001", "正常", "近三日缺数", "2061 小时数据", "CRC 不符", "拒收 1",
		"HJ 212-2017", "a21026", "基准氧 6 %", "<script>alert")
	if strings.Contains(r.Text, "geheim") || strings.Contains(r.Text, "123456") || strings.Contains(r.Text, "<script>alert") {
		t.Errorf("a password, or markup of a device, stands there")
	}
	desktest.Says(t, "meter", desktest.TextOf(w.Get(200, "duty", "/desk/stations/P1")), "没有登记", "M1", "从未上报")
	if never := desktest.TextOf(w.Get(200, "duty", "/desk/stations/MNE0003")); strings.Contains(never, "没有缺数") {
		t.Errorf("a station that never reported has no gaps: %s", never)
	}
	w.Get(404, "duty", "/desk/stations/MNNOBODY")
}

// A point's page draws what came, and says beside it in words and numbers what the drawing shows.
func point(t *testing.T, w *desktest.World) {
	path := "/desk/points/MNE0001.a21026"
	r := w.As("duty", path, nil)
	desktest.Lint(t, "point", r.Text)
	page := desktest.Parsed(t, r.Text)
	text := desktest.TextOf(page)
	desktest.Says(t, "point", text, "二氧化硫", "毫克每立方米（mg/m³）", "D 故障", "1 个时段", "缺数", "折算值", "最小–最大", "25.5",
		"11.5–33", "总量 (kg)", "2.25")
	drawings, said := 0, ""
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "svg" && desktest.Attr(e, "role") == "img" {
			drawings, said = drawings+1, said+desktest.Attr(e, "aria-label")
		}
	})
	if drawings != 4 { // values and totals, each for a desk and for a phone
		t.Errorf("%d drawings", drawings)
	}
	desktest.Says(t, "label", said, "小时数据", "缺 ", "故障 1 个", "mg/m³")
	second := desktest.TextOf(w.Get(200, "duty", path+"?from=2016-12-16&to=2016-12-16+17:00"))
	desktest.Says(t, "a time that was typed", second, "2016-12-16 00:00")
	bad := w.As("duty", path+"?from=2016-12-18&to=2016-12-16", nil)
	desktest.Says(t, "a time that ends before it begins", desktest.TextOf(desktest.Parsed(t, bad.Text)), "2016-12-18", "二氧化硫")
	if bad.StatusCode != 422 {
		t.Errorf("status %d", bad.StatusCode)
	}
	desktest.Says(t, "days", desktest.TextOf(w.Get(200, "duty", path+"?step=1d")), "日")
	desktest.Says(t, "nothing", desktest.TextOf(w.Get(200, "duty", "/desk/points/MNE0003.a21026")), "没有收到数据")
	w.Get(404, "duty", "/desk/points/NOBODY.a21026")
	desktest.Says(t, "export", r.Text, "/api/v1/telemetry/MNE0001.a21026/export?format=csv", "format=xlsx")
}

// Each sees what is theirs, and of another's not even that it is there.
func scopes(t *testing.T, w *desktest.World) {
	mine := desktest.TextOf(w.Get(200, "E0001", "/desk/stations"))
	desktest.Says(t, "mine", mine, "我的监测", "总排口E0001", "清单要求", "从未上报")
	if strings.Contains(mine, "E0002") {
		t.Errorf("an enterprise sees another's: %s", mine)
	}
	town := desktest.TextOf(w.Get(200, "town", "/desk/stations"))
	if strings.Contains(town, "总排口E0002") || !strings.Contains(town, "总排口E0001") {
		t.Errorf("the town of 大寺镇: %s", town)
	}
	for _, c := range []struct {
		user, path string
		status     int
	}{{"E0001", "/desk/stations/MNE0001", 200}, {"E0001", "/desk/points/MNE0001.a21026", 200},
		{"E0001", "/desk/stations/MNE0002", 404}, {"E0001", "/desk/points/MNE0002.a21026", 404},
		{"town", "/desk/stations/MNE0003", 200}, {"town", "/desk/stations/MNE0002", 404},
		{"town", "/desk/points/MNE0002.a21026", 404}, {"E0001", "/desk/stations/MNE0001/change", 403},
		{"viewer", "/desk/stations/MNE0002", 200}} {
		w.Get(c.status, c.user, c.path)
	}
	desktest.Says(t, "my orders lead there", w.As("E0001", "/desk", nil).Text, `href="/desk/stations"`)
}

// An order says beside each monitor what came last, and a point what orders ask of it.
func TestOrderAndPoint(t *testing.T) {
	w := district(t)
	id := w.Ordered()
	order := "/desk/orders/" + id + "-E0001-1"
	desktest.Says(t, "order", desktest.TextOf(w.Get(200, "duty", order)), "从未上报")
	desktest.Says(t, "order", w.As("E0001", order, nil).Text, `href="/desk/points/P1"`)
	desktest.Says(t, "point", desktest.TextOf(w.Get(200, "duty", "/desk/points/P1")), id+"-E0001-1", "M1")
	desktest.Says(t, "station", desktest.TextOf(w.Get(200, "duty", "/desk/stations/P1")), id+"-E0001-1")
}

// A node that keeps no readings says so, and the register is shown all the same.
// unreadable is what a node has before its readings can be read.
type unreadable struct{ service.Instruments }

func (unreadable) Points(context.Context, string) ([]telemetry.PointState, error) {
	return nil, refusal.New(refusal.NotReady, "stations.no_rows", nil)
}

// An order is read also while the readings of its monitors cannot be.
func TestOrdersWithoutReadings(t *testing.T) {
	w := desktest.New(t)
	w.Instruments()
	w.Svc.Instruments = unreadable{w.Svc.Instruments}
	w.Logs("monitors cannot be shown")
	id := w.Ordered()
	desktest.Says(t, "order", desktest.TextOf(w.Get(200, "duty", "/desk/orders/"+id+"-E0001-1")), "减排令")
}

func TestNoInstruments(t *testing.T) {
	w := desktest.New(t)
	w.Register("MNE0001", "总排口", "E0001", "a21026")
	desktest.Says(t, "wall", desktest.TextOf(w.Get(200, "duty", "/desk/stations")), "没有启用监测数据")
	desktest.Says(t, "station", desktest.TextOf(w.Get(200, "duty", "/desk/stations/MNE0001")), "没有启用监测数据", "总排口", "a21026")
	w.Get(503, "duty", "/desk/points/MNE0001.a21026")
	id := w.Ordered()
	w.Get(200, "duty", "/desk/orders/"+id+"-E0001-1")
}
