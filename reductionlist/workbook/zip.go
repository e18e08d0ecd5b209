package workbook

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// writeBook writes a workbook, of which fill makes the sheets; the first has a name from the beginning.
func writeBook(w io.Writer, first string, fill func(*excelize.File) error) error {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName(f.GetSheetName(0), first); err != nil {
		return err
	}
	if err := fill(f); err != nil {
		return err
	}
	return writeZip(f, w)
}

// writeZip writes the workbook with its members in the order of their names and without times, so that the
// same list gives the same bytes.
func writeZip(f *excelize.File, w io.Writer) error {
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		return err
	}
	r, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		return err
	}
	slices.SortFunc(r.File, func(a, b *zip.File) int {
		// [Content_Types].xml comes first by custom, and sorts first here because "[" precedes small letters.
		return strings.Compare(a.Name, b.Name)
	})
	out := zip.NewWriter(w)
	for _, member := range r.File {
		raw, err := member.OpenRaw()
		if err != nil {
			return err
		}
		head := zip.FileHeader{Name: member.Name, Method: member.Method, CRC32: member.CRC32,
			CompressedSize64: member.CompressedSize64, UncompressedSize64: member.UncompressedSize64}
		to, err := out.CreateRaw(&head)
		if err != nil {
			return err
		}
		if _, err := io.Copy(to, raw); err != nil {
			return err
		}
	}
	return out.Close()
}
