package live

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
)

// Each role gets what it may read by a call, of its own orders where it has some.
func TestScopes(t *testing.T) {
	w := newWorld(t, 4)
	subs := map[string]*Subscription{}
	filters := map[string]Filter{}
	for _, role := range calls.Roles() {
		name := string(role)
		if role == calls.Enterprise {
			name = recipient(1)
		}
		p, _ := w.account(name, role)
		filters[string(role)] = FilterOf(p)
	}
	warning := w.declared()
	w.must(w.svc.J.View(func(tx *bbolt.Tx) error {
		o, err := notify.Get(tx, order(warning, 2))
		filters["duty, order"] = filters["duty"].OfOrder(o)
		return err
	}))
	filters["viewer, warning"] = filters["viewer"].OfWarning(warning)
	for name, f := range filters {
		subs[name] = w.listen(Viewer{User: name, Filter: f})
		w.quiet(subs[name])
	}
	w.tellEverything(warning)
	staff := "board warning"
	own := func(is ...int) (ids []string) {
		for _, i := range is {
			ids = append(ids, order(warning, i))
		}
		return ids
	}
	for name, want := range map[string]struct {
		kinds  string
		orders []string
	}{
		"duty": {"board feed list proposal warning", nil}, "approver": {"board list warning", nil}, "inspector": {staff, nil},
		"viewer": {"board feed warning", nil}, "admin": {"board feed list warning", nil}, "feeder": {"feed warning", nil},
		"enterprise": {"order warning", own(1)}, "town": {"board order warning", own(0, 2)}, "neighbour": {"", nil},
		"duty, order": {"order warning", own(2)}, "viewer, warning": {"board order warning", own(0, 1, 2, 3)},
	} {
		kinds, orders := map[string]bool{}, map[string]bool{}
		for _, m := range w.quiet(subs[name]) {
			kinds[string(m.Kind)] = true
			if m.Kind == Order {
				orders[m.order] = true
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(kinds)), " "); got != want.kinds {
			t.Errorf("%s gets %q, want %q", name, got, want.kinds)
		}
		if got := slices.Sorted(maps.Keys(orders)); !slices.Equal(got, want.orders) {
			t.Errorf("%s gets orders %v, want %v", name, got, want.orders)
		}
	}
}

// tellEverything makes an event of every kind.
func (w *world) tellEverything(warning string) {
	w.t.Helper()
	for i := range 4 {
		w.answer(i, order(warning, i), notify.Acknowledge)
	}
	w.act(warning, "revise", `,"notice_text":"更正"`)
	w.must(w.svc.FeedSilent(w.t.Context(), alerts.FeedSilence{Feed: "a", Source: "b", Silent: true, Since: w.svc.J.Now()}))
	w.importList("2017-01-01", 3)
	_, err := w.svc.Forecast(w.t.Context(), service.By("feeder"),
		calls.Document{Text: []byte(`{"source":"example","region":"120111","issued_at":"2016-12-16T17:00:00+08:00","days":[
		{"date":"2016-12-17","aqi_low":310,"aqi_high":330,"primary":["pm25"]},{"date":"2016-12-18","aqi_low":310,"aqi_high":330,"primary":["pm25"]},
		{"date":"2016-12-19","aqi_low":310,"aqi_high":330,"primary":["pm25"]}]}`)})
	w.must(err)
}

// What an order goes through, in words.
func TestOrderEvents(t *testing.T) {
	w := newWorld(t, 2)
	s := w.listen(Viewer{Filter: Filter{Orders: OfRecipient, Recipient: recipient(0)}})
	warning := w.declared()
	first := order(warning, 0)
	w.must(w.svc.RecordSent(t.Context(), journal.SendReport{Epoch: w.Epoch()}))
	w.answer(0, first, notify.Object)
	_, err := servicetest.Say(t.Context(), w.svc, "duty", "", calls.DecideObjection, first,
		[]byte(`{"decision":"reject","reason":"示例"}`))
	w.must(err)
	w.elapse(3 * time.Hour)
	w.answer(0, first, notify.Acknowledge)
	w.act(warning, "adjust", orange)
	w.actBy("approver", warning, "approve", "")
	w.act(warning, "lift", "")
	var got []string
	for _, m := range w.quiet(s)[1:] {
		o := m.Value.(*OrderChange)
		got = append(got, fmt.Sprintf("%d %s", o.Revision, o.Event))
	}
	want := []string{"1 issued", "1 object", "1 objection_rejected", "1 overdue", "1 acknowledge", "1 superseded",
		"2 revised", "2 released"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A stream ends at once when its user may not go on, by what was recorded and by the look from time to time.
func TestRevoked(t *testing.T) {
	w := newWorld(t, 2)
	duty, _ := w.account("duty", calls.Duty)
	town, token := w.account("town", calls.Town)
	firm, _ := w.account(recipient(0), calls.Enterprise)
	tokenStill := func() bool { p, err := w.svc.Authenticate(token); return err == nil && Same(town, p) }
	for _, c := range []struct {
		who   *access.Principal
		still func() bool
		end   func() error
	}{
		{duty, w.hub.Still(duty), func() error {
			_, err := servicetest.Say(t.Context(), w.svc, "admin", "", calls.DisableAccount, "duty", nil)
			return err
		}},
		{town, tokenStill, func() error {
			_, err := w.svc.RevokeToken(t.Context(), service.By("admin"),
				calls.TokenOf{ByID: calls.ByID{ID: "town"}, Token: "t1"})
			return err
		}},
		{firm, w.hub.Still(firm), func() error {
			_, err := servicetest.Say(t.Context(), w.svc, "admin", "", calls.IssueCredentials, firm.User, nil)
			return err
		}},
	} {
		srv := w.serve(func(*http.Request) Viewer {
			return Viewer{User: c.who.User, Filter: FilterOf(c.who), Still: c.still}
		})
		client := w.dial(srv, "", "")
		if _, err := client.next(); err != nil {
			t.Fatal(err)
		}
		w.must(c.end())
		begin := time.Now()
		for err := error(nil); err == nil; _, err = client.next() {
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s: the stream went on for %v", c.who.User, took)
		}
	}
	w.hub.beat = 20 * time.Millisecond
	may := make(chan bool, 1)
	may <- true
	srv := w.serve(func(*http.Request) Viewer {
		return Viewer{Still: func() bool { return <-may }}
	})
	client := w.dial(srv, "", "")
	close(may)
	if rest, err := io.ReadAll(client.in); err != nil || !strings.Contains(string(rest), beatText) {
		t.Errorf("a stream with one beat: %q, %v", rest, err)
	}
}
