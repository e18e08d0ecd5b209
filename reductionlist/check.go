package reductionlist

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// vague are words that leave open what is to be done; a measure with one of them is not operable.
var vague = []string{"适当", "尽量", "尽可能", "加强", "视情", "酌情", "力争", "原则上", "合理控制", "有条件的"}

// postWords mark a post; a short 责任人 without any of them is most likely a person's name.
var postWords = []string{"长", "经理", "主任", "主管", "负责", "员", "岗", "班", "部", "科", "室", "处", "总", "组", "书记", "工程师", "站", "队", "中心", "办", "所", "厂", "公司", "局", "委", "调度", "人"}

// checkRecipient finds what is wrong in one recipient's own row.
func (rd *reader) checkRecipient(at place, r *Recipient) {
	warn := func(column, rule string) {
		rd.report(at, column, &problem{rule: rule, severity: SeverityWarning})
	}
	if r.Type == Enterprise {
		if r.Grade == "" {
			rd.report(at, "绩效分级", &problem{rule: "list.required"})
		}
		if r.Category == "" {
			rd.report(at, "管控类别", &problem{rule: "list.required"})
		}
		if r.USCC == "" {
			warn("统一社会信用代码", "list.no_uscc")
		}
		if r.Industry == "" {
			warn("行业代码", "list.no_industry")
		}
	}
	if r.Category == Safeguard && r.MaxLoad == "" {
		warn("最大允许生产负荷", "list.no_max_load")
	}
	if r.Contact == nil || r.Contact.Phone == "" {
		warn("手机", "list.no_phone")
	}
	if (r.Lon == 0) != (r.Lat == 0) {
		warn("经度", "list.half_position")
	}
	rd.checkPhones(at, map[string]string{"名称": r.Name, "地址": r.Address, "最大允许生产负荷": r.MaxLoad})
}

// checkPhones reports telephone numbers in free text, by column: they would stay in the record.
func (rd *reader) checkPhones(at place, texts map[string]string) {
	for _, column := range slices.Sorted(maps.Keys(texts)) {
		if phoneInText.MatchString(texts[column]) {
			rd.report(at, column, &problem{rule: "list.phone_in_record"})
		}
	}
}

// checkNotes is checkPhones of 备注 and the columns that have no meaning here, but for those that hold numbers of things.
func (rd *reader) checkNotes(at place, n *Notes) {
	texts := map[string]string{columnNote: n.Note}
	for column, text := range n.Extra {
		if !strings.HasSuffix(column, "编号") {
			texts[column] = text
		}
	}
	rd.checkPhones(at, texts)
}

// checkMeasure finds what keeps a measure from being operable: vague words, a person's name for a post, a
// telephone number that would stay in the record.
func (rd *reader) checkMeasure(at place, m *Measure) {
	for _, word := range vague {
		if strings.Contains(m.Text, word) {
			rd.report(at, "措施内容", &problem{rule: "list.vague", args: refusal.Args{"word": word}})
		}
	}
	rd.checkPhones(at, map[string]string{"责任人": m.Responsible, "措施内容": m.Text, "生产线或设备": m.Unit, "核查材料": strings.Join(m.Evidence, "；")})
	short := len([]rune(m.Responsible)) <= 4 && m.Responsible != ""
	if short && !slices.ContainsFunc(postWords, func(w string) bool { return strings.Contains(m.Responsible, w) }) {
		rd.report(at, "责任人", &problem{rule: "list.not_a_post", severity: SeverityWarning})
	}
	for _, mon := range m.Monitors {
		if mon.Source == CEMS && mon.Ref == "" {
			rd.report(at, "监测标识", &problem{rule: "list.no_ref", severity: SeverityWarning, args: refusal.Args{"source": mon.Source.Label()}})
		}
		if mon.Source == CEMS && mon.Factor == "" {
			rd.report(at, "监测因子", &problem{rule: "list.no_factor", severity: SeverityWarning})
		}
	}
}

func (rd *reader) checkRange(at place, column string, low, high float64) {
	if low > high {
		rd.report(at, column, &problem{rule: "list.range_reversed", args: refusal.Args{"low": plain(low), "high": plain(high)}})
	}
}

func (rd *reader) checkDates(at place, from, to string) {
	if isDate(from) && isDate(to) && to < from {
		rd.report(at, "至", &problem{rule: "list.dates_reversed", args: refusal.Args{"value": to}})
	}
}

// check finds what only shows when all sheets are read.
func (rd *reader) check() {
	towns := map[string]bool{}
	for _, r := range rd.list.Recipients {
		if r.Type == Town {
			towns[r.Name] = true
		}
	}
	for _, r := range rd.list.Recipients {
		at := rd.rowOf[recipientKey(r)]
		warn := func(column, rule string, args refusal.Args) {
			rd.report(at, column, &problem{rule: rule, severity: SeverityWarning, args: args})
		}
		if len(towns) > 0 && r.Town != "" && !towns[r.Town] {
			warn("街镇", "list.unknown_town", refusal.Args{"town": r.Town})
		}
		if len(r.Measures) == 0 && r.Category != Closed && r.Category != Micro {
			warn("编号", "list.no_measures", refusal.Args{"recipient": r.ID})
		}
		rd.checkMeasures(r)
	}
	if len(rd.list.Recipients) == 0 {
		rd.found.add(SeverityError, sheetHead, 0, "", "list.empty", refusal.Args{"value": 0})
		return
	}
	rd.checkBottomLine()
}

// checkMeasures compares a recipient's measures with its lines.
func (rd *reader) checkMeasures(r *Recipient) {
	var emission Amounts
	idle := r.Category == Closed
	for _, l := range r.Lines {
		if !l.Idle {
			emission = emission.Add(l.Emission)
		}
	}
	for i := range r.Measures {
		m := &r.Measures[i]
		at := rd.rowOf[measureKey(r.ID, m)]
		line := r.line(m.Unit)
		if line != nil && m.Action == Stop && line.SafeStopH > m.CompleteWithinH {
			rd.report(at, "完成时限(小时)", &problem{rule: "list.unsafe_stop", severity: SeverityWarning,
				args: refusal.Args{"given": plain(m.CompleteWithinH), "safe": plain(line.SafeStopH)}})
		}
		if (idle || line != nil && line.Idle) && m.Reduction != (Amounts{}) {
			rd.report(at, "级别", &problem{rule: "list.idle_reduction", severity: SeverityWarning})
		}
	}
	if len(r.Lines) == 0 {
		return
	}
	top := reduction(r, alerts.Red)
	have := emission.parts()
	for i, p := range top.parts() {
		if *p.value > *have[i].value*1.000001 {
			rd.report(rd.rowOf[recipientKey(r)], "编号", &problem{rule: "list.reduction_exceeds",
				severity: SeverityWarning, args: refusal.Args{"pollutant": p.name, "reduction": short(*p.value), "emission": short(*have[i].value)}})
		}
	}
}

// line finds the production line a measure names, by name or number.
func (r *Recipient) line(name string) *Line {
	for i := range r.Lines {
		if name != "" && (r.Lines[i].Name == name || r.Lines[i].ID == name) {
			return &r.Lines[i]
		}
	}
	return nil
}

func (rd *reader) checkBottomLine() {
	for _, s := range Shortfalls(rd.list) {
		rd.found.add(SeverityWarning, sheetHead, 0, "", "list.bottom_line", refusal.Args{
			"level": levels.word(s.Level), "pollutant": s.Pollutant, "ratio": short(s.Ratio * 100), "want": short(s.Want * 100)})
	}
}

// short writes a number with at most three decimals.
func short(v float64) string {
	s := strings.TrimRight(strconv.FormatFloat(v, 'f', 3, 64), "0")
	return strings.TrimSuffix(s, ".")
}
