package simulate

import (
	"strconv"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// topic is what a message is about.
type topic uint8

const (
	boots topic = iota
	moments
	states
	furnaces
	minutes
	hours
	runTimes
	days
	beats
	topics
)

// topicSpec is how a topic is reported. No two are due in the same millisecond, and so the time a message is due is
// its QN.
type topicSpec struct {
	cn    string
	ms    int64 // of the second in which it is due
	after int64 // seconds after the end of its period
}

var topicSpecs = [topics]topicSpec{
	boots:    {"2081", 81, 0},
	moments:  {"2011", 11, 0},
	states:   {"2021", 21, 1},
	furnaces: {"2111", 111, 1},
	minutes:  {"2051", 51, 2},
	hours:    {"2061", 61, 4},
	runTimes: {"2041", 41, 6},
	days:     {"2031", 31, 8},
	beats:    {"9015", 915, 5},
}

// step is that of the readings in a message; 0 where it has none.
func (t topic) step() telemetry.Step {
	switch t {
	case moments:
		return telemetry.Moment
	case minutes, furnaces:
		return telemetry.Minute
	case hours:
		return telemetry.Hour
	case days:
		return telemetry.Day
	}
	return 0
}

// message is what a station has to say of one period.
type message struct {
	topic  topic
	at     int64 // its label by the station's clock, seconds since 1970
	span   int64 // seconds; 0 for a moment
	differ bool  // it says other values than the instruments had
}

// content are the values of a message in the order they are written, group by group, and as readings. ok is false where
// the station knows nothing of the period.
func (s *Station) content(m message) (groups [][]hj212.Item, rs []telemetry.Reading, ok bool) {
	switch m.topic {
	case boots:
		return [][]hj212.Item{{hj212.NewItem("RestartTime", stamp(m.at))}}, nil, true
	case states:
		return [][]hj212.Item{{hj212.NewItem("SB1-RS", digit(s.c.Plant.running(m.at)))}}, nil, true
	case runTimes:
		return [][]hj212.Item{{hj212.NewItem("SB1-RT", number(s.ran(m.at), 2))}}, nil, true
	case beats:
		return nil, nil, true
	}
	var vs [maxFactors]value
	switch m.topic {
	case moments:
		vs, ok = s.sample(m.at)
	case days:
		vs, ok = s.day(m.at)
	default:
		vs, ok = s.mean(m.at, m.span/60)
	}
	if !ok {
		return nil, nil, false
	}
	for i := range s.factors {
		f, v := &s.factors[i], &vs[i]
		if m.topic == furnaces {
			if f.kind != isFurnace {
				continue
			}
			avg, _ := v.Get(telemetry.Avg)
			v.Values = telemetry.Values{}
			v.Set(telemetry.Avg, avg)
		}
		if m.differ && f.kind == isGas {
			s.alter(v, f)
		}
		groups = append(groups, s.group(f, v, m.topic == moments))
		rs = append(rs, s.reading(f, v, m))
	}
	return groups, rs, len(groups) > 0
}

// alter is what somebody sends again who does not like what was measured.
func (s *Station) alter(v *value, f *factor) {
	for k := range telemetry.ZsTotal + 1 {
		if was, ok := v.Get(k); ok {
			d := f.decimals
			if k == telemetry.Total {
				d = f.amountDecimals()
			}
			v.Set(k, round(was*0.8, d))
		}
	}
}

// ran is how many hours of a day the plant ran.
func (s *Station) ran(from int64) float64 {
	n := 0
	for m := range int64(24 * 60) {
		if s.c.Plant.running(from + 60*m) {
			n++
		}
	}
	return round(float64(n)/60, 2)
}

// written are the kinds of values in the order the standard's examples have them.
var written = [...]struct {
	kind telemetry.Kind
	name string
}{{telemetry.Min, hj212.Min}, {telemetry.Avg, hj212.Avg}, {telemetry.Max, hj212.Max}, {telemetry.Total, hj212.Cou},
	{telemetry.ZsMin, hj212.ZsMin}, {telemetry.ZsAvg, hj212.ZsAvg}, {telemetry.ZsMax, hj212.ZsMax}}

func (s *Station) group(f *factor, v *value, moment bool) (items []hj212.Item) {
	code := f.name(s.c.Version == hj212.V2005)
	add := func(kind, value string) {
		it := hj212.NewItem(code+"-"+kind, value)
		if len(items) > 0 {
			it.Sep = ','
		}
		items = append(items, it)
	}
	for _, w := range written {
		x, ok := v.Get(w.kind)
		if !ok {
			continue
		}
		name, d := w.name, f.decimals
		switch {
		case w.kind == telemetry.Total:
			d = f.amountDecimals()
		case moment && w.kind == telemetry.Avg:
			name = hj212.Rtd
		case moment:
			name = hj212.ZsRtd
		}
		add(name, number(x, d))
	}
	add(hj212.DataFlag, string(rune(v.flag)))
	return items
}

func (s *Station) reading(f *factor, v *value, m message) telemetry.Reading {
	r := telemetry.Reading{Point: telemetry.PointOf(s.c.MN, f.code), Step: m.topic.step(), At: timeOfUnix(m.at),
		Values: v.Values, Flag: v.flag}
	if r.Step == telemetry.Minute {
		r.Span = int(m.span / 60)
	}
	return r
}

// What a frame may hold, in bytes (HJ 212-2017, tables 1 and 2 [domain.md §5]). With an MN of 24 digits and numbers of
// parts the head leaves less than what CP may have.
const (
	mostData = 1024
	mostCP   = 950
	framing  = len("##0000") + len("0000\r\n")
)

// room is how many bytes a frame with this head leaves for what stands between && and &&.
func room(h hj212.Head) (int, error) {
	h.Parts, h.Part = 99, 99
	b, err := hj212.NewFrame(h).Append(nil, nil)
	return min(mostCP, mostData-(len(b)-framing)), err
}

// head is the head of a frame of the station's own.
func (s *Station) head(cn, qn, password string, ack, resent bool) hj212.Head {
	h := hj212.Head{QN: qn, ST: s.spec.st, CN: cn, PW: password, MN: s.c.MN, Flag: hj212.FlagOf(s.c.Version, ack, false),
		HasFlag: true, Resent: resent && s.c.Version == hj212.V2025}
	if cn[0] == '9' {
		h.ST = "91"
	}
	return h
}

// frames writes a message, in several parts where it is longer than one may be.
func (s *Station) frames(h hj212.Head, at int64, groups [][]hj212.Item) ([][]byte, error) {
	first := hj212.NewItem("DataTime", stamp(at))
	most, err := room(h)
	if err != nil {
		return nil, err
	}
	var parts [][]hj212.Item
	size := most + 1 // of the last part
	for _, g := range groups {
		n := 0
		for _, it := range g {
			n += 1 + len(it.Text)
		}
		if size+n > most {
			parts = append(parts, []hj212.Item{first})
			size = len(first.Text)
		}
		last := len(parts) - 1
		parts[last] = append(parts[last], g...)
		size += n
	}
	if len(parts) > 1 {
		h.Parts, h.Flag = len(parts), h.Flag|2
	}
	var out [][]byte
	for i, items := range parts {
		if h.Parts > 0 {
			h.Part = i + 1
		}
		b, err := hj212.NewFrame(h, items...).Append(nil, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	if parts == nil { // a message without content
		b, err := hj212.NewFrame(h).Append(nil, nil)
		return [][]byte{b}, err
	}
	return out, nil
}

// stamp is a time as a frame has it.
func stamp(at int64) string { return timeOfUnix(at).Format("20060102150405") }

// qn is a time as a QN has it.
func qn(ms int64) string {
	t := time.UnixMilli(ms).In(hj212.Beijing)
	return t.Format("20060102150405") + t.Format(".000")[1:]
}

func number(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }

func digit(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
