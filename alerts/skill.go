package alerts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// lastWord is what a source last said of a day that lay a number of days ahead.
type lastWord struct {
	Low        int    `json:"low"`
	High       int    `json:"high"`
	ForecastID string `json:"forecast_id"`
}

// maxLead is the longest lead of which skill is kept, in days.
const maxLead = 15

// remember keeps what a live forecast says of its days, by lead. Hours are not kept here: the mean of a whole day is
// worked out of them when the skill is asked for.
func remember(tx *bbolt.Tx, s scope, ev ForecastReceived) error {
	if s.drill {
		return nil
	}
	issued := DateOf(ev.Forecast.IssuedAt)
	for _, d := range ev.Forecast.Days {
		lead := daysBetween(issued, d.Date)
		if lead < 0 || lead > maxLead {
			continue
		}
		key := fmt.Sprintf("%s/%s/%s/%02d", s.region, d.Date, ev.Forecast.Source, lead)
		if err := put(tx, bSaid, key, lastWord{d.AQILow, d.AQIHigh, ev.ID}); err != nil {
			return err
		}
	}
	return nil
}

func daysBetween(a, b Date) int { return int(math.Round(b.Start().Sub(a.Start()).Hours() / 24)) }

// Skill is how good a source's forecasts of one lead were, over the days that were measured since.
type Skill struct {
	Source   string  `json:"source"`
	LeadDays int     `json:"lead_days"` // 0 is the day of issue
	N        int     `json:"n"`         // days forecast and measured
	Within   int     `json:"within"`    // measured inside the range
	Bias     float64 `json:"bias"`      // mean of the range's middle minus measured, AQI
	MeanAbs  float64 `json:"mean_abs"`  // mean distance of the range's middle, AQI
	Class    int     `json:"class"`     // the middle lay in the measured class (HJ 633, table 2)
	Heavy    int     `json:"heavy"`     // days measured above 200
	Hits     int     `json:"hits"`      // of those, forecast above 200 by the high end
	False    int     `json:"false"`     // forecast above 200 by the high end, measured at most 200
}

// ForecastSkill compares what each source said of the days from first to last in a region with what was measured there,
// by lead. Both ends are included; at most 3,700 days are looked at.
func (s Settings) ForecastSkill(tx *bbolt.Tx, region string, first, last Date) ([]Skill, error) {
	if _, ok := ParseDate(string(first)); !ok {
		return nil, badDay("from", first)
	}
	if _, ok := ParseDate(string(last)); !ok || last < first || daysBetween(first, last) > 3700 {
		return nil, badDay("to", last)
	}
	measured, err := readDays[observedDay](tx, bObservedDay, region, first, last)
	if err != nil {
		return nil, err
	}
	days := map[Date]regionalDay{}
	means, _ := s.regionalDays(measured, "")
	for _, d := range means {
		days[d.Date] = d
	}
	found := map[string]*Skill{}
	count := func(key string, row lastWord) error {
		part := strings.Split(key, "/")
		day, ok := days[Date(part[1])]
		if !ok || day.AQI == nil || len(part) != 4 {
			return nil
		}
		who := part[2] + "/" + part[3]
		if found[who] == nil {
			lead, err := strconv.Atoi(part[3])
			if err != nil {
				return fmt.Errorf("alerts: row %s: %w", key, err)
			}
			found[who] = &Skill{Source: part[2], LeadDays: lead}
		}
		found[who].add(row, *day.AQI)
		return nil
	}
	// "0" is behind every key of the last day
	if err := eachBetween(tx, bSaid, dayKey(region, first), dayKey(region, last)+"0", count); err != nil {
		return nil, err
	}
	out := []Skill{}
	for _, f := range found {
		f.Bias, f.MeanAbs = math.Round(f.Bias/float64(f.N)*10)/10, math.Round(f.MeanAbs/float64(f.N)*10)/10
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Skill) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.LeadDays, b.LeadDays))
	})
	return out, nil
}

func (s *Skill) add(f lastWord, measured int) {
	middle := float64(f.Low+f.High) / 2
	s.N++
	s.Bias += middle - float64(measured)
	s.MeanAbs += math.Abs(middle - float64(measured))
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	count(&s.Within, f.Low <= measured && measured <= f.High)
	count(&s.Class, class(int(math.Ceil(middle))) == class(measured))
	count(&s.Heavy, measured > 200)
	count(&s.Hits, measured > 200 && f.High > 200)
	count(&s.False, measured <= 200 && f.High > 200)
}

// class numbers the classes of HJ 633, table 2: 0 is 优.
func class(index int) int {
	n, _ := slices.BinarySearch([]int{50, 100, 150, 200, 300}, index)
	return n
}

func badDay(path string, d Date) error {
	return refusal.Wrong(path, "day.date_wrong", refusal.Args{"value": d})
}
