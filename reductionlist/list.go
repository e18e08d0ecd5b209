package reductionlist

import (
	"slices"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// List is one whole workbook. Recipients stand in the order of their ids after [List.Sort].
type List struct {
	Name          string            `json:"name"`
	Region        string            `json:"region"`                 // six-digit code of the district, like 120111
	EffectiveFrom string            `json:"effective_from"`         // first day in force, 2006-01-02, Asia/Shanghai
	EffectiveTo   string            `json:"effective_to,omitempty"` // last day in force; empty is open
	CompiledBy    string            `json:"compiled_by"`            // 编制单位
	Emission      Amounts           `json:"emission_t_per_day"`     // 全社会日排放量
	Note          string            `json:"note,omitempty"`
	Extra         map[string]string `json:"extra,omitempty"` // further keys of 基本情况
	Recipients    []*Recipient      `json:"recipients,omitempty"`
}

// Notes is what a row carries beside the columns that have a meaning here.
type Notes struct {
	Note  string            `text:"free" json:"note,omitempty"`  // 备注
	Extra map[string]string `text:"free" json:"extra,omitempty"` // unknown columns by header text
}

// Amounts are tonnes per day by pollutant.
type Amounts struct {
	SO2  float64 `json:"so2"`
	NOx  float64 `json:"nox"`
	PM   float64 `json:"pm"`
	VOCs float64 `json:"vocs"`
}

// Part is one pollutant of [Amounts] with the name the workbook gives it.
type Part struct {
	Name  string
	Value *float64
}

// Parts are the pollutants in the order of the workbook.
func (a *Amounts) Parts() []Part {
	return []Part{{"SO2", &a.SO2}, {"NOx", &a.NOx}, {"PM", &a.PM}, {"VOCs", &a.VOCs}}
}

// Add returns a+b.
func (a Amounts) Add(b Amounts) Amounts {
	return Amounts{a.SO2 + b.SO2, a.NOx + b.NOx, a.PM + b.PM, a.VOCs + b.VOCs}
}

// Recipient is whoever may get an order, with everything the list says of it.
type Recipient struct {
	ID         string    `json:"id"`
	Type       Type      `json:"type"`
	Name       string    `json:"name"`
	USCC       string    `json:"uscc,omitempty"`   // 统一社会信用代码, GB 32100
	Permit     string    `json:"permit,omitempty"` // 排污许可证编号
	Town       string    `json:"town,omitempty"`
	Address    string    `json:"address,omitempty"`
	Lon        float64   `json:"lon,omitempty"` // degrees; 0 is not given
	Lat        float64   `json:"lat,omitempty"`
	Industry   string    `json:"industry,omitempty"` // GB/T 4754 code, like C3360 or 3360
	Grade      Grade     `json:"grade,omitempty"`
	Category   Category  `json:"category,omitempty"`
	MaxLoad    string    `json:"max_load,omitempty"` // 最大允许生产负荷 of a 保障类 recipient, as text with unit
	StationMN  string    `json:"station_mn,omitempty"`
	MeterID    string    `json:"meter_id,omitempty"`
	ContactRef string    `json:"contact_ref,omitempty"` // where the vault keeps the contact
	Contact    *Contact  `json:"-"`                     // only between the workbook and the vault
	Lines      []Line    `json:"lines,omitempty"`
	Measures   []Measure `json:"measures,omitempty"`
	Units      []Unit    `json:"units,omitempty"`
	Furnaces   []Furnace `json:"furnaces,omitempty"`
	Pit        *Pit      `json:"pit,omitempty"`
	Notes
}

// Contact is who is told. It belongs into the vault, one JSON object for each recipient.
type Contact struct {
	Name        string `json:"name,omitempty"`
	Phone       string `json:"phone,omitempty" validate:"phones"`
	BackupName  string `json:"backup_name,omitempty"`
	BackupPhone string `json:"backup_phone,omitempty" validate:"phones"`
}

// Line is one production line (生产线).
type Line struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Capacity  string  `json:"capacity,omitempty"`
	Emission  Amounts `json:"emission_t_per_day"`
	SafeStopH float64 `json:"safe_stop_h,omitempty"` // hours a safe stop takes
	Idle      bool    `json:"idle,omitempty"`        // 长期停运: counts for no reduction
	MeterID   string  `json:"meter_id,omitempty"`    // 分表编号
	Notes
}

// Measure is what a recipient does at the levels named.
type Measure struct {
	ID              string         `json:"id"`
	Levels          []alerts.Level `json:"levels"`
	Unit            string         `json:"unit,omitempty"` // 生产线或设备
	Action          Action         `json:"action"`
	Text            string         `text:"free" json:"text"`
	Quantity        *Quantity      `json:"quantity,omitempty"`
	CompleteWithinH float64        `json:"complete_within_h"`
	Responsible     string         `json:"responsible"` // a post, not a name: it stays in the record
	Monitors        []Monitor      `json:"monitor,omitempty"`
	Evidence        []string       `json:"evidence,omitempty"`
	Reduction       Amounts        `json:"reduction_t_per_day"`
	Notes
}

// Quantity is how much: at most, at least, or less by Value of Unit.
type Quantity struct {
	Kind  QuantityKind `json:"kind"`
	Value float64      `json:"value"`
	Unit  string       `json:"unit"`
}

// Monitor is one way a measure is watched. Criterion is zero only for video.
type Monitor struct {
	Source    Source    `json:"source"`
	Ref       string    `json:"ref,omitempty"`    // MN, meter, gate or camera
	Factor    string    `json:"factor,omitempty"` // HJ 212 factor code
	Criterion Criterion `json:"criterion,omitzero"`
}

// Gases are kilograms per tonne (or per start) by pollutant.
type Gases struct {
	SO2 float64 `json:"so2"`
	NOx float64 `json:"nox"`
	PM  float64 `json:"pm,omitempty"`
	HCl float64 `json:"hcl,omitempty"`
}

// Unit is a coal-fired heat and power unit (机组), in force from From to To (2006-01-02, empty is open).
// Coal in tonnes per hour is Constant + PerMW·P + PerMW2·P² + PerGJ·Q for P MW of power and Q GJ/h of heat.
type Unit struct {
	Name         string    `json:"name"`
	From         string    `json:"from,omitempty"`
	To           string    `json:"to,omitempty"`
	MinMW        float64   `json:"min_mw"`
	MaxMW        float64   `json:"max_mw"`
	MinUpH       float64   `json:"min_up_h"`
	MinDownH     float64   `json:"min_down_h"`
	StartCoalT   float64   `json:"start_coal_t"`
	Coal         CoalCurve `json:"coal_t_per_h"`
	MaxHeatGJH   float64   `json:"max_heat_gj_h"`
	MWLostPerGJH float64   `json:"mw_lost_per_gj_h"`
	Emission     Gases     `json:"emission_kg_per_t_coal"`
	LowLoadMW    float64   `json:"low_load_mw"`
	LowLoadNOx   float64   `json:"low_load_nox_factor"`
	Notes
}

// CoalCurve is the coal use of a unit, see [Unit].
type CoalCurve struct {
	Constant float64 `json:"constant"`
	PerMW    float64 `json:"per_mw"`
	PerMW2   float64 `json:"per_mw2"`
	PerGJ    float64 `json:"per_gj"`
}

// Furnace is a waste incinerator line (焚烧炉), in force from From to To.
type Furnace struct {
	Name          string  `json:"name"`
	From          string  `json:"from,omitempty"`
	To            string  `json:"to,omitempty"`
	MinTH         float64 `json:"min_t_h"`
	MaxTH         float64 `json:"max_t_h"`
	MinUpH        float64 `json:"min_up_h"`
	MinDownH      float64 `json:"min_down_h"`
	Emission      Gases   `json:"emission_kg_per_t"`
	StartEmission Gases   `json:"start_emission_kg"`
	Notes
}

// Pit is the waste pit (垃圾池) the furnaces of one recipient share. Zero of the optional ones is "not given".
type Pit struct {
	MinT         float64 `json:"min_t"`
	MaxT         float64 `json:"max_t"`
	EndMaxT      float64 `json:"end_max_t,omitempty"`
	DivertMaxTH  float64 `json:"divert_max_t_h,omitempty"`
	DivertTotalT float64 `json:"divert_max_total_t,omitempty"`
	DivertNOx    float64 `json:"divert_nox_kg_per_t,omitempty"`
	SteamPerT    float64 `json:"steam_per_t_waste,omitempty"`
	Notes
}

// Find returns the recipient with the id, or a not_found refusal. In a sorted list it is quick.
func (l *List) Find(id string) (*Recipient, error) {
	if i, found := slices.BinarySearchFunc(l.Recipients, id,
		func(r *Recipient, id string) int { return strings.Compare(r.ID, id) }); found {
		return l.Recipients[i], nil
	}
	for _, r := range l.Recipients {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, refusal.New(refusal.NotFound, "list.no_recipient", refusal.Args{"recipient": id})
}
