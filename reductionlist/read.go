package reductionlist

import (
	"archive/zip"
	"bytes"
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts/refusal"
)

// Bounds of a workbook that is opened: the unpacked whole, and what of one sheet is kept in memory rather than
// in a temporary file.
const (
	maxUnpacked    = 4 << 30
	maxSheetMemory = 256 << 20
)

const (
	tablePollutant = "污染物"
	tableEmission  = "全社会日排放量(吨/日)"
)

// ReadWorkbook reads a workbook and checks it. It returns all findings, not only the first; a list with an
// error finding is what could be read and must not be used. The error is a refusal for a file that is no
// workbook at all.
func ReadWorkbook(r io.ReaderAt, size int64) (*List, []Finding, error) {
	if err := checkUnpacked(r, size); err != nil {
		return nil, nil, err
	}
	f, err := excelize.OpenReader(io.NewSectionReader(r, 0, size), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxSheetMemory})
	if err != nil {
		return nil, nil, notWorkbook(err)
	}
	defer f.Close()
	rd := &reader{file: f, list: &List{}, byID: map[string]*Recipient{}, rowOf: map[string]place{}, missing: map[[2]string]bool{}, periods: map[string][]period{}}
	if err := rd.readAll(); err != nil {
		return nil, nil, notWorkbook(err)
	}
	rd.list.Sort()
	rd.check()
	return rd.list, rd.found, nil
}

// ReadWorkbookBytes is ReadWorkbook of a workbook in memory.
func ReadWorkbookBytes(data []byte) (*List, []Finding, error) {
	return ReadWorkbook(bytes.NewReader(data), int64(len(data)))
}

func notWorkbook(err error) error {
	return refusal.New(refusal.UnsupportedMedia, "list.not_workbook", refusal.Args{"why": err.Error()})
}

// checkUnpacked refuses what is no zip archive or unpacks to more than we would read.
func checkUnpacked(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return notWorkbook(err)
	}
	var total uint64
	for _, f := range z.File {
		total += min(f.UncompressedSize64, maxUnpacked+1)
	}
	if total > maxUnpacked {
		return refusal.New(refusal.TooLarge, "list.too_large", refusal.Args{"limit": maxUnpacked})
	}
	return nil
}

// reader holds what is known while the sheets are read.
type reader struct {
	file  *excelize.File
	list  *List
	byID  map[string]*Recipient
	rowOf map[string]place // where a key stands, for "twice" and for later checks
	// missing are columns, by sheet and header, that a sheet lacks: said once, not again for every row.
	missing map[[2]string]bool
	periods map[string][]period // days of units and furnaces, by sheet, recipient and name
	found   findings
}

var measureSheet = regexp.MustCompile(`^减排措施([2-9]|[1-9][0-9]+)?$`)

func (rd *reader) readAll() error {
	var measures []string
	have := map[string]string{} // trimmed name -> name in the file
	for _, name := range rd.file.GetSheetList() {
		trimmed := strings.TrimSpace(name)
		switch {
		case measureSheet.MatchString(trimmed):
			measures = append(measures, name)
		case trimmed == sheetHead, trimmed == sheetRecipients, trimmed == sheetLines,
			trimmed == sheetUnits, trimmed == sheetFurnaces, trimmed == sheetPits:
		default:
			rd.found.add(SeverityWarning, name, 0, "", "list.unknown_sheet", refusal.Args{"sheet": name})
		}
		have[trimmed] = name
	}
	need := func(name string) (string, bool) {
		actual, ok := have[name]
		if !ok {
			rd.found.add(SeverityError, name, 0, "", "list.no_sheet", refusal.Args{"sheet": name})
		}
		return actual, ok
	}
	if name, ok := need(sheetHead); ok {
		if err := rd.readHead(name); err != nil {
			return err
		}
	}
	if name, ok := need(sheetRecipients); ok {
		if err := readSheet(rd, name, recipientColumns, rd.recipient); err != nil {
			return err
		}
	}
	if len(measures) == 0 {
		need(sheetMeasures)
	}
	// In the order of their numbers, whatever that of the tabs: of two rows with one key the later is the wrong one.
	slices.SortStableFunc(measures, func(a, b string) int {
		a, b = strings.TrimSpace(a), strings.TrimSpace(b)
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	for _, name := range measures {
		if err := readSheet(rd, name, measureColumns, rd.measure); err != nil {
			return err
		}
	}
	return rd.readPlants(have)
}

// readPlants reads the sheets that a list may lack.
func (rd *reader) readPlants(have map[string]string) error {
	if name, ok := have[sheetLines]; ok {
		if err := readSheet(rd, name, lineColumns, rd.line); err != nil {
			return err
		}
	}
	if name, ok := have[sheetUnits]; ok {
		if err := readSheet(rd, name, unitColumns, rd.unit); err != nil {
			return err
		}
	}
	if name, ok := have[sheetFurnaces]; ok {
		if err := readSheet(rd, name, furnaceColumns, rd.furnace); err != nil {
			return err
		}
	}
	if name, ok := have[sheetPits]; ok {
		return readSheet(rd, name, pitColumns, rd.pit)
	}
	return nil
}

// place is where a row stands.
type place struct {
	sheet string
	row   int
}

// rows calls fn with the trimmed cells of every row that is not empty.
func (rd *reader) rows(sheet string, fn func(row int, cells []string)) error {
	rows, err := rd.file.Rows(sheet)
	if err != nil {
		return err
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return err
		}
		empty := true
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			empty = empty && cells[i] == ""
		}
		if !empty {
			fn(n, cells)
		}
	}
	return rows.Error()
}

// readSheet reads a sheet with a header row; keep takes each row after its cells were read, unless the key that
// ties it to the list is missing.
func readSheet[T any, P annotated[T]](rd *reader, sheet string, columns []column[T], keep func(place, *T)) error {
	var at []int // column index of each known column, -1 when the sheet lacks it
	note := -1
	unknown := map[int]string{}
	err := rd.rows(sheet, func(n int, cells []string) {
		if at == nil {
			at, note = rd.header(sheet, n, cells, headers(columns), unknown)
			return
		}
		row := new(T)
		for i, c := range columns {
			if at[i] < 0 {
				continue
			}
			if p := c.read(row, cell(cells, at[i])); p != nil {
				rd.report(place{sheet, n}, c.header, p)
			}
		}
		ns := P(row).notes()
		if note >= 0 {
			ns.Note = cell(cells, note)
		}
		for i, name := range unknown {
			if v := cell(cells, i); v != "" {
				if ns.Extra == nil {
					ns.Extra = map[string]string{}
				}
				ns.Extra[name] = v
			}
		}
		rd.checkNotes(place{sheet, n}, ns)
		keep(place{sheet, n}, row)
	})
	if at == nil && err == nil {
		rd.report(place{sheet, 0}, "", &problem{rule: "list.empty_sheet"})
	}
	return err
}

func cell(cells []string, i int) string {
	if i < len(cells) {
		return cells[i]
	}
	return ""
}

type headerColumn struct {
	name     string
	optional bool
}

func headers[T any](columns []column[T]) []headerColumn {
	hs := make([]headerColumn, len(columns))
	for i, c := range columns {
		hs[i] = headerColumn{c.header, c.optional}
	}
	return hs
}

// header finds the columns of a sheet, reports missing and repeated ones, and gathers the unknown.
func (rd *reader) header(sheet string, row int, cells []string, want []headerColumn, unknown map[int]string) (at []int, note int) {
	place := place{sheet, row}
	where := map[string]int{}
	for i, name := range cells {
		if name == "" {
			continue
		}
		if _, twice := where[name]; twice {
			rd.report(place, name, &problem{rule: "list.column_twice"})
			continue
		}
		where[name] = i
		unknown[i] = name
	}
	at = make([]int, len(want))
	for i, c := range want {
		at[i] = -1
		if j, ok := where[c.name]; ok {
			at[i] = j
			delete(unknown, j)
		} else if !c.optional {
			rd.report(place, c.name, &problem{rule: "list.no_column"})
			rd.missing[[2]string{sheet, c.name}] = true
		}
	}
	note = -1
	if j, ok := where[columnNote]; ok {
		note = j
		delete(unknown, j)
	}
	return at, note
}

func (rd *reader) report(at place, column string, p *problem) {
	if rd.missing[[2]string{at.sheet, column}] {
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
	if r == nil && id != "" {
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
