package rules

import (
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// Marks are the three marks of one measure: 可操作, 可监测, 可核查 (plan of 2023—2025, annex 2 row 37).
type Marks struct {
	Operable    Mark `json:"operable"`
	Monitorable Mark `json:"monitorable"`
	Checkable   Mark `json:"checkable"`
}

// All reports whether a measure has all three.
func (m Marks) All() bool { return m.Operable.OK && m.Monitorable.OK && m.Checkable.OK }

// In words the reasons in "zh-CN" or "en".
func (m Marks) In(lang string) Marks {
	for _, mark := range []*Mark{&m.Operable, &m.Monitorable, &m.Checkable} {
		mark.Reasons = slices.Clone(mark.Reasons)
		for i := range mark.Reasons {
			mark.Reasons[i] = mark.Reasons[i].In(lang)
		}
	}
	return m
}

// Mark is one mark and, where it is not given, why.
type Mark struct {
	OK      bool     `json:"ok"`
	Reasons []Reason `json:"reasons,omitempty"`
}

// Reason is one thing that keeps a measure from a mark, by the column of 减排措施 that says it.
type Reason struct {
	Rule    string       `json:"rule"`
	Column  string       `json:"column"`
	Message string       `json:"message"`
	Remedy  string       `json:"remedy"`
	Args    refusal.Args `json:"-"`
}

// In words a reason in "zh-CN" or "en".
func (r Reason) In(lang string) Reason {
	r.Message, r.Remedy = list.RuleText(r.Rule, lang, r.Args)
	return r
}

// cellFault is one thing wrong with a measure. Channel is the index of the monitor it is about, -1 for none.
type cellFault struct {
	rule, column string
	channel      int
	args         refusal.Args
	mild         bool // a warning, whatever the rule is elsewhere
}

func (f *cellFault) grade() string {
	if f.mild {
		return doubt
	}
	return severityOf(f.rule)
}

type cellFaults []cellFault

func (fs *cellFaults) add(column, rule string, args refusal.Args) { fs.channel(-1, column, rule, args) }

// eased finds what is an error elsewhere, where the action can do without.
func (fs *cellFaults) eased(column, rule string, args refusal.Args) {
	*fs = append(*fs, cellFault{rule: rule, column: column, channel: -1, args: args, mild: true})
}

func (fs *cellFaults) channel(i int, column, rule string, args refusal.Args) {
	*fs = append(*fs, cellFault{rule: rule, column: column, channel: i, args: args})
}

// MarksOf marks one measure of r.
func MarksOf(r *list.Recipient, m *list.Measure, s *Settings) Marks {
	var found cellFaults
	ownRow(m, s, &found)
	besideRecipient(r, m, s, &found)
	marks := Marks{Mark{OK: true}, Mark{OK: true}, Mark{OK: true}}
	for _, f := range found {
		for _, name := range marksBy(f.rule) {
			marks.mark(name).deny(f)
		}
	}
	if hasChannel(m, found) {
		marks.Monitorable = Mark{OK: true}
	}
	return marks
}

func (m *Marks) mark(name string) *Mark {
	switch name {
	case MarkOperable:
		return &m.Operable
	case MarkMonitorable:
		return &m.Monitorable
	default:
		return &m.Checkable
	}
}

func (m *Mark) deny(f cellFault) {
	m.OK = false
	m.Reasons = append(m.Reasons, Reason{Rule: f.rule, Column: f.column, Args: f.args}.In("zh-CN"))
}

// hasChannel reports whether one of the ways of monitoring has nothing wrong: one is enough.
func hasChannel(m *list.Measure, found cellFaults) bool {
	for i := range m.Monitors {
		if !slices.ContainsFunc(found, func(f cellFault) bool { return f.channel == i }) {
			return true
		}
	}
	return false
}

// unitFits reports whether an action's amount can be in the unit. 限产 has a rule of its own.
func unitFits(a list.Action, unit string) bool {
	switch a {
	case list.ReduceCoal:
		return unit == "%" || massRate(unit)
	case list.AllocateWaste:
		return massRate(unit)
	default:
		return true
	}
}

// ownChannel finds what is wrong in one way of monitoring by itself.
func ownChannel(m *list.Measure, i int, found *cellFaults) {
	mon := &m.Monitors[i]
	label := mon.Source.Label()
	if !list.SourceWords.Has(mon.Source) {
		found.channel(i, "监测方式", "list.enum",
			refusal.Args{"value": string(mon.Source), "allowed": strings.Join(list.SourceWords.Words, "、")})
	}
	if slices.ContainsFunc(m.Monitors[:i], func(other list.Monitor) bool { return other.Source == mon.Source }) {
		found.channel(i, "监测方式", "list.word_twice", refusal.Args{"value": label})
	}
	// a camera beside other sources is a help, not the proof
	if mon.Ref == "" && (mon.Source != list.Video || len(m.Monitors) == 1) {
		found.channel(i, "监测标识", "list.no_ref", refusal.Args{"source": label})
	}
	switch {
	case mon.Factor == "" && needsFactor(mon):
		found.channel(i, "监测因子", "list.no_factor", refusal.Args{"source": label})
	case mon.Factor != "" && needsFactor(mon) && !factorForm.MatchString(mon.Factor):
		found.channel(i, "监测因子", "list.factor", refusal.Args{"value": mon.Factor})
	}
	c := mon.Criterion
	switch {
	case c.IsZero():
		if mon.Source != list.Video {
			found.channel(i, "判定条件", "list.no_criterion", refusal.Args{"source": label})
		}
	case !slices.Contains(c.ReadBy(), mon.Source):
		found.channel(i, "判定条件", "list.criterion_source",
			refusal.Args{"value": c.String(), "source": label, "allowed": list.SourceWords.Join(c.ReadBy())})
	case c.Kind == list.Stopped && runsOn(m):
		found.channel(i, "判定条件", "list.criterion_stopped",
			refusal.Args{"value": c.String(), "action": m.Action.Label(), "quantity": orderWords(m)})
	case !fitsFactor(c, mon.Factor):
		found.channel(i, "判定条件", "list.criterion_factor", refusal.Args{"value": c.String(), "factor": mon.Factor})
	case c.Kind == list.FractionOfBaseline && m.Action == list.Limit && m.Quantity != nil && m.Quantity.Unit == "%" &&
		c.Limit > 1-m.Quantity.Value/100+1e-9:
		found.channel(i, "判定条件", "list.criterion_loose", refusal.Args{"value": c.String(),
			"percent": text.Number(m.Quantity.Value), "want": text.Short(1 - m.Quantity.Value/100)})
	}
}

// runsOn reports whether something of what a measure is about runs on when it is carried out. Another fuel and other
// acts may have a line stop beside what their amount counts.
func runsOn(m *list.Measure) bool {
	switch q := m.Quantity; m.Action {
	case list.Limit, list.ReduceCoal:
		return q != nil && q.Kind == list.ReduceBy && !(q.Unit == "%" && q.Value >= 100)
	case list.AllocateWaste, list.StopVehicles, list.StopWork:
		return q != nil && q.Kind != list.ReduceBy && q.Value > 0
	case list.ImproveTreatment, list.CleanRoads:
		return q == nil || q.Kind != list.AtMost || q.Value > 0
	}
	return false
}

// longestDeadline is how many hours a measure may take where no safe stop takes longer: an episode is mostly over by
// then [D].
const longestDeadline = 72

// besideRecipient finds what only the rows of the recipient and its lines show.
func besideRecipient(r *list.Recipient, m *list.Measure, s *Settings, found *cellFaults) {
	lines, known := r.Named(m.Unit)
	if !known && m.Unit != "" && r.Type == list.Enterprise && onLine(m.Action) {
		found.add("生产线或设备", "list.unknown_line", refusal.Args{"value": m.Unit, "recipient": r.ID})
	}
	safe := 0.0
	for i := range lines {
		safe = max(safe, lines[i].SafeStopH)
	}
	switch most := max(longestDeadline, safe); {
	case m.Action == list.Stop && m.CompleteWithinH > 0 && safe > m.CompleteWithinH:
		found.add("完成时限(小时)", "list.unsafe_stop",
			refusal.Args{"given": text.Number(m.CompleteWithinH), "safe": text.Number(safe)})
	case m.CompleteWithinH > most && m.CompleteWithinH <= 720: // beyond is told by the column's own range
		found.add("完成时限(小时)", "list.deadline_long",
			refusal.Args{"given": text.Number(m.CompleteWithinH), "most": text.Number(most)})
	}
	for i := range m.Monitors {
		knownChannel(r, lines, &m.Monitors[i], s, i, found)
	}
}

// onLine reports whether an action is one of a line, unit or furnace. The others have devices that no sheet lists.
func onLine(a list.Action) bool {
	return a == list.Stop || a == list.Limit || a == list.ReduceCoal || a == list.AllocateWaste
}

// knownChannel finds a channel that the recipient does not have: an MN that is not one of its stations, a meter that is
// neither its own nor one of its lines', or that of another line than the measure's. Gates, cameras and scales stand in
// no sheet.
func knownChannel(r *list.Recipient, lines []list.Line, mon *list.Monitor, s *Settings, i int, found *cellFaults) {
	if mon.Ref == "" || s.Registered != nil && s.Registered(mon.Source, mon.Ref) {
		return
	}
	exists := true
	switch {
	case mon.Source == list.CEMS, mon.Source == list.DCS && mnForm.MatchString(mon.Ref):
		exists = slices.Contains(r.Stations(), mon.Ref)
	case mon.Source == list.Power:
		is := func(l list.Line) bool { return l.MeterID == mon.Ref }
		exists = slices.Contains(r.Meters(), mon.Ref) || slices.ContainsFunc(r.Lines, is)
		if exists && len(lines) > 0 && !slices.Contains(r.Meters(), mon.Ref) && !slices.ContainsFunc(lines, is) {
			found.channel(i, "监测标识", "list.other_meter", refusal.Args{"value": mon.Ref})
		}
	}
	if !exists {
		found.channel(i, "监测标识", "list.unknown_channel",
			refusal.Args{"value": mon.Ref, "recipient": r.ID, "source": mon.Source.Label()})
	}
}
