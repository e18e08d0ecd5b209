package workbook

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

// Texts without end, which are held while a workbook is read, are refused before they fill the memory.
func TestSharedTextsAreBounded(t *testing.T) {
	was := maxShared
	maxShared = 1 << 20
	defer func() { maxShared = was }()
	book := func(texts int) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		var shared strings.Builder
		for i := range texts {
			fmt.Fprintf(&shared, "<si><t>%08x</t></si>", i)
		}
		for name, text := range map[string]string{
			"_rels/.rels":                `<Relationships><Relationship Id="r" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
			"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="减排对象" r:id="w"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="s" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="w" Type="x/worksheet" Target="sheet.xml"/></Relationships>`,
			"xl/sheet.xml":               `<worksheet><sheetData/></worksheet>`,
			"xl/sharedStrings.xml":       "<sst>" + shared.String() + "</sst>",
		} {
			w, err := z.Create(name)
			if err == nil {
				_, err = w.Write([]byte(text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if _, err := ReadBytes(book(maxShared / 32)); err != nil {
		t.Errorf("as many as may be: %v", err)
	}
	var e *refusal.Error
	if _, err := ReadBytes(book(maxShared/32 + 1)); !errors.As(err, &e) || e.Rule != "list.too_much_text" ||
		e.Code != refusal.TooLarge {
		t.Errorf("one more: %v", err)
	}
}
