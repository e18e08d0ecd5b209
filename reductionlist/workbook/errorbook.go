package workbook

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// sheetFindings is the sheet that the error workbook puts first. It is passed over when the mended workbook comes back.
const sheetFindings = "检查结果"

// Bounds of the error workbook: comments that a spreadsheet program still opens quickly, and the size up to which a
// workbook is read whole to be marked, where every row takes memory up to its last cell, and every sheet up to its last
// row.
const (
	maxComments = 3000
	maxMarked   = 192 << 20
	maxArea     = 4_000_000
	maxBottom   = 300_000
)

// commentAuthor tells our comments from those that people wrote, and ours what we said behind theirs.
const (
	commentAuthor = "清空 qingkong"
	behindTheirs  = "\n—— " + commentAuthor + " ——\n"
)

var fills = map[string]string{list.SeverityError: "FFC7CE", list.SeverityWarning: "FFEB9C"}

// WriteFindings writes findings as a workbook for those who have to mend them, in "zh-CN" or "en".
func WriteFindings(w io.Writer, found []list.Finding, lang string) error {
	return writeBook(w, sheetFindings, func(f *excelize.File) error { return writeFindings(f, found, lang) })
}

func writeFindings(f *excelize.File, found []list.Finding, lang string) error {
	header, severities := []any{"级别", "工作表", "行", "列", "内容", "问题", "处理办法", "规则"}, severityWords
	if lang == "en" {
		header, severities = []any{"severity", "sheet", "row", "column", "value", "problem", "remedy", "rule"}, nil
	}
	return writeRows(f, sheetFindings, func(yield func([]any) bool) {
		more := yield(header)
		for i := 0; more && i < len(found); i++ {
			g := found[i].In(lang)
			more = yield([]any{cmp.Or(severities[g.Severity], g.Severity), g.Sheet, g.Row, g.Column, g.Value, g.Message,
				g.Remedy, g.Rule})
		}
	})
}

var severityWords = map[string]string{list.SeverityError: "错误", list.SeverityWarning: "提醒"}

// WriteErrorBook writes the workbook that was handed in with the cells filled that findings are about, red for an error
// and yellow for a warning, each with a comment that says what is wrong and what to do, and all findings in a first
// sheet. It writes the findings alone for a workbook that cannot be opened again or is too large to be held whole. It
// holds the contacts that the workbook holds.
func WriteErrorBook(w io.Writer, workbook []byte, found []list.Finding, lang string) error {
	var out bytes.Buffer
	if err := markBook(&out, workbook, found, lang); err != nil {
		return WriteFindings(w, found, lang) // what is wrong matters more than where it is shown
	}
	_, err := out.WriteTo(w)
	return err
}

func markBook(w io.Writer, workbook []byte, found []list.Finding, lang string) (err error) {
	b, err := openBook(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		return err
	}
	if err := b.markable(); err != nil {
		return err
	}
	defer func() { // excelize is at home in what programs write; of what somebody damaged it may despair
		if r := recover(); r != nil {
			err = fmt.Errorf("reductionlist: excelize: %v", r)
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(workbook),
		excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxMarked})
	if err != nil {
		return err
	}
	defer f.Close()
	m := &marker{file: f, lang: lang, styles: map[markedStyle]int{}, left: maxComments}
	if err := m.clear(); err != nil {
		return err
	}
	for _, s := range b.sheets {
		if err := m.sheet(s, found); err != nil {
			return err
		}
	}
	if _, err := f.NewSheet(sheetFindings); err != nil {
		return err
	}
	if err := writeFindings(f, found, lang); err != nil {
		return err
	}
	if first := f.GetSheetName(0); first != sheetFindings {
		if err := f.MoveSheet(sheetFindings, first); err != nil {
			return err
		}
	}
	f.SetActiveSheet(0)
	return writeZip(f, w)
}

// markable refuses a workbook that would take too much memory whole.
func (b *book) markable() error {
	var size uint64
	for _, part := range b.parts {
		size += part.UncompressedSize64
	}
	area, bottom := 0, 0
	for _, s := range b.sheets {
		if s.part == "" {
			continue // a chart
		}
		if err := s.rows(func(*row) {}); err != nil {
			return err
		}
		area, bottom = area+s.area, bottom+s.bottom
	}
	if size > maxMarked || area > maxArea || bottom > maxBottom {
		return refusal.New(refusal.TooLarge, "list.too_large", refusal.Args{"limit": maxMarked})
	}
	return nil
}

// marker marks cells in a workbook.
type marker struct {
	file   *excelize.File
	lang   string
	styles map[markedStyle]int
	left   int // comments that may still be written
}

type markedStyle struct {
	old      int
	severity string
}

// clear takes away what the last error workbook put in, for people mend that and send it back.
func (m *marker) clear() error {
	for _, name := range m.file.GetSheetList() {
		if name == sheetFindings {
			if err := m.file.DeleteSheet(name); err != nil {
				return err
			}
			continue
		}
		comments, err := m.file.GetComments(name)
		if err != nil {
			return err
		}
		for _, c := range comments {
			theirs, _, both := strings.Cut(textOf(&c), behindTheirs)
			if c.Author != commentAuthor && !both {
				continue
			}
			if err := errors.Join(m.file.DeleteComment(name, c.Cell), m.fill(name, c.Cell, "")); err != nil {
				return err
			}
			if !both {
				continue
			}
			if err := m.comment(name, c.Cell, c.Author, theirs); err != nil {
				return err
			}
		}
	}
	return nil
}

func textOf(c *excelize.Comment) string {
	text := c.Text
	for _, run := range c.Paragraph {
		text += run.Text
	}
	return text
}

func (m *marker) comment(sheet, at, author, text string) error {
	return m.file.AddComment(sheet, excelize.Comment{Cell: at, Author: author, Width: 320, Height: 110,
		Paragraph: []excelize.RichTextRun{{Text: text}}})
}

// sheet marks the cells of one sheet.
func (m *marker) sheet(s *bookSheet, found []list.Finding) error {
	byCell := map[string][]list.Finding{}
	var cells []string
	var columns map[string]int
	for _, f := range found {
		for _, place := range f.Cells() {
			if place.Sheet != s.title || place.Row == 0 {
				continue
			}
			if columns == nil {
				var err error
				if columns, err = columnsOf(s); err != nil {
					return err
				}
			}
			at, err := excelize.CoordinatesToCellName(columns[place.Column]+1, place.Row)
			if err != nil {
				return err
			}
			if byCell[at] == nil {
				cells = append(cells, at)
			}
			byCell[at] = append(byCell[at], f)
		}
	}
	if len(cells) == 0 {
		return nil
	}
	others, err := m.file.GetComments(s.title)
	if err != nil {
		return err
	}
	for _, at := range cells[:min(len(cells), m.left)] {
		if err := m.cell(s.title, at, byCell[at], others); err != nil {
			return err
		}
		m.left--
	}
	return nil
}

// columnsOf is where the columns of a sheet are, by header; of 基本情况, where every finding is about a value, the second.
func columnsOf(s *bookSheet) (map[string]int, error) {
	columns := map[string]int{}
	if text.Trim(s.title) == list.SheetHead {
		for _, key := range append(slices.Clone(list.HeadKeys), list.TableEmission, list.KeyBox) {
			columns[key] = 1
		}
		return columns, nil
	}
	t := &table{rd: newReader(), src: s, want: sheetNamed(text.Trim(s.title)).headers(), keep: func(*row) {}}
	if err := t.read(); err != nil {
		return nil, err
	}
	for i, name := range t.names {
		if _, have := columns[name]; !have {
			columns[name] = i
		}
	}
	delete(columns, "")
	return columns, nil
}

// cell fills a cell and says in a comment what is wrong with it, behind what somebody else said there.
func (m *marker) cell(sheet, at string, found []list.Finding, others []excelize.Comment) error {
	severity := list.SeverityWarning
	var lines []string
	for _, f := range found {
		g := f.In(m.lang)
		if g.Severity == list.SeverityError {
			severity = list.SeverityError
		}
		lines = append(lines, g.Message+"\n→ "+g.Remedy)
	}
	if err := m.fill(sheet, at, severity); err != nil {
		return err
	}
	author, text := commentAuthor, strings.Join(lines, "\n")
	if i := slices.IndexFunc(others, func(c excelize.Comment) bool { return c.Cell == at }); i >= 0 {
		author, text = others[i].Author, textOf(&others[i])+behindTheirs+text
		if err := m.file.DeleteComment(sheet, at); err != nil {
			return err
		}
	}
	return m.comment(sheet, at, author, text)
}

// fill gives a cell the colour of a severity and leaves the rest of its style; "" takes the colour away.
func (m *marker) fill(sheet, at, severity string) error {
	old, err := m.file.GetCellStyle(sheet, at)
	if err != nil {
		return err
	}
	key := markedStyle{old, severity}
	id, ok := m.styles[key]
	if !ok {
		style, err := m.file.GetStyle(old)
		if err != nil {
			return err
		}
		style.Fill = excelize.Fill{}
		if severity != "" {
			style.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{fills[severity]}}
		}
		if id, err = m.file.NewStyle(style); err != nil {
			return err
		}
		m.styles[key] = id
	}
	return m.file.SetCellStyle(sheet, at, at, id)
}
