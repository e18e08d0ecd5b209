package papers

import (
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
)

// Row is a recipient of a list that is printed.
type Row struct {
	Recipient *reductionlist.Recipient
	Contact   Contact
}

// Rows hands over recipients one after the other, until its caller's function fails.
type Rows func(row func(Row) error) error

// Group is the recipients of one town.
type Group struct {
	Town string // empty: those without one
	Rows Rows
}

// Roll is a whole list to be printed, for the public or by town.
type Roll struct {
	List     ListFacts
	District string
	Watch    string
	Lang     string
	Contacts bool // of the list by town: whether its reader may see them
}

// column is one column of a printed list.
type column struct {
	head  string
	width int // percent of a page
	of    func(Row) string
}

// publicColumns hold nothing personal: no contact, post, note or column that the program doesn't know.
func (w words) publicColumns() []column {
	columns := []column{
		{w.t("id"), 6, func(r Row) string { return r.Recipient.ID }},
		{w.t("name"), 13, func(r Row) string { return masked(r.Recipient.Name) }},
		{w.t("type"), 6, func(r Row) string { return w.kind(r.Recipient.Type) }},
		{w.t("town"), 6, func(r Row) string { return r.Recipient.Town }},
		{w.t("industry"), 8, func(r Row) string { return r.Recipient.Sector() }},
		{w.t("grade"), 6, func(r Row) string { return w.grade(r.Recipient.Grade) }},
		{w.t("category"), 6, func(r Row) string { return w.category(r.Recipient.Category) }},
	}
	for _, l := range ladder()[1:] {
		columns = append(columns, column{w.t("list_at", "level", w.level(l)), 16,
			func(r Row) string { return masked(measureList(r.Recipient, l)) }})
	}
	return columns
}

func measureList(r *reductionlist.Recipient, l alerts.Level) string {
	list := reductionlist.MeasuresAt(r, l)
	lines := make([]string, len(list))
	for i, m := range list {
		lines[i] = strconv.Itoa(i+1) + ". " + m.Text
	}
	return strings.Join(lines, "\n")
}

// townColumns are those of the list by town.
func (w words) townColumns(contacts bool) []column {
	columns := []column{
		{w.t("id"), 6, func(r Row) string { return r.Recipient.ID }},
		{w.t("name"), 11, func(r Row) string { return r.Recipient.Name }},
		{w.t("type"), 5, func(r Row) string { return w.kind(r.Recipient.Type) }},
		{w.t("address"), 10, func(r Row) string { return r.Recipient.Address }},
		{w.t("industry"), 7, func(r Row) string { return r.Recipient.Sector() }},
		{w.t("grade"), 5, func(r Row) string { return w.grade(r.Recipient.Grade) }},
		{w.t("category"), 6, func(r Row) string { return w.category(r.Recipient.Category) }},
	}
	if contacts {
		person := func(rule string, width int, of func(*reductionlist.Contact) string) column {
			return column{w.t(rule), width, func(r Row) string {
				if r.Contact.State == Erased {
					return w.t("erased")
				}
				return of(&r.Contact.Contact)
			}}
		}
		columns = append(columns,
			person("internal.contact", 6, func(c *reductionlist.Contact) string { return c.Name }),
			person("internal.phone", 8, func(c *reductionlist.Contact) string { return c.Phone }),
			person("internal.deputy", 6, func(c *reductionlist.Contact) string { return c.BackupName }),
			person("internal.deputy_no", 8, func(c *reductionlist.Contact) string { return c.BackupPhone }))
	}
	rest := 100
	for _, c := range columns {
		rest -= c.width
	}
	return append(columns, column{w.t("list_at", "level", w.level(alerts.Red)), rest,
		func(r Row) string { return measureList(r.Recipient, alerts.Red) }})
}

// PublicHTML writes the public list, or one page of it. next is the address of the page after it, and home that of the
// first one, where there are such; whole that of the workbook.
func (o Roll) PublicHTML(w io.Writer, rows Rows, next, home, whole string) error {
	word := words{o.Lang}
	l := o.newList(word.t("public.title"), word.publicColumns())
	l.Foot, l.Link = next, word.t("public.next")
	l.Home, l.HomeText, l.Book, l.BookText = home, word.t("public.first"), whole, word.t("public.download")
	if o.Watch != "" {
		l.Fine = word.t("watch") + word.t("colon") + o.Watch
	}
	return l.write(w, Group{Rows: rows})
}

// PublicWorkbook writes the public list as .xlsx.
func (o Roll) PublicWorkbook(w io.Writer, rows Rows) error {
	word := words{o.Lang}
	return writeBook(w, word.publicColumns(), []Group{{Town: word.t("public.title"), Rows: rows}})
}

// TownHTML writes the list by town; each town begins on a new page.
func (o Roll) TownHTML(w io.Writer, groups []Group) error {
	word := words{o.Lang}
	l := o.newList(word.t("internal.title"), word.townColumns(o.Contacts))
	l.Fine = word.t("internal.bare")
	if o.Contacts {
		l.Fine = word.t("internal.personal")
	}
	return l.write(w, o.named(groups)...)
}

// TownWorkbook writes the list by town as .xlsx, with a sheet for each.
func (o Roll) TownWorkbook(w io.Writer, groups []Group) error {
	return writeBook(w, words{o.Lang}.townColumns(o.Contacts), o.named(groups))
}

func (o Roll) named(groups []Group) []Group {
	named := make([]Group, len(groups))
	for i, g := range groups {
		if named[i] = g; g.Town == "" {
			named[i].Town = words{o.Lang}.t("internal.no_town")
		}
	}
	return named
}

// list is a printed list as its templates see it. It is written row by row: a list may be long.
type list struct {
	Title, Lang, Class string
	District           string
	List               ListFacts
	Example            string
	Fine               string
	Foot, Link         string
	Home, HomeText     string
	Book, BookText     string
	Columns            []column
}

func (o Roll) newList(title string, columns []column) *list {
	l := &list{Title: title, Lang: o.Lang, Class: "list", District: o.District, List: o.List, Columns: columns}
	if o.List.Example {
		l.Example = words{o.Lang}.t("example")
	}
	return l
}

// Head is a column's heading, and Width its width.
func (c column) Head() string { return c.head }

// Width is in percent.
func (c column) Width() int { return c.width }

func (l *list) write(w io.Writer, groups ...Group) error {
	if err := writePage(w, "list-head", l); err != nil {
		return err
	}
	for _, g := range groups {
		if err := writePage(w, "list-group", struct {
			*list
			Town string
		}{l, g.Town}); err != nil {
			return err
		}
		cells := make([][]string, len(l.Columns))
		err := g.Rows(func(r Row) error {
			for i, c := range l.Columns {
				cells[i] = strings.Split(c.of(r), "\n")
			}
			return writePage(w, "list-row", cells)
		})
		if err != nil {
			return err
		}
		if err := writePage(w, "list-group-end", nil); err != nil {
			return err
		}
	}
	return writePage(w, "list-end", l)
}

// mostText is what a cell of a workbook can hold.
const mostText = 32767

// writeBook writes a sheet for each group. Every cell is a text by its type and by its format, so that what begins with
// = is no formula, neither now nor when somebody edits the cell.
func writeBook(w io.Writer, columns []column, groups []Group) error {
	f := excelize.NewFile()
	defer f.Close()
	plain, err := f.NewStyle(&excelize.Style{NumFmt: 49, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EEEEEE"}}})
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for i, g := range groups {
		name := sheetName(g.Town, used)
		if i == 0 {
			err = f.SetSheetName(f.GetSheetName(0), name)
		} else {
			_, err = f.NewSheet(name)
		}
		if err != nil {
			return err
		}
		if err := writeSheet(f, name, columns, g.Rows, plain, bold); err != nil {
			return err
		}
	}
	return f.Write(w)
}

func writeSheet(f *excelize.File, name string, columns []column, rows Rows, plain, bold int) error {
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, c := range columns {
		if err := sw.SetColWidth(i+1, i+1, float64(c.width)*1.6); err != nil {
			return err
		}
	}
	if err := sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2",
		ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	cells := make([]any, len(columns))
	for i, c := range columns {
		cells[i] = excelize.Cell{StyleID: bold, Value: c.head}
	}
	if err := sw.SetRow("A1", cells); err != nil {
		return err
	}
	n := 1
	err = rows(func(r Row) error {
		n++
		for i, c := range columns {
			text := []rune(refusal.Visible(c.of(r)))
			cells[i] = excelize.Cell{StyleID: plain, Value: string(text[:min(len(text), mostText)])}
		}
		return sw.SetRow("A"+strconv.Itoa(n), cells)
	})
	if err != nil {
		return err
	}
	return sw.Flush()
}

// sheetName makes a town's name one that a workbook takes: 31 letters, without some of them, and no other sheet's.
func sheetName(town string, used map[string]bool) string {
	clean := []rune(strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]`, r) || r < ' ' {
			return '_'
		}
		return r
	}, town), "' "))
	if len(clean) == 0 {
		clean = []rune("_")
	}
	name := string(clean[:min(len(clean), 31)])
	for n := 2; used[strings.ToLower(name)]; n++ {
		mark := " " + strconv.Itoa(n)
		name = string(clean[:min(len(clean), 31-len(mark))]) + mark
	}
	used[strings.ToLower(name)] = true
	return name
}
