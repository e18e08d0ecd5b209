package warnings_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"

	"golang.org/x/net/html"
)

// partOf is the text of one element of a page.
func partOf(t *testing.T, page *html.Node, tag, id string) string {
	t.Helper()
	e := desktest.Find(page, tag, "id", id)
	if e == nil {
		t.Fatalf("the page has no %s: %s", id, desktest.TextOf(page))
	}
	return desktest.TextOf(e)
}

// A town's officer sees the numbers of the own town, and is told so; the district's are those of everybody else.
func TestATownSeesItsOwnNumbers(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	for _, recipient := range []string{"E0001", "E0002"} { // the second is another town's
		w.Post(303, recipient, "/desk/orders/"+id+"-"+recipient+"-1/acknowledge", url.Values{"key": {frame.NewKey()}})
	}
	board := desktest.WarningPath(id) + "/board"
	desktest.SaysAll(t, "a town's first page", partOf(t, w.Get(200, "town", "/desk"), "div", "home"),
		"大寺镇辖区内 2 总数 1 已确认 1 待确认")
	desktest.SaysAll(t, "the district's first page", partOf(t, w.Get(200, "duty", "/desk"), "div", "home"),
		"3 总数 2 已确认 1 待确认")
	desktest.SaysAll(t, "a town's board", partOf(t, w.Get(200, "town", board), "p", "summary"), "大寺镇辖区内", "2", "50")
	text := partOf(t, w.Get(200, "town", board), "div", "board")
	if own, all := strings.Index(text, "大寺镇辖区内"), strings.Index(text, "全区"); own < 0 || all < own ||
		strings.Index(text, "按街镇") < all || strings.Index(text, "按行业") < all {
		t.Errorf("the district's tables are not told from the town's numbers: %s", text)
	}
	if text := partOf(t, w.Get(200, "duty", board), "div", "board"); strings.Contains(text, "全区") {
		t.Errorf("the district's board: %s", text)
	}
	if text := partOf(t, w.Get(200, "duty", board), "p", "summary"); strings.Contains(text, "辖区") ||
		!strings.Contains(text, "3") {
		t.Errorf("the district's board: %s", text)
	}
}

// A board leads a town to its own orders alone; the other towns' numbers lead nowhere.
func TestABoardLeadsATownToItsOwnOrders(t *testing.T) {
	w := desktest.New(t)
	board := desktest.WarningPath(w.Ordered()) + "/board"
	for user, want := range map[string][]string{"town": {"大寺镇"}, "duty": {"大寺镇", "杨柳青镇"}} {
		var got []string
		desktest.Each(w.Get(200, user, board), func(e *html.Node) {
			if strings.HasPrefix(desktest.Attr(e, "id"), "g-town-") {
				got = append(got, desktest.TextOf(e))
			}
		})
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s is led to %q, want %q", user, got, want)
		}
	}
}

// While a drill alone is under way, everybody reads first that no warning is in force.
func TestADrillStandsBelowTheRealState(t *testing.T) {
	w := desktest.New(t)
	w.Declared(alerts.Yellow, true)
	w.Elapse(0)
	for user, path := range map[string]string{"duty": "/desk", "town": "/desk", "viewer": "/desk", "E0001": "/desk", "": "/"} {
		text := desktest.TextOf(w.Get(200, user, path))
		calm, drill := strings.Index(text, "无预警"), strings.Index(text, "D20161216-01")
		if user == "" {
			drill = strings.Index(text, "演练 ")
		}
		if calm < 0 || drill < 0 || calm > drill {
			t.Errorf("%s by %q: calm at %d, the drill at %d: %s", path, user, calm, drill, text)
		}
	}
	w.Declared(alerts.Yellow, false)
	if text := desktest.TextOf(w.Get(200, "duty", "/desk")); strings.Contains(text, "无预警") {
		t.Errorf("a warning is in force: %s", text)
	}
}
