package judge

import (
	"testing"
	"time"

	"qingkong/seeds"
)

func published(t *testing.T) Calendar {
	t.Helper()
	h, err := ParseHolidays(seeds.Holidays())
	if err != nil {
		t.Fatal(err)
	}
	return h.Class
}

func day(text string) time.Time {
	d, err := time.ParseInLocation(time.DateOnly, text, beijing)
	if err != nil {
		panic(err)
	}
	return d
}

// Saturdays may be worked, Mondays may be holidays, and of a year that is not published the weekday decides.
func TestWorkingDaysAreThePublishedOnes(t *testing.T) {
	class := published(t)
	for _, c := range []struct {
		day   string
		want  DayClass
		known bool
	}{
		{"2016-12-19", WorkingDay, true},
		{"2016-12-24", RestDay, true},
		{"2016-10-08", WorkingDay, true}, // a Saturday that makes up for National Day
		{"2017-01-02", RestDay, true},    // the Monday behind New Year
		{"2026-02-28", WorkingDay, true}, // a Saturday behind the Spring Festival
		{"2026-10-01", RestDay, true},
		{"2031-10-01", WorkingDay, false}, // a Wednesday
		{"2031-10-04", RestDay, false},
	} {
		if got, known := class(day(c.day)); got != c.want || known != c.known {
			t.Errorf("%s: %v, %v", c.day, got, known)
		}
	}
}

func TestTablesOfHolidaysAreRefusedByTheirRow(t *testing.T) {
	const head = "日期,假日,放假,来源\n"
	for _, bad := range []string{"", "date,name,off,source\n", head + "2027-13-01,元旦,是,x\n", head + "2027-01-01,元旦,yes,x\n",
		head + "2027-01-01,元旦,是\n", head + "2027-01-01,元旦,是,x\n2027-01-01,元旦,否,x\n", head + "\"2027\n"} {
		if _, err := ParseHolidays([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzParseHolidays(f *testing.F) {
	f.Add(seeds.Holidays())
	f.Fuzz(func(t *testing.T, body []byte) {
		if h, err := ParseHolidays(body); err == nil {
			h.Class(day("2026-10-01"))
		}
	})
}

// every gives each hour of some days a value.
func every(from time.Time, days int, value func(at time.Time) float64) (all []Usual) {
	for i := range days * 24 {
		at := from.Add(time.Duration(i) * time.Hour)
		all = append(all, Usual{at, value(at)})
	}
	return all
}

func never(time.Time) bool { return false }

// A bin has the latest 28 days of its class, by the nearest rank: of 28 values the third and the twenty-sixth.
func TestABinIsTheLatestDaysOfItsClass(t *testing.T) {
	start := day("2016-09-20") // 90 days before 2016-12-19
	hours := every(start, 90, func(at time.Time) float64 { return 1000 + float64(at.YearDay()) })
	base := BaselineOf(hours, never, published(t), &Defaults)
	work, rest := base.Bins[8][WorkingDay], base.Bins[8][RestDay]
	if work.N != 28 || len(work.At) != 28 || work.Weekdays {
		t.Fatalf("%+v", work)
	}
	if last := work.At[27]; !last.Equal(day("2016-12-16").Add(8 * time.Hour)) {
		t.Errorf("the last working day is %v", last)
	}
	if first := work.At[0]; !first.Equal(day("2016-11-09").Add(8 * time.Hour)) {
		t.Errorf("the first of them is %v", first)
	}
	values := func(b Bin, i int) float64 { return 1000 + float64(b.At[i].YearDay()) }
	if work.Low != values(work, 2) || work.High != values(work, 25) || work.Median != (values(work, 13)+values(work, 14))/2 {
		t.Errorf("low %v, median %v, high %v", work.Low, work.Median, work.High)
	}
	if rest.N != 28 {
		t.Errorf("%d days of rest", rest.N) // 26 weekend days less those that are worked, and National Day's
	}
	if again := BaselineOf(hours, never, published(t), &Defaults); again.Bins[8][WorkingDay].Hash != work.Hash {
		t.Error("the same values have another hash")
	}
	hours[len(hours)-3*24-16].Value++ // 2016-12-16 08:00
	if other := BaselineOf(hours, never, published(t), &Defaults); other.Bins[8][WorkingDay].Hash == work.Hash {
		t.Error("other values have the same hash")
	}
}

// Days under an order, and hours of a stop, are not what is usual; what a plant takes while it stands still is its residual.
func TestOrdersAndStopsAreNotUsual(t *testing.T) {
	start := day("2016-11-01")
	stop := func(at time.Time) bool {
		return !at.Before(day("2016-11-10").Add(6*time.Hour)) && at.Before(day("2016-11-13").Add(6*time.Hour))
	}
	hours := every(start, 30, func(at time.Time) float64 {
		switch {
		case stop(at):
			return 40 + float64(at.Hour()%3) // less than a tenth, for exactly 72 hours
		case at.Day() == 20:
			return 50 // a day's pause, too short for a stop
		case at.Day() == 25:
			return 9000 // under an order
		}
		return 1000
	})
	base := BaselineOf(hours, func(d time.Time) bool { return d.Day() == 25 }, published(t), &Defaults)
	if base.Stopped != 72 || base.Residual != 40 || !base.HasResidual || base.P95 != 1000 || base.N != 29*24 {
		t.Errorf("%d hours of a stop, residual %v (%v), P95 %v of %d", base.Stopped, base.Residual, base.HasResidual, base.P95, base.N)
	}
	b := base.Bins[9][WorkingDay]
	for _, at := range b.At {
		if stop(at) || at.Day() == 25 {
			t.Errorf("%v counts as usual", at)
		}
	}
	if b.Median != 1000 {
		t.Errorf("the median is %v", b.Median)
	}
	short := BaselineOf(every(start, 30, func(at time.Time) float64 {
		if stop(at) && at.Before(day("2016-11-13").Add(5*time.Hour)) {
			return 40
		}
		return 1000
	}), never, published(t), &Defaults)
	if short.Stopped != 0 || short.HasResidual || short.ResidualOf(&short.Bins[9][WorkingDay], &Defaults) != 250 {
		t.Errorf("71 hours count as a stop: %+v", short.Stopped)
	}
}

func TestAYoungPlantHasNoBaselineYet(t *testing.T) {
	base := BaselineOf(every(day("2016-12-05"), 12, func(time.Time) float64 { return 5 }), never, published(t), &Defaults)
	if b := base.Bins[3][WorkingDay]; b.N != 10 || b.Short(&Defaults) != 0 {
		t.Errorf("%+v", b)
	}
	if b := base.Bins[3][RestDay]; b.N != 2 || b.Short(&Defaults) != 8 {
		t.Errorf("%+v", b)
	}
	if b := BaselineOf(nil, never, published(t), &Defaults).Bins[3][RestDay]; b.N != 0 || b.Short(&Defaults) != 10 {
		t.Errorf("%+v", b)
	}
}
