package aqi

// iaqis are the sub-indices of the breakpoints, the first column of the table (HJ 633-2012 Table 1, HJ 633-2026
// Table 3).
var iaqis = [...]int{0, 50, 100, 150, 200, 300, 400, top}

const (
	top  = 500 // the largest index; the air can be worse
	none = -1  // no sub-index
)

// column is a pollutant's column of the table: the breakpoints of iaqis from the first on, as many as it has.
type column struct {
	unit   int64   // breakpoints in one µg/m³ or mg/m³: 1, or 10 for CO in tenths of mg/m³
	points []int64 // in units
	beyond int     // the sub-index above the last breakpoint, or none
}

// iaqi is the sub-index of a concentration, or false where the standard gives none.
func (col column) iaqi(c Concentration) (int, bool) {
	v := c.round(col.unit)
	for i := 1; i < len(col.points); i++ {
		if v > col.points[i] {
			continue
		}
		low, width := col.points[i-1], col.points[i]-col.points[i-1]
		rise := int64(iaqis[i]-iaqis[i-1]) * (v - low)
		return iaqis[i-1] + int((rise+width-1)/width), true // rounded up
	}
	return col.beyond, col.beyond != none
}

// end is the sub-index of the column's last breakpoint.
func (col column) end() int { return iaqis[len(col.points)-1] }

// table has the columns of one report in one edition. A pollutant without a column is no part of the report.
type table map[Pollutant]column

// The columns. The editions differ in those of particles, up to 100 only, and in what two short columns say beyond
// their end.
var (
	pm25of2012 = column{1, []int64{0, 35, 75, 115, 150, 250, 350, 500}, top}
	pm25of2026 = column{1, []int64{0, 35, 60, 115, 150, 250, 350, 500}, top}
	pm10of2012 = column{1, []int64{0, 50, 150, 250, 350, 420, 500, 600}, top}
	pm10of2026 = column{1, []int64{0, 50, 120, 250, 350, 420, 500, 600}, top}

	so2Day = column{1, []int64{0, 50, 150, 475, 800, 1600, 2100, 2620}, top}
	no2Day = column{1, []int64{0, 40, 80, 180, 280, 565, 750, 940}, top}
	coDay  = column{10, []int64{0, 20, 40, 140, 240, 360, 480, 600}, top}

	no2Hour = column{1, []int64{0, 100, 200, 700, 1200, 2340, 3090, 3840}, top}
	coHour  = column{10, []int64{0, 50, 100, 350, 600, 900, 1200, 1500}, top}
	o3Hour  = column{1, []int64{0, 160, 200, 300, 400, 800, 1000, 1200}, top}

	// Footnote (b): SO2 of an hour above 800 has no sub-index in 2012, which then goes by the mean of 24 hours; in
	// 2026 it has 200.
	so2HourOf2012 = column{1, []int64{0, 150, 500, 650, 800}, none}
	so2HourOf2026 = column{1, []int64{0, 150, 500, 650, 800}, 200}

	// Footnote (c): O3 of 8 hours above 800 has no sub-index in 2012, which then goes by the mean of the hour; in
	// 2026 it has 300.
	o3EightOf2012 = column{1, []int64{0, 100, 160, 215, 265, 800}, none}
	o3EightOf2026 = column{1, []int64{0, 100, 160, 215, 265, 800}, 300}
)

// dailyTables are the daily reports (日报): seven values in 2012, six in 2026.
var dailyTables = map[Standard]table{
	HJ2012: {PM25: pm25of2012, PM10: pm10of2012, SO2: so2Day, NO2: no2Day, CO: coDay, O3H8: o3EightOf2012, O3H1: o3Hour},
	HJ2026: {PM25: pm25of2026, PM10: pm10of2026, SO2: so2Day, NO2: no2Day, CO: coDay, O3H8: o3EightOf2026},
}

// hourlyTables are the real-time reports (实时报). The report of 2012 has nine values, two of which, the particles of the
// hour, have no sub-index; the report of 2026 has six.
var hourlyTables = map[Standard]table{
	HJ2012: {PM25: pm25of2012, PM10: pm10of2012, SO2: so2HourOf2012, NO2: no2Hour, CO: coHour, O3H8: o3EightOf2012,
		O3H1: o3Hour},
	HJ2026: {PM25: pm25of2026, PM10: pm10of2026, SO2: so2HourOf2026, NO2: no2Hour, CO: coHour, O3H1: o3Hour},
}
