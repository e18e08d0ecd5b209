package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/reductionlist"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts"
)

// posts runs f for every POST that it is about with its example, each in a world of its own.
func posts(t *testing.T, about func(route) bool, f func(t *testing.T, w *world, r route, c call)) {
	for _, r := range routes {
		example := samples[r.Method+" "+r.Pattern]
		if r.Method != http.MethodPost || !about(r) || example == nil {
			continue // TestEveryCallIsAsDocumented asks for an example
		}
		t.Run(r.Pattern, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := example(w)
			c.method = r.Method
			if c.header == nil {
				c.header = map[string]string{}
			}
			f(t, w, r, c)
		})
	}
}

// A POST that comes again under its key gets the answer it had and does nothing. One that shows secrets shows them
// once, and its repeat is refused.
func TestEveryPostMayBeRepeated(t *testing.T) {
	posts(t, func(route) bool { return true }, func(t *testing.T, w *world, r route, c call) {
		c.header[keyHeader] = "again-1"
		first := w.must(r.status(), c, nil)
		height := w.svc.J.Height()
		again := w.do(c)
		switch {
		case r.Act == "": // nobody's key is nobody's, and a login is no event
		case r.Out == reflect.TypeFor[calls.Issued]():
			if again.StatusCode != http.StatusConflict || !strings.Contains(again.body, "again-1") {
				t.Errorf("secrets asked for again: %d %s", again.StatusCode, again.body)
			}
		case again.StatusCode != first.StatusCode || again.body != first.body ||
			again.Header.Get("Location") != first.Header.Get("Location"):
			t.Errorf("again: %d %s\nfirst: %d %s", again.StatusCode, again.body, first.StatusCode, first.body)
		}
		if now := w.svc.J.Height(); now != height {
			t.Errorf("the repeat wrote blocks %d to %d", height+1, now)
		}
	})
}

// Every body has a bound, whatever the call.
func TestEveryBodyIsBounded(t *testing.T) {
	w := newWorld(t)
	for _, r := range routes {
		if !r.HasBody() || r.Upload { // TestUploads has the larger bound of those
			continue
		}
		c := r.anyCall("")
		if c.who = r.Roles()[0]; w.tokens[c.who] == "" {
			c.who = "viewer" // public, or for whoever is signed in
		}
		if r.Tus {
			c.header = tus()
		}
		c.body = strings.Repeat(" ", int(r.Body)+1)
		w.refused(http.StatusRequestEntityTooLarge, "too_large", c)
		c.chunked = true
		w.refused(http.StatusRequestEntityTooLarge, "too_large", c)
		c.chunked, c.body, c.header = false, "x", tus("Content-Type", "text/plain")
		w.refused(http.StatusUnsupportedMediaType, "unsupported_media", c)
	}
}

// actsOnRevision reports whether the body of a call names a revision.
func actsOnRevision(r route) bool {
	f, ok := r.In.FieldByName("Revision")
	return ok && f.Tag.Get("json") == "revision"
}

// Whatever acts on a revision asks for it, and refuses one that is not the latest.
func TestEveryRevisionIsAskedFor(t *testing.T) {
	asked := 0
	for _, r := range routes {
		if actsOnRevision(r) {
			asked++
		}
	}
	if asked < 9 {
		t.Errorf("only %d acts on a revision were found", asked)
	}
	posts(t, actsOnRevision, func(t *testing.T, w *world, r route, c call) {
		w.refused(http.StatusConflict, "stale_revision", c.asked(99))
		var body map[string]any
		if err := json.Unmarshal([]byte(c.body), &body); err != nil {
			t.Fatal(err)
		}
		delete(body, "revision")
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		c.body = string(text)
		if p := w.refused(http.StatusUnprocessableEntity, "invalid", c); len(p.Errors) != 1 ||
			p.Errors[0].Path != "revision" || p.Errors[0].Rule != "input.required" {
			t.Errorf("without a revision: %+v", p)
		}
	})
}

// many makes three and more of everything that is listed.
func (w *world) many() {
	w.t.Helper()
	for i := range 3 {
		w.dismissed(i)
	}
	for i := range 2 {
		l := fixture()
		l.EffectiveFrom = fmt.Sprintf("2016-0%d-01", i+2)
		w.importList(l)
	}
	for range 2 {
		id := w.ordered()
		w.must(http.StatusOK, example("duty", "POST /warnings/{id}/lift", id), nil)
		w.elapse(0)
	}
	w.ordered()
	for _, mn := range []string{"A1", "A2", "B1"} {
		w.registered(meter(mn, "E0002"))
	}
	w.manyReadings()
}

// The points of which manyReadings makes three readings and three passes.
const (
	pointOfMany = "MNE0001.a21026"
	gateOfMany  = "MJ0001"
)

// manyReadings has three hours of a point and three vehicles at a gate be told.
func (w *world) manyReadings() {
	w.t.Helper()
	w.registered(meter(gateOfMany, "E0001"))
	hour := w.clock.Now().Truncate(time.Hour)
	var hours, passes []string
	for i := range 3 {
		at := hour.Add(time.Duration(i-4) * time.Hour).Format(time.RFC3339)
		hours = append(hours, fmt.Sprintf(`{"at":%q,"value":%d,"flag":"N"}`, at, i))
		passes = append(passes, fmt.Sprintf(`{"at":%q,"plate":"津A1234%d"}`, hour.Format(time.RFC3339), i))
	}
	for _, body := range []string{
		fmt.Sprintf(`{"point":%q,"unit":"mg/m3","step":"1h","readings":[%s]}`, pointOfMany, strings.Join(hours, ",")),
		fmt.Sprintf(`{"point":%q,"passes":[%s]}`, gateOfMany, strings.Join(passes, ",")),
	} {
		w.must(http.StatusCreated, call{who: "feeder", path: calls.Prefix + "/telemetry", body: body}, nil)
	}
	w.series("viewer", pointOfMany, "", func(s calls.Series) bool { return len(s.Items) == 3 })
	stationstest.Eventually(w.t, "the passes are read", func() bool {
		return len(list[calls.VehiclePass](w, "viewer", calls.Prefix+"/telemetry/"+gateOfMany+"/passes").Items) == 3
	})
}

// manyFindings has something found of each order that binds, and three tasks made.
func (w *world) manyFindings() {
	w.t.Helper()
	w.svc.Judging = judging.New(judging.Options{Journal: w.svc.J, Readings: w.svc.Instruments, Settings: judge.Defaults,
		Follow: judging.Usual, Log: slog.New(slog.DiscardHandler)})
	found := 0
	for _, o := range list[notify.View](w, "duty", calls.Prefix+"/orders?state=open").Items {
		key := compliance.Key{Measure: o.Measures[0].ID, Source: reductionlist.Power, Ref: "DB0001", Kind: reductionlist.Stopped}
		hour := o.IssuedAt.Truncate(time.Hour)
		if _, err := w.svc.J.Submit(w.t.Context(), journal.Command{Kind: judging.CommandJudge, Actor: "system",
			Payload: compliance.Judge{Warning: o.WarningID, Recipient: o.RecipientID, Order: o.ID, Seen: []compliance.Seen{{Key: key,
				Verdict: judge.Suspected, Worst: judge.Suspected, Since: hour, Failed: 2, Finding: &compliance.Finding{Criterion: "stopped",
					Unit: "kW", From: hour, Last: hour}}}}}); err == nil { // drills are not judged
			found++
		}
	}
	if found < 3 {
		w.t.Fatalf("only %d orders are found to be anything", found)
	}
	for i := range 3 {
		w.must(http.StatusCreated, call{who: "duty", path: calls.Prefix + "/tasks", body: fmt.Sprintf(
			`{"recipient_id":"E000%d","due":%q,"note":"示例"}`, i+1, w.clock.Now().Add(24*time.Hour).Format(time.RFC3339))}, nil)
	}
}

// manyVisits has three draws made, and three inspections.
func (w *world) manyVisits() {
	w.t.Helper()
	due := w.clock.Now().Add(24 * time.Hour)
	for i := range 3 {
		w.must(http.StatusCreated, call{who: "duty", path: calls.Prefix + "/tasks/draw", body: fmt.Sprintf(
			`{"day":%q,"ranked":1,"due":%q}`, due.In(alerts.Shanghai()).Format(time.DateOnly), due.Format(time.RFC3339))}, nil)
		w.must(http.StatusCreated, call{who: "inspector", path: inspectionsPath, body: fmt.Sprintf(
			`{"recipient_id":"E000%d","at":%q,"items":[{"found":"围挡破损","result":"fail"}],"signature":{"refused":"无人在场"},`+
				`"disposition":"none"}`, i+1, w.clock.Now().Format(time.RFC3339))}, nil)
	}
}

// faulty imports a list in which some measures lack a mark.
func (w *world) faulty() calls.Version {
	w.t.Helper()
	return w.imports("duty", spoiled(w.t, func(f *excelize.File) error {
		for row := 2; row < 200; row += 30 {
			if err := set(f, "减排措施", row, "完成时限(小时)", "0"); err != nil {
				return err
			}
		}
		return nil
	})).Version
}

// dismissed lets a proposal be made and closes it.
func (w *world) dismissed(n int) {
	w.t.Helper()
	worse := []struct{ days, high int }{{2, 190}, {2, 230}, {3, 320}}[n] // than the one before, or it would stay dismissed
	days := make([]string, worse.days)
	for i := range days {
		days[i] = fmt.Sprintf(`{"date":"2016-12-%d","aqi_low":150,"aqi_high":%d,"primary":["pm25"]}`, 17+i, worse.high)
	}
	var f alerts.ForecastResult
	w.must(http.StatusCreated, call{who: "feeder", path: calls.Prefix + "/forecasts", body: fmt.Sprintf(
		`{"source":"emc","region":"120111","issued_at":%q,"days":[%s]}`, w.clock.Load().Format(time.RFC3339),
		strings.Join(days, ","))}, &f)
	if f.Proposal == nil {
		w.t.Fatalf("forecast %d opens no proposal", n)
	}
	w.must(http.StatusOK, example("duty", "POST /proposals/{id}/dismiss", f.Proposal.ID), nil)
	w.elapse(time.Hour)
}

// Every list gives each of its items once and in the same order, one to a page as well as all on one.
func TestEveryListPages(t *testing.T) {
	w := newWorld(t)
	w.many()
	version, warning := w.faulty().ID, list[alerts.Warning](w, "duty", calls.Prefix+"/warnings").Items[0].ID
	w.newerList()
	w.manyReads()
	w.manyVisits()
	w.manyFindings()
	for _, r := range routes {
		if !slices.ContainsFunc(r.Query, func(p calls.Param) bool { return p.Name == "limit" }) {
			continue
		}
		t.Run(r.Pattern, func(t *testing.T) {
			w.t = t
			who := "public"
			for _, role := range r.Roles() { // the first that sees all of it
				if role != string(calls.Enterprise) && role != string(calls.Town) {
					who = role
					break
				}
			}
			on := "cursor"
			if !slices.ContainsFunc(r.Query, func(p calls.Param) bool { return p.Name == on }) {
				on = "from"
			}
			address := strings.NewReplacer("/versions/{id}", "/versions/"+version, "/warnings/{id}",
				"/warnings/"+warning, "{point}/passes", gateOfMany+"/passes", "{point}", pointOfMany).Replace(r.Path())
			all := list[json.RawMessage](w, who, address+"?limit=1000")
			if len(all.Items) < 3 || all.Next != "" {
				t.Fatalf("%d items, next %q", len(all.Items), all.Next)
			}
			next, path := "", address+"?limit=1"
			for n, want := range all.Items {
				page := list[json.RawMessage](w, who, path)
				if len(page.Items) != 1 || string(page.Items[0]) != string(want) {
					t.Fatalf("page %d: %s, want %s", n, page.Items, want)
				}
				if next = page.Next; (next == "") != (n == len(all.Items)-1) {
					t.Fatalf("page %d of %d: next %q", n, len(all.Items), next)
				}
				path = address + "?limit=1&" + on + "=" + next
			}
		})
	}
	w.t = t
}

// What is read again and again is answered 304 while it stands, to whoever has it, and anew when it has changed.
func TestETags(t *testing.T) {
	w := newWorld(t)
	id := w.ordered()
	board := call{who: "viewer", method: "GET", path: calls.Prefix + "/warnings/" + id + "/board",
		header: map[string]string{}}
	first := w.must(http.StatusOK, board, nil)
	tag := first.Header.Get("ETag")
	for _, given := range []string{tag, `"x", ` + tag, "W/" + tag, "*"} {
		board.header["If-None-Match"] = given
		r := w.do(board)
		if r.StatusCode != http.StatusNotModified || r.body != "" || r.Header.Get("ETag") != tag ||
			r.Header.Get("Content-Type") != "" {
			t.Errorf("If-None-Match %s: %d %v %s", given, r.StatusCode, r.Header, r.body)
		}
	}
	for _, given := range []string{`"x"`, strings.Trim(tag, `"`), ""} {
		board.header["If-None-Match"] = given
		if r := w.do(board); r.StatusCode != http.StatusOK || r.body != first.body {
			t.Errorf("If-None-Match %s: %d %s", given, r.StatusCode, r.body)
		}
	}
	board.header["If-None-Match"] = tag
	board.who = "town" // its board is the same, and it must be allowed to see it before it hears that
	if r := w.do(board); r.StatusCode != http.StatusNotModified {
		t.Errorf("another reader: %d", r.StatusCode)
	}
	board.who = ""
	w.refused(http.StatusUnauthorized, "unauthenticated", board)
	board.who = "viewer"
	w.must(http.StatusOK, call{who: "E0001", method: "POST",
		path: calls.Prefix + "/orders/" + id + "-E0001-1/acknowledge"}, nil)
	if r := w.do(board); r.StatusCode != http.StatusOK || r.Header.Get("ETag") == tag {
		t.Errorf("after an answer: %d, ETag %s", r.StatusCode, r.Header.Get("ETag"))
	}
	head := call{who: "viewer", method: "HEAD", path: board.path,
		header: map[string]string{"If-None-Match": w.do(call{who: "viewer", path: board.path}).Header.Get("ETag")}}
	if r := w.do(head); r.StatusCode != http.StatusNotModified {
		t.Errorf("HEAD: %d", r.StatusCode)
	}
}
