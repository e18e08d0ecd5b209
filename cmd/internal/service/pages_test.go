package service

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A page ends behind the item that fills it, and the next one goes on there: each comes once, however large they are.
func TestAPageEndsByItsBytes(t *testing.T) {
	const third = pageBytes / 3
	for _, c := range []struct {
		name  string
		sizes []int
		next  string // of all that was found
		want  string // how many each page has
	}{
		{"nothing", nil, "", "0"},
		{"small ones", []int{1, 2, 3}, "", "3"},
		{"small ones of more", []int{1, 2, 3}, "c9", "3 c9"},
		{"the last one fills it", []int{third, third, third}, "", "3"},
		{"the last one fills it, of more", []int{third, third, third}, "c9", "3 c9"},
		{"large ones", []int{third, third, third, third, third}, "", "3 c2 2"},
		{"each alone fills it", []int{pageBytes, pageBytes, 1}, "", "1 c0 1 c1 1"},
	} {
		found := make([]int, len(c.sizes))
		for i := range found {
			found[i] = i
		}
		var got []string
		for {
			page, next, err := fillPage(found, c.next, func(i int) string { return fmt.Sprint("c", i) },
				func(i int) (string, error) { return strings.Repeat("x", c.sizes[i]), nil })
			if err != nil {
				t.Fatal(err)
			}
			got, found = append(got, fmt.Sprint(len(page))), found[len(page):]
			if next != "" {
				got = append(got, next)
			}
			if next == c.next {
				break
			}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
	broken := errors.New("broken")
	_, _, err := fillPage([]int{1}, "", func(int) string { return "" }, func(int) (int, error) { return 0, broken })
	if !errors.Is(err, broken) {
		t.Errorf("what cannot be shown: %v", err)
	}
}
