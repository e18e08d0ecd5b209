package reductionlist_test

import (
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// A search finds what looking at every recipient finds, whatever a page holds and wherever it stops.
func TestSearchFindsWhatAScanFinds(t *testing.T) {
	db, l := store(t), listtest.Example(120)
	l.Recipients[3].Measures[0].Text += "，本措施提到 示例企业7"
	l.Recipients[5].Name = `引号"lines":[之企业`
	v := importList(t, db, l, at(t, "2016-12-16 08:00"), func(reductionlist.Event) {})
	parts := []string{"", "E00", "E0007", "示例", "镇", l.Recipients[5].Name, `"lines":[`, l.Recipients[9].Town, "没有"}
	rapid.Check(t, func(rt *rapid.T) {
		part := rapid.SampledFrom(parts).Draw(rt, "part")
		limit, looked := rapid.IntRange(1, 50).Draw(rt, "limit"), rapid.IntRange(1, 200).Draw(rt, "looked")
		match := func(r *reductionlist.Recipient) bool {
			return strings.Contains(r.ID, part) || strings.Contains(r.Name, part) || r.Town == part
		}
		err := db.View(func(tx *bbolt.Tx) error {
			all, _, err := reductionlist.ScanRecipients(tx, v.ID, "", -1)
			if err != nil {
				return err
			}
			var want, got []string
			for _, r := range all {
				if match(r) {
					want = append(want, r.ID)
				}
			}
			for after, more := "", true; more; {
				page, next, err := reductionlist.SearchRecipients(tx, v.ID, after, part, limit, looked, match)
				if err != nil || len(page) > limit {
					rt.Fatalf("%d found, %v", len(page), err)
				}
				for _, r := range page {
					if len(r.Measures) == 0 && len(all[0].Measures) > 0 && r.ID == all[0].ID {
						rt.Fatalf("%s is found without its measures", r.ID)
					}
					got = append(got, r.ID)
				}
				after, more = next, next != ""
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				rt.Fatalf("%q: found %v, want %v", part, got, want)
			}
			return nil
		})
		listtest.Must(t, err)
	})
}
