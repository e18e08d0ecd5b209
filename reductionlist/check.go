package reductionlist

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
)

// vague are words that leave open what is to be done; a measure with one of them is not operable.
var vague = []string{"适当", "尽量", "尽可能", "加强", "视情", "酌情", "力争", "原则上", "合理控制", "有条件的", "根据实际情况", "结合实际"}

// postWords mark a post; a short 责任人 without any of them is most likely a person's name.
var postWords = []string{"长", "经理", "主任", "主管", "负责", "员", "岗", "班", "部", "科", "室", "处", "总", "组", "书记", "工程师", "站", "队", "中心", "办", "所", "厂", "公司", "局", "委", "调度", "人"}

// Fault is one thing wrong in a list, by the keys of its row; a workbook makes a [Finding] of it.
type Fault struct {
	Severity  string       `json:"severity"`
	Sheet     string       `json:"sheet"`
	Recipient string       `json:"recipient,omitempty"` // empty for the whole list
	Key       string       `json:"key,omitempty"`       // of the row within the recipient, like [Change.Key]
	Column    string       `json:"column,omitempty"`
	Rule      string       `json:"rule"`
	Message   string       `json:"message"` // Chinese; see In for English
	Remedy    string       `json:"remedy"`
	Args      refusal.Args `json:"-"`

	row string // key of reader.rowOf
}

// In returns the fault worded in "zh-CN" or "en".
func (f Fault) In(lang string) Fault {
	f.Message, f.Remedy = refusal.Text(f.Rule, lang, f.Args), refusal.Text(f.Rule+".remedy", lang, f.Args)
	return f
}

// Check finds what only shows when the rows of a list stand beside each other, in the order of the list. What the cells of
// a workbook show is found as it is read.
func Check(l *List, s Settings) []Fault {
	c := checker{s: &s, worded: true}
	c.all(l)
	return c.faults
}

// checker collects faults.
type checker struct {
	s      *Settings
	worded bool
	faults []Fault
	found  faults // of the measure at hand, kept for its memory
}

func (c *checker) add(f fault, sheet, recipient, key, row string) {
	made := Fault{Severity: severityOf(f.rule), Sheet: sheet, Recipient: recipient, Key: key, Column: f.column, Rule: f.rule, Args: f.args, row: row}
	if c.worded {
		made = made.In("zh-CN")
	}
	c.faults = append(c.faults, made)
}

func (c *checker) recipient(r *Recipient, column, rule string, args refusal.Args) {
	c.add(fault{rule: rule, column: column, args: args}, sheetRecipients, r.ID, "", recipientKey(r))
}

func (c *checker) line(r *Recipient, l *Line, column, rule string, args refusal.Args) {
	c.add(fault{rule: rule, column: column, args: args}, sheetLines, r.ID, l.ID, lineKey(r.ID, l.ID))
}

func (c *checker) measure(r *Recipient, m *Measure, column, rule string, args refusal.Args) {
	c.add(fault{rule: rule, column: column, args: args}, sheetMeasures, r.ID, measureName(m), measureKey(r.ID, m))
}

// lineKey is the key under which a row of 生产线 is remembered; see reader.twice.
func lineKey(recipient, line string) string { return sheetLines + "\x00" + recipient + "\x00" + line }

func (c *checker) all(l *List) {
	towns := map[string]bool{}
	for _, r := range l.Recipients {
		if r.Type == Town {
			towns[r.Name] = true
		}
	}
	where := c.readDistrict(l)
	var sum [4]Amounts
	for _, r := range l.Recipients {
		if len(towns) > 0 && r.Town != "" && !towns[r.Town] {
			c.recipient(r, "街镇", "list.unknown_town", refusal.Args{"town": r.Town})
		}
		c.place(r, where)
		c.ownCodes(r)
		c.standing(r)
		c.microEmission(r)
		for i := range r.Measures {
			m := &r.Measures[i]
			c.found = c.found[:0]
			besideRecipient(r, m, c.s, &c.found)
			for _, f := range c.found {
				c.measure(r, m, f.column, f.rule, f.args)
			}
		}
		rungs := r.rungs()
		c.amounts(r, rungs)
		addAll(&sum, r.reductions(rungs))
	}
	c.sameCodes(l)
	c.sameNames(l)
	for _, s := range shortfalls(ratios(sum, l.Emission), l.Emission, c.s) {
		c.add(fault{rule: "list.bottom_line", args: refusal.Args{"level": levels.word(s.Level), "pollutant": s.Pollutant,
			"ratio": short(s.Ratio * 100), "want": short(s.Want * 100)}}, sheetHead, "", "", "")
	}
}

// checkRecipient finds what is wrong in one recipient's own row.
func (rd *reader) checkRecipient(at place, r *Recipient) {
	warn := func(column, rule string) {
		rd.report(at, column, &problem{rule: rule, severity: SeverityWarning})
	}
	if rd.settings.Account != nil {
		if user := rd.settings.Account(r.ID); user != "" {
			rd.report(at, "编号", &problem{rule: "list.id_account", args: refusal.Args{"value": r.ID, "user": user}})
		}
	}
	if r.Type == Enterprise {
		if r.Grade == "" && !rd.wrong(at, "绩效分级") {
			rd.report(at, "绩效分级", &problem{rule: "list.required"})
		}
		if r.Category == "" && !rd.wrong(at, "管控类别") {
			rd.report(at, "管控类别", &problem{rule: "list.required"})
		}
		if r.USCC == "" {
			warn("统一社会信用代码", "list.no_uscc")
		}
		if r.Industry == "" {
			warn("行业代码", "list.no_industry")
		}
	}
	if r.Category == Safeguard && !strings.ContainsAny(r.MaxLoad, "0123456789") {
		warn("最大允许生产负荷", "list.no_max_load")
	}
	if r.Contact == nil || r.Contact.Phone == "" {
		warn("手机", "list.no_phone")
	}
	if (r.Lon == 0) != (r.Lat == 0) && !rd.wrong(at, "经度") && !rd.wrong(at, "纬度") {
		warn("经度", "list.half_position")
	}
	rd.checkPhones(at, map[string]string{"名称": r.Name, "地址": r.Address, "最大允许生产负荷": r.MaxLoad})
}

// wrong reports whether a cell of the row at hand, the last that was read, has been found wrong already.
func (rd *reader) wrong(at place, column string) bool {
	for i := len(rd.found) - 1; i >= 0 && rd.found[i].Row == at.row && rd.found[i].Sheet == at.sheet; i-- {
		if rd.found[i].Column == column && rd.found[i].Severity == SeverityError {
			return true
		}
	}
	return false
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

// checkMeasure finds what a measure's own row shows: what keeps it from a mark, and telephone numbers that would stay in
// the record. A cell that could not be read is not judged again.
func (rd *reader) checkMeasure(at place, m *Measure) {
	var found faults
	ownRow(m, &found)
	for _, f := range found {
		if severityOf(f.rule) == SeverityError || !rd.wrong(at, f.column) {
			rd.report(at, f.column, &problem{rule: f.rule, severity: severityOf(f.rule), args: f.args})
		}
	}
	rd.checkPhones(at, map[string]string{"责任人": m.Responsible, "措施内容": m.Text, "生产线或设备": m.Unit, "核查材料": strings.Join(m.Evidence, "；")})
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
	if len(rd.list.Recipients) == 0 {
		rd.found.add(SeverityError, sheetHead, 0, "", "list.empty", refusal.Args{"value": 0})
		return
	}
	c := checker{s: &rd.settings}
	c.all(rd.list)
	gaps := rd.gaps()
	for _, f := range c.faults {
		at, ok := rd.rowOf[f.row]
		if !ok {
			at = place{sheetHead, 0}
		}
		if !gaps.hide(&f, at) {
			rd.report(at, f.Column, &problem{rule: f.Rule, severity: f.Severity, args: f.Args})
		}
	}
}

// short writes a number with at most three decimals.
func short(v float64) string {
	s := strings.TrimRight(strconv.FormatFloat(v, 'f', 3, 64), "0")
	return strings.TrimSuffix(s, ".")
}
