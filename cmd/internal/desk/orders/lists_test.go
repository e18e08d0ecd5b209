package orders_test

import (
	"net/url"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/desktest"

	"golang.org/x/net/html"
)

// choices are the values of a select.
func choices(page *html.Node, name string) (values []string) {
	if e := desktest.Find(page, "select", "name", name); e != nil {
		desktest.Each(e, func(o *html.Node) {
			if o.Data == "option" {
				values = append(values, desktest.Attr(o, "value"))
			}
		})
	}
	return values
}

// A town is chosen among those there are; who sees one town alone is not asked.
func TestATownIsChosen(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	for _, path := range []string{"/desk/orders", "/desk/orders?warning=" + id, "/desk/recipients",
		desktest.WarningPath(id) + "/board"} {
		if got := strings.Join(choices(w.Get(200, "duty", path), "town"), " "); got != " 大寺镇 杨柳青镇" {
			t.Errorf("%s: %q", path, got)
		}
	}
	page := w.Get(200, "duty", "/desk/orders?town="+url.QueryEscape("杨柳青镇"))
	text := desktest.TextOf(page)
	if !strings.Contains(text, "E0002") || strings.Contains(text, "E0001") {
		t.Errorf("the orders of a town: %s", text)
	}
	if got := choices(w.Get(200, "duty", "/desk/orders?town=elsewhere"), "town"); len(got) != 4 {
		t.Errorf("a town that was asked for is lost: %q", got)
	}
	for _, user := range []string{"town", "E0001"} {
		if got := choices(w.Get(200, user, "/desk/orders"), "town"); got != nil {
			t.Errorf("%s chooses among %q", user, got)
		}
	}
}

// Nothing is said of verdicts before something is judged: not on the board, not on an order, not among what orders can be
// looked for by.
func TestVerdictsAreShownOnceThereAreAny(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	order := id + "-E0001-1"
	says := func(path string) bool {
		return strings.Contains(desktest.TextOf(w.Get(200, "duty", path)), "核查结论")
	}
	searched := func() bool {
		return strings.Contains(strings.Join(choices(w.Get(200, "duty", "/desk/orders"), "state"), " "), "violated")
	}
	board, page := desktest.WarningPath(id)+"/board", "/desk/orders/"+order
	if says(board) || says(page) || searched() {
		t.Error("verdicts are spoken of though nothing is judged")
	}
	w.Judged(order, "violated")
	if !says(board) || !says(page) || !searched() {
		t.Error("a verdict is not shown")
	}
	if says("/desk/orders/" + id + "-E0002-1") {
		t.Error("another order has a verdict")
	}
	desktest.Shows(t, "the board", w.Get(200, "duty", board), "未执行 1 33%", "未核查 2 67%", "共 3 个对象")
}
