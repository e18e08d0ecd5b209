package alerts

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"qingkong/alerts/aqi"
)

// benchHours are hours of six pollutants of one station, in the sizes that winters have; about one in fifty is missing.
func benchHours(n int, seed uint64) []Hour {
	rnd := rand.New(rand.NewPCG(seed, 0))
	start := Date("2015-01-01").Start()
	hours := make([]Hour, 0, n)
	bad := 40
	for i := range n {
		bad = min(max(bad+rnd.IntN(21)-10, 5), 400) // µg/m³ of PM2.5, wandering
		if rnd.IntN(50) == 0 {
			continue
		}
		h := Hour{At: start.Add(time.Duration(i) * time.Hour)}
		h.PM25, h.PM10, h.SO2 = ptr(aqi.Whole(bad)), ptr(aqi.Whole(bad+20+rnd.IntN(40))), ptr(aqi.Whole(5+rnd.IntN(40)))
		h.NO2, h.O3H1 = ptr(aqi.Whole(20+rnd.IntN(100))), ptr(aqi.Whole(5+rnd.IntN(150)))
		h.CO = ptr(mustConcentration(fmt.Sprintf("%d.%d", bad/80, rnd.IntN(10))))
		hours = append(hours, h)
	}
	return hours
}

// numbersOf are the same values as plain numbers, in millionths.
func numbersOf(hours []Hour) []int64 {
	var out []int64
	for i := range hours {
		v := hours[i].Values()
		for _, p := range aqi.Pollutants() {
			if c, ok := v[p]; ok {
				out = append(out, millionths(c))
			}
		}
	}
	return out
}

var benchSum int64

func bareSum(b *testing.B, numbers []int64, hours int) {
	for b.Loop() {
		sum := int64(0)
		for _, v := range numbers {
			sum += v
		}
		benchSum = sum
	}
	b.ReportMetric(float64(hours)*float64(b.N)/b.Elapsed().Seconds(), "hours/s")
}

func sevenDays() ([]Hour, Series) {
	hours := benchHours(7*24, 1)
	return hours, Air{Hours: hours}.Series()
}

// One evaluation of a week of hours, which is what a new hour of a station costs.
func BenchmarkEvaluate7Days(b *testing.B) {
	hours, s := sevenDays()
	c := National2024()
	for b.Loop() {
		Evaluate(s, c, plain)
	}
	b.ReportMetric(float64(len(hours))*float64(b.N)/b.Elapsed().Seconds(), "hours/s")
}

// The limit: the same numbers, added up.
func BenchmarkEvaluate7DaysBare(b *testing.B) {
	hours, _ := sevenDays()
	bareSum(b, numbersOf(hours), len(hours))
}

const benchStations = 12

// tenYears is what 12 stations measured in ten years.
func tenYears() (observed map[time.Time]observedHour, numbers []int64, hours int) {
	observed = map[time.Time]observedHour{}
	for s := range benchStations {
		one := benchHours(10*365*24, uint64(s))
		numbers, hours = append(numbers, numbersOf(one)...), hours+len(one)
		for _, h := range one {
			if observed[h.At] == nil {
				observed[h.At] = observedHour{}
			}
			observed[h.At][fmt.Sprintf("station-%02d", s)] = h
		}
	}
	return observed, numbers, hours
}

// Ten years of 12 stations, from their hours to the region's, and every window of them judged.
func BenchmarkEvaluateTenYears(b *testing.B) {
	observed, _, hours := tenYears()
	c := National2024()
	for b.Loop() {
		Evaluate(Series{Hours: regionOf(observed)}, c, plain)
	}
	b.ReportMetric(float64(hours)*float64(b.N)/b.Elapsed().Seconds(), "hours/s")
}

// The half of it that comes after the region's hours are made.
func BenchmarkEvaluateTenYearsOfRegion(b *testing.B) {
	observed, _, _ := tenYears()
	s := Series{Hours: regionOf(observed)}
	c := National2024()
	for b.Loop() {
		Evaluate(s, c, plain)
	}
	b.ReportMetric(float64(len(s.Hours))*float64(b.N)/b.Elapsed().Seconds(), "hours/s")
}

// The limit: the same numbers, added up.
func BenchmarkEvaluateTenYearsBare(b *testing.B) {
	_, numbers, hours := tenYears()
	bareSum(b, numbers, hours)
}
