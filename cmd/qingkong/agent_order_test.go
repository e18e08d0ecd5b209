package main

import (
	"encoding/json"
	"strings"
	"testing"

	"qingkong/notify"
)

// The line of an event tells a new order from a release, and from when and until when an order applies.
func TestLinesOfAnAgent(t *testing.T) {
	const head = `{"id":"W20161216-01-E0001-1","level":"orange","title":"重污染天气橙色（Ⅱ级）预警应急减排令","measures":[{"text":"停产"}]`
	const from = `,"effective_from":"2016-12-16T20:00:00+08:00"`
	release := func(kind, reason string) string {
		return head + from + `,"state":"released","release":{"kind":"` + kind +
			`","title":"某通知","text":"示例企业：\n不再执行，可以恢复正常生产。","reason":"` + reason +
			`","at":"2016-12-18T08:00:00+08:00"}}`
	}
	for name, c := range map[string]struct {
		event, order, lang string
		want, not          []string
	}{
		"issued": {"issued", head + from + `,"ends_at":"2016-12-19T00:00:00+08:00"}`, "zh-CN",
			[]string{"下达", "自 2016-12-16 20:00 起至 2016-12-18 24:00 止", "停产"}, []string{"通知"}},
		"issued in English": {"issued", head + from + `,"ends_at":"2016-12-19T00:00:00+08:00"}`, "en",
			[]string{"issued", "from 2016-12-16 20:00 to 2016-12-18 24:00"}, nil},
		"until further notice": {"revised", head + from + `,"ends_at":null}`, "zh-CN",
			[]string{"变更", "自 2016-12-16 20:00 起，结束时间另行通知"}, []string{"止"}},
		"from midnight": {"issued", head + `,"effective_from":"2016-12-17T00:00:00+08:00"}`, "zh-CN",
			[]string{"自 2016-12-17 00:00 起"}, []string{"24:00"}},
		"with a deadline": {"issued", head + from + `,"acknowledge_by":"2016-12-16T21:00:00+08:00"}`, "zh-CN",
			[]string{"自 2016-12-16 20:00 起", "请于 2016-12-16 21:00 前确认"}, nil},
		"lifted": {"released", release("lifted", "扩散条件转好"), "zh-CN",
			[]string{"解除 ", "某通知", "可以恢复正常生产", "扩散条件转好"}, []string{"应急减排令", "停产"}},
		"cancelled":     {"released", release("cancelled", ""), "zh-CN", []string{"撤销 ", "某通知"}, []string{"原因"}},
		"exempted":      {"released", release("exempted", "保障供热"), "zh-CN", []string{"豁免 ", "保障供热"}, []string{"解除"}},
		"level changed": {"released", release("level_changed", ""), "zh-CN", []string{"级别调整，终止 "}, []string{"解除"}},
		"list changed": {"released", release("list_changed", ""), "en",
			[]string{"ended, the list has changed "}, nil},
		"a kind of a later time": {"released", release("merged", ""), "zh-CN", []string{"merged ", "某通知"}, nil},
		"recorded without words": {"released", head + from + `,"state":"released"}`, "zh-CN", []string{"解除", "措施停止执行"},
			[]string{"停产", "自 2016"}},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := readOrder(json.RawMessage(c.order))
			if err != nil {
				t.Fatal(err)
			}
			line := oneLine(o.line(c.event, c.lang))
			for _, want := range c.want {
				if !strings.Contains(line, want) {
					t.Errorf("%q is not in %q", want, line)
				}
			}
			for _, not := range c.not {
				if strings.Contains(line, not) {
					t.Errorf("%q is in %q", not, line)
				}
			}
		})
	}
}

// A pending exemption is a release, like any other that was not received.
func TestPendingExemptionIsARelease(t *testing.T) {
	for state, want := range map[string]string{"released": "released", "exempted": "released", "open": "revised"} {
		if got := (order{OrderHead: notify.OrderHead{ID: "O", Revision: 2}, State: state}).lastEvent(); got != want {
			t.Errorf("%s: %s, want %s", state, got, want)
		}
	}
}
