package proofs_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/proofs"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
)

// What each kind of entry says, of the recorded forms that are kept byte for byte.
func TestSayWhatAnEntryIs(t *testing.T) {
	for _, c := range []struct{ event, zh, en string }{
		{"notify.order_issued", "下达减排令：减排令 W20261214-01-E0003-2，预警 W20261214-01，对象 E0003，“天津市西青区杨柳青铸造厂（示例）”，" +
			"替代 W20261214-01-E0003-1，演练，级别 红色（Ⅰ级），文号 津污防指〔2026〕12号，自 2026-12-16 00:00 起，至 2026-12-19 00:00，" +
			"确认期限 2026-12-15 19:00，清单 20261001-3f9a1c20，哈希 3f9a1c20b7d4…",
			"order issued: order W20261214-01-E0003-2, warning W20261214-01, recipient E0003, “天津市西青区杨柳青铸造厂（示例）”, " +
				"in the place of W20261214-01-E0003-1, a drill, level red (I), document 津污防指〔2026〕12号, from 2026-12-16 00:00, " +
				"until 2026-12-19 00:00, to be acknowledged by 2026-12-15 19:00, list 20261001-3f9a1c20, hash 3f9a1c20b7d4…"},
		{"notify.answered", "答复减排令：减排令 W20261214-01-E0003-2，上报进展，逾期，材料 1 件",
			"order answered: order W20261214-01-E0003-2, report, late, pieces of evidence: 1"},
		{"notify.answered.min", "答复减排令：减排令 W20261214-01-E0003-2，签收", "order answered: order W20261214-01-E0003-2, receipt"},
		{"notify.called", "电话通知：减排令 W20261214-01-E0003-2，结果 未接通",
			"telephone call: order W20261214-01-E0003-2, outcome not reached"},
		{"notify.objection_decided.min", "处理异议：减排令 W20261214-01-E0003-2，决定 同意豁免",
			"objection decided on: order W20261214-01-E0003-2, decision accepted"},
		{"notify.order_released", "终止减排令：减排令 W20261214-01-E0003-2，原因 级别调整，终止",
			"order ended: order W20261214-01-E0003-2, because ended, the level has changed"},
		{"notify.judged", "核查结论：减排令 W20261214-01-E0003-2，结论 合规", "verdict on an order: order W20261214-01-E0003-2, verdict compliant"},
		{"notify.sent", "减排令送出：减排令 W20261214-01-E0003-2 W20261214-01-E0004-1", "orders sent: orders W20261214-01-E0003-2 W20261214-01-E0004-1"},
		{"alerts.warning.level_changed.min", "调整预警级别：预警 W20261214-01，原级别 橙色（Ⅱ级），改为 黄色（Ⅲ级），依据 本区预报，自 2026-12-16 00:00 起",
			"level of a warning changed: warning W20261214-01, from orange (II), to yellow (III), by own forecast, from 2026-12-16 00:00"},
		{"alerts.warning.rejected", "驳回预警：预警 W20261214-01，理由：起始时间应为17日0时", "warning rejected: warning W20261214-01, reason: 起始时间应为17日0时"},
		{"compliance.explanation_decided", "处理企业的说明：监测发现 W20261214-01-E0001-F001，减排令 W20261214-01-E0001-2，决定 不采纳",
			"explanation decided on: finding W20261214-01-E0001-F001, order W20261214-01-E0001-2, decision not taken"},
		{"compliance.judged", "按监测数据判定：减排令 W20261214-01-E0001-2，预警 W20261214-01，对象 E0001，结论 未执行，最差时 未执行",
			"judged by what was measured: order W20261214-01-E0001-2, warning W20261214-01, recipient E0001, verdict violated, at its worst violated"},
		{"compliance.task_changed.min", "核查任务变更：任务 T20261216-00001，状态 待办", "task changed: task T20261216-00001, state open"},
		{"list.activated", "启用清单：清单 20261001-3f9a1c20，哈希 3f9a1c20b7d4…，对象 1 个，替代 20260401-77aa01bc",
			"list activated: list 20261001-3f9a1c20, hash 3f9a1c20b7d4…, recipients: 1, in the place of 20260401-77aa01bc"},
		{"list.in_force", "清单版本施行：清单 20261001-3f9a1c20，自 2026-11-01 00:00 起", "list came into force: list 20261001-3f9a1c20, from 2026-11-01 00:00"},
		{"list.rows", "清单各行：清单 20261001-3f9a1c20", "rows of a list: list 20261001-3f9a1c20"},
		{"telemetry.station_changed", "变更监测站点：站点 010000A8900016F000169DC0，“5#、6#机组总排口（示例）”，对象 E0001",
			"station changed: station 010000A8900016F000169DC0, “5#、6#机组总排口（示例）”, recipient E0001"},
	} {
		data := golden(t, c.event+".json")
		kind := kindOf(c.event)
		if zh, en := proofs.Say(kind, data, "zh-CN"), proofs.Say(kind, data, "en"); zh != c.zh || en != c.en {
			t.Errorf("%s says\n%s\n%s, want\n%s\n%s", c.event, zh, en, c.zh, c.en)
		}
	}
}

// No recorded form leaves a word without a text, says more than a line, or shows a reference to what is personal.
func TestEveryRecordedFormIsSaid(t *testing.T) {
	files, err := os.ReadDir(events)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("only %d recorded forms", len(files))
	}
	for _, f := range files {
		kind := kindOf(strings.TrimSuffix(f.Name(), ".json"))
		words, ok := proofs.Kinds()[kind]
		if !ok {
			t.Errorf("%s has no word", kind)
		}
		for i, lang := range []string{"zh-CN", "en"} {
			said := proofs.Say(kind, golden(t, f.Name()), lang)
			if !strings.HasPrefix(said, words[i]) || strings.Contains(said, "proof.") || strings.ContainsAny(said, "{}\n") || len(said) > 1500 {
				t.Errorf("%s says %q", f.Name(), said)
			}
			if kind != "journal.vault_erased" && strings.Contains(said, "v1:") {
				t.Errorf("%s shows a reference: %q", f.Name(), said)
			}
		}
	}
}

// Whatever the data are, there is a line: whoever made a bundle may have written anything.
func TestSayOfWhatIsNotUnderstood(t *testing.T) {
	for _, c := range []struct{ kind, data, want string }{
		{"future.kind", `{"id":1}`, "未知类型 future.kind，已证明"},
		{"a\u202eb\nc", `{}`, "未知类型 a⟦U+202E⟧b c，已证明"},
		{"notify.answered", `{`, "答复减排令"},
		{"notify.answered", `null`, "答复减排令"},
		{"notify.answered", `[1]`, "答复减排令"},
		{"notify.answered", `{"order_id":7,"action":{"a":1},"evidence":"x","late":"yes"}`, "答复减排令"},
		{"notify.answered", `{"order_id":"O","action":"dance"}`, "答复减排令：减排令 O，dance"},
		{"notify.answered", `{"order_id":"` + strings.Repeat("长", 5000) + `"}`, "答复减排令：减排令 " + strings.Repeat("长", 120) + "…"},
		{"notify.answered", `{"order_id":"\u001b[31m\u202e"}`, "答复减排令：减排令 ⟦U+001B⟧[31m⟦U+202E⟧"},
		{"notify.sent", `{"orders":["a","b","c","d",5]}`, "减排令送出：减排令 a b c 等 5 个"},
	} {
		if got := proofs.Say(c.kind, []byte(c.data), "zh-CN"); got != c.want {
			t.Errorf("%q of %q says %q, want %q", c.data, c.kind, got, c.want)
		}
	}
}

// Each rule that a bundle may break, and each reason why content is missing, has words, and no others have.
func TestRulesAndReasonsHaveWords(t *testing.T) {
	rules, reasons := constants(t)
	if len(rules) < 14 || len(reasons) != 5 {
		t.Fatalf("rules %q, reasons %q", rules, reasons)
	}
	have := proofs.Rules()
	for _, rule := range rules {
		if words := have[rule]; words[0] == "" || words[0] == words[1] {
			t.Errorf("verify.%s has no words", rule)
		}
		d := &bundle.Difference{File: "entries", Entry: 4, Rule: rule, Say: "it is out of order"}
		if zh := proofs.Differs(d, "zh-CN"); zh != "存证包有改动，在文件 entries、第 4 条："+have[rule][0]+"（it is out of order）" {
			t.Errorf("%s: %s", rule, zh)
		}
		delete(have, rule)
	}
	if len(have) > 0 {
		t.Errorf("no bundle breaks %v", have)
	}
	for _, why := range reasons {
		if !refusal.Known("proof.missing." + why) {
			t.Errorf("proof.missing.%s has no words", why)
		}
	}
	for _, c := range []struct {
		d    bundle.Difference
		want string
	}{
		{bundle.Difference{Entry: -1, Rule: "zip", Say: "x"}, "the bundle differs: the file is not in the one form that bundles have (x)"},
		{bundle.Difference{File: "proof", Entry: -1, Rule: "later", Say: "x"}, "the bundle differs in the file proof: rule later is broken (x)"},
	} {
		if got := proofs.Differs(&c.d, "en"); got != c.want {
			t.Errorf("%+v says %q, want %q", c.d, got, c.want)
		}
	}
}

func TestWhatIsMissingAndWhy(t *testing.T) {
	for _, c := range []struct{ name, why, want string }{
		{"evidence/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", bundle.NotHeld,
			"evidence 9f86d081884c…: not held here: on another node, or past its time"},
		{"personal/vAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", bundle.Erased,
			"personal content vAAAAAAAAAAA…: erased, which an entry says and proves"},
		{"measured/17", bundle.TooMany, "measured results of entry 17: it would have made the bundle too large"},
		{"later/x", "moved", "later/x: because of moved"},
	} {
		if got := proofs.Lacks(bundle.Missing{Name: c.name, Why: c.why}, "en"); got != c.want {
			t.Errorf("%s says %q, want %q", c.name, got, c.want)
		}
	}
}

const events = "../service/testdata/events"

func golden(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(events, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// kindOf is the kind of a recorded form, whose name may have that of the example behind it.
func kindOf(form string) string {
	if _, is := proofs.Kinds()[form]; is {
		return form
	}
	return form[:strings.LastIndexByte(form, '.')]
}

// constants are the rules and the reasons that package bundle names.
func constants(t *testing.T) (rules, reasons []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../../notify/ledger/bundle/bundle.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		lit, ok := spec.Values[0].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		value, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		switch name := spec.Names[0].Name; {
		case strings.HasPrefix(name, "Rule"):
			rules = append(rules, value)
		case name == "NotHeld", name == "Erased", name == "Secret", name == "TooMany", name == "Private":
			reasons = append(reasons, value)
		}
		return true
	})
	return rules, reasons
}

// many are so many entries, the second of which is hostile.
func many(n int) iter.Seq2[int64, ledger.Entry] {
	return func(yield func(int64, ledger.Entry) bool) {
		at := time.Date(2016, 12, 16, 20, 0, 0, 5e6, ledger.Shanghai)
		for i := range n {
			e := ledger.Entry{Kind: "notify.answered", At: at, Actor: "E0001", Data: fmt.Appendf(nil, `{"order_id":"W1-E%04d-1","action":"receive"}`, i)}
			if i == 1 {
				e.Actor, e.Data = "<script>alert(1)</script>", []byte(`{"order_id":"<img src=x onerror=alert(1)>"}`)
			}
			if !yield(int64(i), e) {
				return
			}
		}
	}
}

func facts(n int) proofs.Facts {
	return proofs.Facts{Subject: bundle.Subject{Order: "W1-E0001-1"}, Name: "示例热电", Origin: "qingkong/120111/0a1b2c3d", Key: "qingkong/120111/0a1b2c3d+aabbccdd+AQ==",
		MadeAt: time.Date(2016, 12, 17, 8, 0, 0, 0, ledger.Shanghai), Size: 4711, Entries: many(n),
		Cosigned: []bundle.Cosigned{{Name: "witness.example/w1", At: time.Date(2016, 12, 17, 7, 59, 58, 0, ledger.Shanghai)}},
		Missing:  []bundle.Missing{{Name: "evidence/" + strings.Repeat("a", 64), Why: bundle.NotHeld}}}
}

// The page says what the bundle is about in both languages, shows at most 2,000 entries, and is a file that needs no other
// and does nothing.
func TestIndex(t *testing.T) {
	page := func(f proofs.Facts) string {
		var out bytes.Buffer
		if err := proofs.Index(&out, f); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	text := page(facts(2003))
	for _, want := range []string{"<!doctype html>\n", "减排令 W1-E0001-1", "order W1-E0001-1", "示例热电", "qingkong/120111/0a1b2c3d&#43;aabbccdd", "4711",
		"2016-12-17 08:00:00.000", "2016-12-16 20:00:00.005", "答复减排令：减排令 W1-E0000-1，签收", "order answered: order W1-E0000-1, receipt",
		"另有 3 项未列出", "3 more are not shown", "witness.example/w1 于 2016-12-17 07:59:58.000 见证", "未存有", "qingkong verify", "/verify",
		"W1-E1999-1", "&lt;img src=x", "不含个人信息"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	for _, never := range []string{"<script", "<img", "W1-E2000-1", "proof.", "http://", "https://", "src="} {
		if at := strings.Index(strings.ReplaceAll(text, "&lt;img src=x", ""), never); at >= 0 {
			t.Errorf("%q on the page", never)
		}
	}
	if !strings.HasPrefix(text, "<!doctype html>") || text != page(facts(2003)) {
		t.Error("the same facts give another page, or it begins with something else")
	}
	f := facts(1)
	f.Missing, f.Cosigned, f.Personal, f.Reason = nil, nil, true, "复核"
	for i := range 203 {
		f.Missing = append(f.Missing, bundle.Missing{Name: fmt.Sprintf("measured/%d", i), Why: bundle.TooMany})
	}
	text = page(f)
	for _, want := range []string{"复核", "尚无见证者", "另有 3 项未列出"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	if strings.Contains(text, "measured results of entry 200") || strings.Contains(text, "不含个人信息") {
		t.Error("more is shown than there should be")
	}
}

// Of the sums of hours that follow each other the page shows the first and the last, and how many are between: after a long
// warning they would be nearly all of it.
func TestIndexOfManyHours(t *testing.T) {
	page := func(kinds ...string) string {
		f := facts(0)
		f.Entries = func(yield func(int64, ledger.Entry) bool) {
			at := time.Date(2016, 12, 16, 20, 0, 0, 0, ledger.Shanghai)
			for i, kind := range kinds {
				at = at.Add(time.Hour)
				e := ledger.Entry{Kind: kind, At: at, Actor: "system", Data: fmt.Appendf(nil, `{"hour":"%s"}`, at.Format(time.RFC3339))}
				if !yield(int64(i), e) {
					return
				}
			}
		}
		var out bytes.Buffer
		if err := proofs.Index(&out, f); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	const hour, other = "compliance.hour_summed", "notify.called"
	for _, c := range []struct {
		kinds []string
		rows  int
		more  string // left out; empty for nothing
	}{
		{[]string{hour}, 1, ""},
		{[]string{hour, hour}, 2, ""},
		{[]string{hour, hour, other}, 3, ""},
		{[]string{hour, hour, hour, hour, hour}, 2, "另有 3 项未列出"},
		{[]string{other, hour, hour, hour, other, hour, hour}, 6, "另有 1 项未列出"},
	} {
		text := page(c.kinds...)
		if got := strings.Count(text, `<td class="time">`); got != c.rows || strings.Contains(text, "未列出") != (c.more != "") || !strings.Contains(text, c.more) {
			t.Errorf("%q make %d rows of\n%s", c.kinds, got, text)
		}
		if last := fmt.Sprintf("<tr><td>%d</td>", len(c.kinds)-1); !strings.Contains(text, last) {
			t.Errorf("%q: the last is not there", c.kinds)
		}
	}
}
