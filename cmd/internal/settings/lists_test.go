package settings

import (
	"reflect"
	"slices"
	"testing"

	"qingkong/cmd/internal/config"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

// The documented configuration checks as the package does by itself; each key changes what is found or scored.
func TestListChecksOfTheConfiguration(t *testing.T) {
	usual := config.Default().ListChecks
	got := List(usual)
	if got.Towns == nil || !slices.Contains(got.Towns("120111"), "精武镇") || got.Towns("120112") != nil {
		t.Error("the register that comes with the program is not asked")
	}
	own := usual
	own.Towns = []string{"咸水沽镇"}
	if towns := List(own).Towns("120112"); !slices.Equal(towns, own.Towns) {
		t.Errorf("a register of the district's own: %v", towns)
	}
	got.Towns = nil
	if !reflect.DeepEqual(got, rules.DefaultSettings()) {
		t.Errorf("the documented settings are\n%+v, the package's own\n%+v", got, rules.DefaultSettings())
	}
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	broken := func(c config.ListChecks) map[string]int {
		n := map[string]int{}
		for _, f := range rules.Judge(workbook.Places(l), List(c)) {
			n[f.Rule]++
		}
		return n
	}
	before := broken(usual)
	for _, c := range []struct {
		name, rule string
		change     func(*config.ListChecks)
	}{
		{"a steeper ladder", "list.bottom_line", func(c *config.ListChecks) { c.BottomLine.Yellow.PM = 90 }},
		{"no exchange", "list.bottom_line", func(c *config.ListChecks) { c.SO2NOxExchange = false }},
		{"a district elsewhere", "list.far_outside",
			func(c *config.ListChecks) { c.District = config.Box{West: 100, East: 101, South: 30, North: 31} }},
		{"posts of its own", "list.not_a_post", func(c *config.ListChecks) { c.PostWords = []string{"班组"} }},
		{"everybody is micro", "list.micro_emission", func(c *config.ListChecks) { c.MicroKgPerYear = 0.001 }},
	} {
		set := usual
		c.change(&set)
		if after := broken(set); after[c.rule] <= before[c.rule] {
			t.Errorf("%s: %d of %s, before %d", c.name, after[c.rule], c.rule, before[c.rule])
		}
	}
}
