// Package workbook reads and writes the reduction list as a workbook (.xlsx), one sheet of it as CSV, and the workbook
// that shows people what is wrong with theirs.
//
// [Read] gives the list with the place of every row and what could not be read; whether the values are any good is for
// package rules to say. [Write] is the way back, [Places] says where it puts each row, and [WriteErrorBook] marks
// cells.
package workbook

import (
	"archive/zip"
	"encoding/xml"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
)

// Bounds of a workbook that is opened. Its parts are read as streams and never kept; only texts are.
const (
	maxUnpacked = 512 << 20
	maxParts    = 10_000
	// A part that is large and packs better than this is no table that people filled in.
	maxRatio, ratioFrom = 150, 16 << 20
)

// book is a workbook that is read as a stream, part by part: excelize would read a sheet into memory to tell where it
// has formulas, merged cells and hidden rows.
type book struct {
	parts    map[string]*zip.File // by name in small letters: some programs differ in them
	sheets   []*bookSheet
	shared   []string
	formats  []numberFormat // by the number of the style of a cell
	date1904 bool
	sound    map[string]bool // parts that are read to their end: whatever is wrong there is said already
}

type bookSheet struct {
	book   *book
	title  string
	hidden bool
	part   string

	// These are of the rows when they were last read: hidden columns, cells up to the last of each row, the last row.
	hiddenColumns [][2]int
	area, bottom  int
}

func wrongFile(rule string, args refusal.Args) error {
	return refusal.New(refusal.UnsupportedMedia, rule, args)
}

func openBook(r io.ReaderAt, size int64) (*book, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, wrongFile("list.zip_cut", refusal.Args{"why": err.Error()})
	}
	b := &book{parts: map[string]*zip.File{}, sound: map[string]bool{}}
	if err := b.index(z); err != nil {
		return nil, err
	}
	main, err := b.mainPart()
	if err != nil {
		return nil, err
	}
	rels, err := b.relations(main)
	if err != nil {
		return nil, err
	}
	if err := b.readWorkbook(main, rels); err != nil {
		return nil, err
	}
	if err := b.readStyles(rels); err != nil {
		return nil, err
	}
	return b, b.readShared(rels)
}

// index refuses what no spreadsheet program writes: two parts under one name, of which readers would see different
// ones, secret parts, and parts that unpack to far more than they hold.
func (b *book) index(z *zip.Reader) error {
	var total uint64
	for _, f := range z.File {
		name := partName(f.Name)
		if strings.HasSuffix(name, "/") {
			continue
		}
		if _, twice := b.parts[name]; twice {
			return wrongFile("list.zip_twice", refusal.Args{"part": f.Name})
		}
		if f.Flags&1 != 0 {
			return wrongFile("list.zip_secret", refusal.Args{"part": f.Name})
		}
		b.parts[name] = f
		if f.UncompressedSize64 > ratioFrom && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
			return refusal.New(refusal.TooLarge, "list.zip_bomb",
				refusal.Args{"part": f.Name, "size": f.UncompressedSize64, "packed": f.CompressedSize64})
		}
		// The reader of a part ends at the size given here, so that a size that lies is found there.
		if total += min(f.UncompressedSize64, maxUnpacked+1); total > maxUnpacked || len(b.parts) > maxParts {
			return refusal.New(refusal.TooLarge, "list.too_large", refusal.Args{"limit": maxUnpacked})
		}
	}
	return nil
}

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// mainPart is the part that lists the sheets.
func (b *book) mainPart() (string, error) {
	main := "xl/workbook.xml"
	rels, err := b.relations("")
	if err != nil {
		return "", err
	}
	for _, r := range rels {
		if strings.HasSuffix(r.kind, "/officeDocument") {
			main = r.target
		}
	}
	switch {
	case strings.HasSuffix(main, ".bin"):
		return "", wrongFile("list.other_office", refusal.Args{"kind": ".xlsb"})
	case strings.HasPrefix(main, "word/"):
		return "", wrongFile("list.other_office", refusal.Args{"kind": ".docx"})
	case strings.HasPrefix(main, "ppt/"):
		return "", wrongFile("list.other_office", refusal.Args{"kind": ".pptx"})
	case b.parts[main] != nil:
		return main, nil
	case b.parts["content.xml"] != nil:
		return "", wrongFile("list.other_office", refusal.Args{"kind": ".ods"})
	}
	return "", wrongFile("list.zip_other", nil)
}

type relation struct{ id, kind, target string }

// relations are those of a part, its targets as names of parts; of "" those of the package.
func (b *book) relations(part string) (rels []relation, err error) {
	dir := path.Dir(part)
	err = b.each(path.Join(dir, "_rels", strings.TrimPrefix(path.Base(part), ".")+".rels"),
		func(t *tokens, e xml.StartElement) error {
			if e.Name.Local != "Relationship" || attr(e, "TargetMode") == "External" {
				return nil
			}
			target := attr(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = path.Join(dir, target)
			}
			rels = append(rels, relation{attr(e, "Id"), attr(e, "Type"), partName(target)})
			return nil
		})
	return rels, err
}

func (b *book) readWorkbook(main string, rels []relation) error {
	return b.each(main, func(t *tokens, e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			b.date1904 = truth(attr(e, "date1904"))
		case "sheet":
			s := &bookSheet{book: b, title: attr(e, "name"), hidden: attr(e, "state") != "" && attr(e, "state") != "visible"}
			id := ""
			for _, a := range e.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" {
					id = a.Value
				}
			}
			for _, r := range rels {
				if r.id == id && strings.HasSuffix(r.kind, "/worksheet") {
					s.part = r.target
				}
			}
			b.sheets = append(b.sheets, s)
		}
		return nil
	})
}

// maxShared bounds the texts that the cells of a workbook share, which are held while it is read, in bytes with what
// holding one takes: some 400 for each of a million recipients.
var maxShared = 512 << 20

const perText = 24

func (b *book) readShared(rels []relation) error {
	held := 0
	for _, r := range rels {
		if !strings.HasSuffix(r.kind, "/sharedStrings") {
			continue
		}
		err := b.each(r.target, func(t *tokens, e xml.StartElement) error {
			if e.Name.Local != "si" {
				return nil
			}
			text, err := t.richText("si")
			b.shared = append(b.shared, text)
			if held += len(text) + perText; err == nil && held > maxShared {
				err = refusal.New(refusal.TooLarge, "list.too_much_text", refusal.Args{"limit": maxShared})
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each visits the elements of a part; a part that is not there has none.
func (b *book) each(part string, visit func(*tokens, xml.StartElement) error) error {
	f := b.parts[part]
	if f == nil {
		return nil
	}
	in, err := f.Open()
	if err != nil {
		return wrongFile("list.zip_cut", refusal.Args{"why": f.Name + ": " + err.Error()})
	}
	defer in.Close()
	t := newTokens(in, f.Name)
	for {
		token, err := t.next()
		if err == io.EOF {
			b.sound[part] = true
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := token.(xml.StartElement); ok {
			if err := visit(t, e); err != nil {
				return err
			}
		}
	}
}

// checkRest reads the parts that no list needs, which others open with it, and refuses any that is not well-formed.
func (b *book) checkRest() error {
	for _, part := range slices.Sorted(maps.Keys(b.parts)) {
		ours := strings.HasPrefix(part, "xl/") && strings.HasSuffix(part, ".xml") || strings.HasSuffix(part, ".rels") ||
			part == "[content_types].xml"
		if !ours || b.sound[part] {
			continue
		}
		if err := b.each(part, func(*tokens, xml.StartElement) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func truth(text string) bool { return text == "1" || text == "true" || text == "on" }
