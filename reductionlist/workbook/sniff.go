package workbook

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
)

// headOf is the beginning of a file, by which it is told what it is.
func headOf(r io.ReaderAt, size int64) []byte {
	head := make([]byte, min(max(size, 0), 4096))
	n, _ := r.ReadAt(head, 0)
	return head[:n]
}

func isZip(head []byte) bool { return bytes.HasPrefix(head, []byte("PK")) }

// magics are the beginnings of files that are handed in for a workbook.
var magics = []struct{ begins, kind string }{
	{"\x89PNG", "PNG"}, {"\xff\xd8\xff", "JPEG"}, {"GIF8", "GIF"}, {"BM", "BMP"}, {"II*\x00", "TIFF"}, {"MM\x00*", "TIFF"},
	{"%PDF", "PDF"}, {"Rar!", "RAR"}, {"7z\xbc\xaf", "7z"}, {"\x1f\x8b", "gzip"},
}

// readOther reads what is no workbook: a CSV file, or nothing that can be read, of which it says what it is and what to
// do.
func readOther(r io.ReaderAt, size int64, head []byte) (*list.Reading, error) {
	if len(head) == 0 {
		return nil, wrongFile("list.file_empty", nil)
	}
	if bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) {
		if hasUTF16(r, size, "EncryptedPackage") {
			return nil, wrongFile("list.file_secret", nil)
		}
		return nil, wrongFile("list.xls", nil)
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.begins)) {
			return nil, wrongFile("list.other_file", refusal.Args{"kind": m.kind})
		}
	}
	begins := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff")))
	if strings.HasPrefix(begins, "<") {
		return nil, wrongFile("list.other_file", refusal.Args{"kind": "HTML/XML"})
	}
	if size > maxCSV || !utf8.Valid(head) && !bytes.HasPrefix(head, []byte("\xff\xfe")) &&
		!bytes.HasPrefix(head, []byte("\xfe\xff")) && bytes.IndexByte(head, 0) >= 0 {
		return nil, wrongFile("list.not_workbook", refusal.Args{"why": "unknown format"})
	}
	data := make([]byte, size)
	if n, err := r.ReadAt(data, 0); err != nil && !(err == io.EOF && int64(n) == size) {
		return nil, wrongFile("list.not_workbook", refusal.Args{"why": err.Error()})
	}
	return ReadCSV(data)
}

// hasUTF16 looks for a name in the first part of an OLE file: that of the stream in which an encrypted workbook lies.
func hasUTF16(r io.ReaderAt, size int64, name string) bool {
	var want []byte
	for _, c := range utf16.Encode([]rune(name)) {
		want = append(want, byte(c), byte(c>>8))
	}
	data := make([]byte, min(size, 8<<20))
	n, _ := r.ReadAt(data, 0)
	return bytes.Contains(data[:n], want)
}
