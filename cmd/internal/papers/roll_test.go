package papers

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"qingkong/reductionlist"
)

func rowsOf(rs ...*reductionlist.Recipient) Rows {
	return func(row func(Row) error) error {
		for _, r := range rs {
			if err := row(Row{Recipient: r, Contact: facts(r).Contact}); err != nil {
				return err
			}
		}
		return nil
	}
}

// Nothing personal is in what is published, wherever in the list it stands.
func TestPublicHoldsNothingPersonal(t *testing.T) {
	r := whole()
	r.Measures[0].Responsible, r.Measures[0].Text = "王五", "停产，问13700000003"
	r.Name = "个体户 13600000004"
	personal := []string{"张三", "李四", "王五", "13800000001", "13900000002", "13700000003", "13600000004", "清单备注文字",
		"boss@example.org"}
	f := facts(r)
	roll := Roll{List: f.List, District: "西青区", Watch: f.Watch, Lang: "zh-CN"}
	var one, list, book bytes.Buffer
	for _, err := range []error{Public(&one, f, Standing{}, "/public/list"), roll.PublicHTML(&list, rowsOf(r), "?cursor=x", "", ""),
		roll.PublicWorkbook(&book, rowsOf(r))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	said := map[string]string{"page": textOf(page(t, one.Bytes())), "list": textOf(page(t, list.Bytes())),
		"workbook": cellsOf(t, book.Bytes())}
	for name, text := range said {
		silent(t, text, personal...)
		says(t, text, "E0001", "个体户 1**********", "停产，问1**********", "1号线停产", "B")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	says(t, said["page"], "橙色", "停止放行国四重型载货车", "监督电话\n022-00000000", "L20261001-abcdef")
	one.Reset()
	if err := PublicGone(&one, "zh-CN", hostile, ""); err != nil {
		t.Fatal(err)
	}
	says(t, textOf(page(t, one.Bytes())), "<script>")
}

// cellsOf is the text of all cells of a workbook. Each is a text: no cell has a formula or another type.
func cellsOf(t testing.TB, data []byte) string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b strings.Builder
	for _, sheet := range f.GetSheetList() {
		b.WriteString(sheet + "\n")
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for y, row := range rows {
			for x, text := range row {
				cell, _ := excelize.CoordinatesToCellName(x+1, y+1)
				if formula, _ := f.GetCellFormula(sheet, cell); formula != "" {
					t.Errorf("%s!%s is a formula", sheet, cell)
				}
				if kind, _ := f.GetCellType(sheet, cell); kind != excelize.CellTypeInlineString &&
					kind != excelize.CellTypeSharedString {
					t.Errorf("%s!%s %q is of type %d", sheet, cell, text, kind)
				}
				b.WriteString(text + "\n")
			}
		}
	}
	return b.String()
}

func TestListByTown(t *testing.T) {
	r, other := whole(), whole()
	r.Name, r.Address = "=HYPERLINK(1)", "+1"
	other.ID, other.Town = "E0009", ""
	groups := []Group{{"杨柳青镇", rowsOf(r)}, {"a:b/c*" + strings.Repeat("长", 40), rowsOf()}, {"", rowsOf(other)},
		{"A_b_c_" + strings.Repeat("长", 40), rowsOf()}}
	for _, contacts := range []bool{true, false} {
		roll := Roll{List: facts(r).List, District: "西青区", Lang: "zh-CN", Contacts: contacts}
		var html, book bytes.Buffer
		if err := errors.Join(roll.TownHTML(&html, groups), roll.TownWorkbook(&book, groups)); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{textOf(page(t, html.Bytes())), cellsOf(t, book.Bytes())} {
			says(t, text, "杨柳青镇", "未填街镇", "=HYPERLINK(1)", "E0009")
			if contacts {
				says(t, text, "张三", "13800000001", "李四", "13900000002")
			} else {
				silent(t, text, "张三", "13800000001", "李四", "13900000002")
			}
		}
		says(t, textOf(page(t, html.Bytes())), map[bool]string{true: "查看已记录", false: "不含联系人"}[contacts])
	}
}

func TestListFails(t *testing.T) {
	roll := Roll{Lang: "zh-CN"}
	broken := func(func(Row) error) error { return errFull }
	for name, err := range map[string]error{
		"reading": roll.PublicHTML(io.Discard, broken, "", "", ""),
		"writing": roll.PublicHTML(failing{}, rowsOf(whole()), "", "", ""),
		"book":    roll.PublicWorkbook(io.Discard, broken), "town": roll.TownHTML(io.Discard, []Group{{"", broken}}),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
