package frame_test

import (
	"net/url"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"

	"golang.org/x/net/html"
)

// titleOf is what the browser's tab says.
func titleOf(t *testing.T, page string) string {
	t.Helper()
	title := ""
	desktest.Each(desktest.Parsed(t, page), func(e *html.Node) {
		if e.Data == "title" && e.FirstChild != nil {
			title = e.FirstChild.Data
		}
	})
	return title
}

// Whoever cannot see the page hears from its title first that something went wrong: a form was refused, or the page is an
// error. Nothing else is called one.
func TestTheTitleSaysThatSomethingWentWrong(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	order := "/desk/orders/" + id + "-E0001-1"
	for _, c := range []struct {
		user, path string
		form       url.Values
		wrong      bool
	}{
		{"duty", "/desk", nil, false},
		{"duty", "/desk/nowhere", nil, true},
		{"viewer", "/desk/recipients", nil, true},
		{"", "/login", url.Values{"user": {"duty"}, "password": {"x"}}, true},
		{"", "/desk/declare", url.Values{"level": {"red"}}, false}, // the session had ended, and asks for a login
		{"E0001", order + "/object", url.Values{"key": {frame.NewKey()}}, true},
		{"E0001", order, nil, false},
		{"duty", "/desk/declare", url.Values{"step": {frame.StepReview}}, true},
		{"duty", "/desk/declare", url.Values{"step": {frame.StepEdit}}, false},
	} {
		for lang, prefix := range map[string]string{frame.ZH: "错误：", frame.EN: "Error: "} {
			r := w.As(c.user, c.path, c.form, "Cookie", frame.LangCookie+"="+lang)
			if title := titleOf(t, r.Text); title == "" || strings.HasPrefix(title, prefix) != c.wrong {
				t.Errorf("%s by %q %v: %d, the title is %q", c.path, c.user, c.form, r.StatusCode, title)
			}
		}
	}
}

// Whatever the system's colours and the ones chosen, the one button that the style sheet shows changes what is seen, and
// pressing on leads to every choice.
func TestEachClickChangesTheColours(t *testing.T) {
	w := desktest.New(t)
	seen := func(theme, system string) string {
		if theme == "auto" {
			return system
		}
		return theme
	}
	for _, system := range []string{"light", "dark"} {
		for _, begin := range []string{"auto", "light", "dark"} {
			theme, came := begin, map[string]bool{}
			for range 4 {
				page := desktest.Parsed(t, w.As("", "/", nil, "Cookie", frame.ThemeCookie+"="+theme).Text)
				button := desktest.Find(page, "button", "class", "quiet system-"+system)
				if button == nil {
					t.Fatalf("%s offers nothing to a system that is %s", theme, system)
				}
				next := desktest.Attr(button, "value")
				if seen(next, system) == seen(theme, system) {
					t.Errorf("from %s to %s nothing changes where the system is %s", theme, next, system)
				}
				r := w.As("", "/desk/look", url.Values{"theme": {next}})
				if r.StatusCode != 303 || r.Cookies()[0].Value != next {
					t.Fatalf("%s: %d %v", next, r.StatusCode, r.Cookies())
				}
				theme, came[next] = next, true
			}
			if !came["auto"] {
				t.Errorf("nothing leads from %s back to the system's colours", begin)
			}
		}
	}
}
