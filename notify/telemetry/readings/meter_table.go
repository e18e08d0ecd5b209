package readings

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry/hj212"
)

// column is what a header stands for.
type column int

const (
	unread column = iota
	isMeter
	isAccount // the number of a customer, which stands in where no meter is named
	isTime
	isDate
	isPeriod // a time of day
	isPower
	isEnergy
	isRegister
	isMultiplier
	isItem // which quantity a row is of
)

// heads are the headers that people write, without a unit in brackets. Whatever is not among them is left out: reactive
// power, energy by tariff, voltages.
var heads = func() map[string]column {
	out := map[string]column{}
	for c, words := range map[column]string{
		isMeter: "电表编号 电表号 表号 表计编号 表计号 电能表编号 电能表号 电能表资产号 资产编号 资产号 计量点编号 计量点号 计量点 电表 分表编号 " +
			"meter meterid meterno meternumber",
		isAccount:    "户号 用户编号 用户号 用电户号 客户编号 账号 account accountno",
		isTime:       "时间 数据时间 采集时间 抄表时间 日期时间 数据日期时间 时间点 time datetime timestamp at",
		isDate:       "日期 数据日期 抄表日期 用电日期 采集日期 date day",
		isPeriod:     "时段 时间段 起止时间 时刻 时点 小时 点 period hour",
		isPower:      "有功功率 总有功功率 瞬时有功功率 瞬时有功 功率 平均功率 负荷 用电负荷 有功 power activepower load",
		isEnergy:     "电量 用电量 有功电量 总电量 正向有功电量 正向有功总电量 energy consumption",
		isRegister:   "示数 表底 表码 读数 止码 有功总示数 正向有功总 正向有功总示数 正向有功示数 正向有功电能示值 电能示值 reading register",
		isMultiplier: "倍率 综合倍率 计量倍率 multiplier ratio",
		isItem:       "数据项 数据项名称 数据类型 曲线类型 类型 item type",
	} {
		for word := range strings.FieldsSeq(words) {
			out[word] = c
		}
	}
	return out
}()

var (
	inBrackets = regexp.MustCompile(`\(([^()]*)\)|\[([^\[\]]*)\]`)
	clockForm  = regexp.MustCompile(`^(\d{1,2})(?::(\d{2})(?::00)?| ?[时点](?:整|(\d{1,2})分)?)$`)
	periodForm = regexp.MustCompile(`^(\d{1,2})(?::(\d{2})(?::00)?)?[时点]? ?[-~至到] ?(\d{1,` +
		`2})(?::(\d{2})(?::00)?)?[时点]?$`)
	numbered = regexp.MustCompile(`^(?:p|点|时段|point)?_?0*(\d{1,2})$`)
	decimal  = regexp.MustCompile(`^-?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,12})?$`)
	refForm  = regexp.MustCompile(`^[\p{L}\p{N}_-]{1,40}$`)
	byPower  = regexp.MustCompile(`^\d(?:\.\d+)?[eE]\+?\d+$`)
	nothing  = map[string]bool{"": true, "-": true, "--": true, "---": true, "/": true, "null": true, "na": true,
		"n/a": true,
		"nan": true, "无": true, "缺": true, "缺失": true, "无数据": true, "未采集": true}
	sumWords = map[string]bool{"合计": true, "总计": true, "小计": true, "平均": true, "最大": true, "最小": true, "total": true,
		"sum": true}
)

// headRows is in how many rows from the top the header may be: titles stand above.
const headRows = 12

// sheet is a table while it is read.
type sheet struct {
	ends   Ends
	has24  bool
	wrong  faults
	meters map[string]*metered
	order  []string
	cells  int
	span   int // minutes between the nearest values of any meter

	columns [isItem + 1]int // where each is, from 1 on
	names   []string        // of the columns
	clocks  map[int]clock   // columns of times of day
	what    column          // isPower, isEnergy or isRegister
	unit    string
	title   string // what stands above the header
}

// read reads the rows into meters. Its error is about the table as a whole; wrong has its cells.
func (t *sheet) read(body []byte) error {
	if len(body) > MaxMeterFile {
		return refusal.New(refusal.TooLarge, "readings.meter.large", refusal.Args{"limit": MaxMeterFile >> 20})
	}
	text, err := decoded(body)
	if err != nil {
		return err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord, r.Comma = -1, true, true, separatorOf(text)
	if err := tooWide(text, r.Comma); err != nil {
		return err
	}
	for n := 0; ; n++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refusal.New(refusal.Invalid, "readings.meter.csv", refusal.Args{"why": err.Error()})
		}
		line, _ := r.FieldPos(0)
		switch {
		case t.names == nil && n < headRows:
			if err := t.head(row); err != nil {
				return err
			}
		case t.names != nil:
			t.row(row, line)
		}
		if t.cells > maxCells {
			return refusal.New(refusal.TooLarge, "readings.meter.many", refusal.Args{"limit": maxCells})
		}
		if len(t.wrong) >= 50 {
			return nil
		}
	}
	if t.names == nil {
		return refusal.New(refusal.Invalid, "readings.meter.no_head", nil)
	}
	return nil
}

// decoded is the text in UTF-8 without its mark.
func decoded(body []byte) ([]byte, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(body)
		if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return nil, refusal.New(refusal.Invalid, "readings.meter.text", nil)
		}
		body = text
	}
	if bytes.IndexByte(body, 0) >= 0 {
		return nil, refusal.New(refusal.Invalid, "readings.meter.text", nil)
	}
	return body, nil
}

// separatorOf is what parts the cells of the text: the one of three that stands there most often.
func separatorOf(text []byte) rune {
	best, most := ',', 0
	head := text[:min(len(text), 8<<10)]
	for _, c := range []rune{',', '\t', ';'} {
		if n := bytes.Count(head, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// tooWide refuses a text with a line that no table has, before anything is made of its cells.
func tooWide(text []byte, separator rune) error {
	line := 0
	for row := range bytes.Lines(text) {
		line++
		if len(row) > maxLine || bytes.Count(row, []byte(string(separator))) > maxColumns {
			return refusal.New(refusal.Invalid, "readings.meter.wide", refusal.Args{"row": line, "limit": maxColumns})
		}
	}
	return nil
}

// head takes a row as the header if it is one; else it is part of the title.
func (t *sheet) head(row []string) error {
	var found [isItem + 1]int
	units := map[column]string{}
	clocks := map[int]clock{}
	var points []int
	for i, text := range row {
		plain := cleaned(text)
		if c, ok := clockOf(plain); ok {
			clocks[i] = c
			continue
		}
		c, unit := headOf(plain)
		switch {
		case c == unread && numbered.MatchString(plain):
			points = append(points, i)
		case c == unread:
		case found[c] > 0:
			return refusal.New(refusal.Invalid, "readings.meter.column_twice",
				refusal.Args{"value": refusal.Shown(text), "other": refusal.Shown(row[found[c]-1])})
		default:
			found[c], units[c] = i+1, unit
		}
	}
	if len(clocks) == 0 {
		clocks = numberedClocks(row, points)
	}
	when := found[isTime] > 0 || found[isDate] > 0
	if !when || found[isMeter] == 0 && found[isAccount] == 0 {
		t.title += " " + strings.Join(row, " ")
		return nil
	}
	t.columns, t.clocks = found, clocks
	t.names = make([]string, len(row))
	for i, text := range row {
		t.names[i] = refusal.Shown(strings.TrimSpace(text))
	}
	for _, c := range clocks {
		t.has24 = t.has24 || c.from == day
	}
	return t.quantity(units)
}

// numberedClocks are the periods of columns that are numbered through: 24, 48 or 96 of a day.
func numberedClocks(row []string, points []int) map[int]clock {
	n := len(points)
	if n != 24 && n != 48 && n != 96 {
		return map[int]clock{}
	}
	out := map[int]clock{}
	for k, i := range points {
		m := numbered.FindStringSubmatch(cleaned(row[i]))
		if m[1] != strconv.Itoa(k+1) {
			return map[int]clock{}
		}
		out[i] = clock{k * day / n, (k + 1) * day / n}
	}
	return out
}

// quantity settles what the values are, and in which unit.
func (t *sheet) quantity(units map[column]string) error {
	if len(t.clocks) > 0 {
		t.columns[isPower], t.columns[isEnergy], t.columns[isRegister] = 0, 0, 0
		t.what, t.unit = headOfTitle(t.title)
		if t.what == unread && t.columns[isItem] == 0 {
			return refusal.New(refusal.Invalid, "readings.meter.what", nil)
		}
		return nil
	}
	for _, c := range []column{isEnergy, isRegister, isPower} {
		if t.columns[c] > 0 {
			t.what, t.unit = c, Usual(units[c])
			if t.unit == "" {
				t.unit = usualUnit(c)
			}
			u, ok := ParseUnit(t.unit)
			want, _ := ParseUnit(usualUnit(c))
			if !ok || u.of != want.of {
				return refusal.New(refusal.Invalid, "readings.meter.unit",
					refusal.Args{"value": refusal.Shown(t.unit), "column": t.names[t.columns[c]-1]})
			}
			return nil
		}
	}
	return refusal.New(refusal.Invalid, "readings.meter.what", nil)
}

func usualUnit(c column) string {
	if c == isPower {
		return "kW"
	}
	return "kWh"
}

// headOf is the column of a header, and the unit in its brackets.
func headOf(plain string) (column, string) {
	unit := ""
	name := inBrackets.ReplaceAllStringFunc(plain, func(s string) string {
		unit = strings.Trim(s, "()[]")
		return ""
	})
	name = strings.NewReplacer(" ", "", "_", "", ":", "").Replace(name)
	c := heads[name]
	if c == unread && unit == "" {
		for _, u := range []string{"kwh", "kw"} {
			if short, is := strings.CutSuffix(name, u); is && short != "" {
				return heads[short], u
			}
		}
		switch name {
		case "kw":
			return isPower, "kW"
		case "kwh":
			return isEnergy, "kWh"
		}
	}
	if _, ok := ParseUnit(unit); c != isPower && c != isEnergy && c != isRegister && !ok {
		unit = ""
	}
	return c, unit
}

// headOfTitle is what a title says that the values below it are, and their unit.
func headOfTitle(title string) (column, string) {
	s := strings.NewReplacer("千瓦", "kw", "兆瓦", "mw", "时", "h").Replace(cleaned(title))
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
	}
	c := unread
	switch {
	case has("示数", "示值", "表底"):
		c = isRegister
	case has("电量", "kwh", "mwh"):
		c = isEnergy
	case has("功率", "负荷", "kw", "mw"):
		c = isPower
	default:
		return unread, ""
	}
	unit := usualUnit(c)
	switch {
	case has("万kw"):
		unit = "万" + unit
	case has("mw"):
		unit = strings.Replace(unit, "k", "M", 1)
	}
	return c, unit
}

// cleaned is a cell in plain lower case.
func cleaned(text string) string { return strings.ToLower(unwrapped(text)) }

// unwrapped is a cell in plain letters, without what spreadsheets put around a number that is a text.
func unwrapped(text string) string {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, `="`); ok {
		text = strings.TrimSuffix(inner, `"`)
	}
	return strings.TrimPrefix(refusal.Plainly(text), "'")
}

// at is the cell of a column, empty where the row is short.
func (t *sheet) at(row []string, c column) string {
	if i := t.columns[c]; i > 0 && i <= len(row) {
		return row[i-1]
	}
	return ""
}

func (t *sheet) name(c column) string { return t.names[t.columns[c]-1] }

// row reads a row below the header. One that is empty, or a sum, says nothing.
func (t *sheet) row(row []string, line int) {
	who := isMeter
	if t.columns[who] == 0 || t.columns[isAccount] > 0 && strings.TrimSpace(t.at(row, who)) == "" {
		who = isAccount
	}
	ref := unwrapped(t.at(row, who))
	switch {
	case t.blank(row), sumWords[strings.ToLower(ref)], sumWords[cleaned(row[0])]:
		return
	case byPower.MatchString(ref):
		t.refuse(line, t.name(who), "readings.meter.by_power", refusal.Args{"value": refusal.Shown(ref)})
		return
	case !refForm.MatchString(ref):
		t.refuse(line, t.name(who), "readings.meter.ref", refusal.Args{"value": refusal.Shown(ref)})
		return
	}
	if len(t.clocks) > 0 {
		t.across(row, line, ref)
		return
	}
	at, start, span, ok := t.when(row, line)
	if ok {
		t.take(row, line, ref, t.columns[t.what]-1, cell{at: at, start: start, row: line}, span)
	}
}

func (t *sheet) blank(row []string) bool {
	for _, text := range row {
		if strings.TrimSpace(text) != "" {
			return false
		}
	}
	return true
}

// across reads a row whose columns are times of the day.
func (t *sheet) across(row []string, line int, ref string) {
	if t.columns[isItem] > 0 {
		what, unit := headOfTitle(t.at(row, isItem))
		if strings.Contains(t.at(row, isItem), "无功") || strings.Contains(t.at(row, isItem), "反向") {
			return
		}
		if what == unread || t.what != unread && what != t.what {
			return
		}
		t.what, t.unit = what, unit
	}
	c := isDate
	if t.columns[c] == 0 {
		c = isTime
	}
	midnight, ok := t.date(t.at(row, c))
	if !ok {
		t.refuse(line, t.name(c), "readings.meter.date", refusal.Args{"value": refusal.Shown(t.at(row, c))})
		return
	}
	for i := range row {
		if k, is := t.clocks[i]; is {
			at := midnight.Add(time.Duration(k.from) * time.Minute)
			t.take(row, line, ref, i, cell{at: at, start: k.to > 0, row: line}, k.span())
		}
	}
}

// when reads the time of a row: of one column, or of a day and a time of it.
func (t *sheet) when(row []string, line int) (at time.Time, start bool, span int, ok bool) {
	c := isTime
	if t.columns[c] > 0 {
		text := unwrapped(t.at(row, c))
		t.has24 = t.has24 || strings.Contains(text, " 24:00")
		if at, ok = refusal.ReadTime(text); ok {
			return at, false, 0, true
		}
		if k, is := clockOf(cleaned(text)); is && t.columns[isDate] > 0 {
			return t.join(row, line, k)
		}
	} else if c = isPeriod; t.columns[c] > 0 {
		if k, is := clockOf(cleaned(t.at(row, c))); is {
			return t.join(row, line, k)
		}
	} else {
		c = isDate
		text := unwrapped(t.at(row, c))
		t.has24 = t.has24 || strings.Contains(text, " 24:00")
		if at, ok = refusal.ReadTime(text); ok {
			return at, false, 0, true
		}
	}
	t.refuse(line, t.name(c), "readings.meter.time", refusal.Args{"value": refusal.Shown(t.at(row, c))})
	return at, false, 0, false
}

// join is a time of the day that stands in the column of days.
func (t *sheet) join(row []string, line int, k clock) (time.Time, bool, int, bool) {
	midnight, ok := t.date(t.at(row, isDate))
	if !ok {
		c := isDate
		if t.columns[c] == 0 {
			c = isPeriod
		}
		t.refuse(line, t.name(c), "readings.meter.date", refusal.Args{"value": refusal.Shown(t.at(row, isDate))})
		return midnight, false, 0, false
	}
	t.has24 = t.has24 || k.from == day
	return midnight.Add(time.Duration(k.from) * time.Minute), k.to > 0, k.span(), true
}

// date is a day's midnight in Beijing.
func (t *sheet) date(text string) (time.Time, bool) {
	w, ok := refusal.ReadWritten(cleaned(text))
	if !ok || w.Hour+w.Minute+w.Second > 0 {
		return time.Time{}, false
	}
	return time.Date(w.Year, time.Month(w.Month), w.Day, 0, 0, 0, 0, hj212.Beijing), true
}

// take reads a value into its meter.
func (t *sheet) take(row []string, line int, ref string, i int, c cell, span int) {
	if i >= len(row) {
		return
	}
	text := cleaned(row[i])
	if nothing[text] {
		return
	}
	x, ok := number(text)
	if !ok || t.what == isEnergy && x < 0 || t.what == isRegister && x < 0 {
		t.refuse(line, t.names[i], "readings.meter.number", refusal.Args{"value": refusal.Shown(row[i])})
		return
	}
	if t.columns[isMultiplier] > 0 && t.what == isRegister {
		times, ok := number(cleaned(t.at(row, isMultiplier)))
		if !ok || times <= 0 || times > 1e6 {
			t.refuse(line, t.name(isMultiplier), "readings.meter.multiplier",
				refusal.Args{"value": refusal.Shown(t.at(row, isMultiplier))})
			return
		}
		x *= times
	}
	m := t.meters[ref]
	if m == nil {
		m = &metered{first: line}
		t.meters[ref] = m
		t.order = append(t.order, ref)
	}
	if span > 0 && m.span > 0 && span != m.span {
		t.refuse(line, t.names[i], "readings.meter.spans", refusal.Args{"meter": ref, "value": span, "before": m.span})
		return
	}
	m.span = max(m.span, span)
	c.value = x
	m.values = append(m.values, c)
	t.cells++
}

// number reads a plain decimal, with or without commas between thousands.
func number(text string) (float64, bool) {
	if !decimal.MatchString(text) {
		return 0, false
	}
	x, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	return x, err == nil && x < beyond && x > -beyond
}

// minutesOf is a time of day in minutes; 24:00 is the end of the day.
func minutesOf(hour, minute string) (int, bool) {
	h, err := strconv.Atoi(hour)
	m := 0
	if minute != "" && err == nil {
		m, err = strconv.Atoi(minute)
	}
	total := h*60 + m
	return total, err == nil && m < 60 && total <= day
}
