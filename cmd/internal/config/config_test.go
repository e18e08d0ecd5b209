package config

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"qingkong/alerts/refusal"
)

func file(t testing.TB, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "qingkong.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// The values that contract.md §6 shows, and those of the orders' repetition (design.md §2).
func TestDefaultsAreTheContracts(t *testing.T) {
	want := Config{
		District:       District{Name: "西青区", Region: "120111"},
		OwnDeclaration: "allowed",
		Approval:       Approval{Advisory: 1, Yellow: 1, Orange: 2, Red: 2},
		StartLimits:    StartLimits{BackD: 7, AheadD: 15},
		SecondFactor:   "optional",
		Criteria: Criteria{Use: "by_date", Reevaluate: "1 * * * *",
			Settings: CriteriaSettings{Range: "high", MergeGapH: 36, Merge: "strict", LiftH: 36,
				LiftRule: "at_most", LiftAtMost: 150, LiftStep: "auto", LiftLeadH: 24, LeadH: 24,
				StuckH: StuckHours{PM25: 6, PM10: 6, NO2: 12, O3: 24, SO2: 72, CO: 72},
				Plausible: Plausible{Hour: Limit6{PM25: 1500, PM10: 10000, SO2: 4000, NO2: 4000, O3: 1500, CO: 150},
					Day: Limit6{PM25: 1000, PM10: 6000, SO2: 2620, NO2: 940, O3: 1000, CO: 60}},
				AQIMismatch: 10, DustSuspect: "tell",
				ForecastMaxAgeH: 72, ForecastMaxLeadD: 10, StartAt: "midnight", EveningHour: 20, Tianjin2023: "national-2024"}},
		Feeds:  []Feed{},
		Data:   "./data",
		Disk:   Disk{MinMB: 1024, StopMB: 256},
		Backup: Backup{Keep: 7, MaxAgeH: 26},
		Limits: Limits{PerSecond: 50, Burst: 200, WritesPerMinute: 120, WritesBurst: 60, Streams: 64, Connections: 8192,
			ConnectionsPerAddress: 512, CutTimes: 20, CutSeconds: 3},
		Check:  Check{Schedule: "30 3 * * *"},
		Listen: Listen{HTTP: "127.0.0.1:8080", NATS: "127.0.0.1:4222"},
		HJ212: HJ212{Connections: 8192, ConnectionsPerAddress: 4096, FramesPerS: 500, IdleS: 300, CalibrateOverS: 60,
			FetchHistory: true},
		Telemetry: Telemetry{MaxGB: 20, StreamGB: 5, ShareMBADay: 256, RawDays: 60, MinutesDays: 60, HoursDays: 400,
			LateMin: 5, SilentMin: 60, MessagesLateH: 3, MessagesSilentH: 27},
		Ledger: Ledger{Witnesses: []Witness{}},
		Evidence: Evidence{MaxMB: 200, FilesADay: 500, MBADay: 4096, WaitingGB: 8, KeepDays: 1095, Positions: "gcj02", FarM: 1000,
			LateMin: 30},
		Compliance: Compliance{ResultsDays: 400, WaitFor: 90 * time.Minute, ValidMinutes: 45, ValidHours: 20, TaggedInADay: 6,
			LowMeansADay: 5, SuspectAfter: 2, ViolatedAfter: 4, ClearAfter: 2, UnknownAfter: 3, ExplainWithin: 4 * time.Hour,
			DecideWithin: 12 * time.Hour, TaskWithin: 24 * time.Hour, SilentFor: 24 * time.Hour, BaselineDays: 90,
			BaselineOf: 28, BaselineLeast: 10, LowPct: 10, HighPct: 90, StopPct: 10, StopHours: 72, ResidualRankPct: 10,
			ResidualOfMedianPct: 25, ResidualPct: 125, StopPowerPct: 2, StopFlowPct: 5,
			Rank: Rank{Saving: 1, NoData: 0.5, Nearby: 0.1, HalfwayKM: 5, ViolatedPct: 90, SuspectedPct: 60, UnknownPct: 30,
				OtherwisePct: 10, HistoryPct: 50, FoundPct: 50}},
		Inspection: Inspection{TwoFor: []string{"case"}, AnswerWithin: 24 * time.Hour, FollowWithin: 24 * time.Hour,
			ClockOff: 10 * time.Minute, Maps: []MapLink{}},
		Orders: Orders{AcknowledgeWithin: time.Hour, RepeatFirst: time.Minute, RepeatMax: 30 * time.Minute,
			FiguresMaxAge: 48 * time.Hour},
		Proxies: []string{},
		ListChecks: ListChecks{BottomLine: BottomLine{Shares{10, 10, 10, 10}, Shares{20, 20, 20, 20}, Shares{30, 30, 30, 30}},
			SO2NOxExchange:    true,
			DistrictMarginDeg: 0.01, MicroSpared: true, MicroKgPerYear: 100, WorkingDays: 300, NearNames: true,
			NearNameLength: 6, Weights: Weights{1, 1, 1}, Towns: []string{},
			PostWords: []string{"长", "经理", "主任", "主管", "负责", "员", "岗", "班", "部", "科", "室", "处", "总", "组", "书记", "师", "工", "站",
				"队", "中心", "办", "所", "厂", "公司", "局", "委", "调度", "人", "管", "段"}},
		Nodes: []string{},
	}
	got := Default()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Default() = %+v\nwant        %+v", got, want)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
}

func TestWrittenDefaultLoadsBack(t *testing.T) {
	var b bytes.Buffer
	if err := WriteDefault(&b); err != nil {
		t.Fatal(err)
	}
	got, err := Load(file(t, b.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, Default()) {
		t.Errorf("loaded %+v\nwant   %+v", got, Default())
	}
}

// Every key of Config stands in default.yaml once, with a comment above it.
func TestEveryKeyIsDocumented(t *testing.T) {
	var doc yaml.Node
	if err := yaml.Load(documented, &doc); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(documented), "\n")
	var check func(path string, typ reflect.Type, n *yaml.Node)
	check = func(path string, typ reflect.Type, n *yaml.Node) {
		seen := map[string]*yaml.Node{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			seen[key.Value] = n.Content[i+1]
			group := n.Content[i+1].Kind == yaml.MappingNode
			if above := strings.TrimSpace(lines[key.Line-2]); !group && !strings.HasPrefix(above, "#") {
				t.Errorf("%s%s has no comment", path, key.Value)
			}
		}
		for i := range typ.NumField() {
			name := typ.Field(i).Tag.Get("yaml")
			value, ok := seen[name]
			if !ok {
				t.Errorf("%s%s is not in default.yaml", path, name)
				continue
			}
			if typ.Field(i).Type.Kind() == reflect.Struct {
				check(path+name+".", typ.Field(i).Type, value)
			}
		}
	}
	check("", reflect.TypeFor[Config](), doc.Content[0])
}

// The settings that contract.md §6 prints are all there are, with their defaults.
func TestTheContractHasEveryKey(t *testing.T) {
	text, err := os.ReadFile("../../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\n## 6. Configuration")
	_, after, _ = strings.Cut(after, "```yaml\n")
	block, after, _ := strings.Cut(after, "\n```")
	var written, all map[string]any
	if err := errors.Join(yaml.Load([]byte(block), &written), yaml.Load(documented, &all)); err != nil {
		t.Fatal(err)
	}
	for key := range all {
		if !reflect.DeepEqual(written[key], all[key]) {
			t.Errorf("docs/contract.md has %s: %v, default.yaml %v", key, written[key], all[key])
		}
		delete(written, key)
	}
	if len(written) > 0 {
		t.Errorf("docs/contract.md has keys that are none: %v", written)
	}

	_, after, _ = strings.Cut(after, "A feed: `")
	feed, _, _ := strings.Cut(after, "`")
	c, err := Load(file(t, "feeds: ["+feed+"]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if len(c.Feeds) != 1 || c.Feeds[0].Schedule != "*/5 * * * *" || c.Feeds[0].SilentAfterH != 26 {
		t.Errorf("feeds = %+v", c.Feeds)
	}
}

func TestFileThenEnvironmentOverrideDefaults(t *testing.T) {
	for _, c := range []struct {
		name, text string
		environ    []string
		get        func(Config) any
		want       any
	}{
		{"neither", "", nil, func(c Config) any { return c.Approval.Orange }, 2},
		{"comments alone", "# nothing\n\n", nil, func(c Config) any { return c.Approval.Orange }, 2},
		{"byte-order mark", "\ufeffapproval: {orange: 1}", nil, func(c Config) any { return c.Approval.Orange }, 1},
		{"file", "approval: {orange: 1}", nil, func(c Config) any { return c.Approval.Orange }, 1},
		{"a neighbour in the group stays", "approval: {orange: 1}", nil, func(c Config) any { return c.Approval.Red }, 2},
		{"a group left empty stays", "approval:\n", nil, func(c Config) any { return c.Approval.Red }, 2},
		{"duration", "orders: {repeat_max: 45m}", nil, func(c Config) any { return c.Orders.RepeatMax }, 45 * time.Minute},
		{"region without quotes", "district: {region: 120118}", nil, func(c Config) any { return c.District.Region },
			"120118"},
		{"variable over file", "orders: {repeat_first: 3m}", []string{"QINGKONG_ORDERS_REPEAT_FIRST=2m"},
			func(c Config) any { return c.Orders.RepeatFirst }, 2 * time.Minute},
		{"text variable", "", []string{"QINGKONG_DISTRICT_NAME=静海区"}, func(c Config) any { return c.District.Name }, "静海区"},
		{"number variable, three deep", "", []string{"QINGKONG_CRITERIA_SETTINGS_MERGE_GAP_H=24"},
			func(c Config) any { return c.Criteria.Settings.MergeGapH }, 24},
		{"a share of callers", "limits: {per_second: 20}", []string{"QINGKONG_LIMITS_STREAMS=4"},
			func(c Config) any { return c.Limits }, Limits{PerSecond: 20, Burst: 200, WritesPerMinute: 120, WritesBurst: 60,
				Streams: 4, Connections: 8192, ConnectionsPerAddress: 512, CutTimes: 20, CutSeconds: 3}},
		{"a line of the disk", "disk: {stop_mb: 100}", []string{"QINGKONG_DISK_MIN_MB=2048"},
			func(c Config) any { return c.Disk }, Disk{MinMB: 2048, StopMB: 100}},
		{"a certificate by variable", "",
			[]string{"QINGKONG_HTTP_TLS_CERT=a.pem", "QINGKONG_NATS_TLS_KEY=a.key", "QINGKONG_INSECURE_LISTEN=true"},
			func(c Config) any { return [3]any{c.HTTP.TLS.Cert, c.NATS.TLS.Key, c.InsecureListen} },
			[3]any{"a.pem", "a.key", true}},
		{"truth variable", "", []string{"QINGKONG_CRITERIA_SETTINGS_OVER_300_CONSECUTIVE=true"},
			func(c Config) any { return c.Criteria.Settings.Over300Consecutive }, true},
		{"emptied by a variable", "nats: {url: nats://a:4222}", []string{"QINGKONG_NATS_URL="},
			func(c Config) any { return c.NATS.URL }, ""},
		{"others' variables", "", []string{"HOME=/root", "QINGKONGS=1"}, func(c Config) any { return c.Data }, "./data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Load(file(t, c.text), c.environ)
			if err != nil {
				t.Fatal(err)
			}
			if c.get(got) != c.want {
				t.Errorf("got %v, want %v", c.get(got), c.want)
			}
		})
	}
}

func TestLoadRefusesWhatItCannotRead(t *testing.T) {
	for _, c := range []struct {
		name, text string
		environ    []string
		path, rule string
	}{
		{"unknown key", "\nown_declaratoin: allowed\n", nil, "qingkong.yaml:2", "config.unknown_key"},
		{"unknown key, deep", "criteria:\n  settings:\n    lift: 3\n", nil, "qingkong.yaml:3", "config.unknown_key"},
		{"unknown key of a feed", "feeds:\n  - name: a\n    pass: b\n", nil, "qingkong.yaml:3", "config.unknown_key"},
		{"key twice", "data: a\ndata: b\n", nil, "qingkong.yaml:2", "config.malformed"},
		{"text for a number", "approval:\n  red: two\n", nil, "qingkong.yaml:2", "config.malformed"},
		{"number for a duration", "orders:\n  repeat_max: 30\n", nil, "qingkong.yaml:2", "config.malformed"},
		{"list for a group", "listen:\n  - 127.0.0.1:80\n", nil, "qingkong.yaml:2", "config.malformed"},
		{"not YAML", "district: {name: [}\n", nil, "qingkong.yaml:1", "config.malformed"},
		{"variable without a key", "", []string{"QINGKONG_ORDER_REPEAT_FIRST=1m"}, "QINGKONG_ORDER_REPEAT_FIRST",
			"config.unknown_variable"},
		{"variable for a group", "", []string{"QINGKONG_ORDERS=1m"}, "QINGKONG_ORDERS", "config.unknown_variable"},
		{"variable for a list", "", []string{"QINGKONG_NODES=a,b"}, "QINGKONG_NODES", "config.unknown_variable"},
		{"variable not a number", "", []string{"QINGKONG_APPROVAL_RED=two"}, "QINGKONG_APPROVAL_RED",
			"config.wrong_variable"},
		{"variable not a duration", "", []string{"QINGKONG_ORDERS_REPEAT_MAX=30"}, "QINGKONG_ORDERS_REPEAT_MAX",
			"config.wrong_variable"},
		{"variable not a truth", "", []string{"QINGKONG_CRITERIA_SETTINGS_OVER_300_CONSECUTIVE=yes"},
			"QINGKONG_CRITERIA_SETTINGS_OVER_300_CONSECUTIVE", "config.wrong_variable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(file(t, c.text), c.environ)
			var e *refusal.Error
			if !errors.As(err, &e) || len(e.Fields) != 1 {
				t.Fatalf("refusal %v, want one with one place", err)
			}
			if f := e.Fields[0]; f.Path != c.path || f.Rule != c.rule || !refusal.Known(f.Rule) {
				t.Errorf("%s at %s, want %s at %s (%v)", f.Rule, f.Path, c.rule, c.path, err)
			}
		})
	}
	t.Run("no such file", func(t *testing.T) {
		_, err := Load(filepath.Join(t.TempDir(), "none.yaml"), nil)
		if refusal.CodeOf(err) != refusal.Invalid || !strings.Contains(err.Error(), "none.yaml") {
			t.Errorf("refusal %v, want one that names the file", err)
		}
	})
	t.Run("too large", func(t *testing.T) {
		_, err := Load(file(t, strings.Repeat("#", maxFile+1)), nil)
		if refusal.CodeOf(err) != refusal.TooLarge {
			t.Errorf("refusal %v, want too_large", err)
		}
	})
}

func TestValidateNamesKeyAndValue(t *testing.T) {
	feed := Feed{Name: "emc", Kind: "folder", Path: "./inbox", Schedule: "*/5 * * * *", Format: "csv",
		Source: "tianjin-emc", SilentAfterH: 26}
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string // "key rule" of every complaint, in order
	}{
		{"nothing", func(*Config) {}, ""},
		{"everything optional", func(c *Config) {
			c.Listen.HJ212 = "127.0.0.1:9212"
			c.HJ212.TLS = TLS{Cert: "c", Key: "k"}
			c.Feeds = []Feed{feed}
			c.Nodes = []string{"a", "b"}
		}, ""},
		{"any free port", func(c *Config) { c.Listen.HTTP = ":0" }, ""},
		{"external NATS", func(c *Config) { c.NATS.URL = "nats://a:4222, tls://b:4222"; c.Listen.NATS = "" }, ""},
		{"stations with half a TLS", func(c *Config) { c.HJ212.TLS.Cert = "c" }, "hj212.tls.key config.tls_half"},
		{"stations without a port", func(c *Config) { c.Listen.HJ212 = "9212" }, "listen.hj212 config.address"},
		{"stations at no pace", func(c *Config) { c.HJ212.FramesPerS, c.HJ212.IdleS = 0, 1 },
			"hj212.frames_per_s config.between; hj212.idle_s config.between"},
		{"nothing kept", func(c *Config) { c.Telemetry.MaxGB = 0 }, "telemetry.max_gb config.between"},
		{"silent before late", func(c *Config) { c.Telemetry.LateMin, c.Telemetry.MessagesLateH = 60, 30 },
			"telemetry.silent_min config.silent; telemetry.messages_silent_h config.silent"},
		{"never late", func(c *Config) { c.Telemetry.LateMin, c.Telemetry.MessagesSilentH = 0, 721 },
			"telemetry.late_min config.between; telemetry.messages_silent_h config.between"},
		{"a violation before a suspicion", func(c *Config) { c.Compliance.SuspectAfter = 5 }, "compliance.suspect_after config.at_most"},
		{"a baseline of more days than there are", func(c *Config) { c.Compliance.BaselineDays, c.Compliance.BaselineLeast = 20, 29 },
			"compliance.baseline_of config.at_most; compliance.baseline_least config.at_most"},
		{"no time to explain", func(c *Config) { c.Compliance.ExplainWithin, c.Compliance.HighPct = 0, 40 },
			"compliance.high_pct config.between; compliance.explain_within config.between"},
		{"nothing that presses", func(c *Config) {
			c.Compliance.Rank.Saving, c.Compliance.Rank.NoData, c.Compliance.Rank.Nearby = 0, 0, 0
		},
			"compliance.rank config.rank"},
		{"weights below nothing", func(c *Config) { c.Compliance.Rank.Nearby, c.Compliance.Rank.HistoryPct = -1, 101 },
			"compliance.rank.nearby config.between; compliance.rank.history_pct config.between"},
		{"an office with its degrees exchanged", func(c *Config) { c.Compliance.Rank.Office = Position{Lon: 39.1, Lat: 117} },
			"compliance.rank.office.lon config.between; compliance.rank.office.lat config.between"},
		{"an office of half a place", func(c *Config) { c.Compliance.Rank.Office = Position{Lon: 117} },
			"compliance.rank.office.lat config.between"},
		{"a disposition that there is not", func(c *Config) { c.Inspection.TwoFor = []string{"case", "fine"} },
			"inspection.two_for[1] config.disposition"},
		{"no time to answer an inspection", func(c *Config) { c.Inspection.AnswerWithin = 0 }, "inspection.answer_within config.between"},
		{"a map without a place", func(c *Config) {
			c.Inspection.Maps = []MapLink{{Name: "高德", Href: "https://uri.amap.com/marker?position={lon},{lat}"}, {Name: "x", Href: "https://x/"},
				{Name: "脚本", Href: "javascript:alert({lon},{lat})"}}
		}, "inspection.maps[1] config.map; inspection.maps[2] config.map"},
		{"an office", func(c *Config) { c.Compliance.Rank.Office = Position{Lon: 117.0085, Lat: 39.1413} }, ""},
		{"no name", func(c *Config) { c.District.Name = " " }, "district.name config.empty"},
		{"short region", func(c *Config) { c.District.Region = "12011" }, "district.region config.region"},
		{"unknown mode", func(c *Config) { c.OwnDeclaration = "Allowed" }, "own_declaration config.one_of"},
		{"three persons", func(c *Config) { c.Approval.Red = 3 }, "approval.red config.between"},
		{"nobody", func(c *Config) { c.Approval.Advisory = 0 }, "approval.advisory config.between"},
		{"starts that nobody confirms", func(c *Config) { c.StartLimits = StartLimits{BackD: 0, AheadD: 367} },
			"start_limits.back_d config.between; start_limits.ahead_d config.between"},
		{"criteria of a district's own", func(c *Config) { c.Criteria.Use = "xiqing-2027" }, ""},
		{"criteria without a name", func(c *Config) { c.Criteria.Use = "国家" }, "criteria.use config.name"},
		{"a schedule that is none", func(c *Config) { c.Criteria.Reevaluate = "hourly" },
			"criteria.reevaluate schedule.wrong"},
		{"a zone, at which cron panics",
			func(c *Config) { c.Criteria.Reevaluate, c.Check.Schedule = "TZ=UTC", "CRON_TZ=UTC" },
			"criteria.reevaluate schedule.zone; check.schedule schedule.zone"},
		{"a schedule that never comes", func(c *Config) { c.Backup.Dir, c.Backup.Schedule = "/backup", "15 3 31 4 *" },
			"backup.schedule schedule.never"},
		{"a schedule without rest", func(c *Config) { c.Check.Schedule = "@every 0s" }, "check.schedule schedule.often"},
		{"another rule for lifting", func(c *Config) { c.Criteria.Settings.LiftRule = "clean" },
			"criteria.settings.lift_rule config.one_of"},
		{"any difference a mismatch", func(c *Config) { c.Criteria.Settings.AQIMismatch = 0 },
			"criteria.settings.aqi_mismatch config.between"},
		{"dust that is forgotten", func(c *Config) { c.Criteria.Settings.DustSuspect = "ignore" },
			"criteria.settings.dust_suspect config.one_of"},
		{"forecasts that are too old at once", func(c *Config) { c.Criteria.Settings.ForecastMaxAgeH = 0 },
			"criteria.settings.forecast_max_age_h config.between"},
		{"no day ahead", func(c *Config) { c.Criteria.Settings.ForecastMaxLeadD = 0 },
			"criteria.settings.forecast_max_lead_d config.between"},
		{"stuck before it began", func(c *Config) { c.Criteria.Settings.StuckH.SO2 = -1 },
			"criteria.settings.stuck_h.so2 config.between"},
		{"nothing is possible", func(c *Config) { c.Criteria.Settings.Plausible.Day.CO = 0 },
			"criteria.settings.plausible.day.co config.between"},
		{"unknown end", func(c *Config) { c.Criteria.Settings.Range = "mid" }, "criteria.settings.range config.one_of"},
		{"another way to merge levels", func(c *Config) { c.Criteria.Settings.Merge = "mean" },
			"criteria.settings.merge config.one_of"},
		{"another step for lifting", func(c *Config) { c.Criteria.Settings.LiftStep = "week" },
			"criteria.settings.lift_step config.one_of"},
		{"a lift proposed too far ahead", func(c *Config) { c.Criteria.Settings.LiftLeadH = 121 },
			"criteria.settings.lift_lead_h config.between"},
		{"a start at noon, on a morning",
			func(c *Config) { c.Criteria.Settings.StartAt, c.Criteria.Settings.EveningHour = "noon", 8 },
			"criteria.settings.start_at config.one_of; criteria.settings.evening_hour config.between"},
		{"negative gap", func(c *Config) { c.Criteria.Settings.MergeGapH = -1 },
			"criteria.settings.merge_gap_h config.between"},
		{"no data folder", func(c *Config) { c.Data = "" }, "data config.empty"},
		{"backups on a schedule", func(c *Config) { c.Backup.Dir, c.Backup.Schedule = "/backup", "15 3 * * *" }, ""},
		{"backups on no schedule", func(c *Config) { c.Backup.Dir, c.Backup.Schedule = "/backup", "daily" },
			"backup.schedule schedule.wrong"},
		{"backups to nowhere", func(c *Config) { c.Backup.Schedule = "15 3 * * *" }, "backup.dir config.empty"},
		{"no calls at all", func(c *Config) { c.Limits.PerSecond, c.Limits.Burst = 0, 6 },
			"limits.per_second config.between; limits.burst config.between"},
		{"calls without end", func(c *Config) { c.Limits.PerSecond = 2_000_000 }, "limits.per_second config.between"},
		{"no writes and no streams", func(c *Config) { c.Limits = Limits{PerSecond: 50, Burst: 200} },
			"limits.writes_per_minute config.between; limits.writes_burst config.between; limits.streams config.between; limits.connections config.between; limits.connections_per_address config.between; limits.cut_times config.between; limits.cut_seconds config.between"},
		{"shares larger than anybody needs", func(c *Config) {
			c.Limits = Limits{1_000_000, 1_000_000, 1_000_000, 1_000_000, 10_000, 1_000_000, 1_000_000, 1_000_000, 3600}
		}, ""},
		{"backups encrypted, to nowhere", func(c *Config) { c.Backup.PassphraseFile = "backup.key" },
			"backup.dir config.empty"},
		{"checks when asked alone", func(c *Config) { c.Check.Schedule = "" }, ""},
		{"checks on no schedule", func(c *Config) { c.Check.Schedule = "nightly" }, "check.schedule schedule.wrong"},
		{"no backup kept", func(c *Config) { c.Backup.Keep, c.Backup.MaxAgeH = 0, 0 },
			"backup.keep config.between; backup.max_age_h config.between"},
		{"a disk without a last line", func(c *Config) { c.Disk.StopMB = 0 }, "disk.stop_mb config.between"},
		{"lines of the disk in one", func(c *Config) { c.Disk.StopMB = c.Disk.MinMB }, "disk.min_mb config.between"},
		{"lines of the disk turned round", func(c *Config) { c.Disk = Disk{MinMB: 256, StopMB: 1024} },
			"disk.min_mb config.between"},
		{"no line at all", func(c *Config) { c.Disk = Disk{} }, "disk.stop_mb config.between; disk.min_mb config.between"},
		{"port alone", func(c *Config) { c.Listen.HTTP = "8080" }, "listen.http config.address"},
		{"port too high", func(c *Config) { c.Listen.NATS = "127.0.0.1:70000" }, "listen.nats config.address"},
		{"repeats shrink", func(c *Config) { c.Orders.RepeatMax = 30 * time.Second }, "orders.repeat_max config.between"},
		{"repeats at once", func(c *Config) { c.Orders.RepeatFirst = 0 }, "orders.repeat_first config.between"},
		{"credentials for nothing", func(c *Config) { c.NATS.Creds = "a.creds" }, "nats.creds config.creds_alone"},
		{"TLS", func(c *Config) {
			c.HTTP.TLS = TLS{Cert: "a.pem", Key: "a.key"}
			c.NATS.TLS, c.NATS.HandshakeFirst = TLS{Cert: "a.pem", Key: "a.key", ClientCA: "ca.pem"}, true
		}, ""},
		{"halves of TLS", func(c *Config) { c.HTTP.TLS.Cert, c.NATS.TLS.Key = "a.pem", "a.key" },
			"http.tls.key config.tls_half; nats.tls.cert config.tls_half"},
		{"client certificates without TLS", func(c *Config) { c.HTTP.TLS.ClientCA, c.NATS.HandshakeFirst = "ca.pem", true },
			"http.tls.client_ca config.tls_without; nats.handshake_first config.tls_without"},
		{"TLS of an external NATS", func(c *Config) { c.NATS = NATS{URL: "tls://a:4222", CA: "ca.pem"} }, ""},
		{"a CA for nothing", func(c *Config) { c.NATS.CA = "ca.pem" }, "nats.ca config.ca_alone"},
		{"a certificate for another's server", func(c *Config) {
			c.NATS = NATS{URL: "tls://a:4222", TLS: TLS{Cert: "a.pem", Key: "a.key"}, HandshakeFirst: true}
		}, "nats.tls config.tls_outside; nats.handshake_first config.tls_outside"},
		{"HTTP is not NATS", func(c *Config) { c.NATS.URL = "http://a" }, "nats.url config.nats_url"},
		{"two names alike", func(c *Config) { c.Nodes = []string{"a", "a"} }, "nodes[1] config.twice"},
		{"public pages", func(c *Config) {
			c.PublicURL, c.Supervision = "https://qk.example.gov.cn/xiqing/",
				"022-12369"
		}, ""},
		{"public pages nowhere", func(c *Config) { c.PublicURL = "qk.example.gov.cn" }, "public_url config.public_url"},
		{"public pages with a secret", func(c *Config) { c.PublicURL = "https://a:b@qk.example.gov.cn" },
			"public_url config.public_url"},
		{"a telephone of two lines", func(c *Config) { c.Supervision = "022\n12369" }, "supervision_phone config.one_line"},
		{"a proxy by name", func(c *Config) { c.Proxies = []string{"10.0.0.0/24", "proxy.example"} },
			"proxies[1] config.proxy"},
		{"a name unfit for a subject", func(c *Config) { c.Nodes = []string{"a.b"} }, "nodes[0] config.name"},
		{"a feed of another kind", func(c *Config) {
			f := feed
			f.Kind = "ftp"
			c.Feeds = []Feed{feed, f}
		}, "feeds[1].name config.twice; feeds[1].kind config.one_of"},
		{"a feed from the web", func(c *Config) {
			f := feed
			f.Kind, f.Path, f.URL, f.Format = "url", "", "https://example.org/f.csv", ""
			c.Feeds = []Feed{f}
		}, ""},
		{"a feed from the web without an address", func(c *Config) {
			f := feed
			f.Kind, f.Path = "url", ""
			c.Feeds = []Feed{f}
		}, "feeds[0].url config.feed_url"},
		{"a folder with an address", func(c *Config) {
			f := feed
			f.URL = "https://example.org"
			c.Feeds = []Feed{f}
		}, "feeds[0].url config.not_with"},
		{"a ladder that falls", func(c *Config) { c.ListChecks.BottomLine.Red.PM = 15 },
			"list_checks.bottom_line.red.pm config.between"},
		{"more than all", func(c *Config) { c.ListChecks.BottomLine.Red.VOCs = 130 },
			"list_checks.bottom_line.red.vocs config.between"},
		{"a box turned round", func(c *Config) { c.ListChecks.District = Box{117.3, 116.9, 38.9, 39.2} },
			"list_checks.district.east config.between"},
		{"no working day", func(c *Config) { c.ListChecks.WorkingDays = 0 }, "list_checks.working_days config.between"},
		{"no number", func(c *Config) { c.ListChecks.MicroKgPerYear = math.NaN() },
			"list_checks.micro_kg_per_year config.between"},
		{"no word for a post", func(c *Config) { c.ListChecks.PostWords = nil }, "list_checks.post_words config.empty"},
		{"an empty word for a post", func(c *Config) { c.ListChecks.PostWords = []string{"长", ""} },
			"list_checks.post_words[1] config.word"},
		{"a town with a blank", func(c *Config) { c.ListChecks.Towns = []string{" 精武镇"} },
			"list_checks.towns[0] config.word"},
		{"nothing counts", func(c *Config) { c.ListChecks.Weights = Weights{} }, "list_checks.weights config.weights"},
		{"six fields", func(c *Config) {
			f := feed
			f.Schedule = "0 */5 * * * *"
			c.Feeds = []Feed{f}
		}, "feeds[0].schedule schedule.wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := Default()
			c.change(&cfg)
			var got []string
			var e *refusal.Error
			if err := cfg.Validate(); errors.As(err, &e) {
				for _, f := range e.Fields {
					got = append(got, f.Path+" "+f.Rule)
					if !refusal.Known(f.Rule) || f.Args["value"] == nil {
						t.Errorf("%s %s has no words or no value", f.Path, f.Rule)
					}
				}
			}
			if strings.Join(got, "; ") != c.want {
				t.Errorf("complaints %q, want %q", got, c.want)
			}
		})
	}
}

func TestASecretInTheURLIsNotRepeated(t *testing.T) {
	for _, url := range []string{"nats://op:s3cret@a:4222", "nats://op:s3cret%@a:4222", "s3cret@a"} {
		cfg := Default()
		cfg.NATS.URL = url
		err := cfg.Validate()
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("Validate with %s: %v, want a refusal without the secret", url, err)
		}
	}
}

// Whatever the file holds, it is loaded or refused in words, and what was loaded can be judged.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(""))
	f.Add(documented)
	f.Add([]byte("a: &x [*x]\n"))
	f.Add([]byte("<<: {data: x}\n"))
	f.Add([]byte("feeds: [{name: a}]\n---\nnodes: []\n"))
	f.Add([]byte("- 1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := Default()
		err := decode("f.yaml", text, &c)
		if err == nil {
			err = c.Validate()
		}
		var e *refusal.Error
		if err != nil && (!errors.As(err, &e) || !refusal.Known(e.Rule)) {
			t.Fatalf("%q: %v is not a refusal with words", text, err)
		}
	})
}

// One number of hours, as it was written before, is that of particulates; what a table leaves out stays as it is.
func TestStuckHoursInBothForms(t *testing.T) {
	def := Default().Criteria.Settings.StuckH
	for _, c := range []struct {
		name, text string
		environ    []string
		want       StuckHours
		wrong      string
	}{
		{"one number", "criteria: {settings: {stuck_h: 9}}", nil,
			StuckHours{PM25: 9, PM10: 9, NO2: def.NO2, O3: def.O3, SO2: def.SO2, CO: def.CO}, ""},
		{"off", "criteria: {settings: {stuck_h: 0}}", nil,
			StuckHours{PM25: 0, PM10: 0, NO2: def.NO2, O3: def.O3, SO2: def.SO2, CO: def.CO}, ""},
		{"some", "criteria: {settings: {stuck_h: {so2: 48, pm25: 8}}}", nil,
			StuckHours{PM25: 8, PM10: def.PM10, NO2: def.NO2, O3: def.O3, SO2: 48, CO: def.CO}, ""},
		{"a number in the environment", "", []string{"QINGKONG_CRITERIA_SETTINGS_STUCK_H=7"},
			StuckHours{PM25: 7, PM10: 7, NO2: def.NO2, O3: def.O3, SO2: def.SO2, CO: def.CO}, ""},
		{"one in the environment", "", []string{"QINGKONG_CRITERIA_SETTINGS_STUCK_H_NO2=20"},
			StuckHours{PM25: def.PM25, PM10: def.PM10, NO2: 20, O3: def.O3, SO2: def.SO2, CO: def.CO}, ""},
		{"a word", "criteria: {settings: {stuck_h: often}}", nil, def, "qingkong.yaml:1"},
		{"a pollutant there is not", "criteria:\n  settings:\n    stuck_h:\n      nox: 3", nil, def, "qingkong.yaml:4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Load(file(t, c.text), c.environ)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("%v, want one at %s", err, c.wrong)
				}
				return
			}
			if err != nil || got.Criteria.Settings.StuckH != c.want {
				t.Errorf("%+v (%v), want %+v", got.Criteria.Settings.StuckH, err, c.want)
			}
		})
	}
}

// A tag that cannot be read would allow nothing, or one number.
func TestTagsOfSettings(t *testing.T) {
	form := regexp.MustCompile(`^(-?[0-9]+\.\.[0-9]+|[a-z_]+(\|[a-z_]+)+)$`)
	n := 0
	var walk func(reflect.Type)
	walk = func(s reflect.Type) {
		for i := range s.NumField() {
			f := s.Field(i)
			if f.Type.Kind() == reflect.Struct {
				walk(f.Type)
			}
			allow, tagged := f.Tag.Lookup("allow")
			if !tagged {
				continue
			}
			n++
			if words := f.Type.Kind() == reflect.String; !form.MatchString(allow) || strings.Contains(allow, "..") == words {
				t.Errorf("%s.%s allows %q", s, f.Name, allow)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
	if n < 40 {
		t.Errorf("only %d settings have a tag", n)
	}
}
