package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"qingkong/alerts/refusal"
	"qingkong/alerts/schedule"
)

var (
	regionCode  = regexp.MustCompile(`^[0-9]{6}$`)
	stationName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
	subjectSafe = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
)

// Validate returns a refusal that names every key whose value cannot work, with the value and what would.
func (c *Config) Validate() error {
	var k checker
	k.filled("district.name", c.District.Name)
	k.that(regionCode.MatchString(c.District.Region), "district.region", "config.region", c.District.Region, nil)
	k.oneOf("own_declaration", c.OwnDeclaration, "allowed", "report_to_city")
	k.section("approval", c.Approval)
	k.section("start_limits", c.StartLimits)
	k.oneOf("second_factor", c.SecondFactor, "optional", "required")
	k.criteria(c.Criteria)
	k.feeds(c.Feeds)
	k.filled("data", c.Data)
	k.disk(c.Disk)
	k.backup(c.Backup)
	if c.Check.Schedule != "" {
		k.schedule("check.schedule", c.Check.Schedule)
	}
	k.address("listen.http", c.Listen.HTTP)
	if c.NATS.URL == "" {
		k.address("listen.nats", c.Listen.NATS)
	}
	if c.Listen.HJ212 != "" {
		k.address("listen.hj212", c.Listen.HJ212)
	}
	k.tls("http.tls", c.HTTP.TLS)
	k.tls("hj212.tls", c.HJ212.TLS)
	k.section("hj212", c.HJ212)
	k.telemetry(c.Telemetry)
	k.compliance(c.Compliance)
	k.evidence(c.Evidence)
	k.inspection(c.Inspection)
	k.ledger(c.Ledger)
	for i, proxy := range c.Proxies {
		_, err := ParseProxy(proxy)
		k.that(err == nil, fmt.Sprintf("proxies[%d]", i), "config.proxy", proxy, nil)
	}
	k.section("limits", c.Limits)
	u, err := url.Parse(c.PublicURL)
	k.that(c.PublicURL == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "",
		"public_url", "config.public_url", c.PublicURL, nil)
	k.that(len([]rune(c.Supervision)) <= 40 && !strings.ContainsFunc(c.Supervision, unicode.IsControl),
		"supervision_phone", "config.one_line", c.Supervision, refusal.Args{"limit": 40})
	k.orders(c.Orders)
	k.listChecks(c.ListChecks)
	k.nats(c.NATS)
	k.nodes(c.Nodes)
	return refusal.Input(k.fields)
}

// ParseProxy reads one of Proxies: an address, or a network like 10.0.0.0/24.
func ParseProxy(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().Prefix(a.Unmap().BitLen())
	}
	return netip.ParsePrefix(text)
}

// checker gathers all wrong values, so that one start shows them.
type checker struct{ fields []refusal.Field }

func (k *checker) that(ok bool, key, rule string, value any, args refusal.Args) {
	if ok {
		return
	}
	if args == nil {
		args = refusal.Args{}
	}
	args["value"] = value
	k.fields = append(k.fields, refusal.Field{Path: key, Rule: rule, Args: args})
}

func (k *checker) filled(key, value string) {
	k.that(strings.TrimSpace(value) != "", key, "config.empty", value, nil)
}

func (k *checker) oneOf(key, value string, allowed ...string) {
	k.that(slices.Contains(allowed, value), key, "config.one_of", value,
		refusal.Args{"allowed": strings.Join(allowed, ", ")})
}

// between asks for a number, or a time, within bounds.
func between[N cmp.Ordered](k *checker, key string, value, low, high N) {
	k.that(low <= value && value <= high, key, "config.between", value, refusal.Args{"low": low, "high": high})
}

// section holds the settings of a section against their tags.
func (k *checker) section(name string, s any) {
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		k.allowed(name+"."+f.Tag.Get("yaml"), f.Tag.Get("allow"), v.Field(i))
	}
}

// allowed holds a setting against what its tag allows, like 1..240 or high|low; a range holds for all numbers of a
// struct.
func (k *checker) allowed(key, allow string, v reflect.Value) {
	from, to, isRange := strings.Cut(allow, "..")
	low, _ := strconv.Atoi(from) // both are numbers: TestTagsOfSettings
	high, _ := strconv.Atoi(to)
	switch {
	case allow == "":
	case !isRange:
		k.oneOf(key, v.String(), strings.Split(allow, "|")...)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			k.allowed(key+"."+v.Type().Field(i).Tag.Get("yaml"), allow, v.Field(i))
		}
	case v.CanInt():
		between(k, key, int(v.Int()), low, high)
	default:
		between(k, key, v.Float(), float64(low), float64(high))
	}
}

// telemetry asks for silence that is longer than being late.
func (k *checker) telemetry(t Telemetry) {
	k.section("telemetry", t)
	longer := func(late, silent string, lateFor, silentFor int) {
		k.that(silentFor > lateFor, "telemetry."+silent, "config.silent", silentFor,
			refusal.Args{"late": "telemetry." + late, "least": lateFor + 1})
	}
	longer("late_min", "silent_min", t.LateMin, t.SilentMin)
	longer("messages_late_h", "messages_silent_h", t.MessagesLateH, t.MessagesSilentH)
}

// disk asks for 0 < stop_mb < min_mb.
func (k *checker) disk(d Disk) {
	const most = 1 << 40 // MB, more than any disk has
	between(k, "disk.stop_mb", d.StopMB, 1, most-1)
	between(k, "disk.min_mb", d.MinMB, max(d.StopMB, 0)+1, most)
}

func (k *checker) backup(b Backup) {
	if b.Schedule != "" {
		k.schedule("backup.schedule", b.Schedule)
	}
	if b.Schedule != "" || b.PassphraseFile != "" {
		k.filled("backup.dir", b.Dir)
	}
	k.section("backup", b)
}

func (k *checker) address(key, value string) {
	_, port, err := net.SplitHostPort(value)
	n, perr := strconv.Atoi(port)
	k.that(err == nil && perr == nil && 0 <= n && n <= 65535, key, "config.address", value, nil)
}

func (k *checker) criteria(c Criteria) {
	k.that(c.Use == "by_date" || subjectSafe.MatchString(c.Use), "criteria.use", "config.name", c.Use, nil)
	k.schedule("criteria.reevaluate", c.Reevaluate)
	s := c.Settings
	k.that(subjectSafe.MatchString(s.Tianjin2023), "criteria.settings.tianjin_2023", "config.name", s.Tianjin2023, nil)
	k.section("criteria.settings", s)
}

func (k *checker) feeds(feeds []Feed) {
	names := map[string]bool{}
	for i, f := range feeds {
		at := func(key string) string { return fmt.Sprintf("feeds[%d].%s", i, key) }
		k.that(subjectSafe.MatchString(f.Name), at("name"), "config.name", f.Name, nil)
		k.that(!names[f.Name], at("name"), "config.twice", f.Name, nil)
		names[f.Name] = true
		k.oneOf(at("kind"), f.Kind, "folder", "url")
		if f.Kind == "url" {
			k.that(f.Path == "", at("path"), "config.not_with", f.Path, refusal.Args{"kind": f.Kind})
			u, err := url.Parse(f.URL)
			k.that(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "", at("url"), "config.feed_url",
				"", nil)
		} else {
			k.filled(at("path"), f.Path)
			k.that(f.URL == "", at("url"), "config.not_with", "", refusal.Args{"kind": f.Kind})
		}
		k.schedule(at("schedule"), f.Schedule)
		k.oneOf(at("format"), f.Format, "", "csv", "json")
		k.that(subjectSafe.MatchString(f.Source), at("source"), "config.name", f.Source, nil)
		k.that(f.Station == "" || stationName.MatchString(f.Station), at("station"), "station.wrong", f.Station, nil)
		k.oneOf(at("hour_label"), f.HourLabel, "", "start", "end")
		between(k, at("silent_after_h"), f.SilentAfterH, 0, 240)
	}
}

// schedule takes the five fields of cron, or a form like @every 10m.
func (k *checker) schedule(key, value string) {
	if _, wrong := schedule.Parse(value); wrong != nil {
		wrong.Path = key
		k.fields = append(k.fields, *wrong)
	}
}

func (k *checker) orders(o Orders) {
	between(k, "orders.acknowledge_within", o.AcknowledgeWithin, time.Minute, 72*time.Hour)
	between(k, "orders.figures_max_age", o.FiguresMaxAge, time.Hour, 30*24*time.Hour)
	between(k, "orders.repeat_first", o.RepeatFirst, time.Second, 24*time.Hour)
	between(k, "orders.repeat_max", o.RepeatMax, max(o.RepeatFirst, time.Second), 24*time.Hour)
}

// tls asks for certificate and key together. The files themselves are judged when they are read, at the start.
func (k *checker) tls(setting string, t TLS) {
	k.that(t.Cert == "" || t.Key != "", setting+".key", "config.tls_half", t.Key, refusal.Args{"other": setting + ".cert"})
	k.that(t.Key == "" || t.Cert != "", setting+".cert", "config.tls_half", t.Cert,
		refusal.Args{"other": setting + ".key"})
	k.that(t.ClientCA == "" || t.Cert != "" || t.Key != "", setting+".client_ca", "config.tls_without", t.ClientCA,
		refusal.Args{"needs": setting + ".cert"})
}

func (k *checker) nats(n NATS) {
	if n.URL == "" {
		k.that(n.Creds == "", "nats.creds", "config.creds_alone", n.Creds, nil)
		k.that(n.CA == "", "nats.ca", "config.ca_alone", n.CA, nil)
		k.tls("nats.tls", n.TLS)
		k.that(!n.HandshakeFirst || n.TLS.On(), "nats.handshake_first", "config.tls_without", n.HandshakeFirst,
			refusal.Args{"needs": "nats.tls.cert"})
		return
	}
	k.that(n.TLS == TLS{}, "nats.tls", "config.tls_outside", n.TLS.Cert, nil)
	k.that(!n.HandshakeFirst, "nats.handshake_first", "config.tls_outside", n.HandshakeFirst, nil)
	for server := range strings.SplitSeq(n.URL, ",") {
		if at := strings.LastIndexByte(server, '@'); at >= 0 {
			k.that(false, "nats.url", "config.url_secret", "…"+server[at:], nil)
			continue
		}
		u, err := url.Parse(strings.TrimSpace(server))
		ok := err == nil && slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) && u.Host != ""
		k.that(ok, "nats.url", "config.nats_url", server, nil)
	}
}

func (k *checker) nodes(nodes []string) {
	seen := map[string]bool{}
	for i, n := range nodes {
		key := fmt.Sprintf("nodes[%d]", i)
		k.that(subjectSafe.MatchString(n), key, "config.name", n, nil)
		k.that(!seen[n], key, "config.twice", n, nil)
		seen[n] = true
	}
}
