package desk_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"

	"qingkong/cmd/internal/calls"
)

// Each page that shows others' contacts, or what they wrote, leaves a record of who was shown whose, by which page:
// also for whoever gets a part that was drawn for somebody else.
func TestPagesRecordWhoSawWhom(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	order := id + "-E0003-1"
	w.Post(303, "E0003", "/desk/orders/"+order+"/object", url.Values{"note": {"不能停"}, "key": {frame.NewKey()}})
	inspection := "/desk/inspections/" + w.Inspects(id+"-E0001-1").ID
	board := desktest.WarningPath(id) + "/board?state=awaiting"
	for _, c := range []struct {
		user, path string
		want       []string
	}{
		{"duty", "/desk/recipients/E0001", []string{"contact GET /desk/recipients/{id} E0001"}},
		{"duty", "/desk/recipients", nil},
		{"duty", board, []string{"contact GET " + desktest.WarningPath(id) + "/board E0001,E0002"}},
		{"duty2", board, []string{"contact GET " + desktest.WarningPath(id) + "/board E0001,E0002"}},
		{"approver", "/desk/orders", []string{"contact GET /desk/orders E0001,E0002,E0003"}},
		{"inspector", "/desk/orders/" + order, []string{"note GET /desk/orders/{id} E0003"}},
		{"duty", "/desk/objections/" + order, []string{"note GET /desk/objections/{id} E0003"}},
		{"duty", inspection, []string{"note GET /desk/inspections/{id} E0001"}},
		{"viewer", inspection, nil},
		{"duty", "/desk/inspections", nil},
		{"viewer", "/desk/orders/" + order, nil},
		{"E0003", "/desk/orders/" + order, nil},
		{"E0003", "/desk", nil},
		{"duty", "/desk", []string{"contact GET /desk E0001,E0002"}},
		{"duty2", "/desk", []string{"contact GET /desk E0001,E0002"}},
		{"town", "/desk", []string{"contact GET /desk E0001"}},
		{"viewer", "/desk", nil},
		{"town", "/desk/orders", []string{"contact GET /desk/orders E0001,E0003"}},
		{"inspector", "/desk/orders", nil},
		{"inspector", "/desk/recipients/E0001", nil},
	} {
		before := seen(w)
		w.Get(200, c.user, c.path)
		var got []string
		for _, s := range seen(w)[len(before):] {
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
func seen(w *desktest.World) []calls.Seen {
	w.T.Helper()
	page, err := w.Svc.Seen(w.T.Context(), service.Ask{},
		calls.SeenQuery{Recipient: "", User: "", Paging: calls.Paging{Cursor: "", Limit: 1000}})
	if err != nil {
		w.T.Fatal(err)
	}
	slices.Reverse(page.Items)
	return page.Items
}

// The papers of a recipient are one click from its page.
func TestRecipientPageLeadsToPapers(t *testing.T) {
	w := desktest.New(t)
	body := w.As("duty", "/desk/recipients/E0001", nil).Text
	for _, want := range []string{"/api/v1/recipients/E0001/papers/plan?format=html&amp;version=L2016",
		"papers/board?format=docx", `href="/public/recipients/E0001"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}
