package workbook_test

import (
	"bytes"
	"testing"

	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/workbook"
)

func BenchmarkWriteWorkbook20000(b *testing.B) {
	l := listtest.Example(20000)
	for b.Loop() {
		var buf bytes.Buffer
		listtest.Must(b, workbook.Write(&buf, l))
		b.ReportMetric(float64(buf.Len()), "bytes")
	}
}

func BenchmarkReadWorkbook20000(b *testing.B) {
	var buf bytes.Buffer
	listtest.Must(b, workbook.Write(&buf, listtest.Example(20000)))
	for b.Loop() {
		l, _, err := listtest.Read(buf.Bytes())
		listtest.Must(b, err)
		if len(l.Recipients) != 20000 {
			b.Fatal(len(l.Recipients))
		}
	}
}
