package orders_test

import (
	"net/url"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/notary/notarytest"

	"golang.org/x/net/html"
)

// An inspector finds by the number of a document what the ledger holds of a warning and of an order, with the proofs of each
// entry, the bundle to take along, and who signs; personal data go along for a reason alone, and never to a viewer.
func TestProofs(t *testing.T) {
	w := desktest.New(t)
	warning := w.Ordered()
	order := warning + "-E0001-1"
	w.Post(303, "E0001", "/desk/orders/"+order+"/acknowledge", url.Values{"key": {frame.NewKey()}})
	desktest.Shows(t, "before anything is signed", w.Get(200, "inspector", "/desk/proofs?order="+order), "此刻没有节点在签署")

	w.Svc.Notary = notarytest.Sign(t, w.Svc.J)
	if _, err := w.Svc.Notary.Covering(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	links := func(page *html.Node) (all []string) {
		desktest.Each(page, func(e *html.Node) { all = append(all, desktest.Attr(e, "href")+desktest.Attr(e, "action")) })
		return all
	}
	has := func(page *html.Node, want string) bool {
		return strings.Contains(strings.Join(links(page), "\n"), want)
	}

	desktest.Shows(t, "the navigation", w.Get(200, "inspector", "/desk"), "存证")
	page := w.Get(200, "inspector", "/desk/proofs?q="+warning)
	desktest.SaysAll(t, "a warning", desktest.TextOf(page), warning, "登记预警", "qingkong/120111/", "没有配置见证方")
	if !has(page, "/api/v1/ledger/bundle?warning="+warning) {
		t.Errorf("no bundle of the warning: %q", links(page))
	}
	page = w.Get(200, "inspector", "/desk/proofs?q="+order)
	desktest.SaysAll(t, "an order", desktest.TextOf(page), order, "下达减排令", "含个人信息")
	if !has(page, "/desk/entries/") || !has(page, "/api/v1/ledger/bundle?order="+order) {
		t.Errorf("the order leads to %q", links(page))
	}
	if page = w.Get(200, "viewer", "/desk/proofs?q="+order); strings.Contains(desktest.TextOf(page), "含个人信息") {
		t.Error("a viewer is offered personal data")
	}
	desktest.Shows(t, "nothing of that name", w.Get(200, "viewer", "/desk/proofs?q=没有这个文号"), "没有找到")
	w.Get(404, "viewer", "/desk/proofs?order="+warning+"-E9999-1")
	w.Get(403, "duty", "/desk/proofs")
}
