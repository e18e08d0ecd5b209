package console

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/web/live"
	"qingkong/reductionlist"
)

// withPhones puts contacts on the desk, as the program does.
func (w *world) withPhones() {
	log := slog.New(slog.DiscardHandler)
	hub := live.New(w.svc, live.Options{Version: func(_ *bbolt.Tx, v *reductionlist.Version, _ time.Time) (any, error) { return v, nil }, Log: log})
	w.t.Cleanup(hub.Close)
	w.desk = New(w.svc, w.sessions, hub, Options{District: "西青区", Alerts: servicetest.Settings().Alerts, Log: log,
		Phone: func(tx *bbolt.Tx, who *access.Principal, ref string) (name, phone string) {
			if !calls.Allowed(who.Role, calls.ActRecipientsRead) {
				return "", ""
			}
			return w.svc.RecipientContact(tx, ref)
		}})
}

// Each page that shows others' contacts, or what they wrote, leaves a record of who was shown whose, by which page: also for
// whoever gets a part that was drawn for somebody else.
func TestPagesRecordWhoSawWhom(t *testing.T) {
	w := newWorld(t)
	w.withPhones()
	id := w.ordered()
	order := id + "-E0003-1"
	w.post(303, "E0003", "/desk/orders/"+order+"/object", url.Values{"note": {"不能停"}, "key": {newKey()}})
	board := warningPath(id) + "/board?state=awaiting"
	for _, c := range []struct {
		user, path string
		want       []string
	}{
		{"duty", "/desk/recipients/E0001", []string{"contact GET /desk/recipients/{id} E0001"}},
		{"duty", "/desk/recipients", nil},
		{"duty", board, []string{"contact GET " + warningPath(id) + "/board E0001,E0002"}},
		{"duty2", board, []string{"contact GET " + warningPath(id) + "/board E0001,E0002"}},
		{"approver", "/desk/orders", []string{"contact GET /desk/orders E0001,E0002,E0003"}},
		{"inspector", "/desk/orders/" + order, []string{"note GET /desk/orders/{id} E0003"}},
		{"duty", "/desk/objections/" + order, []string{"note GET /desk/objections/{id} E0003"}},
		{"viewer", "/desk/orders/" + order, nil},
		{"E0003", "/desk/orders/" + order, nil},
		{"E0003", "/desk", nil},
		{"town", "/desk/orders", nil},
	} {
		before := w.seen()
		w.get(200, c.user, c.path)
		var got []string
		for _, s := range w.seen()[len(before):] {
			for _, r := range s.Reads {
				got = append(got, fmt.Sprintf("%s %s %s", r.Kind, r.Call, strings.Join(r.Recipients, ",")))
			}
			if s.User != c.user {
				t.Errorf("%s by %s was recorded of %s", c.path, c.user, s.User)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s by %s: recorded %q, want %q", c.path, c.user, got, c.want)
		}
	}
}

// seen is what was recorded, the first first.
func (w *world) seen() []calls.Seen {
	w.t.Helper()
	page, err := w.svc.Seen(w.t.Context(), service.Ask{}, calls.SeenQuery{Recipient: "", User: "", Paging: calls.Paging{Cursor: "", Limit: 1000}})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(page.Items)
	return page.Items
}

// The papers of a recipient are one click from its page.
func TestRecipientPageLeadsToPapers(t *testing.T) {
	w := newWorld(t)
	body := w.as("duty", "/desk/recipients/E0001", nil).body
	for _, want := range []string{"/api/v1/recipients/E0001/papers/plan?format=html&amp;version=L2016", "papers/board?format=docx", `href="/public/recipients/E0001"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}
