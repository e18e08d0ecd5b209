package papers

import (
	"archive/zip"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Kind says which of a recipient's papers is meant.
type Kind string

// The kinds of papers about one recipient.
const (
	Handbook  Kind = "plan"  // its operation plan (操作方案)
	GateBoard Kind = "board" // the board at its gate (公示牌)
)

// Format is the form that a paper is written in.
type Format string

// The forms.
const (
	HTML Format = "html"
	Docx Format = "docx"
	XLSX Format = "xlsx" // of lists
)

// Media types of the forms.
const (
	HTMLMedia = "text/html; charset=utf-8"
	DocxMedia = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	XLSXMedia = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// Media is the media type of the form.
func (f Format) Media() string {
	switch f {
	case Docx:
		return DocxMedia
	case XLSX:
		return XLSXMedia
	}
	return HTMLMedia
}

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{Handbook, GateBoard} }

// Write writes a recipient's paper.
func Write(w io.Writer, kind Kind, format Format, f Facts) error {
	var d *document
	var err error
	switch kind {
	case Handbook:
		d = handbook(f)
	case GateBoard:
		d, err = gateBoard(f)
	default:
		err = fmt.Errorf("papers: no kind %q", kind)
	}
	if err != nil {
		return err
	}
	switch format {
	case HTML:
		return writePage(w, "document.html", d)
	case Docx:
		return d.docx(w)
	}
	return fmt.Errorf("papers: a %s is not written as %q", kind, format)
}

// FileName is the name of a recipient's paper as a file: its id first, so that a folder of them is in order. It holds
// nothing that could lead to another folder.
func FileName(kind Kind, format Format, f Facts) string {
	id := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
			return r
		}
		return '_'
	}, f.Recipient.ID)
	return id + "-" + words{f.Lang}.t("file."+string(kind)) + "." + string(format)
}

// Batch writes the papers of many recipients as a zip archive, each paper as soon as it is made, so that none is kept
// in memory. each calls add for one recipient after the other.
func Batch(w io.Writer, kinds []Kind, format Format, each func(add func(Facts) error) error) error {
	z := zip.NewWriter(w)
	err := each(func(f Facts) error {
		for _, kind := range kinds {
			part, err := z.Create(FileName(kind, format, f))
			if err != nil {
				return err
			}
			if err := Write(part, kind, format, f); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err // without the directory at its end no reader takes the archive for a whole one
	}
	return z.Close()
}

// KindOf reads the name of a kind.
func KindOf(name string) (Kind, bool) { return Kind(name), slices.Contains(Kinds(), Kind(name)) }
