package judge

import (
	"testing"
	"time"

	_ "time/tzdata"
)

var beijing = time.FixedZone("UTC+8", 8*3600)

// eight is the first hour that is judged in these tests.
var eight = time.Date(2016, 12, 19, 8, 0, 0, 0, beijing)

func hour(n int) time.Time { return eight.Add(time.Duration(n) * time.Hour) }

// steps are hours by a letter each: P pass, F fail, - no data, T tagged by a flag, E tagged by an explanation.
func steps(letters string) (all []Step) {
	for i, c := range letters {
		s := Step{At: hour(i)}
		switch c {
		case 'P':
			s.Result = Pass
		case 'F':
			s.Result = Fail
		case '-':
			s.Result, s.Why = NoData, NothingCame
		case 'T':
			s.Result, s.Why = Tagged, ByFlag
		case 'E':
			s.Result, s.Why = Tagged, ByOfficer
		}
		all = append(all, s)
	}
	return all
}

// What the hours of one monitor show, where nobody was told of anything yet.
func TestHoursGiveAVerdict(t *testing.T) {
	for _, c := range []struct {
		hours string
		want  Verdict
		worst Verdict
	}{
		{"", None, None},
		{"P", Compliant, Compliant},
		{"F", None, None},
		{"FP", Compliant, Compliant},
		{"PF", Compliant, Compliant},
		{"PFPFPF", Compliant, Compliant},
		{"FF", Suspected, Suspected},
		{"PPFF", Suspected, Suspected},
		{"FFFFFFFF", Suspected, Suspected}, // nobody was told: it cannot be held against anybody
		{"FFP", Suspected, Suspected},
		{"FFPP", Compliant, Suspected},
		{"FFPFP", Suspected, Suspected},
		{"F-F", Suspected, Suspected}, // what is not known neither counts nor breaks
		{"FT-TF", Suspected, Suspected},
		{"FFP-P", Compliant, Suspected},
		{"--", None, None},
		{"---", Unknown, Unknown},
		{"P---", Unknown, Unknown},
		{"P--T-", Compliant, Compliant},
		{"P---P", Compliant, Unknown},
		{"---F", Unknown, Unknown},
		{"---FF", Suspected, Suspected},
		{"FF---", Suspected, Suspected}, // silence does not clear a suspicion
		{"EEEE", None, None},
		{"PTTTTTT", Compliant, Compliant},
		{"PTTTTTTTTT", Unknown, Unknown}, // beyond six hours of 24 a tag is no answer
	} {
		got := Fold(steps(c.hours), nil, Free, hour(100), &Defaults)
		if got.Verdict != c.want || got.Worst != c.worst {
			t.Errorf("%q gives %v, worst %v; want %v, %v", c.hours, got.Verdict, got.Worst, c.want, c.worst)
		}
	}
}

// A suspicion becomes a violation where it lasts and the enterprise, which was told, has not explained it in four hours.
func TestAnUnexplainedSuspicionIsAViolation(t *testing.T) {
	told := Told{From: hour(0), At: hour(2)}
	explained := Told{From: hour(0), At: hour(2), Explained: hour(4)}
	tooLate := Told{From: hour(0), At: hour(2), Explained: hour(7)}
	rejected := Told{From: hour(0), At: hour(2), Explained: hour(4), Rejected: true}
	other := Told{From: hour(-9), At: hour(-7)}
	for _, c := range []struct {
		name    string
		hours   string
		told    Told
		ceiling Ceiling
		now     int
		want    Verdict
		worst   Verdict
	}{
		{"before the four hours are over", "FFFFF", told, Free, 5, Suspected, Suspected},
		{"after them", "FFFFF", told, Free, 6, Violated, Violated},
		{"three fails are not enough", "FFF", told, Free, 50, Suspected, Suspected},
		{"nor four with a pass between", "FFPFF", told, Free, 50, Suspected, Suspected},
		{"what is not known between them breaks nothing", "FF-T-FF", told, Free, 50, Violated, Violated},
		{"explained in time", "FFFFF", explained, Free, 50, Suspected, Suspected},
		{"explained too late", "FFFFF", tooLate, Free, 50, Violated, Violated},
		{"rejected", "FFFFF", rejected, Free, 5, Violated, Violated},
		{"rejected, and not enough", "FFF", rejected, Free, 5, Suspected, Suspected},
		{"told of something else", "FFFFF", other, Free, 50, Suspected, Suspected},
		{"kept again meanwhile, and not explained", "FFFFPP", told, Free, 50, Compliant, Violated},
		{"kept again before the four hours are over", "FFFFPP", told, Free, 5, Compliant, Suspected},
		{"kept again before it had to answer", "FFFFPP", Told{From: hour(0), At: hour(3)}, Free, 50, Compliant, Suspected},
		{"kept again, and explained", "FFFFPP", explained, Free, 50, Compliant, Suspected},
		{"by a baseline, unexplained", "FFFFF", told, ByRejection, 50, Suspected, Suspected},
		{"by a baseline, rejected", "FFFFF", rejected, ByRejection, 50, Violated, Violated},
		{"an advisory order", "FFFFF", rejected, AtSuspected, 50, Suspected, Suspected},
	} {
		got := Fold(steps(c.hours), []Told{c.told}, c.ceiling, hour(c.now), &Defaults)
		if got.Verdict != c.want || got.Worst != c.worst {
			t.Errorf("%s: %v, worst %v; want %v, %v", c.name, got.Verdict, got.Worst, c.want, c.worst)
		}
	}
}

// A failed day is enough of a violation, and a day without data enough of no data.
func TestDaysGiveAVerdict(t *testing.T) {
	day := func(n int, r Result) Step {
		return Step{At: time.Date(2016, 12, 19+n, 0, 0, 0, 0, beijing), Result: r, Day: true}
	}
	told := []Told{{From: day(0, Fail).At, At: day(1, Fail).At.Add(2 * time.Hour)}}
	for _, c := range []struct {
		name  string
		days  []Step
		told  []Told
		want  Verdict
		worst Verdict
	}{
		{"a failed day", []Step{day(0, Fail)}, nil, Suspected, Suspected},
		{"told and not explained", []Step{day(0, Fail)}, told, Violated, Violated},
		{"a good day behind it", []Step{day(0, Fail), day(1, Pass)}, told, Violated, Violated},
		{"two good days behind it", []Step{day(0, Fail), day(1, Pass), day(2, Pass)}, told, Compliant, Violated},
		{"a day of which nothing is known", []Step{day(0, NoData)}, nil, Unknown, Unknown},
		{"a good day", []Step{day(0, Pass)}, nil, Compliant, Compliant},
	} {
		got := Fold(c.days, c.told, Free, hour(100), &Defaults)
		if got.Verdict != c.want || got.Worst != c.worst {
			t.Errorf("%s: %v, worst %v; want %v, %v", c.name, got.Verdict, got.Worst, c.want, c.worst)
		}
	}
}
