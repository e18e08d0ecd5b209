package calls

import (
	"encoding/json"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
	"qingkong/reductionlist"
)

// CSVMedia is that of a table of a power company.
const CSVMedia = "text/csv"

// Telemetry is a message, or a power company's table, as it was sent: package readings reads it.
type Telemetry struct {
	Text json.RawMessage `body:"raw" json:"-"`
	Ends string          `query:"ends" json:"-" validate:"omitempty,ends"` // of a table's times
}

// TelemetryTaken is what of a message or a table is durable. Point is that of a message, and empty of a table, whose
// points stand in Points.
type TelemetryTaken struct {
	Point    telemetry.Point `json:"point"`
	Unit     string          `json:"unit"`  // that the readings of the point are kept in
	Taken    int             `json:"taken"` // readings and passes
	From     *time.Time      `json:"from"`  // the first of them; null for none
	To       *time.Time      `json:"to"`    // the last of them
	Points   []PointTaken    `json:"points,omitempty"`
	SetAside []SetAside      `json:"set_aside,omitempty"`       // what of a table was not taken, at most MostSetAside of it
	Aside    int             `json:"set_aside_count,omitempty"` // all of it, where that is more
	Notes    []TelemetryNote `json:"notes,omitempty"`           // what is to be known of what was taken
}

// MostSetAside is how much of what was set aside an answer tells one by one.
const MostSetAside = 200

// PointTaken is what of a table is durable of one meter.
type PointTaken struct {
	Point telemetry.Point `json:"point"`
	Unit  string          `json:"unit"`
	Taken int             `json:"taken"`
}

// SetAside is what was not taken while the rest was.
type SetAside struct {
	Path    string `json:"path"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// TelemetryNote is what was noticed while something was read.
type TelemetryNote struct {
	Name    string `json:"name"` // fixed
	Message string `json:"message"`
	Count   int    `json:"count"`
}

// The steps of a series.
const (
	StepSample = "sample"
	StepMinute = "1m"
	StepHour   = "1h"
	StepDay    = "1d"
)

// MostPeriods is how many periods a series has in one answer, also where none is asked for.
const MostPeriods = 10_000

// PointQuery names a point: <ref>.<factor>, or <ref> where it measures one thing.
type PointQuery struct {
	Point string `path:"point" json:"-"`
}

// SeriesPeriod is the time of a series: periods that begin at From or later and before To.
type SeriesPeriod struct {
	From string `query:"from,series_from" json:"-" validate:"day_or_time"`
	To   string `query:"to,series_to" json:"-" validate:"day_or_time"`
	Step string `query:"step" json:"-" validate:"omitempty,step"`
}

// SeriesQuery asks for what a point said.
type SeriesQuery struct {
	PointQuery
	SeriesPeriod
	Cursor string `query:"cursor" json:"-" validate:"omitempty,series_cursor"`
	Limit  int    `query:"limit,periods" json:"-" validate:"omitempty,periods"`
}

// SeriesExport asks for that as a table.
type SeriesExport struct {
	PointQuery
	SeriesPeriod
	Format string `query:"format,table_format" json:"-" validate:"omitempty,table_format"`
}

// Series is what a point said in a time. Of periods that are not among its items nothing came.
type Series struct {
	Point telemetry.Point `json:"point"`
	Unit  string          `json:"unit"` // of values, least and most; empty where nothing says it
	PointWords
	AmountUnit string       `json:"amount_unit"` // of total; empty where nothing adds up
	Step       string       `json:"step"`
	From       time.Time    `json:"from"`
	To         time.Time    `json:"to"`
	Items      []SeriesItem `json:"items"`
	Next       string       `json:"next"` // the cursor of what follows, empty at the end
}

// PointWords say what a point is.
type PointWords struct {
	Ref         string `json:"ref"`    // MN, or number of a meter, scale or gate
	Factor      string `json:"factor"` // empty where it has none
	Name        string `json:"name"`   // of the factor in words, in the language asked for; else the code
	Station     string `json:"station"`
	RecipientID string `json:"recipient_id"` // empty where nobody's it is now
}

// SeriesItem is one period. Numbers that did not come are left out.
type SeriesItem struct {
	At         time.Time        `json:"at"`    // start of the period
	Value      *float64         `json:"value"` // null: the flag says why there is none
	Flag       string           `json:"flag"`  // N F M S D C T B (HJ 212-2017); empty where none came
	N          int              `json:"n"`     // valid values of the step below: minutes of an hour, hours of a day, also beside what the device sent; else 1
	SpanMin    int              `json:"span_min,omitempty"`
	Least      *float64         `json:"min,omitempty"`
	Most       *float64         `json:"max,omitempty"`
	Total      *float64         `json:"total,omitempty"`           // in amount_unit
	Converted  *float64         `json:"converted,omitempty"`       // mean at the reference oxygen (折算)
	ConvTotal  *float64         `json:"converted_total,omitempty"` //
	Source     telemetry.Source `json:"source"`
	Late       bool             `json:"late,omitempty"`   // it came long after its period
	Resent     bool             `json:"resent,omitempty"` // the station says that it is sent again
	ReceivedAt *time.Time       `json:"received_at,omitempty"`
	Others     []OtherValue     `json:"others,omitempty"` // what else came for the period
}

// OtherValue is a value of a period that does not stand.
type OtherValue struct {
	Value      *float64   `json:"value"`
	Total      *float64   `json:"total,omitempty"`
	Flag       string     `json:"flag"`
	Late       bool       `json:"late,omitempty"`
	Resent     bool       `json:"resent,omitempty"`
	ReceivedAt *time.Time `json:"received_at,omitempty"`
}

// PointsQuery asks for the points of a station or of a recipient; an enterprise asks for its own without naming itself.
type PointsQuery struct {
	MN        string `query:"mn" json:"-"`
	Recipient string `query:"recipient" json:"-"`
}

// PointView is a point with its latest value.
type PointView struct {
	Point telemetry.Point `json:"point"`
	Unit  string          `json:"unit"`
	PointWords
	Freshness  telemetry.Freshness `json:"freshness"`
	Step       string              `json:"step"` // of the latest; empty where none came
	At         *time.Time          `json:"at"`
	Value      *float64            `json:"value"`
	Flag       string              `json:"flag"`
	ReceivedAt *time.Time          `json:"received_at"`
	Registered bool                `json:"registered"` // the register names the factor of the station
	Expected   []ExpectedBy        `json:"expected"`   // measures of the list in force that are watched by it
}

// ExpectedBy is a measure that is watched by a point.
type ExpectedBy struct {
	RecipientID string                  `json:"recipient_id"`
	MeasureID   string                  `json:"measure_id"`
	Levels      []alerts.Level          `json:"levels"`
	Source      reductionlist.Source    `json:"source"`
	Criterion   reductionlist.Criterion `json:"criterion"`
}

// PassesQuery asks for the vehicles that went through a gate from From on and before To.
type PassesQuery struct {
	PointQuery
	From   string `query:"from,passes_from" json:"-" validate:"day_or_time"`
	To     string `query:"to,series_to" json:"-" validate:"day_or_time"`
	Cursor string `query:"cursor" json:"-"`
	Limit  int    `query:"limit" json:"-" validate:"omitempty,limit"`
}

// Passes are vehicles at a gate, the first first. Masked says that plates are shown in part.
type Passes struct {
	Point  telemetry.Point `json:"point"`
	Masked bool            `json:"masked"`
	Items  []VehiclePass   `json:"items"`
	Next   string          `json:"next"`
}

// VehiclePass is a vehicle at a gate.
type VehiclePass struct {
	At       time.Time         `json:"at"`
	Plate    string            `json:"plate"`
	Standard readings.Standard `json:"standard"` // 国零 to 国六, 新能源; empty where it is not known
	Fuel     string            `json:"fuel"`
}

// Calls on readings.
var (
	PostTelemetry = row[Telemetry, TelemetryTaken]("POST /telemetry", ActTelemetryWrite,
		"报送一个点的读数或一个门禁的车辆（JSON），或供电公司的用电表（text/csv，仅数据接入）；答复时数据已落盘",
		"takes readings of a point or the passes of a gate (JSON), or a power company's table (text/csv, feeders alone); "+
			"once it is answered they are durable",
		Call{Body: readings.MaxMessage, Kept: true, Spared: true, Table: tableBody, Takes: readings.Message{},
			Refuses: codes{refusal.NotFound},
			Example: `{"point":"010000A8900016F000169DC0.a21026","unit":"mg/m3","step":"1h",` +
				`"readings":[{"at":"2016-12-16T15:00:00+08:00","value":12.5,"flag":"N"}]}`})
	Points = row[PointsQuery, alerts.Page[PointView]]("GET /telemetry", ActTelemetryRead,
		"一个站点或一个对象的监测点及其最新值，也列出清单要而从未报送的点；企业只见自己的，街镇只见本街镇的",
		"the points of a station or a recipient with their latest values, those that the list expects and that never reported "+
			"too; an enterprise its own, a town its own",
		Call{Refuses: codes{refusal.NotFound}})
	PointSeries = row[SeriesQuery, Series]("GET /telemetry/{point}", ActTelemetryRead,
		"一个监测点的分钟、小时或日数据；时间为时段开始，没有数据的时段不列出",
		"minutes, hours or days of a point; a time is the start of its period, periods of which nothing came are left out",
		Call{})
	ExportSeries = row[SeriesExport, None]("GET /telemetry/{point}/export", ActTelemetryRead,
		"同上，为 CSV 或 Excel 表格；没有数据的时段为空格并注明",
		"the same as a table, CSV or Excel; periods of which nothing came are empty cells that say so",
		Call{Media: CSVMedia, Others: []string{XLSXMedia}})
	GatePasses = row[PassesQuery, Passes]("GET /telemetry/{point}/passes", ActTelemetryRead,
		"一个门禁的过车记录，保留 60 天；号牌仅值班员和检查员可见全号，查看留痕",
		"the vehicles at a gate, kept for 60 days; duty and inspectors see whole plates, which is recorded",
		Call{})
)

// AddPoint adds what was taken of one message of a table; at has the places of the points among those of the answer.
func (t *TelemetryTaken) AddPoint(at map[telemetry.Point]int, one TelemetryTaken) {
	i, before := at[one.Point]
	if !before {
		i = len(t.Points)
		at[one.Point] = i
		t.Points = append(t.Points, PointTaken{Point: one.Point, Unit: one.Unit})
	}
	t.Points[i].Taken += one.Taken
	t.Taken += one.Taken
	if one.From != nil && (t.From == nil || one.From.Before(*t.From)) {
		t.From = one.From
	}
	if one.To != nil && (t.To == nil || one.To.After(*t.To)) {
		t.To = one.To
	}
	for _, n := range one.Notes {
		t.AddNote(n)
	}
}

// AddNote adds what is to be known; one of a name that is there already counts on, and its words stay those of the first.
func (t *TelemetryTaken) AddNote(n TelemetryNote) {
	for i := range t.Notes {
		if t.Notes[i].Name == n.Name {
			t.Notes[i].Count += n.Count
			return
		}
	}
	t.Notes = append(t.Notes, n)
}
