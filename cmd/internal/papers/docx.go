package papers

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// docx writes the paper as a WordprocessingML document (ECMA-376, transitional): one section for each of its own, real
// tables whose heads repeat, QR codes as pictures. The same paper gives the same bytes.
func (d *document) docx(w io.Writer) error {
	x := &docx{d: d}
	for i := range d.Sections {
		x.section(&d.Sections[i], i == len(d.Sections)-1)
	}
	if x.err != nil {
		return x.err
	}
	z := zip.NewWriter(w)
	for _, part := range x.files() {
		f, err := z.Create(part.name)
		if err != nil {
			return err
		}
		if _, err := f.Write(part.data); err != nil {
			return err
		}
	}
	return z.Close()
}

// docx collects the body of a document and its pictures.
type docx struct {
	d            *document
	bytes.Buffer // its body
	pictures     [][]byte
	err          error  // of a picture
	letters      string // style of the cells of the section at hand
}

// twips are the units of a page: 1440 an inch.
func twips(mm float64) int { return int(mm*1440/25.4 + 0.5) }

const codeSide = 38 * 36000 // of a QR code, in the units of a picture: 36000 a millimetre

// margins of a page in millimetres: left and right, top and bottom.
func (p paper) margins() (side, top float64) {
	if p.Name == a3Wide.Name {
		return 14, 10
	}
	return 14, 16
}

// esc writes text between tags. What XML can't hold becomes U+FFFD.
func esc(b *bytes.Buffer, text string) { // a buffer takes everything
	_ = xml.EscapeText(b, []byte(refusal.Visible(text)))
}

func (x *docx) section(s *section, last bool) {
	if x.letters = "Cell"; s.Paper == a4Wide {
		x.letters = "CellSmall"
	}
	for i := range s.Blocks {
		x.block(s, &s.Blocks[i])
	}
	if last {
		x.WriteString(pageSetup(s.Paper))
		return
	}
	// The properties of a section stand in its last paragraph, which is as small as can be.
	fmt.Fprintf(x, `<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/><w:rPr><w:sz w:val="2"/></w:rPr>%s</w:pPr></w:p>`, pageSetup(s.Paper))
}

// pageSetup are the properties of a section: its size of page, margins and footer.
func pageSetup(p paper) string {
	side, top := p.margins()
	orient := ""
	if p.Landscape {
		orient = ` w:orient="landscape"`
	}
	footer := `<w:footerReference w:type="default" r:id="rIdFooter"/>`
	if p == a3Wide {
		footer = ""
	}
	return fmt.Sprintf(`<w:sectPr>`+footer+`<w:type w:val="nextPage"/><w:pgSz w:w="%d" w:h="%d"%s/>`+
		`<w:pgMar w:top="%d" w:right="%d" w:bottom="%d" w:left="%d" w:header="400" w:footer="400" w:gutter="0"/></w:sectPr>`,
		twips(float64(p.Width)), twips(float64(p.Height)), orient, twips(top), twips(side), twips(top), twips(side))
}

var styleOf = map[blockKind]string{title: "Title", chapter: "Heading1", heading: "Heading2", para: "Para", fine: "Fine",
	banner: "Banner"}

func (x *docx) block(s *section, b *block) {
	if b.Table != nil {
		x.table(s, b.Table)
		return
	}
	fmt.Fprintf(x, `<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr>`, styleOf[b.Kind])
	x.runs(b.Runs)
	x.WriteString(`</w:p>`)
}

func (x *docx) runs(runs []run) {
	for _, r := range runs {
		if r.Code != nil {
			x.picture(r.Code)
			continue
		}
		x.WriteString(`<w:r>`)
		switch {
		case r.Todo:
			x.WriteString(`<w:rPr><w:color w:val="555555"/><w:u w:val="dash"/></w:rPr>`)
		case r.Bold:
			x.WriteString(`<w:rPr><w:b/></w:rPr>`)
		}
		for i, line := range r.Lines() {
			if i > 0 {
				x.WriteString(`<w:br/>`)
			}
			x.WriteString(`<w:t xml:space="preserve">`)
			esc(&x.Buffer, line)
			x.WriteString(`</w:t>`)
		}
		x.WriteString(`</w:r>`)
	}
}

var shades = map[alerts.Level]string{alerts.Advisory: "DBE8F7", alerts.Yellow: "FFF3A8", alerts.Orange: "FFD09B",
	alerts.Red: "FFB8B0"}

func (x *docx) table(s *section, t *table) {
	side, _ := s.Paper.margins()
	whole := twips(float64(s.Paper.Width) - 2*side)
	widths := make([]int, len(t.Cols))
	fmt.Fprintf(x, `<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="%d" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`, whole)
	for i, percent := range t.Cols {
		widths[i] = whole * percent / 100
		fmt.Fprintf(x, `<w:gridCol w:w="%d"/>`, widths[i])
	}
	x.WriteString(`</w:tblGrid>`)
	if t.Head != nil {
		x.row(t.Head, widths, true)
	}
	for _, row := range t.Rows {
		x.row(row, widths, false)
	}
	// Two tables without a paragraph between them would be one.
	x.WriteString(`</w:tbl><w:p><w:pPr><w:pStyle w:val="Gap"/></w:pPr></w:p>`)
}

func (x *docx) row(row []cell, widths []int, head bool) {
	x.WriteString(`<w:tr><w:trPr><w:cantSplit/>`)
	for _, c := range row {
		if c.Tall {
			x.WriteString(`<w:trHeight w:val="1700" w:hRule="atLeast"/>`)
			break
		}
		if c.Hand {
			x.WriteString(`<w:trHeight w:val="480" w:hRule="atLeast"/>`)
			break
		}
	}
	if head {
		x.WriteString(`<w:tblHeader/>`)
	}
	x.WriteString(`</w:trPr>`)
	at := 0
	for _, c := range row {
		width := 0
		for range max(c.Span, 1) {
			width += widths[at]
			at++
		}
		x.cell(&c, width)
	}
	x.WriteString(`</w:tr>`)
}

func (x *docx) cell(c *cell, width int) {
	fmt.Fprintf(x, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>`, width)
	if c.Span > 1 {
		fmt.Fprintf(x, `<w:gridSpan w:val="%d"/>`, c.Span)
	}
	shade := shades[c.Fill]
	if c.Head {
		shade = "EEEEEE"
	}
	if shade != "" {
		fmt.Fprintf(x, `<w:shd w:val="clear" w:color="auto" w:fill="%s"/>`, shade)
	}
	place := "center"
	if c.Tall {
		place = "top"
	}
	fmt.Fprintf(x, `<w:vAlign w:val="%s"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="%s"/>`, place, x.letters)
	if c.Mid {
		x.WriteString(`<w:jc w:val="center"/>`)
	}
	x.WriteString(`</w:pPr>`)
	x.runs(c.Runs)
	x.WriteString(`</w:p></w:tc>`)
}

func (x *docx) picture(code *symbol) {
	data, err := code.png()
	x.err = errors.Join(x.err, err)
	x.pictures = append(x.pictures, data)
	n := len(x.pictures)
	fmt.Fprintf(x, `<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%d" cy="%d"/><wp:docPr id="%d" name="QR %d" descr="QR"/>`+
		`<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="%d" name="qr%d.png"/><pic:cNvPicPr/></pic:nvPicPr>`+
		`<pic:blipFill><a:blip r:embed="rIdPicture%d"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>`+
		`<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%d" cy="%d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`,
		codeSide, codeSide, n, n, n, n, n, codeSide, codeSide)
}

// styles are the looks of the paragraphs. East Asian letters have fonts of their own.
func (x *docx) styles() string {
	var b strings.Builder
	base := int(x.d.points*2 + 0.5) // WordprocessingML counts half points
	b.WriteString(xml.Header + `<w:styles xmlns:w="` + nsW + `"><w:docDefaults><w:rPrDefault><w:rPr>` + fonts("宋体") +
		fmt.Sprintf(`<w:sz w:val="%d"/><w:szCs w:val="%d"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>`, base, base) +
		`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>`)
	one := func(id, name, ppr, rpr string) {
		fmt.Fprintf(&b, `<w:style w:type="paragraph" w:styleId="%s"><w:name w:val="%s"/><w:basedOn w:val="Normal"/><w:pPr>%s</w:pPr><w:rPr>%s</w:rPr></w:style>`, id, name, ppr, rpr)
	}
	size := func(of float64) string { return fmt.Sprintf(`<w:sz w:val="%d"/>`, int(float64(base)*of)) }
	title := size(1.9)
	if strings.HasPrefix(x.d.Class, "board") {
		title = `<w:sz w:val="60"/>`
	}
	one("Title", "Title", `<w:spacing w:before="160" w:after="160"/><w:jc w:val="center"/>`, fonts("黑体")+`<w:b/>`+title)
	one("Heading1", "heading 1", `<w:keepNext/><w:spacing w:before="240" w:after="120"/><w:outlineLvl w:val="0"/>`,
		fonts("黑体")+`<w:b/>`+size(1.3))
	one("Heading2", "heading 2", `<w:keepNext/><w:spacing w:before="180" w:after="80"/><w:outlineLvl w:val="1"/>`,
		fonts("黑体")+`<w:b/>`+size(1.05))
	one("Para", "Para", `<w:spacing w:before="60" w:after="60"/><w:ind w:firstLineChars="200" w:firstLine="420"/>`, "")
	one("Fine", "Fine", `<w:spacing w:before="60" w:after="60"/>`, `<w:color w:val="333333"/>`+size(.86))
	one("Banner", "Banner", `<w:pBdr><w:top w:val="single" w:sz="12" w:space="2" w:color="B00020"/><w:left w:val="single" w:sz="12" w:space="4" w:color="B00020"/>`+
		`<w:bottom w:val="single" w:sz="12" w:space="2" w:color="B00020"/><w:right w:val="single" w:sz="12" w:space="4" w:color="B00020"/></w:pBdr><w:jc w:val="center"/>`,
		fonts("黑体")+`<w:b/><w:color w:val="B00020"/>`)
	one("Cell", "Cell", `<w:spacing w:before="20" w:after="20"/>`, "")
	one("CellSmall", "Cell small", `<w:spacing w:before="20" w:after="20"/>`, `<w:sz w:val="18"/>`)
	one("Gap", "Gap", `<w:spacing w:before="0" w:after="0" w:line="120" w:lineRule="exact"/>`, `<w:sz w:val="8"/>`)
	one("Footer", "footer", `<w:jc w:val="center"/>`, `<w:color w:val="555555"/><w:sz w:val="18"/>`)
	b.WriteString(`<w:style w:type="table" w:styleId="Grid"><w:name w:val="Table Grid"/><w:tblPr><w:tblBorders>`)
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		fmt.Fprintf(&b, `<w:%s w:val="single" w:sz="6" w:space="0" w:color="000000"/>`, side)
	}
	b.WriteString(`</w:tblBorders><w:tblCellMar><w:left w:w="80" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style></w:styles>`)
	return b.String()
}

func fonts(eastAsia string) string {
	return `<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman" w:eastAsia="` +
		eastAsia + `"/>`
}

const (
	nsW   = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	nsR   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	nsWP  = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
	nsA   = "http://schemas.openxmlformats.org/drawingml/2006/main"
	nsPic = "http://schemas.openxmlformats.org/drawingml/2006/picture"
	nsRel = "http://schemas.openxmlformats.org/package/2006/relationships"
	nsCT  = "http://schemas.openxmlformats.org/package/2006/content-types"
	wml   = "application/vnd.openxmlformats-officedocument.wordprocessingml."
)

type docxPart struct {
	name string
	data []byte
}

// files are the files of the document.
func (x *docx) files() []docxPart {
	var core bytes.Buffer
	core.WriteString(xml.Header + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>`)
	esc(&core, x.d.Title)
	core.WriteString(`</dc:title></cp:coreProperties>`)

	var doc bytes.Buffer
	fmt.Fprintf(&doc, `%s<w:document xmlns:w="%s" xmlns:r="%s" xmlns:wp="%s" xmlns:a="%s" xmlns:pic="%s"><w:body>`,
		xml.Header, nsW, nsR, nsWP, nsA, nsPic)
	doc.Write(x.Bytes())
	doc.WriteString(`</w:body></w:document>`)

	types := xml.Header + `<Types xmlns="` + nsCT +
		`"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>` +
		`<Override PartName="/word/document.xml" ContentType="` + wml + `document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="` + wml + `styles+xml"/>` +
		`<Override PartName="/word/footer1.xml" ContentType="` + wml + `footer+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`
	top := xml.Header + `<Relationships xmlns="` + nsRel + `"><Relationship Id="rId1" Type="` + nsR +
		`/officeDocument" Target="word/document.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`
	links := xml.Header + `<Relationships xmlns="` + nsRel + `"><Relationship Id="rIdStyles" Type="` + nsR +
		`/styles" Target="styles.xml"/>` +
		`<Relationship Id="rIdFooter" Type="` + nsR + `/footer" Target="footer1.xml"/>`
	field := func(name string) string {
		return `<w:fldSimple w:instr=" ` + name + ` "><w:r><w:t>1</w:t></w:r></w:fldSimple>`
	}
	footer := xml.Header + `<w:ftr xmlns:w="` + nsW + `"><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>` + field("PAGE") +
		`<w:r><w:t xml:space="preserve"> / </w:t></w:r>` + field("NUMPAGES") + `</w:p></w:ftr>`

	parts := []docxPart{{"[Content_Types].xml", []byte(types)}, {"_rels/.rels", []byte(top)},
		{"docProps/core.xml", core.Bytes()},
		{"word/document.xml", doc.Bytes()}, {"word/styles.xml", []byte(x.styles())}, {"word/footer1.xml", []byte(footer)}}
	for i, data := range x.pictures {
		links += fmt.Sprintf(`<Relationship Id="rIdPicture%d" Type="%s/image" Target="media/qr%d.png"/>`, i+1, nsR, i+1)
		parts = append(parts, docxPart{fmt.Sprintf("word/media/qr%d.png", i+1), data})
	}
	return append(parts, docxPart{"word/_rels/document.xml.rels", []byte(links + `</Relationships>`)})
}
