package alerts

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts/aqi"
)

// The slow model of stations: it asks of every single value anew whether it may be judged, walking to both sides of it,
// and knows nothing of lines or runs. Of the package it uses the hours as they were measured and the limits as numbers
// of this file.

// modelLimits are the documented maxima of an hour, and how many values make an instrument stuck.
var modelLimits = map[string]int{"pm25": 1500, "pm10": 10000, "so2": 4000, "no2": 4000, "co": 150, "o3_1h": 1500}
var modelStuck = map[string]int{"pm25": 6, "pm10": 6, "no2": 12, "o3_1h": 24, "so2": 72, "co": 72}

// modelStation are a station's hours by their number; a missing one is no key.
type modelStation map[int]map[string]int64 // millionths

func (m modelStation) mark(hour int, p string) bool {
	v, ok := m[hour][p]
	return ok && v == 999_000_000
}

// why is "" for a value that may be judged.
func (m modelStation) why(hour int, p string) string {
	v := m[hour][p]
	switch {
	case v == 9999_000_000 || v == 99999_000_000 || v > int64(modelLimits[p])*1_000_000:
		return "impossible"
	case m.nines(hour, p):
		return "ambiguous"
	}
	same := 1
	for _, step := range []int{-1, 1} {
		for h := hour + step; 0 <= h && h < 200; h += step {
			other, there := m[h][p]
			if !there || m.out(h, p) {
				continue
			}
			if other != v {
				break
			}
			same++
		}
	}
	enough := modelStuck[p]
	if (p == "pm25" || p == "pm10") && v <= 10_000_000 {
		enough = 24
	}
	if same >= enough {
		return "stuck"
	}
	return ""
}

// nines reports whether a value is a 999 that stands in another pollutant too, or in the hour before or after.
func (m modelStation) nines(hour int, p string) bool {
	if !m.mark(hour, p) {
		return false
	}
	n := 0
	for q := range m[hour] {
		if m.mark(hour, q) {
			n++
		}
	}
	return n > 1 || m.mark(hour-1, p) || m.mark(hour+1, p)
}

// out reports whether a value is none whatever stays the same.
func (m modelStation) out(hour int, p string) bool {
	v := m[hour][p]
	return v == 9999_000_000 || v == 99999_000_000 || v > int64(modelLimits[p])*1_000_000 || m.nines(hour, p)
}

// tooHigh reports whether PM10 is beyond what is possible and no mark.
func (m modelStation) tooHigh(hour int) bool {
	v := m[hour]["pm10"]
	return v > 10000_000_000 && v != 99999_000_000
}

// modelRegion tells each hour of a region and everything that is set aside.
func modelRegion(stations map[string]modelStation, hours int, only string) string {
	var out strings.Builder
	names := []string{}
	for name := range stations {
		names = append(names, name)
	}
	slices.Sort(names)
	for h := range hours {
		sums, counts := map[string]*big.Rat{}, map[string]int64{}
		reported, line := false, ""
		for _, name := range names {
			for p, v := range stations[name][h] {
				reported = true
				if why := stations[name].why(h, p); why != "" || only == "pm25" && stations[name].tooHigh(h) {
					continue
				}
				if sums[p] == nil {
					sums[p] = new(big.Rat)
				}
				sums[p].Add(sums[p], big.NewRat(v, 1_000_000))
				counts[p]++
			}
		}
		for _, p := range aqi.Pollutants() {
			if counts[p] > 0 {
				line += " " + p + "=" + decimalOf(sums[p].Quo(sums[p], big.NewRat(counts[p], 1)), 3)
			}
		}
		if reported {
			fmt.Fprintf(&out, "%d%s\n", h, line)
		}
	}
	for _, name := range names {
		for _, p := range aqi.Pollutants() {
			n := map[string]int{}
			for h := range stations[name] {
				if _, has := stations[name][h][p]; has {
					n[stations[name].why(h, p)]++
				}
			}
			for _, why := range []string{"ambiguous", "impossible", "stuck"} {
				if n[why] > 0 {
					fmt.Fprintf(&out, "%s %s %s %d\n", name, p, why, n[why])
				}
			}
		}
	}
	return out.String()
}

// toldRegion is what the engine makes of the same, in the model's words.
func toldRegion(stations map[string]modelStation, hours int, only string) string {
	begin := clockAt("2026-11-24T08:00")
	observed := map[time.Time]observedHour{}
	for name, of := range stations {
		for h, values := range of {
			one := Hour{At: begin.Add(time.Duration(h) * time.Hour)}
			for p, v := range values {
				one.set(p, mustConcentration(big.NewRat(v, 1_000_000).FloatString(6)))
			}
			if observed[one.At] == nil {
				observed[one.At] = observedHour{}
			}
			observed[one.At][name] = one
		}
	}
	region, aside := DefaultSettings().regional(observed, begin, only)
	var out strings.Builder
	for _, h := range region {
		line := ""
		for _, p := range aqi.Pollutants() {
			if v, ok := h.Values[p]; ok {
				line += " " + p + "=" + decimalOf(ratOf(v), 3)
			}
		}
		if h.Aside != (line == "") {
			line += fmt.Sprint(" aside is ", h.Aside)
		}
		fmt.Fprintf(&out, "%d%s\n", int(h.At.Sub(begin)/time.Hour), line)
	}
	n := map[string]int{}
	for _, a := range aside {
		n[a.Station+" "+a.Name+" "+a.Rule] += a.N
	}
	names := []string{}
	for name := range stations {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, p := range aqi.Pollutants() {
			for _, why := range []string{"ambiguous", "impossible", "stuck"} {
				if k := n[name+" "+p+" "+why]; k > 0 {
					fmt.Fprintf(&out, "%s %s %s %d\n", name, p, why, k)
				}
			}
		}
	}
	return out.String()
}

// ratOf is a concentration to the third place, where a mean of three stations has no decimal of its own.
func ratOf(c aqi.Concentration) *big.Rat {
	r, ok := new(big.Rat).SetString(c.String())
	if !ok {
		panic(c.String())
	}
	return r
}

// genStations makes stations in stretches: of one value, of changing ones, of odd ones at the edges of the rules, or of
// nothing.
func genStations(p pick) (stations map[string]modelStation, hours int) {
	hours = 20 + p(110)
	stations = map[string]modelStation{}
	pollutants := []string{"pm25", "pm10", "so2", "no2", "co", "o3_1h"}
	for s := range 1 + p(4) {
		of := modelStation{}
		for _, name := range pollutants[:1+p(len(pollutants))] {
			for at := 0; at < hours; {
				n := oneOf(p, 1, 1, 2, 3, 5, 6, 7, 12, 13, 23, 24, 25, 47, 48, 72, 73)
				kind := oneOf(p, "same", "same", "clean", "other", "other", "odd", "nothing")
				value := oneOf(p, int64(264), 160, 35, 11)
				every := oneOf(p, 0, 0, 2, 6) // hours that are missing in between
				for k := range n {
					if at+k >= hours || kind == "nothing" || every > 0 && k%every == every-1 {
						continue
					}
					v := value * 1_000_000
					switch kind {
					case "clean":
						v = 10_000_000
					case "other":
						v += int64(k%3) * 500_000
					case "odd":
						limit := int64(modelLimits[name])
						v = oneOf(p, int64(999), 999, 999, 9999, 99999, limit, limit+1, 12000) * 1_000_000
					}
					if of[at+k] == nil {
						of[at+k] = map[string]int64{}
					}
					of[at+k][name] = v
				}
				at += n
			}
		}
		stations[string(rune('a'+s))] = of
	}
	return stations, hours
}

func TestRegionAgreesWithTheSlowModelOfStations(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		stations, hours := genStations(func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "") })
		for _, only := range []string{"", "pm25"} {
			if got, want := toldRegion(stations, hours, only), modelRegion(stations, hours, only); got != want {
				rt.Fatalf("only %q\nengine:\n%s\nmodel:\n%s", only, got, want)
			}
		}
	})
}

// Many of them, always the same ones; each rule is met in many.
func TestManyRegionsAgreeWithTheSlowModelOfStations(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2026, 11))
	met := map[string]int{}
	for range 1500 {
		stations, hours := genStations(rnd.IntN)
		only := []string{"", "pm25"}[rnd.IntN(2)]
		got, want := toldRegion(stations, hours, only), modelRegion(stations, hours, only)
		if got != want {
			t.Fatalf("only %q\nengine:\n%s\nmodel:\n%s", only, got, want)
		}
		for _, why := range []string{"impossible", "ambiguous", "stuck"} {
			if strings.Contains(got, why) {
				met[why]++
			}
		}
	}
	for _, why := range []string{"impossible", "ambiguous", "stuck"} {
		if met[why] < 100 {
			t.Errorf("%s in %d regions alone", why, met[why])
		}
	}
}

// A region with frozen stations among its own proposes what the live ones say.
func TestFrozenStationsChangeNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2026, 12))
	raised := 0
	for range 12 {
		air, gaps := oneOf(rnd.IntN, 40, 120, 160, 260), 2+rnd.IntN(28)
		var frozen []int
		for range 1 + rnd.IntN(4) {
			frozen = append(frozen, oneOf(rnd.IntN, 8, 35, 150, 264, 500, 985))
		}
		w := newWorld(t, t.TempDir())
		w.at("2026-12-16T17:00")
		line := func(name string, of func(int) string) string {
			p := do(w, w.engine.DecideObservation, "feeder", stationHours(name, w.now, 60, of)).Proposal
			if p == nil {
				return "-"
			}
			return p.line()
		}
		line("live-0", around(air, nil))
		live := line("live-1", around(air+2, nil))
		for i, v := range frozen {
			got := line(fmt.Sprintf("frozen-%d", i), without(gaps, always(fmt.Sprintf("pm25=%d pm10=%d", v, v+20))))
			if got != live {
				t.Errorf("air of %d with stations frozen at %v, every %d. hour missing: %s, without them %s", air, frozen[:i+1],
					gaps, got, live)
			}
		}
		if live != "-" {
			raised++
		}
		w.mustMatch()
		w.close()
	}
	if raised == 0 || raised == 12 {
		t.Errorf("%d of 12 proposed something", raised)
	}
}
