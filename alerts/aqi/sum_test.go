package aqi

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// A moving sum gives the same means as adding each stretch up anew, also of means of stations.
func TestMovingMeansAreThoseOfEachStretch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var values []Concentration
		sums := []Sum{{}}
		for range rapid.IntRange(1, 60).Draw(t, "hours") {
			var stations []Concentration
			for range rapid.IntRange(1, 16).Draw(t, "stations") {
				stations = append(stations, fraction(rapid.Int64Range(0, MaxConcentration*10).Draw(t, "tenths"), 10))
			}
			values = append(values, Mean(stations))
			sums = append(sums, sums[len(sums)-1].Add(Mean(stations)))
		}
		i := rapid.IntRange(0, len(values)-1).Draw(t, "from")
		k := rapid.IntRange(i+1, min(len(values), i+24)).Draw(t, "to")
		if got, want := sums[k].Sub(sums[i]).Over(k-i), Mean(values[i:k]); got.Cmp(want) != 0 {
			t.Fatalf("moving mean %v, of the stretch %v", got, want)
		}
	})
}

func TestCeil(t *testing.T) {
	for _, c := range []struct {
		num, den int64
		want     int
	}{{0, 1, 0}, {1, 1, 1}, {1, 1000000, 1}, {199, 1, 199}, {3983, 20, 200}} {
		if got := fraction(c.num, c.den).Ceil(); got != c.want {
			t.Errorf("ceil of %v is %d, want %d", big.NewRat(c.num, c.den), got, c.want)
		}
	}
	if Whole(201).Ceil() != 201 || Whole(0).Ceil() != 0 {
		t.Error("a whole number is not its own ceiling")
	}
}
