package simulate

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"qingkong/notify/telemetry"
)

// Faults are what is wrong with a station: with what it measures, with its line, with what it writes. The zero value is
// a good one. A share is of messages, from 0 to 1.
type Faults struct {
	Gap   Window        // its line is down; what is due then is sent afterwards
	Mute  Window        // its line is down, and what is due then is sent by nobody and asked for by a server
	Lost  Window        // it has no power: nothing is measured, and nothing can be asked for
	Drift float64       // what concentrations are off by, as a share, for each day since the weekly calibration
	Stuck Window        // concentrations stay as they were
	Flags []FlagWindow  // concentrations have a flag other than N
	Clock time.Duration // what its clock is fast by, until a server sets it

	CRC, Length float64 // the CRC, or the length (it says 9999), is wrong once; the message is sent again
	Twice       float64 // frames of messages in one part are written twice
	Differ      float64 // means are sent again with other values
	Garbage     float64 // bytes that belong to no frame stand before one
	Glue, Split bool    // frames are held and written at once; writes are cut into pieces
}

// Window is a time that comes once in Every, for as long as For, at a place that the seed chooses.
type Window struct{ Every, For time.Duration }

// FlagWindow is a window with a flag of its own.
type FlagWindow struct {
	Flag telemetry.Flag
	Window
}

// within is the beginning of the window at a time; ok is false outside.
func (w Window) within(seed uint64, name string, at int64) (start int64, ok bool) {
	if w.For <= 0 {
		return 0, false
	}
	every := int64(w.Every / time.Minute)
	block, _ := divide(at/60, every)
	room := every - int64(w.For/time.Minute) + 1
	start = (block*every + int64(of(seed, name).unit(block)*float64(room))) * 60
	return start, at >= start && at < start+int64(w.For/time.Second)
}

func (w Window) during(seed uint64, name string, at int64) bool {
	_, ok := w.within(seed, name, at)
	return ok
}

func (w Window) check(name string) error {
	if w == (Window{}) {
		return nil
	}
	if w.For < time.Minute || w.Every < w.For || w.Every > 366*24*time.Hour || w.For%time.Minute != 0 ||
		w.Every%time.Minute != 0 {
		return fmt.Errorf("fault %s=%s/%s: it lasts a minute at least and comes once in a longer time, in whole minutes, "+
			"like %s=6h/20m", name, w.Every, w.For, name)
	}
	return nil
}

func (f *Faults) check() error {
	for name, w := range map[string]Window{"gap": f.Gap, "mute": f.Mute, "lost": f.Lost, "stuck": f.Stuck} {
		if err := w.check(name); err != nil {
			return err
		}
	}
	for _, fl := range f.Flags {
		if !strings.ContainsRune("NFMSDCTB", rune(fl.Flag)) || fl.Flag == 0 {
			return fmt.Errorf("fault flag=%c: a flag is one of N F M S D C T B", fl.Flag)
		}
		if err := fl.check("flag"); err != nil {
			return err
		}
	}
	for name, share := range map[string]float64{"crc": f.CRC, "length": f.Length, "twice": f.Twice, "differ": f.Differ,
		"garbage": f.Garbage} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("fault %s=%g: a share is from 0 to 1", name, share)
		}
	}
	if !(f.Drift > -0.1 && f.Drift < 1) {
		return fmt.Errorf("fault drift=%g: a drift is from -0.1 to 1 a day", f.Drift)
	}
	if f.Clock.Abs() > 48*time.Hour {
		return fmt.Errorf("fault clock=%s: a clock is off by two days at most", f.Clock)
	}
	return nil
}

// FaultWords are what ParseFault takes, an example of each.
var FaultWords = []string{"gap=6h/20m", "mute=12h/10m", "lost=24h/30m", "drift=0.01", "stuck=48h/2h", "flag=D:24h/1h",
	"clock=90s", "crc=0.01", "length=0.01", "twice=0.01", "differ=0.01", "garbage=0.01", "glue", "split"}

// Parse adds a fault that is written like crc=0.01 or gap=6h/20m: once in 6 h for 20 minutes.
func (f *Faults) Parse(text string) error {
	name, value, valued := strings.Cut(text, "=")
	wrong := fmt.Errorf("fault %q: write it like one of %s", text, strings.Join(FaultWords, " "))
	windows := map[string]*Window{"gap": &f.Gap, "mute": &f.Mute, "lost": &f.Lost, "stuck": &f.Stuck}
	shares := map[string]*float64{"drift": &f.Drift, "crc": &f.CRC, "length": &f.Length, "twice": &f.Twice,
		"differ": &f.Differ, "garbage": &f.Garbage}
	var err error
	switch w, share := windows[name], shares[name]; {
	case w != nil:
		*w, err = parseWindow(value)
	case share != nil:
		*share, err = strconv.ParseFloat(value, 64)
	case name == "flag" && len(value) > 2 && value[1] == ':':
		fl := FlagWindow{Flag: telemetry.Flag(value[0])}
		fl.Window, err = parseWindow(value[2:])
		f.Flags = append(f.Flags, fl)
	case name == "clock":
		f.Clock, err = time.ParseDuration(value)
	case name == "glue" && !valued:
		f.Glue = true
	case name == "split" && !valued:
		f.Split = true
	default:
		return wrong
	}
	if err != nil {
		return wrong
	}
	return f.check()
}

func parseWindow(text string) (w Window, err error) {
	every, length, _ := strings.Cut(text, "/")
	if w.Every, err = time.ParseDuration(every); err != nil {
		return w, err
	}
	if w.For, err = time.ParseDuration(length); err == nil && w.For <= 0 {
		err = fmt.Errorf("%s is no length", w.For)
	}
	return w, err
}
