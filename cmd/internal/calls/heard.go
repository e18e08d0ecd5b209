package calls

import (
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// StatesQuery asks how stations report.
type StatesQuery struct {
	Paging
	Recipient string `query:"recipient" json:"-"`
	Town      string `query:"town" json:"-"`
	Q         string `query:"q,station_q" json:"-"`
	Freshness string `query:"freshness" json:"-" validate:"omitempty,freshness"`
}

// StationStates is a page of how stations report, those that need somebody first. Counts are of all that match, whatever
// freshness is asked for.
type StationStates struct {
	alerts.Page[StationState]
	Counts FreshnessCounts `json:"counts"`
}

// FreshnessCounts are how many stations are how fresh.
type FreshnessCounts struct {
	Fresh  int `json:"fresh"`
	Late   int `json:"late"`
	Silent int `json:"silent"`
	Never  int `json:"never"`
}

// Add counts a station.
func (c *FreshnessCounts) Add(f telemetry.Freshness) {
	switch f {
	case telemetry.Fresh:
		c.Fresh++
	case telemetry.Late:
		c.Late++
	case telemetry.Silent:
		c.Silent++
	case telemetry.Never:
		c.Never++
	}
}

// StationState is how a station reports: one of the register that is in use, or an instrument that the list in force
// names and nobody registered.
type StationState struct {
	MN            string              `json:"mn"`
	Name          string              `json:"name"` // empty where it is not registered
	RecipientID   string              `json:"recipient_id"`
	RecipientName string              `json:"recipient_name"`
	Town          string              `json:"town"`
	Registered    bool                `json:"registered"`
	Frames        bool                `json:"frames"` // it sends HJ 212; else readings as JSON
	Freshness     telemetry.Freshness `json:"freshness"`
	LastAt        *time.Time          `json:"last_at"`        // reception of its last good frame or message
	LastDataAt    *time.Time          `json:"last_data_at"`   // start of the latest period that it told of
	Connected     bool                `json:"connected"`      // to the node that answers
	From          string              `json:"from"`           // where it came from last; told to staff
	ClockOffsetS  *float64            `json:"clock_offset_s"` // above 0 its clock is slow; null where it is not known
	Deviations    uint64              `json:"deviations"`
	Refused       uint64              `json:"refused"`
	Missing       int                 `json:"missing"`  // periods of the last three days
	Expected      int                 `json:"expected"` // points of it by which the list in force watches measures
}

// StationHeard is all that is known of how a station reports.
type StationHeard struct {
	StationState
	FirstAt     *time.Time        `json:"first_at"`
	Good        uint64            `json:"good"` // frames and messages
	Tolerate    []hj212.Tolerance `json:"tolerate"`
	Data        []HeardData       `json:"data"`
	Noticed     []Noticed         `json:"noticed"`
	Gaps        []HeardGap        `json:"gaps"`
	LastFrames  []HeardRaw        `json:"last_frames"`  // the latest first
	LastRefused []HeardRaw        `json:"last_refused"` // the latest first
	Points      []PointView       `json:"points"`

	ConnectedAt   *time.Time     `json:"connected_at"`   // since when; null where it is not connected to the node that answers
	ConnectedFrom string         `json:"connected_from"` // told to staff
	Flapping      bool           `json:"flapping"`       // it moves between two connections: two devices may have its MN
	Requests      []HeardRequest `json:"requests"`       // to it by the node that answers, the latest first
}

// HeardRequest is what a station was asked, and what became of it.
type HeardRequest struct {
	CN      string    `json:"cn"`
	What    string    `json:"what"`   // in words
	At      time.Time `json:"at"`     // when it was sent first
	Result  string    `json:"result"` // fixed; empty while it waits
	Message string    `json:"message"`
	Frames  int       `json:"frames"` // that came with it
}

// HeardData is the latest of one kind of data.
type HeardData struct {
	CN string    `json:"cn"` // command of HJ 212; empty of messages
	At time.Time `json:"at"`
}

// Noticed is how often one thing was noticed of a station.
type Noticed struct {
	Name    string    `json:"name"` // fixed
	Message string    `json:"message"`
	Note    bool      `json:"note"` // the frame stands all the same
	Count   uint64    `json:"count"`
	LastAt  time.Time `json:"last_at"`
	Bytes   string    `json:"bytes"` // the last that it was noticed at
}

// HeardGap is a run of periods of which nothing came.
type HeardGap struct {
	CN      string    `json:"cn"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Missing int       `json:"missing"`
	Asked   bool      `json:"asked"` // the station was asked for them
}

// HeardRaw is one thing that came. Raw is its bytes as text: what is no text as \xNN, passwords and plates as ******.
type HeardRaw struct {
	At   time.Time `json:"at"`
	From string    `json:"from"` // told to staff
	Why  string    `json:"why"`  // it was refused; empty of what was taken
	Size int       `json:"size"`
	Raw  string    `json:"raw"`
}

// Stranger is a sender that is not registered, or that gave another password than the registered one.
type Stranger struct {
	MN       string          `json:"mn"`
	Why      string          `json:"why"` // fixed name
	Message  string          `json:"message"`
	FirstAt  time.Time       `json:"first_at"`
	LastAt   time.Time       `json:"last_at"`
	Frames   uint64          `json:"frames"`
	From     string          `json:"from"`
	ST       string          `json:"st"`
	Version  string          `json:"version"`
	Outlets  []StationOutlet `json:"outlets"`            // what it told of, as it could be registered
	Password string          `json:"password,omitempty"` // PW of its last frame, to who may register it
	Raw      string          `json:"raw"`
	Listed   []string        `json:"listed"` // recipients whose list entry names the MN
}

// Calls on how stations report.
var (
	StationsHeard = row[StatesQuery, StationStates]("GET /stations/states", ActTelemetryRead,
		"各站点的数据到达情况，最需要处理的在前；也列出清单写了而没有登记的",
		"how stations report, those that need somebody first; also instruments that the list names and nobody registered",
		Call{})
	StationHeardOf = row[ByMN, StationHeard]("GET /stations/{mn}/state", ActTelemetryRead,
		"一个站点的数据到达情况：连接与请求、缺数时段、容错、偏差、最近的报文和被拒绝的字节；密码和号牌不显示",
		"how a station reports: its connection and what it was asked, gaps, tolerances, deviations, its last frames and the bytes that were refused, without "+
			"passwords and plates",
		Call{Refuses: codes{refusal.NotFound}})
	Strangers = row[None, alerts.Page[Stranger]]("GET /stations/unknown", ActStations,
		"未登记的、或密码不对的站点，最近的在前", "senders that are not registered, or have another password, the last heard of first",
		Call{})
)
