package frame

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// turned is a page of a list of which every page but the last leads on.
func turned(t interface{ Fatal(...any) }, address string, pages int) (Pager, int) {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	n, next := 0, ""
	if c := u.Query().Get("cursor"); c != "" {
		_, _ = fmt.Sscanf(c, "E%d", &n)
	}
	if n+1 < pages {
		next = fmt.Sprintf("E%04d", n+1)
	}
	return PagerAt(u.Query(), next, func(cursor, back string) string { return pageAt(u, cursor, back) }), n
}

// Whoever turns pages can turn them back one by one, as far as the address has room, and always to the first.
func TestPagesAreTurnedBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const pages = 40
		at, went := "/desk/orders?state=open", []int{0}
		for range rapid.IntRange(0, 80).Draw(t, "turns") {
			p, n := turned(t, at, pages)
			if n != went[len(went)-1] {
				t.Fatalf("page %d stands at %s, want %d", n, at, went[len(went)-1])
			}
			if (p.First != "") != (n > 0) || (p.Next != "") != (n < pages-1) || n == 0 && p.Prev != "" {
				t.Fatalf("page %d has %+v", n, p)
			}
			if n > 0 && n <= maxBack && len(went) == n+1 && p.Prev == "" {
				t.Fatalf("page %d has no page before it: %s", n, at)
			}
			switch {
			case rapid.Bool().Draw(t, "back") && p.Prev != "":
				at, went = p.Prev, went[:len(went)-1]
			case p.Next != "":
				at, went = p.Next, append(went, n+1)
			}
			if len(at) > 400 || !strings.Contains(at, "state=open") {
				t.Fatalf("the address is %s", at)
			}
		}
	})
}

// What an address says of the way here is taken from nobody at any length, and leads nowhere but to pages of the list.
func TestAMadeUpWayBack(t *testing.T) {
	v := url.Values{"cursor": {"E2"}, BackField: {strings.Repeat("~//elsewhere.example", 500) + "~" + strings.Repeat("x", 5000)}}
	u := &url.URL{Path: "/desk/orders", RawQuery: v.Encode()}
	p := PagerAt(v, "E3", func(cursor, back string) string { return pageAt(u, cursor, back) })
	for _, address := range []string{p.First, p.Prev, p.Next} {
		if !strings.HasPrefix(address, "/desk/orders?") || len(address) > maxBack*(maxCursor+10) {
			t.Errorf("leads to %s", address)
		}
	}
}

// Parts of a whole add up to 100, each within one of what it is; none looks like nothing or everything that is not.
func TestSharesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.IntRange(0, 20000), 1, 6).Draw(t, "parts")
		total := 0
		for _, n := range parts {
			total += n
		}
		sum := 0
		for i, text := range Shares(parts, total) {
			share, n := map[string]int{"<1": 0, ">99": 100}[text], parts[i]
			if text != "<1" && text != ">99" {
				if _, err := fmt.Sscan(text, &share); err != nil {
					t.Fatal(err)
				}
			}
			sum += share
			if (text == "0") != (n == 0) || total > 0 && ((text == "100") != (n == total) || share*total > n*100+total ||
				share*total < n*100-total) {
				t.Fatalf("%d of %d is %s %%", n, total, text)
			}
		}
		if want := min(1, total) * 100; sum != want {
			t.Fatalf("%v of %d add up to %d", parts, total, sum)
		}
	})
	for _, c := range []struct {
		parts []int
		want  []string
	}{{[]int{1, 1, 1}, []string{"34", "33", "33"}}, {[]int{1, 1499}, []string{"<1", ">99"}}, {[]int{0, 0}, []string{"0", "0"}},
		{[]int{0, 7}, []string{"0", "100"}}, {[]int{2, 3, 1}, []string{"33", "50", "17"}}} {
		total := 0
		for _, n := range c.parts {
			total += n
		}
		if got := Shares(c.parts, total); !slices.Equal(got, c.want) {
			t.Errorf("%v are %q, want %q", c.parts, got, c.want)
		}
	}
}
