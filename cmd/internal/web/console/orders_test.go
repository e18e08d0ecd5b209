package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// prominent are the acts whose buttons stand out on a page, and other those that are there besides.
func prominent(page *html.Node, order string) (main, other []string) {
	each(page, func(form *htmlNode) {
		action, own := strings.CutPrefix(attr(form, "action"), order+"/")
		if form.Data != "form" || !own {
			return
		}
		each(form, func(e *htmlNode) {
			switch {
			case e.Data != "button":
			case strings.Contains(attr(e, "class"), "button-main"):
				main = append(main, action)
			default:
				other = append(other, action)
			}
		})
	})
	return main, other
}

// From the receipt to the completion one button stands out at a time: the one that brings the order on.
func TestTheNextStepStandsOut(t *testing.T) {
	w := newWorld(t)
	id := w.ordered()
	path := func(n int) string { return fmt.Sprintf("/desk/orders/%s-E%04d-1", id, n) }
	shows := func(n int, when, main, other string) {
		t.Helper()
		gotMain, gotOther := prominent(w.get(200, fmt.Sprintf("E%04d", n), path(n)), path(n))
		if fmt.Sprint(gotMain) != main || fmt.Sprint(gotOther) != other {
			t.Errorf("%s: %v stand out beside %v, want %s beside %s", when, gotMain, gotOther, main, other)
		}
	}
	answer := func(n int, action string, form url.Values) {
		t.Helper()
		form.Set("key", newKey())
		w.post(303, fmt.Sprintf("E%04d", n), path(n)+"/"+action, form)
	}
	shows(1, "new", "[acknowledge]", "[object receive]")
	answer(1, "receive", url.Values{})
	shows(1, "received", "[acknowledge]", "[object]")
	answer(1, "acknowledge", url.Values{})
	shows(1, "acknowledged", "[start]", "[]")
	answer(1, "start", url.Values{})
	shows(1, "started", "[report]", "[complete]")
	answer(1, "report", url.Values{"value.M1": {"50"}})
	shows(1, "reported", "[complete]", "[]")
	answer(1, "complete", url.Values{})
	shows(1, "completed", "[]", "[]")

	answer(2, "object", url.Values{"note": {"设备不能急停"}})
	shows(2, "objected", "[]", "[acknowledge]")

	form := values(w.get(200, "duty", warningPath(id)+"/lift"))
	form.Set("reason", "好转")
	form.Set("step", stepConfirm)
	w.post(303, "duty", warningPath(id)+"/lift", form)
	w.elapse(0)
	shows(3, "released before it was received", "[receive]", "[]")
}
