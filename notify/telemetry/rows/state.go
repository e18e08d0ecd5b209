package rows

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
)

const (
	keptFrames = 50  // good ones that a state names, and as many that were refused
	keptCounts = 64  // names that a state counts
	keptCNs    = 32  // commands that a state tells of
	keptBytes  = 256 // of what is shown
	keptClocks = 31  // frames by which the clock is judged
	maxState   = 256 << 10
)

// State is how a station is, by what came of it. That of the empty MN is of what was refused and belongs to none.
type State struct {
	MN   string `json:"mn"`
	From string `json:"from,omitempty"` // where the last good frame or message came from

	First  time.Time `json:"first,omitzero"` // reception of the first good frame or message, since this is counted
	Last   time.Time `json:"last,omitzero"`  // and of the last
	Good   int       `json:"good,omitempty"` // how many came
	Bad    int       `json:"bad,omitempty"`  // refused, or unknown under this MN
	Counts []Count   `json:"counts,omitempty"`
	Data   []Data    `json:"data,omitempty"`

	Frames  []frames.Ref `json:"frames,omitempty"`  // the last good ones, the newest last
	Refused []frames.Ref `json:"refused,omitempty"` // the last that were not
	Clocks  []int        `json:"clocks,omitempty"`  // ms of reception less QN, of the last frames sent when they were made

	Through uint64  `json:"through"`         // the chunk up to which all of this goes
	Parts   []Waits `json:"parts,omitempty"` // frames of messages that wait for a part
}

// Waits is a frame that is part of a message, as [hj212.Part] has it. Where Last is zero it is
// when the frame itself came.
type Waits struct {
	frames.Ref
	Last  time.Time `json:"last,omitzero"`
	Since int       `json:"since,omitempty"`
}

// Count is how often something was noticed, and what it was the last time.
type Count struct {
	Rule  string     `json:"rule"` // of the catalogue: hj212.crc, readings.label, rows.points
	N     int        `json:"n"`
	First time.Time  `json:"first"`
	Last  time.Time  `json:"last"`
	Bytes string     `json:"bytes,omitempty"` // that it is about, as [hj212.Shown] has them
	Ref   frames.Ref `json:"ref"`             // where they stand
}

// Data is what came of one command, or of messages, whose CN is empty.
type Data struct {
	CN   string    `json:"cn"`
	N    int       `json:"n"`
	Last time.Time `json:"last"` // reception
	At   time.Time `json:"at"`   // the latest time of data that came
	Came *came     `json:"came,omitempty"`
}

// ClockOffset is by how much the station's clock is behind reception, as the median of its last frames; false where
// none says, or they do not agree, as after an outage. A station that is ahead has a negative one.
func (s *State) ClockOffset() (time.Duration, bool) {
	if len(s.Clocks) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(s.Clocks))
	if n := len(sorted); time.Duration(sorted[3*n/4]-sorted[n/4])*time.Millisecond > clocksAgree {
		return 0, false
	}
	return time.Duration(sorted[len(sorted)/2]) * time.Millisecond, true
}

// clocksAgree is within what half of the frames lie by which a clock is judged.
const clocksAgree = 2 * time.Minute

// tell counts what was noticed. Beyond what is counted by name it is counted as rows.counts.
func (s *State) tell(rule string, at time.Time, shown string, ref frames.Ref) {
	i := slices.IndexFunc(s.Counts, func(c Count) bool { return c.Rule == rule })
	if i < 0 {
		if len(s.Counts) >= keptCounts && rule != ruleCounts {
			s.tell(ruleCounts, at, rule, ref)
			return
		}
		s.Counts = append(s.Counts, Count{Rule: rule, First: at})
		i = len(s.Counts) - 1
	}
	c := &s.Counts[i]
	c.N++
	c.Last, c.Bytes, c.Ref = at, cut(shown), ref
}

// data is what is told of a command; nil for one more than are told.
func (s *State) data(cn string) *Data {
	i := slices.IndexFunc(s.Data, func(d Data) bool { return d.CN == cn })
	if i < 0 {
		if len(s.Data) >= keptCNs || len(cn) > 8 {
			return nil
		}
		s.Data = append(s.Data, Data{CN: cn})
		i = len(s.Data) - 1
	}
	return &s.Data[i]
}

// clock notes by how much a frame's QN differs from its reception. Answers to what was asked and what is sent again
// have a QN of another time. Of a station that sends samples these alone are asked: only 2025 marks minutes that are sent
// late, and who sends samples late is rare.
func (s *State) clock(f *hj212.Frame, at time.Time) {
	samples := slices.ContainsFunc(s.Data, func(d Data) bool { return d.CN == "2011" })
	if f.Resent || f.CN != "2011" && (f.CN != "2051" || samples) || len(f.QN) != 17 {
		return
	}
	if f.CN == "2011" && !samples {
		s.Clocks = nil
	}
	sent, err := time.ParseInLocation("20060102150405.000", f.QN[:14]+"."+f.QN[14:], hj212.Beijing)
	if err != nil {
		return
	}
	ms := at.Sub(sent).Milliseconds()
	const most = 400 * 24 * 3600 * 1000
	s.Clocks = keep(s.Clocks, int(min(max(ms, -most), most)), keptClocks)
}

// keep appends to what holds the last n.
func keep[T any](have []T, x T, n int) []T {
	if len(have) >= n {
		have = append(have[:0], have[len(have)-n+1:]...)
	}
	return append(have, x)
}

// cut is a text of at most 256 bytes.
func cut(s string) string {
	for len(s) > keptBytes {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// shown is the beginning of raw bytes, as they can be read.
func shown(raw []byte) (s string) {
	const piece = 64
	for len(raw) > 0 && len(s) < keptBytes {
		n := min(piece, len(raw))
		s += hj212.Shown(raw[:n])
		raw = raw[n:]
	}
	return cut(s)
}

// clone is a state that the builder does not change any more.
func (s *State) clone() State {
	c := *s
	c.Counts, c.Data = slices.Clone(s.Counts), slices.Clone(s.Data)
	c.Frames, c.Refused = slices.Clone(s.Frames), slices.Clone(s.Refused)
	c.Clocks, c.Parts = slices.Clone(s.Clocks), slices.Clone(s.Parts)
	for i := range c.Data {
		c.Data[i].Came = c.Data[i].Came.clone()
	}
	return c
}

// Unknown is a sender that is not in the register, or was not when it sent.
type Unknown struct {
	MN      string     `json:"mn"`
	First   time.Time  `json:"first"`
	Last    time.Time  `json:"last"`
	Frames  int        `json:"frames"`
	From    string     `json:"from"`
	Why     string     `json:"why"` // of the last
	ST      string     `json:"st,omitempty"`
	Version int        `json:"version,omitempty"` // edition by its Flag, 0 where that says none
	CNs     []string   `json:"cns,omitempty"`
	Factors []string   `json:"factors,omitempty"` // codes that it sent
	Ref     frames.Ref `json:"ref"`               // the last frame
}

const (
	keptUnknown = 500
	keptFactors = 60
)

// add takes a frame of a sender that is not in the register.
func (u *Unknown) add(r *telemetry.Received, f *hj212.Frame, ref frames.Ref) {
	u.Frames++
	u.Last, u.From, u.Why, u.Ref = r.At, r.From, r.Why, ref
	if f == nil {
		return
	}
	u.ST, u.Version = f.ST, int(f.Flag.Version())
	u.CNs = once(u.CNs, f.CN, keptCNs)
	for i := range f.Items {
		if code := f.Items[i].Code; code != "" && len(code) <= 20 {
			u.Factors = once(u.Factors, code, keptFactors)
		}
	}
}

// once appends what is not there yet, up to n.
func once(have []string, s string, n int) []string {
	if s == "" || len(have) >= n || slices.Contains(have, s) {
		return have
	}
	return append(have, s)
}

// leastOf is the unknown sender that another one takes the place of: that of the fewest frames, and of these the one
// that was silent longest.
func leastOf(all map[string]*Unknown) string {
	return slices.MinFunc(slices.Collect(maps.Values(all)), func(a, b *Unknown) int {
		return cmp.Or(cmp.Compare(a.Frames, b.Frames), a.Last.Compare(b.Last), cmp.Compare(a.MN, b.MN))
	}).MN
}

// save packs a row of JSON, and load reads one.
func save(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	return packer.Append(nil, text), nil
}

func load(b []byte, v any) error {
	text, err := packer.Text(b, maxState)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// loadState is the state of a station as it was written; false where there is none.
func loadState(tx *bbolt.Tx, mn string) (s State, ok bool, err error) {
	row := tx.Bucket(stationsBucket).Get(stateKey(mn))
	if row == nil {
		return State{MN: mn}, false, nil
	}
	err = load(row, &s)
	s.MN = mn
	return s, true, err
}

// stateKey is the key of a station, which is empty for what belongs to none.
func stateKey(mn string) []byte { return append([]byte("="), mn...) }
