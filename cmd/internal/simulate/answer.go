package simulate

import (
	"strconv"
	"time"

	"qingkong/notify/telemetry/hj212"
)

// What a device says of a request, QnRtn, and of its execution, ExeRtn (HJ 212-2017, appendix B [domain.md §5]).
const (
	ready           = 1
	rejected        = 2
	wrongPassword   = 3
	wrongMN         = 4
	wrongQN         = 7
	wrongCN         = 8
	done            = 1
	failedCondition = 3
	noData          = 100
)

// job is a request for history that is being answered.
type job struct {
	qn      string
	topic   topic
	at      int64 // the next label
	to      int64 // the last one
	span    int64
	every   int64
	written int
}

// order is a request that only sets something or says something; it returns ExeRtn and what is written before.
type order func(*device, *hj212.Frame, time.Time) (result int, said [][]hj212.Item)

var orders = map[string]order{
	"1000": (*device).setTimeout,
	"1011": (*device).sayTime,
	"1012": (*device).setTime,
	"1061": (*device).sayInterval,
	"1062": (*device).setInterval,
	"1063": (*device).sayInterval,
	"1064": (*device).setInterval,
	"1072": (*device).setPassword,
	"2012": (*device).turn,
	"2021": (*device).turn,
	"2022": (*device).turn,
}

var histories = map[string]topic{"2051": minutes, "2061": hours, "2031": days, "2041": runTimes}

// request answers a request: 9011, then what is asked for, then 9012.
func (d *device) request(f *hj212.Frame, now time.Time) {
	d.count.Requests++
	result := ready
	_, history := histories[f.CN]
	carry, known := orders[f.CN]
	switch {
	case f.MN != d.s.c.MN:
		result = wrongMN
	case f.PW != d.password:
		result = wrongPassword
	case len(f.QN) != 17:
		result = wrongQN
	case !known && !history && f.CN != "2011":
		result = wrongCN
	case f.CN == "1012" && d.speed != 1 || history && len(d.jobs) >= mostJobs:
		result = rejected
	}
	d.say("9011", f.QN, hj212.NewItem("QnRtn", strconv.Itoa(result)))
	switch {
	case result != ready:
		d.count.Refused++
	case history:
		d.begin(f)
	case f.CN == "2011":
		executed, _ := d.turn(f, now)
		d.finish(f.QN, executed)
	default:
		executed, said := carry(d, f, now)
		for _, items := range said {
			d.say(f.CN, f.QN, items...)
		}
		d.finish(f.QN, executed)
	}
}

// say writes an answer with the number of its request; it wants none itself.
func (d *device) say(cn, number string, items ...hj212.Item) {
	b, err := hj212.NewFrame(d.s.head(cn, number, d.password, false, false), items...).Append(nil, nil)
	if err != nil {
		d.err = err
		return
	}
	d.count.Frames++
	d.answers = append(d.answers, b)
}

func (d *device) finish(number string, result int) {
	if result != done {
		d.count.Refused++
	}
	d.say("9012", number, hj212.NewItem("ExeRtn", strconv.Itoa(result)))
	if d.newPW != "" {
		d.password, d.newPW = d.newPW, ""
	}
}

// begin takes a request for history. A station looks back 400 days at most, and not ahead.
func (d *device) begin(f *hj212.Frame) {
	from, ok1 := timeOf(f, "BeginTime")
	to, ok2 := timeOf(f, "EndTime")
	t := histories[f.CN]
	every, span := d.s.every(t, d.in)
	if !ok1 || !ok2 || to.Before(from) || to.Sub(from) > 400*24*time.Hour {
		d.finish(f.QN, failedCondition)
		return
	}
	k, rest := divide(from.Unix()+beijing, every)
	if rest > 0 {
		k++
	}
	d.jobs = append(d.jobs, job{qn: f.QN, topic: t, at: k*every - beijing, to: to.Unix(), every: every, span: span})
}

// work writes some of the history that was asked for, and the end of a request that has all of it.
func (d *device) work(now time.Time, flush func([]byte)) {
	if len(d.jobs) == 0 {
		return
	}
	j := &d.jobs[0]
	clock := d.clock(now).Unix()
	for i := 0; i < jobBurst && j.at <= j.to && j.at+j.span <= clock; i++ {
		groups, _, ok := d.s.content(message{topic: j.topic, at: j.at, span: j.span})
		if ok {
			h := d.s.head(topicSpecs[j.topic].cn, j.qn, d.password, false, true)
			frames, err := d.s.frames(h, j.at, groups)
			if err != nil {
				d.err = err
				return
			}
			for _, b := range frames {
				d.count.Frames++
				j.written++
				flush(b)
			}
		}
		j.at += j.every
	}
	if j.at <= j.to && j.at+j.span <= clock {
		return
	}
	result := done
	if j.written == 0 {
		result = noData
	}
	number := j.qn
	d.jobs = d.jobs[1:]
	d.finish(number, result)
	for _, b := range d.answers {
		flush(b)
	}
	d.answers = nil
}

// turn switches samples (2011, 2012) and states (2021, 2022) on and off.
func (d *device) turn(f *hj212.Frame, now time.Time) (int, [][]hj212.Item) {
	t := moments
	if f.CN == "2021" || f.CN == "2022" {
		t = states
	}
	d.off[t] = f.CN == "2012" || f.CN == "2022"
	d.schedule(t, d.clock(now).UnixMilli())
	return done, nil
}

func (d *device) setTimeout(f *hj212.Frame, _ time.Time) (int, [][]hj212.Item) {
	wait, ok1 := count(f, "OverTime", 1, 3600)
	tries, ok2 := count(f, "ReCount", 0, 99)
	if !ok1 || !ok2 {
		return failedCondition, nil
	}
	d.wait, d.tries = d.real(time.Duration(wait)*time.Second), tries+1
	return done, nil
}

func (d *device) sayTime(_ *hj212.Frame, now time.Time) (int, [][]hj212.Item) {
	return done, [][]hj212.Item{{hj212.NewItem("SystemTime", stamp(d.clock(now).Unix()))}}
}

// mostOffset is how far off a clock may be set: a server with another one would have years of messages due at once.
const mostOffset = 48 * time.Hour

func (d *device) setTime(f *hj212.Frame, now time.Time) (int, [][]hj212.Item) {
	to, ok := timeOf(f, "SystemTime")
	offset := to.Sub(now.Truncate(time.Second))
	if !ok || offset.Abs() > mostOffset {
		return failedCondition, nil
	}
	was := d.offset
	d.offset = offset
	for t := range topics { // forward: what became due by that is sent. Back: nothing waits until the clock is there again
		if !d.off[t] && d.offset < was {
			d.schedule(t, d.clock(now).UnixMilli())
		}
	}
	return done, nil
}

func (d *device) sayInterval(f *hj212.Frame, _ time.Time) (int, [][]hj212.Item) {
	if f.CN == "1061" {
		return done, [][]hj212.Item{{hj212.NewItem("RtdInterval", strconv.FormatInt(d.in.sample, 10))}}
	}
	return done, [][]hj212.Item{{hj212.NewItem("MinInterval", strconv.FormatInt(d.in.minute/60, 10))}}
}

func (d *device) setInterval(f *hj212.Frame, now time.Time) (int, [][]hj212.Item) {
	t := moments
	if f.CN == "1062" {
		s, ok := count(f, "RtdInterval", 30, 3600)
		if !ok {
			return failedCondition, nil
		}
		d.in.sample = int64(s)
	} else {
		m, ok := count(f, "MinInterval", 1, 30)
		if !ok || 60%m != 0 {
			return failedCondition, nil
		}
		d.in.minute, t = int64(m)*60, minutes
	}
	if !d.off[t] {
		d.schedule(t, d.clock(now).UnixMilli())
	}
	return done, nil
}

// setPassword is answered with the password that the request came with: the new one holds from then on.
func (d *device) setPassword(f *hj212.Frame, _ time.Time) (int, [][]hj212.Item) {
	to, _ := f.Value("NewPW")
	if !telemetryWord(to, 20) {
		return failedCondition, nil
	}
	d.newPW = to
	return done, nil
}

func timeOf(f *hj212.Frame, key string) (time.Time, bool) {
	text, _ := f.Value(key)
	t, err := time.ParseInLocation("20060102150405", text, hj212.Beijing)
	return t, err == nil
}

func count(f *hj212.Frame, key string, least, most int) (int, bool) {
	text, _ := f.Value(key)
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= least && n <= most
}
