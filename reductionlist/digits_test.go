package reductionlist_test

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"qingkong/reductionlist"
)

func TestNumbersAreShownWithTheDigitsOfTheirField(t *testing.T) {
	for _, c := range []struct {
		v          float64
		unit, want string
	}{
		{4, "h", "4"}, {0.166666666667, "h", "0.17"}, {4.16666666667, "小时", "4.17"}, {1.5, "h", "1.5"}, {0, "h", "0"},
		{120, "h", "120"}, {0.001, "h", "0.001"},
		{33.3333333333, "%", "33.33"}, {100, "%", "100"}, {12.5, "%", "12.5"}, {0, "%", "0"},
		{103.333333333, "t/d", "103.333"}, {2400, "t/d", "2400"}, {0.000440001, "t/d", "0.000440001"},
		{0.00044, "t/d", "0.00044"}, {1234567, "吨/日", "1234567"},
		{1234567.891, "kg/h", "1234568"}, {0.3, "t", "0.3"}, {850, "℃", "850"}, {-0.5, "t", "-0.5"},
	} {
		if got := reductionlist.Shown(c.v, c.unit); got != c.want {
			t.Errorf("%v %s is shown as %s, want %s", c.v, c.unit, got, c.want)
		}
	}
}

// What has no more digits than its field is shown as it is.
func TestShortNumbersAreShownAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := float64(rapid.IntRange(0, 72_000).Draw(t, "hundredths")) / 100
		for _, unit := range []string{"h", "%", "t/d"} {
			if got := reductionlist.Shown(v, unit); got != strconv.FormatFloat(v, 'f', -1, 64) {
				t.Fatalf("%v %s is shown as %s", v, unit, got)
			}
		}
	})
}
