package alerts

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// city is a place's record of days, one a day from a first day on.
type city struct {
	name  string
	first Date
	days  []weather
}

// measuredCity reads a measured year as it was published; ok is false where the shared data folder is absent.
func measuredCity(t *testing.T, year string) (c city, ok bool) {
	t.Helper()
	text, ok := sharedYear(t, year)
	if !ok {
		return c, false
	}
	var head []string
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		if head == nil {
			head = cells
			continue
		}
		w := weather{aqi: -1, means: map[string]float64{}}
		for i, cell := range cells {
			if v, err := strconv.ParseFloat(cell, 64); err == nil && head[i] == "aqi" {
				w.aqi = int(v)
			} else if err == nil && head[i] != "date" {
				w.means[head[i]] = v
			}
		}
		if c.days == nil {
			c.first = Date(cells[0])
		}
		if want := c.first.AddDays(len(c.days)); Date(cells[0]) != want {
			t.Fatalf("%s: %s in place of %s", year, cells[0], want)
		}
		c.days = append(c.days, w)
	}
	c.name = "tianjin " + year
	return c, true
}

// simulatedCity is a year of PM2.5 that persists from day to day and is worst in winter, with ozone in summer, dust in
// spring, indexes that their concentrations deny, and days that are missing.
func simulatedCity(seed uint64, worse float64) city {
	rnd := rand.New(rand.NewPCG(seed, 2014))
	c := city{name: "simulated " + strconv.FormatUint(seed, 10), first: "2015-01-01"}
	state := 0.0
	for day := range 365 {
		season := math.Cos(2 * math.Pi * float64(day-15) / 365) // 1 in January
		state = 0.72*state + 0.5*rnd.NormFloat64()
		w := weather{aqi: -1, means: map[string]float64{}}
		put := func(pollutant string, value float64) { w.means[pollutant] = math.Round(max(1, value)) }
		pm25 := worse * math.Exp(4.0+0.5*season+state)
		put("pm25", min(pm25, 700))
		put("pm10", min(pm25*(1.2+0.3*rnd.Float64()), 900))
		put("no2", 30+15*season+10*rnd.Float64())
		put("o3_8h", 110-70*season+60*rnd.NormFloat64())
		w.aqi, _ = w.index()
		switch n := rnd.IntN(100); {
		case day > 60 && day < 140 && n < 4: // a dust storm, told as such or not
			w.means["pm10"], w.aqi = 800, 500
			if n < 2 {
				w.cause = Dust
			}
		case n == 5: // an index that its concentrations deny
			w.aqi = min(500, w.aqi+60)
		case n == 6:
			w = weather{aqi: -1}
		case n < 20: // an index alone
			w.means = nil
		}
		c.days = append(c.days, w)
	}
	return c
}

// nastyCity has spells of every length and gaps of a day or two at the edges of the clauses, and missing days among
// them.
func nastyCity(seed uint64) city {
	rnd := rand.New(rand.NewPCG(seed, 2022))
	c := city{name: "nasty " + strconv.FormatUint(seed, 10), first: "2014-06-01"}
	for len(c.days) < 365 {
		for range 1 + rnd.IntN(6) {
			c.days = append(c.days, weather{aqi: oneOf(rnd.IntN, 101, 120, 151, 160, 200, 201, 210, 250, 301, 320, 499, 500)})
		}
		for range 1 + rnd.IntN(5) {
			c.days = append(c.days, weather{aqi: oneOf(rnd.IntN, 60, 90, 100, 101, 120, 150, 150, 151, 180, -1)})
		}
	}
	c.days = c.days[:365]
	return c
}
