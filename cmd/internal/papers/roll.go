package papers

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/reductionlist"
)

// Row is a recipient of a printed list.
type Row struct {
	Recipient *reductionlist.Recipient
	Contact   Contact
	Call      *calls.CallRow // of a call sheet alone
}

// Rows calls row for one recipient after the other, until row fails.
type Rows func(row func(Row) error) error

// Group holds the recipients of one town.
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
	Head  string
	Width int // percent of a page
	text  func(Row) string
}

// column is the column of a fact about a recipient, or of part of its contact.
func (w words) column(rule string, width int) column {
	return column{w.t(rule), width, func(row Row) string {
		switch r := row.Recipient; rule {
		case "id":
			return r.ID
		case "name":
			return r.Name
		case "type":
			return w.kind(r.Type)
		case "town":
			return r.Town
		case "address":
			return r.Address
		case "industry":
			return r.Sector()
		case "grade":
			return w.grade(r.Grade)
		case "category":
			return w.category(r.Category)
		}
		if row.Contact.State == Erased {
			return w.t("erased")
		}
		switch c := row.Contact; rule {
		case "internal.contact":
			return c.Name
		case "internal.phone":
			return c.Phone
		case "internal.deputy":
			return c.BackupName
		default: // internal.deputy_no
			return c.BackupPhone
		}
	}}
}

// measuresAt is the column of what is done at a level.
func (w words) measuresAt(l alerts.Level, width int) column {
	return column{w.t("list_at", "level", w.level(l)), width, func(r Row) string {
		list := reductionlist.MeasuresAt(r.Recipient, l)
		lines := make([]string, len(list))
		for i, m := range list {
			lines[i] = fmt.Sprintf("%d. %s", i+1, m.Text)
		}
		return strings.Join(lines, "\n")
	}}
}

// masked is a column without the mobile numbers in its texts.
func masked(c column) column {
	text := c.text
	c.text = func(r Row) string { return reductionlist.MaskPhones(text(r)) }
	return c
}

// publicColumns hold nothing personal: no contact, post, note or column that the program doesn't know.
func (w words) publicColumns() []column {
	columns := []column{w.column("id", 6), masked(w.column("name", 13)), w.column("type", 6), w.column("town", 6),
		w.column("industry", 8), w.column("grade", 6), w.column("category", 6)}
	for _, l := range alerts.Levels()[1:] {
		columns = append(columns, masked(w.measuresAt(l, 16)))
	}
	return columns
}

// townColumns are those of the list by town.
func (w words) townColumns(contacts bool) []column {
	columns := []column{w.column("id", 6), w.column("name", 11), w.column("type", 5), w.column("address", 10),
		w.column("industry", 7), w.column("grade", 5), w.column("category", 6)}
	if contacts {
		columns = append(columns, w.column("internal.contact", 6), w.column("internal.phone", 8),
			w.column("internal.deputy", 6), w.column("internal.deputy_no", 8))
	}
	rest := 100
	for _, c := range columns {
		rest -= c.Width
	}
	return append(columns, w.measuresAt(alerts.Red, rest))
}

// PublicHTML writes the public list, or one page of it, with the addresses of the next page, of the first one and of
// the workbook of the whole list; an empty address shows none.
func (o Roll) PublicHTML(w io.Writer, rows Rows, next, home, whole string) error {
	word := words{o.Lang}
	l := o.newList(word.t("public.title"), word.publicColumns())
	for _, to := range []link{{home, "public.first"}, {next, "public.next"}, {whole, "public.download"}} {
		if to.Href != "" {
			l.Links = append(l.Links, link{to.Href, word.t(to.Text)})
		}
	}
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

// list is a printed list as its templates see it. It is written row by row, for it may be long.
type list struct {
	Title, Lang, Class string
	District           string
	List               ListFacts
	Example            string
	Fine               string
	Links              []link // below the list
	Columns            []column
}

type link struct{ Href, Text string }

func (o Roll) newList(title string, columns []column) *list {
	l := &list{Title: title, Lang: o.Lang, Class: "list", District: o.District, List: o.List, Columns: columns}
	if o.List.Example {
		l.Example = words{o.Lang}.t("example")
	}
	return l
}

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
				cells[i] = strings.Split(c.text(r), "\n")
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

// mostText is how many letters a cell of a workbook holds.
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
		if err := sw.SetColWidth(i+1, i+1, float64(c.Width)*1.6); err != nil {
			return err
		}
	}
	if err := sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2",
		ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	cells := make([]any, len(columns))
	for i, c := range columns {
		cells[i] = excelize.Cell{StyleID: bold, Value: c.Head}
	}
	if err := sw.SetRow("A1", cells); err != nil {
		return err
	}
	n := 1
	err = rows(func(r Row) error {
		n++
		for i, c := range columns {
			text := []rune(refusal.Visible(c.text(r)))
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
