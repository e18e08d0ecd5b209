package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/simulate"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// works is a simulated plant whose power meter is held against what was usual.
type works struct {
	recipient string
	point     telemetry.Point
	due       time.Time // of its measure
	plant     *simulate.Plant
	limit     float64 // of the usual load
}

// monitoredWorld is a world with a clock of its own, in which two plants report their power hour by hour: one does what it is
// ordered, the other half of it. What they used in forty days before is known.
type monitoredWorld struct {
	*world
	t           *testing.T
	ahead       *atomic.Int64
	warning     string
	half, obeys *works
}

// monitoredBy declares a warning.
func monitoredBy(t *testing.T, b *browser) *monitoredWorld {
	t.Helper()
	m := &monitoredWorld{t: t, ahead: new(atomic.Int64)}
	clock := func() time.Time { return time.Now().Add(time.Duration(m.ahead.Load())) }
	m.world = openWorldWith(t, b, Options{Config: alone(t), Demo: &demo.Demo{NoSimulate: true}, Clock: clock})
	declared, err := servicetest.Say(t.Context(), m.svc, "duty", "", calls.Declare, "",
		[]byte(`{"level":"yellow","trigger":"city_order","document_no":"1","issued_by":"天津市","reason":"示例"}`))
	if err != nil {
		t.Fatal(err)
	}
	m.warning = declared.ID
	eventually(t, "the orders go out", func() bool {
		return m.journal.View(func(tx *bbolt.Tx) error { _, err := notify.Get(tx, m.warning+"-E0003-1"); return err }) == nil
	})
	m.half = m.works("E0003", simulate.Half)
	for n := 4; m.obeys == nil && n < 100; n++ { // the next that has such a meter
		m.obeys = m.works(fmt.Sprintf("E%04d", n), simulate.Obey)
	}
	if m.half == nil || m.obeys == nil {
		t.Fatal("the demo's list names no two plants whose power is measured")
	}
	return m
}

// works is the plant of a recipient, which is ordered to lower its load; nil where no meter of it is held against that.
func (m *monitoredWorld) works(recipient string, b simulate.Behaviour) *works {
	m.t.Helper()
	look, err := m.judging.Look(m.t.Context(), m.warning, recipient)
	if err != nil {
		return nil // it is ordered nothing at this level
	}
	for i := range look.Watches {
		watch := &look.Watches[i]
		if watch.Kind != reductionlist.FractionOfBaseline {
			continue
		}
		w := &works{recipient: recipient, due: watch.Segments[0].From, plant: simulate.NewPlant(simulate.Waste, 7),
			limit: watch.Segments[0].Criterion.Limit}
		w.point, _ = watch.Points()
		w.plant.Behaviour = b
		issued := look.Chain[0].Starts()
		// Below the limit, as anybody would stay whose load is never quite what was usual at that hour.
		if err := w.plant.Order(simulate.Order{ID: m.warning, From: issued, To: issued.AddDate(0, 0, 5), Fraction: 0.9 * w.limit,
			Within: w.due.Sub(issued)}); err != nil {
			m.t.Fatal(err)
		}
		return w
	}
	return nil
}

// reports has a plant say what it used in each hour from one time to before another, as its meter would.
func (m *monitoredWorld) reports(p *works, from, to time.Time) {
	m.t.Helper()
	type reading struct {
		At    time.Time `json:"at"`
		Value float64   `json:"value"`
		Flag  string    `json:"flag"`
	}
	msg := struct {
		Point    telemetry.Point `json:"point"`
		Unit     string          `json:"unit"`
		Step     string          `json:"step"`
		Readings []reading       `json:"readings"`
	}{Point: p.point, Unit: "kW", Step: "1h"}
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		if h := p.due.Sub(at).Hours(); p == m.half && (h == 8 || h == 9) { // nothing came
			continue
		}
		load := 0.0
		for minute := range 60 {
			load += p.plant.Load(at.Add(time.Duration(minute)*time.Minute)) / 60
		}
		msg.Readings = append(msg.Readings, reading{at, math.Round(1500*load) / 10, "N"})
	}
	body, err := json.Marshal(msg)
	if err != nil {
		m.t.Fatal(err)
	}
	feeder := service.Ask{Who: &access.Principal{User: "feeder", Role: calls.Feeder}}
	if _, err := m.svc.TakeTelemetry(m.t.Context(), feeder, calls.Telemetry{Text: body}); err != nil {
		m.t.Fatal(err)
	}
}

// hours has the clock be so many hours behind the deadlines, and both plants report what they used since from; at first
// also what they used in forty days before.
func (m *monitoredWorld) hours(from, to int) {
	m.t.Helper()
	m.ahead.Add(int64(time.Duration(m.half.due.Add(time.Duration(to)*time.Hour + 5*time.Minute).Sub(m.journal.Now()))))
	if from == 0 {
		from = -40 * 24
	}
	for _, p := range []*works{m.half, m.obeys} {
		m.reports(p, p.due.Add(time.Duration(from)*time.Hour), p.due.Add(time.Duration(to)*time.Hour))
	}
}

// comesTo waits until the half-hearted plant is found to be so, and says in which finding.
func (m *monitoredWorld) comesTo(v judge.Verdict) (f *compliance.Finding) {
	m.t.Helper()
	eventually(m.t, "the plant is "+v.String(), func() bool {
		if _, err := m.judging.Pass(m.t.Context()); err != nil {
			m.t.Fatal(err)
		}
		err := m.journal.View(func(tx *bbolt.Tx) error {
			all, _, err := compliance.ListFindings(tx, compliance.Filter{Warning: m.warning, Recipient: m.half.recipient,
				Verdict: v.String()}, "", 1)
			if len(all) > 0 {
				f = all[0]
			}
			return err
		})
		return err == nil && f != nil
	})
	return f
}

// theirFindings follows a plant that does not keep its limit: it reads what it is suspected of on its telephone, explains, and
// an officer rejects that; the pages look right on a desk and, dark and in English, on a phone.
func theirFindings(t *testing.T, b *browser) {
	w := monitoredBy(t, b)
	w.hours(0, 2)
	found := w.comesTo(judge.Suspected)
	order, finding := found.Order, found.ID
	if late := found.OpenedAt.Sub(w.half.due); late > 2*time.Hour+30*time.Minute {
		t.Errorf("it is suspected %v behind the deadline", late)
	}
	plant := w.person(t, phoneWidth)
	plant.login("enterprise")
	plant.looksRight("/desk")
	plant.shot("asked")
	plant.says(word("monitored.usual"), word("asked.note"))
	duty := w.person(t, deskWidth)
	duty.login("duty")
	duty.open("/desk/orders/" + order)
	duty.opens("#order-monitoring details.hours > summary")
	const note = "反应釜已投料，需 3 小时反应完毕，已停止投新料"
	plant.fill(`section.asked textarea`, note)
	plant.handsIn(photoOf(t))
	plant.looksRight("/desk")
	plant.shot("handed-in")
	if got := plant.value(`section.asked textarea`); got != note {
		t.Errorf("what was typed is %q once a file is handed in", got)
	}
	plant.click(`section.asked button.button-main`)
	plant.says(word("done.finding.explained"))
	duty.comes("the explanation shows on the order's page", js(`document.getElementById("order-alarm").innerText.includes(%s)`,
		word("found.explained.waits")))
	if !eval[bool](duty, `document.querySelector("#order-monitoring details.hours").open`) {
		t.Error("what was unfolded is folded again")
	}

	duty.open("/desk")
	duty.click(`#go-waiting`)
	duty.looksRight("/desk/findings")
	duty.click(`main table a`)
	duty.looksRight("/desk/findings/" + finding)
	duty.comes("the photo", pictured)
	duty.shot("finding")
	duty.opens(".decision-reject > summary")
	duty.fill("#f-reject-reason", "停料应在生效前安排")
	duty.click(`.decision-reject button`)
	duty.says(word("done.finding.reject"))
	duty.open("/desk/orders/" + order)
	duty.looksRight("/desk/orders/" + order)
	duty.shot("monitoring")
	duty.open("/desk/task?recipient=E0003")
	duty.looksRight("/desk/task")
	duty.click(`main button.button-main`)
	duty.says(word("done.visit.add"))
	task := duty.path()
	duty.looksRight(task)
	duty.open("/desk/tasks")
	duty.looksRight("/desk/tasks")

	plant.open("/desk")
	plant.says("停料应在生效前安排")
	plant.click(`button[value=en]`)
	plant.colours("light")
	plant.click(`button.system-light`)
	for _, path := range []string{"/desk", "/desk/orders/" + order, "/desk/findings", "/desk/findings/" + finding} {
		plant.open(path)
		plant.looksRight(path)
	}
	plant.shot("finding-en-dark")

	// Four hours failed one behind the other, and what it said of them was rejected: that is a violation, and somebody goes there.
	w.hours(2, 5)
	if f := w.comesTo(judge.Violated); f.ID != finding {
		t.Errorf("it is another finding: %s, not %s", f.ID, finding)
	}
	if _, err := w.judging.Pass(t.Context()); err != nil { // what follows from a verdict that is recorded
		t.Fatal(err)
	}
	duty.login("duty") // hours later
	plant.login("enterprise")
	duty.open("/desk/orders/" + order)
	duty.says(terms.Name(terms.OrderState, "violated", "zh-CN"))
	duty.open("/desk/findings?verdict=violated")
	duty.click(`main table a`)
	duty.says(terms.Name(terms.OrderState, "violated", "zh-CN"))
	duty.open("/desk/tasks")
	duty.says(terms.Name(terms.TaskOrigin, string(compliance.FromFinding), "zh-CN"))
	plant.open("/desk")
	plant.says(terms.Name(terms.OrderState, "violated", "en"))
	other, err := w.judging.Look(t.Context(), w.warning, w.obeys.recipient)
	if err != nil || other.OrderVerdict() != judge.Compliant {
		t.Errorf("who obeys is %v (%v)", other.OrderVerdict(), err)
	}
}

// pictured says that all pictures of evidence are there to be seen.
const pictured = `(all => all.length > 0 && all.every(i => (i.scrollIntoView(), i.complete && i.naturalWidth > 0)))(
	[...document.querySelectorAll(".evidence img")])`

// handsIn chooses a file for an explanation and hands it in.
func (p *tab) handsIn(file string) {
	p.t.Helper()
	p.do("choose", chromedp.SetUploadFiles(chromedp.CSS(`section.asked input[type=file]`), []string{file}))
	p.do("hand it in", p.press(`section.asked button[formaction]`))
	p.saying(refusal.Text("desk.handin.handed", "zh-CN", refusal.Args{"n": 1}))
	p.comes("the photo", pictured)
}

// photoOf is the file of a picture of a chimney before a grey sky.
func photoOf(t *testing.T) string {
	t.Helper()
	const width, height = 640, 480
	sky := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			grey := uint8(200 - y/5)
			c := color.RGBA{grey, grey, grey + 12, 255}
			switch smoke := math.Hypot(float64(x-330-(180-y)), float64(y-120)/1.5); {
			case y > 390:
				c = color.RGBA{92, 84, 76, 255}
			case x > 280 && x < 320 && y > 160:
				c = color.RGBA{150, 78, 62, 255}
			case y < 170 && smoke < 60:
				c = color.RGBA{235, 235, 238, 255}
			}
			sky.SetRGBA(x, y, c)
		}
	}
	name := filepath.Join(t.TempDir(), "photo.png")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, sky), f.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}
