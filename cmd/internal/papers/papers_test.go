package papers

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/png"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	qrcode "github.com/piglig/go-qr"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// hostile is what a text of the list may be at worst: markup, a formula, a template, a path, what XML can't hold.
const hostile = `=1+1<script>alert("x")</script>&amp;{{.}}'"]]>../..` + "\x01\u200b"

func whole() *reductionlist.Recipient {
	return &reductionlist.Recipient{ID: "E0001", Type: reductionlist.Enterprise, Name: "某热电厂", USCC: "91120111MA00000001",
		Permit: "P-1", Town: "杨柳青镇",
		Address: "柳口路1号", Lon: 117.1, Lat: 39.1, Industry: "D4412", Grade: reductionlist.GradeB,
		Category: reductionlist.Safeguard, MaxLoad: "880 MW",
		StationMN: "120111E00010000000000001", MeterID: "DB-1",
		Lines: []reductionlist.Line{
			{ID: "L1", Name: "1号线", Capacity: "300 MW", Emission: reductionlist.Amounts{SO2: 0.3, NOx: 0.1}, SafeStopH: 8,
				MeterID: "FB-1"},
			{ID: "L2", Name: "2号线", Capacity: "100 MW", Emission: reductionlist.Amounts{SO2: 5}, Idle: true}},
		Measures: []reductionlist.Measure{
			{ID: "M1", Levels: []alerts.Level{alerts.Yellow, alerts.Orange}, Unit: "1号线", Action: reductionlist.Limit,
				Text:     "1号线负荷降低30%",
				Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: 30, Unit: "%"}, CompleteWithinH: 4,
				Responsible: "值长",
				Monitors: []reductionlist.Monitor{{Source: reductionlist.Power, Ref: "FB-1",
					Criterion: reductionlist.Criterion{Kind: reductionlist.FractionOfBaseline, Limit: 0.7}}},
				Evidence: []string{"用电曲线"}, Reduction: reductionlist.Amounts{SO2: 0.09}},
			{ID: "M1", Levels: []alerts.Level{alerts.Red}, Unit: "1号线", Action: reductionlist.Stop, Text: "1号线停产",
				CompleteWithinH: 8, Responsible: "值长",
				Monitors: []reductionlist.Monitor{{Source: reductionlist.Power, Ref: "FB-1",
					Criterion: reductionlist.Criterion{Kind: reductionlist.Stopped}}},
				Evidence: []string{"生产日报"}, Reduction: reductionlist.Amounts{SO2: 0.3}},
			{ID: "M2", Levels: []alerts.Level{alerts.Orange}, Unit: "东门", Action: reductionlist.StopVehicles,
				Text: "停止放行国四重型载货车", CompleteWithinH: 2, Responsible: "物流主管",
				Monitors: []reductionlist.Monitor{{Source: reductionlist.Gate, Ref: "MJ-1",
					Criterion: reductionlist.Criterion{Kind: reductionlist.NoVehicleBelow, Standard: "国五"}}},
				Evidence: []string{"门禁记录"}}},
		Notes: reductionlist.Notes{Note: "清单备注文字", Extra: map[string]string{"主要产品": "热力", "法人邮箱": "boss@example.org"}},
	}
}

func facts(r *reductionlist.Recipient) Facts {
	return Facts{Recipient: r, Lang: "zh-CN", District: "西青区", Watch: "022-00000000",
		Page: PublicAddress("https://qk.example.org/", r.ID),
		List: ListFacts{Name: "清单甲", Version: "L20261001-abcdef", CompiledBy: "区局", From: "2026-10-01"},
		Contact: Contact{Known, reductionlist.Contact{Name: "张三", Phone: "13800000001", BackupName: "李四",
			BackupPhone: "13900000002"}}}
}

func written(t testing.TB, kind Kind, format Format, f Facts) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, kind, format, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func says(t testing.TB, text string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(text, s) {
			t.Errorf("%q is not said in:\n%s", s, text)
		}
	}
}

func silent(t testing.TB, text string, never ...string) {
	t.Helper()
	for _, s := range never {
		if strings.Contains(text, s) {
			t.Errorf("%q is said in:\n%s", s, text)
		}
	}
}

// Every chapter and annex of domain.md §3.6 is there, with what the list says.
func TestPlanSaysWhatTheListSays(t *testing.T) {
	text := textOf(page(t, written(t, Handbook, HTML, facts(whole()))))
	says(t, text, "编制依据", "基本情况", "生产线和排放", "各级别减排措施", "运输管控", "监测与台账", "指挥和责任", "安全注意事项", "评估和修订",
		"应急减排小组成员及联系方式", "应急减排执行表", "减排措施及现场检查表", "现场核定意见", "操作方案备案表")
	says(t, text, "某热电厂", "91120111MA00000001", "L20261001-abcdef", "2026-10-01 至 另行通知", "880 MW", "热力",
		"boss@example.org", "清单备注文字",
		"L1 1号线", "长期停运", "张三", "13900000002", "执行措施 M1", "1号线安全停产需要 8 小时", "022-00000000", "2 条，其中长期停运 1 条")
	// What an inspector compares: the amount and what the channel must show.
	says(t, text, "限产 减少 30 %\n用电 FB-1：不超过基线的 0.7 倍", "用电 FB-1：停止", "门禁 MJ-1：无国五以下车辆", "用电曲线", "生产日报")
	silent(t, text, "SO2 5", "示例")
	for level, want := range map[string]string{"黄色（Ⅲ级）": "1号线负荷降低30%", "红色（Ⅰ级）": "1号线停产"} {
		_, after, ok := strings.Cut(text, level+"\n措施\n")
		if !ok || !strings.Contains(strings.Join(strings.SplitN(after, "\n", 12)[:11], "\n"), want) {
			t.Errorf("%s does not say %s: %.300s", level, want, after)
		}
	}
	if sum := regexp.MustCompile(`在用合计\n0\.3\n0\.1\n0\n0`); !sum.MatchString(text) {
		t.Errorf("the sum of the lines in use is not there:\n%s", text)
	}
}

// What the list does not say is a marked blank, each thing by itself, and nothing stands in its place.
func TestBlanks(t *testing.T) {
	const todo = "〔待填写〕"
	count := func(f Facts, kind Kind) int {
		return strings.Count(textOf(page(t, written(t, kind, HTML, f))), todo)
	}
	plan, board := count(facts(whole()), Handbook), count(facts(whole()), GateBoard)
	if board != 0 {
		t.Errorf("the board of a recipient of which everything is known has %d blanks", board)
	}
	for name, c := range map[string]struct {
		clear       func(*Facts)
		plan, board int
	}{
		"code":      {func(f *Facts) { f.Recipient.USCC = "" }, 2, 0},
		"permit":    {func(f *Facts) { f.Recipient.Permit = "" }, 2, 0},
		"address":   {func(f *Facts) { f.Recipient.Address, f.Recipient.Town = "", "" }, 3, 1},
		"place":     {func(f *Facts) { f.Recipient.Lon, f.Recipient.Lat = 0, 0 }, 1, 0},
		"category":  {func(f *Facts) { f.Recipient.Category = "" }, 1, 1},
		"load":      {func(f *Facts) { f.Recipient.MaxLoad = "" }, 1, 0},
		"product":   {func(f *Facts) { delete(f.Recipient.Extra, "主要产品") }, 1, 0},
		"capacity":  {func(f *Facts) { f.Recipient.Lines[0].Capacity = "" }, 1, 0},
		"safe stop": {func(f *Facts) { f.Recipient.Lines[0].SafeStopH = 0 }, 2, 0},
		"contact":   {func(f *Facts) { f.Contact = Contact{} }, 8, 2},
		"watch":     {func(f *Facts) { f.Watch = "" }, 1, 1},
		"lorries":   {func(f *Facts) { f.Recipient.Measures = f.Recipient.Measures[:2] }, -3, 1},
		"lines":     {func(f *Facts) { f.Recipient.Lines = nil }, 0, 0},
	} {
		f := facts(whole())
		c.clear(&f)
		if p, b := count(f, Handbook)-plan, count(f, GateBoard)-board; p != c.plan || b != c.board {
			t.Errorf("without %s there are %d and %d blanks more, want %d and %d", name, p, b, c.plan, c.board)
		}
	}
}

// A contact stands there, or why it does not.
func TestContacts(t *testing.T) {
	for _, kind := range Kinds() {
		for state, want := range map[ContactState]string{Erased: "〔已删除，待填写〕", Withheld: "〔本账号不显示〕", Known: "张三"} {
			f := facts(whole())
			if f.Contact.State = state; state != Known {
				f.Contact.Contact = reductionlist.Contact{}
			}
			text := textOf(page(t, written(t, kind, HTML, f)))
			says(t, text, want)
			if state != Known {
				silent(t, text, "张三", "13800000001")
			}
		}
	}
	if c := ContactOf(&reductionlist.Recipient{Contact: &reductionlist.Contact{}}); c.State != NoContact {
		t.Errorf("an empty contact is %v", c)
	}
}

func TestBoard(t *testing.T) {
	text := textOf(page(t, written(t, GateBoard, HTML, facts(whole()))))
	says(t, text, "重污染天气应急减排公示牌", "某热电厂", "B", "保障类",
		"黄色（Ⅲ级）\n1. 1号线负荷降低30%，4 小时内完成\n橙色（Ⅱ级）\n同上一级别\n红色（Ⅰ级）\n1. 1号线停产，8 小时内完成",
		"重型货车管控\n橙色（Ⅱ级）起：停止放行国四重型载货车", "责任人\n张三", "电话\n13800000001", "监督电话\n022-00000000", "扫码查看公示信息")
	silent(t, text, "李四", "清单备注文字", "boss@example.org")
	f := facts(whole())
	f.Page, f.List.Example = "", true
	says(t, textOf(page(t, written(t, GateBoard, HTML, f))), "〔未配置公示网址〕", "示例：内含为演示而设的数据")
	f = facts(whole())
	f.Page = "https://" + strings.Repeat("x", 4000)
	if err := Write(io.Discard, GateBoard, HTML, f); err == nil {
		t.Error("an address that no QR code can hold was taken")
	}
}

// A level at which the list has nothing but what lorries may not do says so, and not that it has nothing.
func TestBoardOfALevelForLorriesAlone(t *testing.T) {
	r := whole()
	for i := range r.Measures {
		if aboutVehicles(&r.Measures[i]) {
			r.Measures[i].Levels = []alerts.Level{alerts.Advisory, alerts.Yellow, alerts.Orange, alerts.Red}
		}
	}
	text := textOf(page(t, written(t, GateBoard, HTML, facts(r))))
	says(t, text, "管控要求\n仅管控重型货车，见下\n黄色（Ⅲ级）\n1. 1号线负荷降低30%", "重型货车管控\n管控要求起：停止放行国四重型载货车")
	silent(t, text, "清单未列措施")
	says(t, textOf(page(t, written(t, GateBoard, HTML, facts(whole())))), "管控要求\n清单未列措施")
}

// What a page or paper says stands in its main part.
func TestPapersHaveAMainPart(t *testing.T) {
	f := facts(whole())
	var public, gone, list bytes.Buffer
	roll := Roll{List: f.List, District: f.District, Watch: f.Watch, Lang: "zh-CN"}
	for _, err := range []error{Public(&public, f, Standing{}, "/public/list"), PublicGone(&gone, "zh-CN", "E1", "/public/list"),
		roll.PublicHTML(&list, rowsOf(f.Recipient), "?cursor=x", "", "")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range [][]byte{written(t, GateBoard, HTML, f), written(t, Handbook, HTML, f), public.Bytes(), gone.Bytes(),
		list.Bytes()} {
		if !inMain.Match(text) {
			t.Errorf("paper %d has something outside of its main part", i)
		}
	}
}

var inMain = regexp.MustCompile(`(?s)<body[^>]*>\s*<main>.*</main>\s*</body>`)

// Whoever scans the code at a gate reads what is in force now, what comes next and when it ends, and at which level.
func TestThePublicPageSaysWhatIsInForce(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2016, 12, day, hour, 0, 0, 0, alerts.Shanghai()) }
	end := at(22, 0)
	w := &alerts.Warning{State: alerts.Active, Stages: []alerts.Stage{{From: at(17, 8), Level: alerts.Yellow},
		{From: at(18, 0), Level: alerts.Orange}}, EndsAt: &end}
	for _, c := range []struct {
		what   string
		w      *alerts.Warning
		state  alerts.State
		now    time.Time
		zh, en string
		mark   string
	}{
		{"no warning", nil, "", at(17, 9), "现在没有生效的预警。", "No warning is in force now.", ""},
		{"before it begins", w, alerts.Scheduled, at(17, 7), "现在没有生效的预警。2016-12-17 08:00 起：黄色（Ⅲ级）。2016-12-21 24:00 结束。",
			"No warning is in force now. From 2016-12-17 08:00: yellow (III). It ends at 2016-12-21 24:00.", ""},
		{"first level", w, alerts.Active, at(17, 8),
			"现在：黄色（Ⅲ级）预警，自 2016-12-17 08:00 起。2016-12-18 00:00 起：橙色（Ⅱ级）。2016-12-21 24:00 结束。",
			"Now: a warning at yellow (III), since 2016-12-17 08:00. From 2016-12-18 00:00: orange (II). It ends at 2016-12-21 24:00.",
			"黄色（Ⅲ级） · 现行级别"},
		{"last level", w, alerts.Active, at(18, 1), "现在：橙色（Ⅱ级）预警，自 2016-12-18 00:00 起。2016-12-21 24:00 结束。",
			"Now: a warning at orange (II), since 2016-12-18 00:00. It ends at 2016-12-21 24:00.", "橙色（Ⅱ级） · 现行级别"},
		{"what waits for an approval", w, alerts.PendingApproval, at(18, 1), "现在没有生效的预警。", "No warning is in force now.", ""},
		{"what has ended", w, alerts.Lifted, at(18, 1), "现在没有生效的预警。", "No warning is in force now.", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			if c.w != nil {
				w.State = c.state
			}
			f := facts(whole())
			for lang, want := range map[string]string{"zh-CN": c.zh, "en": c.en} {
				var b bytes.Buffer
				f.Lang = lang
				if err := Public(&b, f, StandingOf(c.w, c.now), ""); err != nil {
					t.Fatal(err)
				}
				text := textOf(page(t, b.Bytes()))
				says(t, text, want)
				if lang == "zh-CN" && c.mark != "" {
					says(t, text, c.mark)
				}
				if marks := strings.Count(text, "现行级别") + strings.Count(text, "in force now\n"); marks > 1 || (c.mark == "") != (marks == 0) {
					t.Errorf("%d levels are marked in:\n%s", marks, text)
				}
			}
		})
	}
	request := StandingOf(&alerts.Warning{State: alerts.Active, Stages: []alerts.Stage{{From: at(17, 8), Level: alerts.Advisory}}},
		at(17, 9))
	if got := (words{"zh-CN"}).now(request); got != "现在：管控要求，自 2016-12-17 08:00 起，请予配合，不是强制要求。" {
		t.Error(got)
	}
}

// The code is read back by another library out of the picture of the .docx, and out of the drawing of the page.
func TestCodeOpensThePublicPage(t *testing.T) {
	for _, id := range []string{"E0001", "T120111-100_x"} {
		r := whole()
		r.ID = id
		f := facts(r)
		want := "https://qk.example.org/public/recipients/" + id
		_, pictures := word(t, written(t, GateBoard, Docx, f))
		if len(pictures) != 1 {
			t.Fatalf("%d pictures", len(pictures))
		}
		drawn := drawing(t, page(t, written(t, GateBoard, HTML, f)))
		for name, img := range map[string]image.Image{"docx": pictures[0], "html": drawn} {
			got, err := qrcode.Decode(img)
			if err != nil || got != want {
				t.Errorf("%s: read %q, %v, want %s", name, got, err, want)
			}
		}
	}
	if got := PublicAddress("https://qk.example.org",
		"a/b?c"); got != "https://qk.example.org/public/recipients/a%2Fb%3Fc" {
		t.Error(got)
	}
}

// drawing paints the one SVG of a page, at four pixels a module.
func drawing(t *testing.T, doc *html.Node) image.Image {
	t.Helper()
	const scale = 4
	for n := range doc.Descendants() {
		if n.Data != "path" {
			continue
		}
		side := 0
		for _, a := range n.Parent.Attr {
			if a.Key == "viewBox" {
				_, _ = fmt.Sscanf(a.Val, "0 0 %d", &side)
			}
		}
		img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
		for i := range img.Pix {
			img.Pix[i] = 255
		}
		for _, a := range n.Attr {
			if a.Key != "d" {
				continue
			}
			for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(a.Val, -1) {
				x, _ := strconv.Atoi(m[1])
				y, _ := strconv.Atoi(m[2])
				w, _ := strconv.Atoi(m[3])
				for py := range scale {
					for px := range w * scale {
						img.SetGray(x*scale+px, y*scale+py, color.Gray{})
					}
				}
			}
		}
		return img
	}
	t.Fatal("the page has no drawing")
	return nil
}

// Whatever a list's texts are, both forms are whole, run nothing, and say the same words in the same order.
func TestFormsAgreeWhateverTheTexts(t *testing.T) {
	odd := rapid.SampledFrom([]string{"", "甲", hostile, "=cmd|'/c calc'!A1", "+1", "-1", "@x", "a\nb\r\nc", "\xff\xfe",
		"<![CDATA[", "\u202e右"})
	rapid.Check(t, func(rt *rapid.T) {
		f := facts(whole())
		r := f.Recipient
		for _, field := range []*string{&r.Name, &r.USCC, &r.Town, &r.Address, &r.MaxLoad, &r.StationMN, &r.Note,
			&r.Lines[0].Name, &r.Lines[0].Capacity,
			&r.Measures[0].Text, &r.Measures[0].Unit, &r.Measures[0].Responsible, &r.Measures[0].Monitors[0].Ref,
			&r.Measures[0].Evidence[0],
			&f.Contact.Name, &f.Contact.Phone, &f.List.Name, &f.Watch, &f.District} {
			*field = odd.Draw(rt, "text")
		}
		r.Extra = map[string]string{odd.Draw(rt, "header"): odd.Draw(rt, "value")}
		f.Lang = rapid.SampledFrom([]string{"zh-CN", "en"}).Draw(rt, "lang")
		for _, kind := range Kinds() {
			page := textOf(page(t, written(t, kind, HTML, f)))
			doc, _ := word(t, written(t, kind, Docx, f))
			if a, b := plainWords(page), plainWords(doc); a != b {
				rt.Fatalf("%s: the forms differ:\n%s\n---\n%s", kind, a, b)
			}
		}
	})
}

// plainWords are the letters of a text, without what one of the forms can't hold: control characters and broken
// letters.
func plainWords(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '\ufffd' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

func TestSamePaperSameBytes(t *testing.T) {
	for _, kind := range Kinds() {
		for _, format := range []Format{HTML, Docx} {
			if !bytes.Equal(written(t, kind, format, facts(whole())), written(t, kind, format, facts(whole()))) {
				t.Errorf("the same %s gave other bytes as %s", kind, format)
			}
		}
	}
}

func TestMarkupIsText(t *testing.T) {
	r := whole()
	r.Name, r.Measures[0].Text = hostile, hostile
	f := facts(r)
	for _, kind := range Kinds() {
		says(t, textOf(page(t, written(t, kind, HTML, f))), `<script>alert("x")</script>`)
		body, _ := word(t, written(t, kind, Docx, f))
		says(t, body, `<script>alert("x")</script>`)
		if name := FileName(kind, Docx, Facts{Recipient: &reductionlist.Recipient{ID: "../a/b"},
			Lang: "zh-CN"}); strings.ContainsAny(name, "/\\") || strings.Contains(name, "..") {
			t.Errorf("a file is called %s", name)
		}
	}
}

// An unwritable place is an error in every form.
func TestWriteFails(t *testing.T) {
	for _, kind := range Kinds() {
		for _, format := range []Format{HTML, Docx} {
			if err := Write(failing{}, kind, format, facts(whole())); !errors.Is(err, errFull) {
				t.Errorf("%s %s: %v", kind, format, err)
			}
		}
		if err := Write(io.Discard, kind, XLSX, facts(whole())); err == nil {
			t.Errorf("a %s was written as a workbook", kind)
		}
	}
	if err := Write(io.Discard, "poster", HTML, facts(whole())); err == nil {
		t.Error("an unknown kind was written")
	}
}

var errFull = errors.New("the disk is full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestBatch(t *testing.T) {
	var b bytes.Buffer
	ids := []string{"E0001", "E0002", "E0003"}
	err := Batch(&b, Kinds(), Docx, func(add func(Facts) error) error {
		for _, id := range ids {
			r := whole()
			r.ID = id
			if err := add(facts(r)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if want := []string{"E0001-操作方案.docx", "E0001-公示牌.docx", "E0002-操作方案.docx", "E0002-公示牌.docx", "E0003-操作方案.docx",
		"E0003-公示牌.docx"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	// One that broke off is no archive, so that nobody takes a part for the whole.
	b.Reset()
	err = Batch(&b, Kinds(), HTML, func(add func(Facts) error) error { return errors.Join(add(facts(whole())), errFull) })
	if _, zerr := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len())); !errors.Is(err, errFull) || zerr == nil {
		t.Errorf("%v; the archive reads: %v", err, zerr)
	}
}

// Every word a paper uses is in the catalogue, in both languages: no rule's name stands in one.
func TestWordsAreThere(t *testing.T) {
	r := whole()
	for _, kind := range []reductionlist.Type{reductionlist.Enterprise, reductionlist.Site, reductionlist.Fleet,
		reductionlist.Department, reductionlist.Town} {
		for _, category := range []reductionlist.Category{"", reductionlist.General, reductionlist.Safeguard,
			reductionlist.Micro, reductionlist.Closed, reductionlist.Voluntary} {
			r.Type, r.Category = kind, category
			r.Units = []reductionlist.Unit{{Name: "1#", To: "2027-01-01"}}
			r.Furnaces = []reductionlist.Furnace{{Name: "2#", Emission: reductionlist.Gases{NOx: 0.4}}}
			r.Pit = &reductionlist.Pit{MinT: 1, MaxT: 2}
			for _, lang := range []string{"zh-CN", "en"} {
				f := facts(r)
				f.Lang = lang
				for _, paper := range Kinds() {
					silent(t, textOf(page(t, written(t, paper, HTML, f))), "papers.", "desk.", "level.name")
				}
			}
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, kind := range Kinds() {
		for _, format := range []Format{HTML, Docx} {
			b.Run(string(kind)+"/"+string(format), func(b *testing.B) {
				for b.Loop() {
					written(b, kind, format, facts(whole()))
				}
			})
		}
	}
}

// On a paper a mark that turns the direction of writing is shown, so that no name reads as another.
func TestMarksOfDirectionAreShown(t *testing.T) {
	f := facts(whole())
	f.Recipient.Name = "甲\u202e乙"
	for _, kind := range Kinds() {
		for _, format := range []Format{HTML, Docx} {
			data := string(written(t, kind, format, f))
			if format == Docx {
				data, _ = word(t, []byte(data))
			}
			if strings.Contains(data, "\u202e") || !strings.Contains(data, "甲⟦U+202E⟧乙") {
				t.Errorf("%s as %s does not show the mark", kind, format)
			}
		}
	}
	var list, book bytes.Buffer
	rows := Rows(func(row func(Row) error) error { return row(Row{Recipient: f.Recipient}) })
	if err := (Roll{List: f.List, Lang: "zh-CN"}).PublicHTML(&list, rows, "", "", ""); err != nil ||
		strings.Contains(list.String(), "\u202e") || !strings.Contains(list.String(), "甲⟦U+202E⟧乙") {
		t.Errorf("the public list does not show the mark, %v", err)
	}
	if err := (Roll{List: f.List, Lang: "zh-CN"}).PublicWorkbook(&book, rows); err != nil {
		t.Fatal(err)
	}
}
