package orders_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"

	"golang.org/x/net/html"
)

// An inspector has an order on one page: its text in full, what was sent and answered to the second, and behind each
// entry's number the proof of it, which can be taken along and checked without us.
func TestAnOrderOnPaper(t *testing.T) {
	w := desktest.New(t)
	order := w.Ordered() + "-E0001-1"
	path := "/desk/orders/" + order
	w.Elapse(17 * time.Second)
	w.Post(303, "E0001", path+"/acknowledge", url.Values{"key": {frame.NewKey()}})

	desktest.Shows(t, "the order", w.Get(200, "inspector", path), "打印页")
	page := w.Get(200, "inspector", path+"/paper")
	var text struct{ Text string }
	content, err := w.Svc.OrderJSON(order)
	if err == nil {
		err = json.Unmarshal(content, &text)
	}
	if err != nil || text.Text == "" {
		t.Fatalf("the order's text: %q, %v", text.Text, err)
	}
	desktest.SaysAll(t, "the page", desktest.TextOf(page), order, strings.Join(strings.Fields(text.Text), " "), "签发", "确认", "2016-12-16 17:00:17", "E0001")

	var proofs []string
	desktest.Each(page, func(e *html.Node) {
		if to := desktest.Attr(e, "href"); strings.HasPrefix(to, "/desk/entries/") {
			proofs = append(proofs, to)
		}
	})
	if len(proofs) < 2 {
		t.Fatalf("the page leads to %q", proofs)
	}
	for _, at := range proofs {
		entry := w.Get(200, "inspector", at)
		desktest.SaysAll(t, at, desktest.TextOf(entry), "已核验", order, "actor", "data.")
		if strings.ContainsAny(desktest.TextOf(entry), "{}") {
			t.Errorf("%s shows how the entry is written, and not its members", at)
		}
		for _, file := range []string{"/api/v1/ledger/proof?entry=", "/api/v1/ledger/entries?from="} {
			n := strings.TrimPrefix(at, "/desk/entries/")
			found := false
			desktest.Each(entry, func(e *html.Node) { found = found || strings.HasPrefix(desktest.Attr(e, "href"), file+n) })
			if !found {
				t.Errorf("%s offers no %s", at, file)
			}
		}
	}
	for _, at := range []string{"/desk/entries/999999", "/desk/entries/-1", "/desk/entries/x"} {
		w.Get(404, "inspector", at)
	}
	if paper := w.Get(200, "town", path+"/paper"); strings.Contains(desktest.TextOf(paper), "/desk/entries/") {
		t.Error("a town is led to what it may not see")
	}
	w.Get(403, "duty", proofs[0])
	w.Get(404, "E0002", path+"/paper")
}
