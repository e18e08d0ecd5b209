package live

import (
	"slices"
	"testing"
	"time"
)

// A list that was activated for a day to come takes the place of the one before it at that midnight, and who watches
// hears of both.
func TestListComesIntoForceWhileWatched(t *testing.T) {
	w := newWorld(t, 3)
	s := w.listen(Viewer{Filter: Filter{Lists: true}})
	w.importList("2016-12-17", 4)
	heard := func(messages []*Message) (states []string) {
		for _, m := range messages {
			if m.Kind == List {
				v := m.Value.(map[string]any)
				state := "counts no more"
				if v["in_force"] == true {
					state = "in force"
				}
				states = append(states, v["id"].(string)[:9]+" "+state)
			}
		}
		return states
	}
	if got := heard(w.quiet(s)); slices.Contains(got, "L20161217 in force") {
		t.Errorf("before its day: %q", got)
	}
	w.elapse(7 * time.Hour) // past midnight in Shanghai
	if got := heard(w.quiet(s)); !slices.Equal(got, []string{"L20161217 in force", "L20160101 counts no more"}) {
		t.Errorf("at midnight: %q", got)
	}
}
