package reductionlist

import (
	"bytes"
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
)

const (
	tablePollutant = "污染物"
	tableEmission  = "全社会日排放量(吨/日)"
)

// ReadWorkbook reads a workbook and checks it. It returns all findings, not only the first; a list with an
// error finding is what could be read and must not be used. The error is a refusal for a file that is no
// workbook at all, and says what it is instead and what to do. A CSV file with the header of one sheet is read as
// that sheet: see [ReadCSVSheet].
func ReadWorkbook(r io.ReaderAt, size int64) (*List, []Finding, error) {
	return DefaultSettings().ReadWorkbook(r, size)
}

// ReadWorkbook is the function of that name with a district's own settings.
func (s Settings) ReadWorkbook(r io.ReaderAt, size int64) (*List, []Finding, error) {
	if head := headOf(r, size); !isZip(head) {
		return readOther(r, size, head)
	}
	b, err := openBook(r, size)
	if err != nil {
		return nil, nil, err
	}
	rd := newReader()
	rd.settings = s
	rd.date1904 = b.date1904
	if err := rd.readAll(b.sheets); err != nil {
		return nil, nil, err
	}
	if err := b.checkRest(); err != nil {
		return nil, nil, err
	}
	return rd.finish()
}

// ReadWorkbookBytes is ReadWorkbook of a workbook in memory.
func ReadWorkbookBytes(data []byte) (*List, []Finding, error) {
	return ReadWorkbook(bytes.NewReader(data), int64(len(data)))
}

// reader holds what is known while the sheets are read.
type reader struct {
	settings Settings

	list  *List
	byID  map[string]*Recipient
	rowOf map[string]place // where a key stands, for "twice" and for later checks
	// missing are columns, by sheet and header, that a sheet lacks: said once, not again for every row.
	missing map[[2]string]bool
	// spoiled are cells that hold no value, which has been said: no more is said of them.
	spoiled      map[cellPlace]bool
	noRecipients bool // no sheet says who there is
	date1904     bool
	periods      map[string][]period // days of units and furnaces, by sheet, recipient and name
	found        findings
}

type cellPlace struct {
	place
	column string
}

func newReader() *reader {
	return &reader{settings: DefaultSettings(), list: &List{}, byID: map[string]*Recipient{}, rowOf: map[string]place{}, missing: map[[2]string]bool{},
		spoiled: map[cellPlace]bool{}, periods: map[string][]period{}}
}

// finish checks what was read as a whole.
func (rd *reader) finish() (*List, []Finding, error) {
	rd.list.Sort()
	rd.check()
	return rd.list, rd.found, nil
}

var measureSheet = regexp.MustCompile(`^减排措施([2-9]|[1-9][0-9]+)?$`)

func (rd *reader) readAll(sheets []*bookSheet) error {
	var measures []*bookSheet
	have := map[string]*bookSheet{} // by trimmed name
	for _, s := range sheets {
		name := trim(s.title)
		switch {
		case name == sheetFindings: // ours, in a workbook that was mended
			continue
		case measureSheet.MatchString(name):
			measures = append(measures, s)
		case knownSheet(name):
		default:
			rd.warn(place{s.title, 0}, "", "list.unknown_sheet", refusal.Args{"sheet": s.title})
			continue
		}
		if s.hidden {
			rd.warn(place{s.title, 0}, "", "list.hidden_sheet", nil)
		}
		have[name] = s
	}
	if len(measures) > 0 {
		have[sheetMeasures] = measures[0]
	}
	for _, name := range []string{sheetHead, sheetRecipients, sheetMeasures} {
		if have[name] == nil {
			rd.found.add(SeverityError, name, 0, "", "list.no_sheet", refusal.Args{"sheet": name})
		}
	}
	rd.noRecipients = have[sheetRecipients] == nil
	// In the order of their numbers, whatever that of the tabs: of two rows with one key the later is the wrong one.
	slices.SortStableFunc(measures, func(a, b *bookSheet) int {
		a1, b1 := trim(a.title), trim(b.title)
		return cmp.Or(cmp.Compare(len(a1), len(b1)), strings.Compare(a1, b1))
	})
	delete(have, sheetMeasures)
	order := []*bookSheet{have[sheetHead], have[sheetRecipients]}
	order = append(append(order, measures...), have[sheetLines], have[sheetUnits], have[sheetFurnaces], have[sheetPits])
	for _, s := range order {
		if s == nil {
			continue
		}
		if err := rd.readOne(trim(s.title), s); err != nil {
			return err
		}
	}
	return nil
}

func knownSheet(name string) bool {
	return slices.Contains([]string{sheetHead, sheetRecipients, sheetLines, sheetUnits, sheetFurnaces, sheetPits}, name)
}

// readOne reads the sheet of a name from wherever its rows come.
func (rd *reader) readOne(name string, s source) error {
	switch name {
	case sheetHead:
		return rd.readHead(s)
	case sheetRecipients:
		return readSheet(rd, s, recipientColumns, rd.recipient)
	case sheetLines:
		return readSheet(rd, s, lineColumns, rd.line)
	case sheetUnits:
		return readSheet(rd, s, unitColumns, rd.unit)
	case sheetFurnaces:
		return readSheet(rd, s, furnaceColumns, rd.furnace)
	case sheetPits:
		return readSheet(rd, s, pitColumns, rd.pit)
	default:
		return readSheet(rd, s, measureColumns, rd.measure)
	}
}

// place is where a row stands.
type place struct {
	sheet string
	row   int
}

// wanted are the columns of the sheet of a name.
func wanted(name string) []headerColumn {
	switch name {
	case sheetRecipients:
		return headers(recipientColumns)
	case sheetLines:
		return headers(lineColumns)
	case sheetUnits:
		return headers(unitColumns)
	case sheetFurnaces:
		return headers(furnaceColumns)
	case sheetPits:
		return headers(pitColumns)
	default:
		return headers(measureColumns)
	}
}

// readSheet reads a sheet with a header row; keep takes each row after its cells were read, unless the key that
// ties it to the list is missing.
func readSheet[T any, P annotated[T]](rd *reader, s source, columns []column[T], keep func(place, *T)) error {
	t := &table{rd: rd, src: s, want: headers(columns)}
	t.keep = func(r *row) {
		v := new(T)
		at := t.place(r.n)
		for i, c := range columns {
			if t.at[i] < 0 {
				continue
			}
			text := r.cell(t.at[i])
			if c.day && rd.date1904 {
				text = since1904(text)
			}
			if p := c.read(v, text); p != nil {
				rd.report(at, c.header, p)
			}
		}
		ns := P(v).notes()
		if t.note >= 0 {
			ns.Note = r.cell(t.note)
		}
		for _, u := range t.unknown {
			if text := r.cell(u.index); text != "" {
				if ns.Extra == nil {
					ns.Extra = map[string]string{}
				}
				ns.Extra[u.name] = text
			}
		}
		if ns.Note != "" || ns.Extra != nil {
			rd.checkNotes(at, ns)
		}
		keep(at, v)
	}
	return t.read()
}

// mark reports what is unusual about a cell. One that has no value is not looked at any further.
func (rd *reader) mark(at place, column string, m mark) {
	p := &problem{rule: m.rule, args: refusal.Args{"value": clip(m.value)}}
	if m.rule == "list.control" && freeColumn(at.sheet, column) { // what a person wrote freely is taken without them
		return
	}
	if m.rule == "list.formula" {
		p.severity = SeverityWarning
	}
	rd.report(at, column, p)
	if p.severity == "" {
		rd.spoiled[cellPlace{at, column}] = true
	}
}

// freeColumn reports whether people write freely in a column: the text of a measure, a note, and whatever the form does not have.
func freeColumn(sheet, column string) bool {
	if column == columnNote || column == "措施内容" {
		return true
	}
	if trim(sheet) == sheetHead {
		return !isHeadKey(column)
	}
	return !slices.ContainsFunc(wanted(trim(sheet)), func(c headerColumn) bool { return c.name == column })
}

func (rd *reader) warn(at place, column, rule string, args refusal.Args) {
	rd.report(at, column, &problem{rule: rule, severity: SeverityWarning, args: args})
}

func (rd *reader) report(at place, column string, p *problem) {
	if rd.missing[[2]string{at.sheet, column}] || len(rd.spoiled) > 0 && rd.spoiled[cellPlace{at, column}] {
		return
	}
	severity := p.severity
	if severity == "" {
		severity = SeverityError
	}
	rd.found.add(severity, at.sheet, at.row, column, p.rule, p.args)
}

// twice reports a key that was seen before and remembers it otherwise.
func (rd *reader) twice(at place, column, kind, key string) bool {
	k := kind + "\x00" + key
	if first, seen := rd.rowOf[k]; seen {
		rd.report(at, column, &problem{rule: "list.duplicate", args: refusal.Args{"value": strings.ReplaceAll(key, "\x00", " "), "sheet": first.sheet, "first": first.row}})
		return true
	}
	rd.rowOf[k] = at
	return false
}

// owner finds the recipient a row belongs to.
func (rd *reader) owner(at place, id string) *Recipient {
	r := rd.byID[id]
	if r == nil && id != "" && !rd.noRecipients {
		rd.report(at, columnOwner, &problem{rule: "list.unknown_recipient", args: refusal.Args{"recipient": id}})
	}
	return r
}

func (rd *reader) recipient(at place, r *Recipient) {
	if r.Contact != nil && *r.Contact == (Contact{}) {
		r.Contact = nil
	}
	if r.ID == "" || rd.twice(at, "编号", "recipient", r.ID) {
		return
	}
	rd.byID[r.ID] = r
	rd.list.Recipients = append(rd.list.Recipients, r)
	rd.checkRecipient(at, r)
}

func (rd *reader) line(at place, row *lineRow) {
	r := rd.owner(at, row.owner)
	if r == nil || rd.twice(at, "编号", sheetLines, row.owner+"\x00"+row.ID) {
		return
	}
	r.Lines = append(r.Lines, row.Line)
}

func (rd *reader) measure(at place, row *measureRow) {
	row.assemble(func(column string, p *problem) { rd.report(at, column, p) })
	rd.checkMeasure(at, &row.Measure)
	r := rd.owner(at, row.owner)
	if r == nil {
		return
	}
	for _, l := range row.Levels {
		if rd.twice(at, "措施编号", sheetMeasures, row.owner+"\x00"+row.ID+"\x00"+levels.word(l)) {
			return
		}
	}
	r.Measures = append(r.Measures, row.Measure)
	rd.rowOf[measureKey(r.ID, &row.Measure)] = at
}

func recipientKey(r *Recipient) string { return "recipient\x00" + r.ID }

// measureKey names a row of measures for later checks; its levels tell rows of one measure apart.
func measureKey(recipient string, m *Measure) string {
	return "row\x00" + recipient + "\x00" + m.ID + "\x00" + joined(m.Levels, levels)
}

func (rd *reader) unit(at place, row *unitRow) {
	r := rd.owner(at, row.owner)
	rd.checkRange(at, "最大负荷(MW)", row.MinMW, row.MaxMW)
	rd.checkDates(at, row.From, row.To)
	if r == nil {
		return
	}
	rd.checkPeriod(at, row.owner, row.Name, row.From, row.To)
	r.Units = append(r.Units, row.Unit)
}

func (rd *reader) furnace(at place, row *furnaceRow) {
	r := rd.owner(at, row.owner)
	rd.checkRange(at, "最大(吨/小时)", row.MinTH, row.MaxTH)
	rd.checkDates(at, row.From, row.To)
	if r == nil {
		return
	}
	rd.checkPeriod(at, row.owner, row.Name, row.From, row.To)
	r.Furnaces = append(r.Furnaces, row.Furnace)
}

func (rd *reader) pit(at place, row *pitRow) {
	r := rd.owner(at, row.owner)
	rd.checkRange(at, "最高(吨)", row.MinT, row.MaxT)
	if r == nil || rd.twice(at, columnOwner, sheetPits, row.owner) {
		return
	}
	r.Pit = &row.Pit
}
