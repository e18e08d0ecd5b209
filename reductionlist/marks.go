package reductionlist

import (
	"slices"
	"strings"

	"qingkong/alerts/refusal"
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
	r.Message, r.Remedy = refusal.Text(r.Rule, lang, r.Args), refusal.Text(r.Rule+".remedy", lang, r.Args)
	return r
}

// fault is one thing wrong with a measure. Channel is the index of the monitor it is about, -1 for none.
type fault struct {
	rule, column string
	channel      int
	args         refusal.Args
}

type faults []fault

func (fs *faults) add(column, rule string, args refusal.Args) {
	*fs = append(*fs, fault{rule, column, -1, args})
}

func (fs *faults) channel(i int, column, rule string, args refusal.Args) {
	*fs = append(*fs, fault{rule, column, i, args})
}

// MarksOf marks one measure of r.
func MarksOf(r *Recipient, m *Measure, s *Settings) Marks {
	var found faults
	emptyCells(m, &found)
	ownRow(m, &found)
	besideRecipient(r, m, s, &found)
	marks := Marks{Mark{OK: true}, Mark{OK: true}, Mark{OK: true}}
	for _, f := range found {
		for _, name := range ruleByName[f.rule].Marks {
			marks.mark(name).deny(f)
		}
	}
	if m.hasChannel(found) {
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

func (m *Mark) deny(f fault) {
	m.OK = false
	m.Reasons = append(m.Reasons, Reason{Rule: f.rule, Column: f.column, Args: f.args}.In("zh-CN"))
}

// hasChannel reports whether one of the ways of monitoring has nothing wrong: one is enough.
func (m *Measure) hasChannel(found faults) bool {
	for i := range m.Monitors {
		if !slices.ContainsFunc(found, func(f fault) bool { return f.channel == i }) {
			return true
		}
	}
	return false
}

// emptyCells finds what a measure lacks. In a workbook the columns tell it as they are read.
func emptyCells(m *Measure, found *faults) {
	if m.Responsible == "" {
		found.add("责任人", "list.required", nil)
	}
	if m.Quantity == nil {
		if p := missingQuantity(m.Action); p != nil {
			found.add("数值", p.rule, p.args)
		}
	} else if m.Quantity.Unit == "" {
		found.add("单位", "list.no_unit", nil)
	}
	if len(m.Monitors) == 0 {
		found.add("监测方式", "list.no_monitor", nil)
	}
	for i := range m.Monitors {
		if mon := &m.Monitors[i]; mon.Criterion.IsZero() && mon.Source != Video {
			found.channel(i, "判定条件", "list.no_criterion", refusal.Args{"source": mon.Source.Label()})
		}
	}
	if len(m.Evidence) == 0 {
		found.add("核查材料", "list.no_evidence", nil)
	}
}

// ownRow finds what a measure's own row shows.
func ownRow(m *Measure, found *faults) {
	for _, word := range vague {
		if strings.Contains(m.Text, word) {
			found.add("措施内容", "list.vague", refusal.Args{"word": word})
		}
	}
	if m.Unit == "" {
		found.add("生产线或设备", "list.no_device", nil)
	}
	if q := m.Quantity; q != nil && q.Unit != "" && !unitFits(m.Action, q.Unit) {
		found.add("单位", "list.quantity_unit", refusal.Args{"action": m.Action.Label(), "value": q.Unit})
	}
	if m.CompleteWithinH <= 0 {
		found.add("完成时限(小时)", "list.no_deadline", nil)
	}
	if isName(m.Responsible) {
		found.add("责任人", "list.not_a_post", nil)
	}
	for i := range m.Monitors {
		ownChannel(m, i, found)
	}
	if len(m.Evidence) > 0 && !evidenceFits(m.Action, m.Evidence) {
		found.add("核查材料", "list.evidence_unfit", refusal.Args{"action": m.Action.Label(), "value": strings.Join(m.Evidence, "；")})
	}
}

// isName reports whether a text for a post is most likely a person's name: short, and without any word of a post.
func isName(post string) bool {
	return post != "" && len(post) <= 16 && len([]rune(post)) <= 4 &&
		!slices.ContainsFunc(postWords, func(w string) bool { return strings.Contains(post, w) })
}

// unitFits reports whether an action's amount can be in the unit. 限产 has a rule of its own.
func unitFits(a Action, unit string) bool {
	switch a {
	case ReduceCoal:
		return unit == "%" || massRate(unit)
	case AllocateWaste:
		return massRate(unit)
	default:
		return true
	}
}

// ownChannel finds what is wrong in one way of monitoring by itself.
func ownChannel(m *Measure, i int, found *faults) {
	mon := &m.Monitors[i]
	label := mon.Source.Label()
	if mon.Ref == "" && (mon.Source != Video || len(m.Monitors) == 1) { // a camera beside other sources is a help, not the proof
		found.channel(i, "监测标识", "list.no_ref", refusal.Args{"source": label})
	}
	switch {
	case mon.Factor == "" && mon.needsFactor():
		found.channel(i, "监测因子", "list.no_factor", refusal.Args{"source": label})
	case mon.Factor != "" && mon.needsFactor() && !factorForm.MatchString(mon.Factor):
		found.channel(i, "监测因子", "list.factor", refusal.Args{"value": mon.Factor})
	}
	c := mon.Criterion
	switch {
	case c.IsZero():
	case !slices.Contains(c.ReadBy(), mon.Source):
		found.channel(i, "判定条件", "list.criterion_source", refusal.Args{"value": c.String(), "source": label, "allowed": joined(c.ReadBy(), sources)})
	case !c.fitsFactor(mon.Factor):
		found.channel(i, "判定条件", "list.criterion_factor", refusal.Args{"value": c.String(), "factor": mon.Factor})
	case c.Kind == FractionOfBaseline && m.Action == Limit && m.Quantity != nil && m.Quantity.Unit == "%" && c.Limit > 1-m.Quantity.Value/100+1e-9:
		found.channel(i, "判定条件", "list.criterion_loose", refusal.Args{"value": c.String(), "percent": plain(m.Quantity.Value), "want": short(1 - m.Quantity.Value/100)})
	}
}

// besideRecipient finds what only the rows of the recipient and its lines show.
func besideRecipient(r *Recipient, m *Measure, s *Settings, found *faults) {
	lines, known := r.named(m.Unit)
	if !known && m.Unit != "" && r.Type == Enterprise && onLine(m.Action) {
		found.add("生产线或设备", "list.unknown_line", refusal.Args{"value": m.Unit, "recipient": r.ID})
	}
	if m.Action == Stop && m.CompleteWithinH > 0 {
		safe := 0.0
		for i := range lines {
			safe = max(safe, lines[i].SafeStopH)
		}
		if safe > m.CompleteWithinH {
			found.add("完成时限(小时)", "list.unsafe_stop", refusal.Args{"given": plain(m.CompleteWithinH), "safe": plain(safe)})
		}
	}
	for i := range m.Monitors {
		knownChannel(r, lines, &m.Monitors[i], s, i, found)
	}
}

// onLine reports whether an action is one of a line, unit or furnace. The others have devices that no sheet lists.
func onLine(a Action) bool { return a == Stop || a == Limit || a == ReduceCoal || a == AllocateWaste }

// knownChannel finds a channel that the recipient does not have: an MN that is not one of its stations, a meter that is
// neither its own nor one of its lines', or that of another line than the measure's. Gates, cameras and scales stand in no sheet.
func knownChannel(r *Recipient, lines []Line, mon *Monitor, s *Settings, i int, found *faults) {
	if mon.Ref == "" || s.Registered != nil && s.Registered(mon.Source, mon.Ref) {
		return
	}
	exists := true
	switch {
	case mon.Source == CEMS, mon.Source == DCS && mnForm.MatchString(mon.Ref):
		exists = slices.Contains(r.Stations(), mon.Ref)
	case mon.Source == Power:
		is := func(l Line) bool { return l.MeterID == mon.Ref }
		exists = slices.Contains(r.Meters(), mon.Ref) || slices.ContainsFunc(r.Lines, is)
		if exists && len(lines) > 0 && !slices.Contains(r.Meters(), mon.Ref) && !slices.ContainsFunc(lines, is) {
			found.channel(i, "监测标识", "list.other_meter", refusal.Args{"value": mon.Ref})
		}
	}
	if !exists {
		found.channel(i, "监测标识", "list.unknown_channel", refusal.Args{"value": mon.Ref, "recipient": r.ID, "source": mon.Source.Label()})
	}
}
