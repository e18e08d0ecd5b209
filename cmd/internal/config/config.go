// Package config holds the program's settings (contract.md §6): what they are, where they come from, and which values
// are refused. default.yaml is the one place that names and explains every key; its values are the defaults.
package config

import (
	_ "embed"
	"io"
	"time"
)

//go:embed default.yaml
var documented []byte

// Config is every setting. Hours are whole hours; AQI values are 0 to 500. The tag allow says which numbers or words a
// setting takes, where that is all there is to say.
type Config struct {
	District       District    `yaml:"district"`
	OwnDeclaration string      `yaml:"own_declaration"` // allowed or report_to_city
	Approval       Approval    `yaml:"approval"`
	StartLimits    StartLimits `yaml:"start_limits"`
	SecondFactor   string      `yaml:"second_factor"` // optional or required, of who approves
	Criteria       Criteria    `yaml:"criteria"`
	Feeds          []Feed      `yaml:"feeds"`
	Data           string      `yaml:"data"` // folder of the record
	Disk           Disk        `yaml:"disk"`
	Backup         Backup      `yaml:"backup"`
	Check          Check       `yaml:"check"`
	Listen         Listen      `yaml:"listen"`
	InsecureListen bool        `yaml:"insecure_listen"` // lets others than this machine connect without TLS
	HTTP           HTTP        `yaml:"http"`
	HJ212          HJ212       `yaml:"hj212"`
	Telemetry      Telemetry   `yaml:"telemetry"`
	Compliance     Compliance  `yaml:"compliance"`
	Evidence       Evidence    `yaml:"evidence"`
	Inspection     Inspection  `yaml:"inspection"`
	Ledger         Ledger      `yaml:"ledger"`
	Proxies        []string    `yaml:"proxies"` // addresses or networks of reverse proxies before the HTTP listener
	Limits         Limits      `yaml:"limits"`
	PublicURL      string      `yaml:"public_url"`        // of the public pages, as enterprises' boards show it
	Supervision    string      `yaml:"supervision_phone"` // 监督电话
	Orders         Orders      `yaml:"orders"`
	ListChecks     ListChecks  `yaml:"list_checks"`
	NATS           NATS        `yaml:"nats"`
	Nodes          []string    `yaml:"nodes"` // names of all nodes; empty for one alone
}

// District is the district whose response this is. Region is the six-digit code of GB/T 2260.
type District struct {
	Name   string `yaml:"name"`
	Region string `yaml:"region"`
}

// Disk is how much space the disk of the data folder must have left.
type Disk struct {
	MinMB  int `yaml:"min_mb"`  // below it no import, upload or backup
	StopMB int `yaml:"stop_mb"` // below it only what ends or answers a response is recorded
}

// Backup is where the running program writes backups of itself, and when. Schedule is five cron fields, Asia/Shanghai.
type Backup struct {
	Dir      string `yaml:"dir"`                       // of the backups; empty = none
	Schedule string `yaml:"schedule"`                  // empty = only when asked
	Keep     int    `yaml:"keep" allow:"1..1000"`      // how many stay there
	MaxAgeH  int    `yaml:"max_age_h" allow:"1..8784"` // of the newest, beyond which a check warns; a year at most

	PassphraseFile string `yaml:"passphrase_file"` // whose one line encrypts them; empty = they are plain
}

// Check is when the running program proves its record, and where. Schedule is five cron fields, Asia/Shanghai.
type Check struct {
	Schedule string `yaml:"schedule"` // empty = only when asked
	Tmp      string `yaml:"tmp"`      // folder of the scratch file; empty = the data folder
}

// Approval is how many persons a declaration of each level needs, 1 or 2.
type Approval struct {
	Advisory int `yaml:"advisory" allow:"1..2"`
	Yellow   int `yaml:"yellow" allow:"1..2"`
	Orange   int `yaml:"orange" allow:"1..2"`
	Red      int `yaml:"red" allow:"1..2"`
}

// StartLimits are the days from now beyond which a start has to be confirmed by repeating its date.
type StartLimits struct {
	BackD  int `yaml:"back_d" allow:"1..366"`
	AheadD int `yaml:"ahead_d" allow:"1..366"`
}

// Criteria is which version of the criteria is used and how its open points are settled.
type Criteria struct {
	Use string `yaml:"use"` // by_date or the name of a version
	// of further criteria files; empty = those that come with the program
	Folder          string           `yaml:"folder"`
	WorkRequirement bool             `yaml:"work_requirement"` // add the tier below the warning levels
	Reevaluate      string           `yaml:"reevaluate"`       // five cron fields, Asia/Shanghai
	Settings        CriteriaSettings `yaml:"settings"`
}

// CriteriaSettings settles what the national criteria leave to the district.
type CriteriaSettings struct {
	Tianjin2023 string     `yaml:"tianjin_2023"` // the version that holds from 2023-12-01 on
	LiftRule    string     `yaml:"lift_rule" allow:"at_most|below_yellow"`
	StuckH      StuckHours `yaml:"stuck_h" allow:"0..72"`
	Plausible   Plausible  `yaml:"plausible" allow:"1..100000"`
	// AQI above PM2.5's own index beyond which that counts
	AQIMismatch int `yaml:"aqi_mismatch" allow:"1..500"`
	// what is done with an AQI of 500 without particulates
	DustSuspect        string `yaml:"dust_suspect" allow:"tell|exclude"`
	ForecastMaxAgeH    int    `yaml:"forecast_max_age_h" allow:"1..744"`
	ForecastMaxLeadD   int    `yaml:"forecast_max_lead_d" allow:"1..60"`
	Range              string `yaml:"range" allow:"high|middle|low"` // which end of a forecast range counts
	MergeGapH          int    `yaml:"merge_gap_h" allow:"0..240"`
	Merge              string `yaml:"merge" allow:"strict|stages"`
	LiftH              int    `yaml:"lift_h" allow:"1..240"`
	LiftAtMost         int    `yaml:"lift_at_most" allow:"50..200"` // AQI, inclusive
	LiftStep           string `yaml:"lift_step" allow:"auto|hour|mean|day"`
	LiftLeadH          int    `yaml:"lift_lead_h" allow:"0..120"`
	StartAt            string `yaml:"start_at" allow:"midnight|evening_before"`
	EveningHour        int    `yaml:"evening_hour" allow:"12..23"` // of the day before
	LeadH              int    `yaml:"lead_h" allow:"0..120"`
	Over300Consecutive bool   `yaml:"over_300_consecutive"`
}

// Feed is one source of forecasts, or with a station of observations.
type Feed struct {
	Name         string `yaml:"name"`
	Kind         string `yaml:"kind"`       // folder or url
	Path         string `yaml:"path"`       // of a folder, relative to the working directory
	URL          string `yaml:"url"`        // http or https
	Schedule     string `yaml:"schedule"`   // five cron fields, Asia/Shanghai
	Format       string `yaml:"format"`     // csv or json; empty = by the file's ending or the answer's type
	Source       string `yaml:"source"`     // the forecast's source name, subject-safe
	Station      string `yaml:"station"`    // whose measurements the feed brings; empty = it brings forecasts
	HourLabel    string `yaml:"hour_label"` // start or end: which of them the time of an hour names; empty = start
	SilentAfterH int    `yaml:"silent_after_h"`
}

// Listen is host:port of each listener; port 0 lets the system choose. HJ212 may be empty: not served.
type Listen struct {
	HTTP  string `yaml:"http"`
	NATS  string `yaml:"nats"`
	HJ212 string `yaml:"hj212"`
}

// HTTP is how the listener of HTTP is served.
type HTTP struct {
	TLS TLS `yaml:"tls"`
}

// HJ212 is how stations of HJ 212 are served.
type HJ212 struct {
	TLS            TLS  `yaml:"tls"`
	InsecureListen bool `yaml:"insecure_listen"` // lets others than this machine connect without TLS: loggers have none
	// Connections that may be open, in all and from one address, which is 64 bits of IPv6.
	Connections           int `yaml:"connections" allow:"8..1000000"`
	ConnectionsPerAddress int `yaml:"connections_per_address" allow:"1..1000000"`
	FramesPerS            int `yaml:"frames_per_s" allow:"1..100000"` // of a connection
	IdleS                 int `yaml:"idle_s" allow:"30..86400"`       // without a good frame, before a connection is closed
	// CalibrateOverS is by how many seconds a station's clock may be off before it is set; 0 = it is never set.
	CalibrateOverS int  `yaml:"calibrate_over_s" allow:"0..86400"`
	SetIntervals   bool `yaml:"set_intervals"` // to those of the register
	FetchHistory   bool `yaml:"fetch_history"` // that is missing
}

// Telemetry is how long what stations say is kept on each node, and after how long without a word they are late or silent.
type Telemetry struct {
	MaxGB       int `yaml:"max_gb" allow:"1..100000"`         // of raw frames
	StreamGB    int `yaml:"stream_gb" allow:"1..100000"`      // of the stream of several nodes
	ShareMBADay int `yaml:"share_mb_a_day" allow:"1..100000"` // of one station's frames, and of one user's messages
	RawDays     int `yaml:"raw_days" allow:"1..3660"`
	MinutesDays int `yaml:"minutes_days" allow:"3..3660"`
	HoursDays   int `yaml:"hours_days" allow:"32..3660"`

	LateMin         int `yaml:"late_min" allow:"1..1440"` // of stations that send frames
	SilentMin       int `yaml:"silent_min" allow:"2..10080"`
	MessagesLateH   int `yaml:"messages_late_h" allow:"1..168"` // of instruments whose readings come as JSON or a table
	MessagesSilentH int `yaml:"messages_silent_h" allow:"2..720"`
}

// TLS names PEM files, which are read again when they change; no Cert is no TLS.
type TLS struct {
	Cert     string `yaml:"cert"` // the server's certificate, then those between it and its authority
	Key      string `yaml:"key"`
	ClientCA string `yaml:"client_ca"` // every client needs a certificate of it; empty = none needs one
}

// On says whether there is TLS.
func (t TLS) On() bool { return t.Cert != "" }

// Limits are the share that one caller has, which is no less than one person needs, and bounded. PerSecond and Burst
// hold over HTTP and over NATS, each by itself; the rest is of HTTP.
type Limits struct {
	PerSecond       int `yaml:"per_second" allow:"5..1000000"`        // calls or messages
	Burst           int `yaml:"burst" allow:"20..1000000"`            // at once, after a pause; a page takes 7
	WritesPerMinute int `yaml:"writes_per_minute" allow:"1..1000000"` // calls that grow the record and end no response
	WritesBurst     int `yaml:"writes_burst" allow:"5..1000000"`
	Streams         int `yaml:"streams" allow:"2..10000"` // open at once
	// Connections over HTTP that may be open, in all and from one address, which is 64 bits of IPv6; for proxies' the
	// second does not hold.
	Connections           int `yaml:"connections" allow:"64..1000000"`
	ConnectionsPerAddress int `yaml:"connections_per_address" allow:"8..1000000"`
	// From CutTimes its share of messages over NATS on, for CutSeconds on end, a user is cut off for a minute.
	CutTimes   int `yaml:"cut_times" allow:"2..1000000"`
	CutSeconds int `yaml:"cut_seconds" allow:"1..3600"`
}

// Orders is how long a recipient has to acknowledge, and how an order is repeated until it was received.
type Orders struct {
	AcknowledgeWithin time.Duration `yaml:"acknowledge_within"`
	RepeatFirst       time.Duration `yaml:"repeat_first"`
	RepeatMax         time.Duration `yaml:"repeat_max"`
	Contact           string        `yaml:"contact"`
	ContactPhone      string        `yaml:"contact_phone"`
	FiguresMaxAge     time.Duration `yaml:"figures_max_age"` // of a plant, before they are asked for anew
}

// NATS names an external server and the file with its credentials; an empty URL is the embedded server.
type NATS struct {
	URL   string `yaml:"url"`
	Creds string `yaml:"creds"`
	// PEM file with the authority of the external server's certificate; empty = those of the system
	CA string `yaml:"ca"`
	// TrustServerUsers takes forecasts and observations from an external server that has users of its own.
	TrustServerUsers bool `yaml:"trust_server_users"`
	TLS              TLS  `yaml:"tls"` // of the embedded server
	// HandshakeFirst has clients begin with TLS before the embedded server has said anything; those that do not are cut
	// off.
	HandshakeFirst bool `yaml:"handshake_first"`
}

// Default returns the settings of a fresh installation: the values of default.yaml.
func Default() Config {
	var c Config
	if err := decode("default.yaml", documented, &c); err != nil {
		panic("config: default.yaml does not load: " + err.Error()) // embedded, so wrong only when built wrong
	}
	return c
}

// WriteDefault writes the documented settings file.
func WriteDefault(w io.Writer) error {
	_, err := w.Write(documented)
	return err
}
