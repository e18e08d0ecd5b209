package papers

import (
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts/refusal"
)

// Sheet is a plain table. A cell is a float64, a text, or nil for none.
type Sheet struct {
	Name  string
	Heads []string
	Rows  [][]any
}

// XLSX writes the table as a workbook: numbers as numbers, everything else as text, which is no formula.
func (s *Sheet) XLSX(w io.Writer) error {
	f := excelize.NewFile()
	defer f.Close()
	plain, err := f.NewStyle(&excelize.Style{NumFmt: 49})
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	name := sheetName(s.Name, map[string]bool{})
	if err := f.SetSheetName(f.GetSheetName(0), name); err != nil {
		return err
	}
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	cells := make([]any, len(s.Heads))
	for i, head := range s.Heads {
		if err := sw.SetColWidth(i+1, i+1, 20); err != nil {
			return err
		}
		cells[i] = excelize.Cell{StyleID: bold, Value: head}
	}
	if err := sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2",
		ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := sw.SetRow("A1", cells); err != nil {
		return err
	}
	for n, row := range s.Rows {
		for i := range cells {
			switch cell := row[i].(type) {
			case float64:
				cells[i] = cell
			case string:
				cells[i] = excelize.Cell{StyleID: plain, Value: refusal.Visible(cell)}
			default:
				cells[i] = nil
			}
		}
		if err := sw.SetRow("A"+strconv.Itoa(n+2), cells); err != nil {
			return err
		}
	}
	if err := sw.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}
