package calls

import (
	"log/slog"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
	"qingkong/reductionlist"
)

// ByMN is the input of a call on one station.
type ByMN struct {
	MN string `path:"mn" json:"-"`
}

// StationOutlet is a stack, or what else a station looks at.
type StationOutlet struct {
	Name    string          `json:"name"`
	Factors []StationFactor `json:"factors"`
	O2      *float64        `json:"o2,omitempty"` // reference oxygen in per cent; left out where means are not converted
}

// StationFactor is what is measured there.
type StationFactor struct {
	Code string `json:"code"`
	Unit string `json:"unit,omitempty"` // as the device sends it; left out it is the usual one of the code
}

// OutletText is an outlet as it comes in.
type OutletText struct {
	Name    string       `json:"name"`
	Factors []FactorText `json:"factors"`
	O2      *float64     `json:"o2"`
}

// FactorText is a factor as it comes in: an object, or its code alone.
type FactorText StationFactor

// UnmarshalJSONFrom reads either form.
func (f *FactorText) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	if in.PeekKind() == '"' {
		*f = FactorText{}
		return json.UnmarshalDecode(in, &f.Code)
	}
	return json.UnmarshalDecode(in, (*StationFactor)(f))
}

// Secrets are what a station's device says and is told in secret. They go into the vault, and nothing shows them.
type Secrets struct {
	Password string `json:"password,omitempty" validate:"omitempty,station_password"` // PW of its frames
	SM4Key   string `json:"sm4_key,omitempty" validate:"omitempty,sm4_key"`           // 16 characters, or 32 hexadecimal digits
}

// String is no secret.
func (Secrets) String() string { return "secrets of a station" }

// GoString is no secret.
func (s Secrets) GoString() string { return s.String() }

// LogValue is no secret.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// NewStation registers a station. One that sends HJ 212 frames says system code, edition and password; any other, such
// as a meter, reports as JSON and says none of it.
type NewStation struct {
	MN          string            `json:"mn" validate:"required,mn"`
	Name        string            `json:"name" validate:"required"`
	RecipientID string            `json:"recipient_id" validate:"required"`
	ST          string            `json:"st"`
	Version     string            `json:"version" validate:"omitempty,edition"`
	Outlets     []OutletText      `json:"outlets"`
	Tolerate    []hj212.Tolerance `json:"tolerate"`
	SM4         hj212.Mode        `json:"sm4"`
	MinuteMin   int               `json:"minute_min"` // 10 unless told
	SampleS     int               `json:"sample_s"`   // 60 unless told
	Secrets
}

// StationChange gives a station another content; what is left out stays as it is, and so does a null.
type StationChange struct {
	ByMN
	Revision    int               `json:"revision" validate:"required"` // that the caller saw
	Name        *string           `json:"name"`
	RecipientID *string           `json:"recipient_id"`
	ST          *string           `json:"st"` // empty: it sends no frames any more, and what was said of them goes
	Version     *string           `json:"version" validate:"omitempty,edition"`
	Outlets     []OutletText      `json:"outlets"` // all of them
	Tolerate    []hj212.Tolerance `json:"tolerate"`
	SM4         *hj212.Mode       `json:"sm4"`
	MinuteMin   *int              `json:"minute_min"`
	SampleS     *int              `json:"sample_s"`
	Secrets                       // empty ones stay
}

// StationAt is a station at the revision that the caller saw.
type StationAt struct {
	ByMN
	Revision int `json:"revision" validate:"required"`
}

// StationsQuery asks for stations; without a filter for all that the caller may see, retired ones too.
type StationsQuery struct {
	Paging
	Recipient string `query:"recipient" json:"-"`
	Q         string `query:"q,station_q" json:"-"`
	Retired   string `query:"retired" json:"-" validate:"omitempty,yes_no"`
}

// Station is a station of the register as others see it.
type Station struct {
	MN            string            `json:"mn"`
	Revision      int               `json:"revision"`
	Name          string            `json:"name"`
	RecipientID   string            `json:"recipient_id"`
	RecipientName string            `json:"recipient_name"` // empty where the list in force has it not
	Town          string            `json:"town"`           // the same
	Listed        bool              `json:"listed"`         // whether its recipient is in the list in force
	ST            string            `json:"st"`
	Version       string            `json:"version"`
	Outlets       []StationOutlet   `json:"outlets"`
	Tolerate      []hj212.Tolerance `json:"tolerate"`
	SM4           hj212.Mode        `json:"sm4"`
	Secret        SecretState       `json:"secret"` // of password and key, which nothing shows
	MinuteMin     int               `json:"minute_min"`
	SampleS       int               `json:"sample_s"`
	Retired       bool              `json:"retired"`
	AddedAt       time.Time         `json:"added_at"`
	AddedBy       string            `json:"added_by"` // who is told to staff alone
	ChangedAt     time.Time         `json:"changed_at"`
	ChangedBy     string            `json:"changed_by"`
}

// SecretState is how the secrets of a station are.
type SecretState string

// The states.
const (
	SecretNone   SecretState = "none"   // it has none: it sends no frames
	SecretSet    SecretState = "set"    //
	SecretErased SecretState = "erased" // gone from the vault: its frames are not accepted until it gets others
)

// StationDetail is a station with what the list expects of it.
type StationDetail struct {
	Station
	Expected []ExpectedPoint `json:"expected"`
}

// ExpectedPoint is a point by which the list in force watches a measure.
type ExpectedPoint struct {
	Point     telemetry.Point         `json:"point"`
	MeasureID string                  `json:"measure_id"`
	Levels    []alerts.Level          `json:"levels"`
	Source    reductionlist.Source    `json:"source"`
	Criterion reductionlist.Criterion `json:"criterion"`
	Known     bool                    `json:"known"` // the register names the factor, or there is none to name
}

// Calls on stations.
var (
	Stations = row[StationsQuery, alerts.Page[Station]]("GET /stations", ActTelemetryRead,
		"监测站点：登记内容，不含密码和密钥；企业只见自己的，街镇只见本街镇的",
		"the stations on the register, without their secrets; an enterprise its own, a town its own", Call{})
	AddStation = row[NewStation, Station]("POST /stations", ActStations,
		"登记监测站点；内容相同的再次登记不改变什么，内容不同的按修订号修改",
		"registers a station; the same again changes nothing, other content goes by revision",
		// #nosec G101 -- nobody has these
		Call{Body: dataBody, Refuses: codes{refusal.Conflict},
			Example: `{"mn":"010000A8900016F000169DC0","name":"总排口","recipient_id":"E0001","st":"31","version":"2017",` +
				`"password":"123456","outlets":[{"name":"1#烟囱","o2":6,"factors":["a19001",{"code":"a21026","unit":"mg/m3"}]}],` +
				`"tolerate":["modbus_crc"]}`}).
		at(func(s Station) []string { return []string{"stations", s.MN} })
	OneStation = row[ByMN, StationDetail]("GET /stations/{mn}", ActTelemetryRead,
		"一个监测站点，及现行清单要它提供的点", "a station, and the points that the list in force expects of it",
		Call{Refuses: codes{refusal.NotFound}})
	ChangeStation = row[StationChange, Station]("POST /stations/{mn}", ActStations,
		"修改监测站点，未写的项不变", "changes a station; what is left out stays",
		Call{Body: dataBody, Refuses: append(codes{refusal.NotFound}, acted...),
			Example: `{"revision":1,"name":"1#、2#炉总排口","tolerate":[]}`})
	RetireStation = row[StationAt, Station]("POST /stations/{mn}/retire", ActStations,
		"停用监测站点：以后收到的按未登记处理，已收到的数据保留",
		"retires a station: what it sends then counts as that of an unknown one, what it sent stays",
		Call{Body: smallBody, Refuses: append(codes{refusal.NotFound}, acted...), Example: `{"revision":1}`})
	ReinstateStation = row[StationAt, Station]("POST /stations/{mn}/reinstate", ActStations,
		"恢复使用已停用的监测站点", "takes a retired station back into use",
		Call{Body: smallBody, Refuses: append(codes{refusal.NotFound}, acted...), Example: `{"revision":2}`})
)

// validStationPassword reports whether a text can stand as PW in the head of a frame, which parts its fields by ; and &.
func validStationPassword(s string) bool {
	for _, c := range s {
		if c <= ' ' || c > '~' || strings.ContainsRune(";&=,#", c) {
			return false
		}
	}
	return len(s) <= 32
}
