package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
)

// Inspections in which much was written down come in pages that stay small, whatever number of them is asked for; going on
// by next gives each of them once, narrowed or not.
func TestPagesOfLargeInspections(t *testing.T) {
	j := newJudged(newWorld(t))
	items := make([]map[string]any, 250)
	for i := range items {
		items[i] = map[string]any{"measure_id": "", "expected": "清单以外", "result": "fail", "found": strings.Repeat("记", 1200)}
	}
	text, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 7 {
		v := j.inspects("inspector", "E0001", "fail", "none", string(text), fmt.Sprintf(`{"client_id":"large-%d"}`, i))
		want = append(want, v.ID)
	}
	slices.Reverse(want)
	for _, query := range []string{"", "&recipient=E0001", "&warning=" + j.warning, "&order=" + j.warning + "-E0001-1"} {
		var got []string
		pages := 0
		for cursor, more := "", true; more; more = cursor != "" {
			var page pageOf[calls.InspectionView]
			r := j.must(http.StatusOK, call{who: "duty", path: inspectionsPath + "?limit=1000" + query + "&cursor=" + cursor}, &page)
			if len(r.body) > 6<<20 {
				t.Errorf("%s: a page of %d bytes", query, len(r.body))
			}
			for i := range page.Items {
				got = append(got, page.Items[i].ID)
				if len(page.Items[i].Items) != len(items) || page.Items[i].Items[249].Found == "" {
					t.Errorf("%s: %s is not whole", query, page.Items[i].ID)
				}
			}
			cursor = page.Next
			if pages++; pages > len(want) {
				t.Fatalf("%s: no end", query)
			}
		}
		if !slices.Equal(got, want) || pages < 2 {
			t.Errorf("%q: %v in %d pages, want %v", query, got, pages, want)
		}
	}
	viewer := list[calls.InspectionView](j.world, "viewer", inspectionsPath)
	if len(viewer.Items) != len(want) || viewer.Next != "" {
		t.Errorf("who reads nothing of people has %d of them", len(viewer.Items))
	}
}
