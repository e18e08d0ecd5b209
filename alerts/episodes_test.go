package alerts

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// sharedEpisode reads an episode from outside the project, or leaves the test out where there is none.
func sharedEpisode(t *testing.T, name string) []byte {
	t.Helper()
	text, ok := readShared(t, name)
	if !ok {
		t.Skip("left out: the shared data folder is absent")
	}
	return text
}

// sharedYear is a measured year of Tianjin; false where the shared data folder is absent.
func sharedYear(t *testing.T, year string) ([]byte, bool) {
	t.Helper()
	return readShared(t, "tianjin-daily-"+year+".csv")
}

func readShared(t *testing.T, name string) ([]byte, bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", "episodes", name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return text, err == nil
}

func readAir(t *testing.T, text []byte) Air {
	t.Helper()
	air, err := ReadCSV(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return air
}

// between leaves the days from first to last, both included.
func between(s Series, first, last Date) Series {
	var out Series
	for _, d := range s.Days {
		if d.Date >= first && d.Date <= last {
			out.Days = append(out.Days, d)
		}
	}
	return out
}

// episodeLines tells of each episode its level, first and last day, and what makes every clause that is met.
func episodeLines(ev Evaluation) []string {
	days := func(s string) string { return strings.ReplaceAll(s, s[:5], "") }
	lines := []string{}
	for _, ep := range ev.Episodes {
		lines = append(lines, fmt.Sprintf("%s %s", ep.Level, days(spell(ep.From, ep.To))))
		for _, c := range ep.Clauses {
			if !c.Met {
				continue
			}
			line := fmt.Sprintf("  %s %s:", c.Level, c.Clause)
			for _, w := range c.Windows {
				line += " " + days(spell(w.From, w.To))
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// handWorked is what somebody with a pencil finds of a series under one set of criteria.
type handWorked struct {
	set         string
	consecutive bool
	want        []string
}

func checkByHand(t *testing.T, s Series, table []handWorked) {
	t.Helper()
	for _, c := range table {
		ev := Evaluate(s, seedCriteria(t, c.set), EvaluateOptions{MergeGapH: 36, Over300Consecutive: c.consecutive})
		if got := episodeLines(ev); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s, consecutive %v:\n%s\nwant\n%s", c.set, c.consecutive, strings.Join(got, "\n"),
				strings.Join(c.want, "\n"))
		}
	}
}

// Tianjin, December 2016, AQI as published; PM2.5 is the primary pollutant of every day above 150, for example on the
// 18th PM2.5 290 -> 300+100*(290-250)/100 = 340 and PM10 338 -> 150+50*(338-250)/100 = 194.
//
//	day   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15  16  17  18  19  20  21  22 .. 25 .. 29  30  31
//	AQI  70 166 279 317  60 163 185 128  74 137 224 266  90  82  79 155 238 340 293 292 313 134   179   87 235 318
//
//	>150: 2-4 (72 h), 6-7 (48 h), 11-12 (48 h), 16-21 (144 h), 25 (24 h), 30-31 (48 h)
//	>200: 3-4 (48 h), 11-12 (48 h), 17-21 (120 h), 30-31 (48 h)
//	>300: 4, 18, 21, 31 (24 h each, no two beside each other)
//	>499: none
//
// national-2024. Between 2-4 and 6-7 lies the 5th alone, 24 h < 36 h: one spell, which is orange by 3-4 (>200 48 h) and
// by 2-4 (>150 72 h), so from the 2nd to the 4th. Between 7 and 11, 12 and 16, 21 and 30 lie three days and more. 30-31
// is orange by >200 48 h. 17-21 is 120 h >= 72 h and holds the 18th, 24 h above 300: red.
//
// national-2016. Blue (advisory) is >200 24 h and yellow >200 48 h: all four runs. Orange asks for 72 h above 200 and
// 24 h above 300: 17-21 alone. Red asks for 96 h and 48 h: the 18th and the 21st make 24+24 = 48 h in pieces, but not
// consecutively. tianjin-2018 has no blue, and its orange no peak.
func TestByHandTianjinDecember2016(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "seeds", "episodes", "tianjin-2016-12.csv"))
	if err != nil {
		t.Fatal(err)
	}
	red2016 := []string{"  advisory >200 24h: 12-17..12-21", "  yellow >200 48h: 12-17..12-21",
		"  orange >200 72h and >300 24h: 12-17..12-21"}
	red2018 := []string{"  yellow >200 48h: 12-17..12-21", "  orange >200 72h: 12-17..12-21"}
	of2016 := func(level string, middle []string) []string {
		blue := func(days string) []string {
			return []string{"yellow " + days, "  advisory >200 24h: " + days, "  yellow >200 48h: " + days}
		}
		lines := append(blue("12-03..12-04"), blue("12-11..12-12")...)
		lines = append(append(lines, level+" 12-17..12-21"), middle...)
		return append(lines, blue("12-30..12-31")...)
	}
	of2018 := func(level string, middle []string) []string {
		lines := []string{"yellow 12-03..12-04", "  yellow >200 48h: 12-03..12-04", "yellow 12-11..12-12",
			"  yellow >200 48h: 12-11..12-12"}
		lines = append(append(lines, level+" 12-17..12-21"), middle...)
		return append(lines, "yellow 12-30..12-31", "  yellow >200 48h: 12-30..12-31")
	}
	const pieces = "  red >200 96h and >300 48h: 12-17..12-21"
	of2024 := []string{
		"orange 12-02..12-04",
		"  yellow >200 24h: 12-03..12-04", "  yellow >150 48h: 12-02..12-04 12-06..12-07",
		"  orange >200 48h: 12-03..12-04", "  orange >150 72h: 12-02..12-04",
		"orange 12-11..12-12",
		"  yellow >200 24h: 12-11..12-12", "  yellow >150 48h: 12-11..12-12", "  orange >200 48h: 12-11..12-12",
		"red 12-17..12-21",
		"  yellow >200 24h: 12-17..12-21", "  yellow >150 48h: 12-16..12-21",
		"  orange >200 48h: 12-17..12-21", "  orange >150 72h: 12-16..12-21", "  red >200 72h and >300 24h: 12-17..12-21",
		"orange 12-30..12-31",
		"  yellow >200 24h: 12-30..12-31", "  yellow >150 48h: 12-30..12-31", "  orange >200 48h: 12-30..12-31",
	}
	checkByHand(t, readAir(t, text).Series(), []handWorked{
		{CriteriaNational2024, false, of2024},
		{CriteriaNational2024, true, of2024},
		{CriteriaNational2016, false, of2016("red", append(red2016, pieces))},
		{CriteriaNational2016, true, of2016("orange", red2016)},
		{CriteriaTianjin2018, false, of2018("red", append(red2018, pieces))},
		{CriteriaTianjin2018, true, of2018("orange", red2018)},
	})
}

// dayByHand is a calendar day of an hourly series: the sum of its hours of PM2.5, how many there are, and the index.
type dayByHand struct {
	day    int
	sum, n int64
	aqi    int
}

// Beijing, Aotizhongxin, December 2015, the two red alerts of the city. Means of the hours of PM2.5, rounded half to
// even:
//
//	day   sum / n            mean        index
//	 6    3313 / 24 = 138.04 -> 138      150 +  50*(138-115)/35  = 182.9 -> 183
//	 7    4438 / 24 = 184.92 -> 185      200 + 100*(185-150)/100 = 235
//	 8    6440 / 24 = 268.33 -> 268      300 + 100*(268-250)/100 = 318
//	 9    6117 / 24 = 254.88 -> 255      300 + 100*(255-250)/100 = 305
//	10    2780 / 24 = 115.83 -> 116      150 +  50*(116-115)/35  = 151.4 -> 152
//	12    2498 / 24 = 104.08 -> 104      100 +  50*(104-75)/40   = 136.3 -> 137
//	13    3949 / 24 = 164.54 -> 165      200 + 100*(165-150)/100 = 215
//	14    3387 / 24 = 141.13 -> 141      150 +  50*(141-115)/35  = 187.1 -> 188
//	19    3378 / 24 = 140.75 -> 141      188, as on the 14th
//	20    4724 / 24 = 196.83 -> 197      200 + 100*(197-150)/100 = 247
//	21    5894 / 24 = 245.58 -> 246      200 + 100*(246-150)/100 = 296
//	22    7741 / 24 = 322.54 -> 323      300 + 100*(323-250)/100 = 373
//	23    5514 / 23 = 239.74 -> 240      200 + 100*(240-150)/100 = 290
//	24    1860 / 24 =  77.50 ->  78      100 +  50*(78-75)/40    = 103.8 -> 104
//	25   12295 / 24 = 512.29 -> 512      above 500: 500
//	26    6802 / 24 = 283.42 -> 283      300 + 100*(283-250)/100 = 333
//
// The other pollutants stay below: on the 25th PM10 13101/24 = 545.9 -> 546 is 400+100*(546-500)/100 = 446. On the days
// between, NO2 leads and the index is at most 103.
//
//	>150: 6-10 (120 h), 13-14 (48 h), 19-23 (120 h), 25-26 (48 h)
//	>200: 7-9 (72 h), 13 (24 h), 20-23 (96 h), 25-26 (48 h)
//	>300: 8-9 (48 h), 22 (24 h), 25-26 (48 h)
//	>499: 25 (24 h)
//
// Between 10 and 13 lie 48 h, between 14 and 19 more; between 23 and 25 only the 24th, 24 h < 36 h: 19-26 is one spell.
//
// national-2024: red by 7-9 (72 h, 48 h of it above 300) and by 20-23 (96 h, the 22nd above 300). national-2016: orange
// by 7-9, since red would need 96 h; in 20-26 red not by 20-23, which has only 24 h above 300, but by the 25th, which
// is above 499 for 24 h. The 13th alone is blue. tianjin-2018 has the same without blue.
func TestByHandBeijingDecember2015(t *testing.T) {
	byHand := []dayByHand{
		{6, 3313, 24, 183}, {7, 4438, 24, 235}, {8, 6440, 24, 318}, {9, 6117, 24, 305}, {10, 2780, 24, 152},
		{12, 2498, 24, 137}, {13, 3949, 24, 215}, {14, 3387, 24, 188},
		{19, 3378, 24, 188}, {20, 4724, 24, 247}, {21, 5894, 24, 296}, {22, 7741, 24, 373}, {23, 5514, 23, 290},
		{24, 1860, 24, 104}, {25, 12295, 24, 500}, {26, 6802, 24, 333},
	}
	text := sharedEpisode(t, "beijing-aotizhongxin-hourly-2015-12.csv")
	sums, counts := sumsOfPM25(t, text)
	indexes := map[Date]int{}
	var days Series
	for _, d := range readAir(t, text).Daily() {
		if d.AQI != nil {
			indexes[d.Date] = *d.AQI
		}
		days.Days = append(days.Days, DayAQI{Date: d.Date, AQI: d.AQI, Primary: d.Primary})
	}
	for _, d := range byHand {
		date := Date(fmt.Sprintf("2015-12-%02d", d.day))
		if sums[date] != d.sum || counts[date] != d.n {
			t.Errorf("%s: %d of %d hours, by hand %d of %d", date, sums[date], counts[date], d.sum, d.n)
		}
		if index := indexOfPM25(t, d.sum, d.n); index != d.aqi || indexes[date] != d.aqi {
			t.Errorf("%s: by the formula %d, the program %d, by hand %d", date, index, indexes[date], d.aqi)
		}
	}
	for _, quiet := range []int{5, 11, 15, 16, 17, 18, 27} {
		if i := indexes[Date(fmt.Sprintf("2015-12-%02d", quiet))]; i > 103 {
			t.Errorf("December %d: %d, by hand at most 103", quiet, i)
		}
	}
	of2024 := []string{
		"red 12-07..12-09",
		"  yellow >200 24h: 12-07..12-09", "  yellow >150 48h: 12-06..12-10",
		"  orange >200 48h: 12-07..12-09", "  orange >150 72h: 12-06..12-10", "  red >200 72h and >300 24h: 12-07..12-09",
		"yellow 12-13..12-14",
		"  yellow >200 24h: 12-13..12-13", "  yellow >150 48h: 12-13..12-14",
		"red 12-20..12-23",
		"  yellow >200 24h: 12-20..12-23 12-25..12-26", "  yellow >150 48h: 12-19..12-23 12-25..12-26",
		"  orange >200 48h: 12-20..12-23 12-25..12-26", "  orange >150 72h: 12-19..12-23",
		"  red >200 72h and >300 24h: 12-20..12-23",
	}
	of2016 := []string{
		"orange 12-07..12-09",
		"  advisory >200 24h: 12-07..12-09", "  yellow >200 48h: 12-07..12-09",
		"  orange >200 72h and >300 24h: 12-07..12-09",
		"advisory 12-13..12-13", "  advisory >200 24h: 12-13..12-13",
		"red 12-25..12-25",
		"  advisory >200 24h: 12-20..12-23 12-25..12-26", "  yellow >200 48h: 12-20..12-23 12-25..12-26",
		"  orange >200 72h and >300 24h: 12-20..12-23", "  red >499 24h: 12-25..12-25",
	}
	of2018 := []string{
		"orange 12-07..12-09", "  yellow >200 48h: 12-07..12-09", "  orange >200 72h: 12-07..12-09",
		"red 12-25..12-25", "  yellow >200 48h: 12-20..12-23 12-25..12-26", "  orange >200 72h: 12-20..12-23",
		"  red >499 24h: 12-25..12-25",
	}
	checkByHand(t, between(days, "2015-12-05", "2015-12-27"), []handWorked{
		{CriteriaNational2024, false, of2024}, {CriteriaNational2024, true, of2024},
		{CriteriaNational2016, false, of2016}, {CriteriaNational2016, true, of2016},
		{CriteriaTianjin2018, false, of2018}, {CriteriaTianjin2018, true, of2018},
	})
}

// sumsOfPM25 adds up the hours of each day, straight from the file. All of them are whole numbers.
func sumsOfPM25(t *testing.T, text []byte) (sums, counts map[Date]int64) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sums, counts = map[Date]int64{}, map[Date]int64{}
	for _, row := range rows[1:] {
		if row[3] == "" {
			continue
		}
		v, err := strconv.ParseInt(row[3], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		day := Date(row[0][:10])
		sums[day], counts[day] = sums[day]+v, counts[day]+1
	}
	return sums, counts
}

// indexOfPM25 is the formula of HJ 633-2012 with the breakpoints that matter to warnings.
func indexOfPM25(t *testing.T, sum, n int64) int {
	t.Helper()
	mean := big.NewRat(sum, n)
	c, err := strconv.ParseInt(decimalOf(mean, 0), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct{ low, high, index, width int64 }{{75, 115, 100, 50}, {115, 150, 150, 50},
		{150, 250, 200, 100}, {250, 350, 300, 100}, {350, 500, 400, 100}} {
		if c > part.low && c <= part.high {
			above := big.NewRat(part.width*(c-part.low), part.high-part.low)
			return int(part.index) + ceilRat(above)
		}
	}
	return 500
}

// Tianjin, November and the beginning of December 2018, AQI as published; PM2.5 leads on every day above 150: on the
// 13th 141 -> 150+50*(141-115)/35 = 187.1 -> 188, on the 26th 255 -> 300+100*(255-250)/100 = 305.
//
//	day  12  13  14  15  16 .. 24  25  26  27  28 .. 30 | 1   2   3   4
//	AQI 109 188 217 156  50   132 240 305   -  121  100  153 156   -  75
//
// On the 27th and on December 3 neither an index nor particles were published: a dust storm.
//
//	>150: 13-15 (72 h), 25-26 (48 h), December 1-2 (48 h)
//	>200: 14 (24 h), 25-26 (48 h)
//	>300: 26 (24 h)
//
// national-2024: 13-15 is orange by >150 72 h, 25-26 by >200 48 h, 1-2 yellow by >150 48 h; nothing lasts 72 h above
// 200. national-2016: the 14th is blue, 25-26 yellow. tianjin-2018: 25-26 yellow.
func TestByHandTianjinNovember2018(t *testing.T) {
	s := between(readAir(t, sharedEpisode(t, "tianjin-daily-2018.csv")).Series(), "2018-11-10", "2018-12-05")
	of2024 := []string{
		"orange 11-13..11-15", "  yellow >200 24h: 11-14..11-14", "  yellow >150 48h: 11-13..11-15",
		"  orange >150 72h: 11-13..11-15",
		"orange 11-25..11-26", "  yellow >200 24h: 11-25..11-26", "  yellow >150 48h: 11-25..11-26",
		"  orange >200 48h: 11-25..11-26",
		"yellow 12-01..12-02", "  yellow >150 48h: 12-01..12-02",
	}
	of2016 := []string{
		"advisory 11-14..11-14", "  advisory >200 24h: 11-14..11-14",
		"yellow 11-25..11-26", "  advisory >200 24h: 11-25..11-26", "  yellow >200 48h: 11-25..11-26",
	}
	of2018 := []string{"yellow 11-25..11-26", "  yellow >200 48h: 11-25..11-26"}
	checkByHand(t, s, []handWorked{
		{CriteriaNational2024, false, of2024}, {CriteriaNational2024, true, of2024},
		{CriteriaNational2016, false, of2016}, {CriteriaNational2016, true, of2016},
		{CriteriaTianjin2018, false, of2018}, {CriteriaTianjin2018, true, of2018},
	})
}

// Two stations of Beijing, two winters, by hours. What is wanted was worked out by the slow model, and a second time by
// a program in another language with fractions, before it was compared with the engine; all three agree. Whether the
// peak must be consecutive makes no difference here.
func TestHourlyEpisodesOfBeijing(t *testing.T) {
	for _, c := range []struct{ file, set, want string }{
		{"aotizhongxin-hourly-2015-12", CriteriaNational2024,
			"red 11-26T19..12-02T17, red 12-06T03..12-10T20, red 12-19T10..01-04T10"},
		{"aotizhongxin-hourly-2015-12", CriteriaTianjin2018,
			"red 11-26T19..12-02T17, red 12-06T03..12-10T20, yellow 12-12T22..12-14T23, red 12-19T10..12-26T09"},
		{"aotizhongxin-hourly-2015-12", CriteriaNational2016,
			"red 11-26T19..12-02T17, red 12-06T03..12-10T20, yellow 12-12T22..12-14T23, red 12-19T10..12-26T09"},
		{"wanliu-hourly-2015-12", CriteriaNational2024,
			"red 11-26T23..12-02T16, red 12-06T12..12-10T19, red 12-19T17..01-04T11"},
		{"wanliu-hourly-2015-12", CriteriaTianjin2018,
			"red 11-26T23..12-02T16, orange 12-06T12..12-10T19, yellow 12-12T20..12-14T23, red 12-19T17..12-26T11"},
		{"wanliu-hourly-2015-12", CriteriaNational2016,
			"red 11-26T23..12-02T16, orange 12-06T12..12-10T19, yellow 12-12T20..12-14T23, red 12-19T17..12-26T11"},
		{"aotizhongxin-hourly-2016-12", CriteriaNational2024,
			"orange 12-10T21..12-13T11, red 12-16T14..12-22T19, red 12-29T15..01-08T00"},
		{"aotizhongxin-hourly-2016-12", CriteriaTianjin2018,
			"yellow 12-10T21..12-13T11, red 12-16T14..12-22T19, red 12-29T15..01-08T00"},
		{"aotizhongxin-hourly-2016-12", CriteriaNational2016,
			"yellow 12-10T21..12-13T11, red 12-16T14..12-22T19, red 12-29T15..01-08T00"},
		{"wanliu-hourly-2016-12", CriteriaNational2024,
			"orange 12-11T02..12-13T14, red 12-16T15..12-22T18, red 12-30T00..01-08T01"},
		{"wanliu-hourly-2016-12", CriteriaTianjin2018,
			"yellow 12-11T02..12-13T14, red 12-16T15..12-22T18, red 12-30T00..01-08T01"},
		{"wanliu-hourly-2016-12", CriteriaNational2016,
			"yellow 12-11T02..12-13T14, red 12-16T15..12-22T18, advisory 12-24T13..12-25T16, red 12-30T00..01-08T01"},
	} {
		t.Run(c.file+" "+c.set, func(t *testing.T) {
			s := readAir(t, sharedEpisode(t, "beijing-"+c.file+".csv")).Series()
			for _, opt := range bothWays() {
				got := agree(t, s, seedCriteria(t, c.set), opt)
				var episodes []string
				for line := range strings.Lines(got) {
					if ep, ok := strings.CutPrefix(strings.TrimSpace(line), "episode "); ok {
						episodes = append(episodes, ep)
					}
				}
				if all := strings.Join(episodes, ", "); all != c.want {
					t.Errorf("consecutive %v: %s\nwant %s", opt.Over300Consecutive, all, c.want)
				}
			}
		})
	}
}
