package verifypage

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"qingkong/cmd/internal/proofs"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/bundle/bundletest"
)

// said is an entry as the page says it, in Chinese and in English.
func (p *tab) said(entries []entry) (all [][2]string) {
	p.t.Helper()
	asked, err := json.Marshal(entries)
	if err != nil {
		p.t.Fatal(err)
	}
	words, err := json.Marshal(proofs.PageWords())
	if err != nil {
		p.t.Fatal(err)
	}
	text := eval[string](p, fmt.Sprintf("(() => {\"use strict\";\n%s%s\nconst catalogue = %s;\n%s\nreturn JSON.stringify(%s.map(e => "+
		"entrySays(e.kind, toldOf(e.kind, objectOf(e.data) || {}))));})()", noble(), read("bundle.js"), words, read("say.js"), asked))
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		p.t.Fatal(err)
	}
	return all
}

type entry struct {
	Kind string `json:"kind"`
	Data string `json:"data"`
}

// The page says of an entry what `qingkong verify` says, in both languages: of each form in which something is recorded,
// and of what it does not understand.
func TestThePageSaysWhatTheShellSays(t *testing.T) {
	var entries []entry
	files, err := filepath.Glob("../service/testdata/events/*.json")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d recorded forms (%v)", len(files), err)
	}
	kinds := proofs.Kinds()
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.TrimSuffix(filepath.Base(path), ".json")
		if _, is := kinds[kind]; !is {
			kind = kind[:strings.LastIndexByte(kind, '.')]
		}
		entries = append(entries, entry{kind, string(data)})
	}
	long := strings.Repeat("长", 5000)
	for _, data := range []string{`{`, `null`, `[1]`, `{}`, `{"order_id":7,"action":{"a":1},"evidence":"x","late":"yes"}`, `{"order_id":"O","action":"dance"}`,
		`{"order_id":"constructor","action":"__proto__","__proto__":{"late":true}}`, `{"order_id":"{value} {0} $& $1","action":"{value}"}`,
		`{"order_id":"` + long + `"}`, `{"order_id":" a\n b\t"}`, `{"orders":["a","b","c","d",5]}`, `{"orders":[]}`, `{"orders":["a",1]}`,
		`{"evidence":[],"late":true,"correction":false}`, `{"starts_at":"2016-12-16T20:00:00.5Z","ends_at":"2016-13-16T20:00:00Z"}`} {
		entries = append(entries, entry{"notify.answered", data}, entry{"notify.sent", data}, entry{"future.kind", data}, entry{"constructor", data})
	}
	p := openTab(t)
	for i, got := range p.said(entries) {
		for k, lang := range []string{"zh-CN", "en"} {
			if want := proofs.Say(entries[i].Kind, []byte(entries[i].Data), lang); got[k] != want {
				t.Errorf("%s %.200s: the page says\n%s\nthe shell\n%s", entries[i].Kind, entries[i].Data, got[k], want)
			}
		}
	}
}

// inWords is a bundle of entries of some kinds, one of which nobody knows.
func inWords(t *testing.T) []byte {
	t.Helper()
	r := bundletest.New(t)
	at := []int64{0}
	for _, kind := range []string{"alerts.warning.declared", "notify.order_issued", "notify.answered", "inspection.recorded", "compliance.judged"} {
		data, err := os.ReadFile("../service/testdata/events/" + kind + ".json")
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, r.Say(kind, "duty", json.RawMessage(strings.ReplaceAll(string(data), `"evidence":[`, `"seen":[`))))
	}
	at = append(at, r.Say("future.kind", "", map[string]string{"level": "violet"}))
	return r.Proving(bundle.Subject{Warning: "W20261214-01"}, at).Bytes(t)
}

// A bundle shows its entries in words, and each with its kind; what nobody knows is shown as it is.
func TestThePageShowsEntriesInWords(t *testing.T) {
	p := openTab(t)
	p.opens(false)
	got := p.given(inWords(t))
	for _, want := range []string{"登记预警：预警 W20261214-01，建议 P20261214-01，演练，级别 橙色（Ⅱ级），依据 市级指令，状态 待生效", "alerts.warning.declared",
		"答复减排令：减排令 W20261214-01-E0003-2，上报进展", "处置：", "结论 未执行", "未知类型 future.kind，已证明"} {
		if !strings.Contains(got.Text, want) {
			t.Errorf("the page does not say %q:\n%s", want, got.Text)
		}
	}
	eval[chromedp.Void](p, `document.getElementById("language").click()`)
	if text := eval[string](p, `document.getElementById("result").innerText`); !strings.Contains(text, "level orange (II), by city order") ||
		!strings.Contains(text, "of a kind unknown here, future.kind: proved all the same") {
		t.Errorf("in English the page says\n%s", text)
	}
}
