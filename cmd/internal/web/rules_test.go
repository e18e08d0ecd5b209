package web

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/valid"
)

// breach is a value that breaks a rule, and what its refusal says.
type breach struct{ bad, rule, says string }

// breaches has, for each rule that a member may name in its tag, what breaks it. Of a list bad is how many items it has.
var breaches = map[string][]breach{
	"required":    {{"", "input.required", "is required"}},
	"filled":      {{"", "input.required", "is required"}, {" \n", "input.required", "is required"}},
	"bytes=32":    {{strings.Repeat("x", 33), "input.too_large", "limit of 32 bytes"}},
	"bytes=64":    {{strings.Repeat("x", 65), "input.too_large", "limit of 64 bytes"}},
	"bytes=128":   {{strings.Repeat("x", 129), "input.too_large", "limit of 128 bytes"}},
	"bytes=100":   {{strings.Repeat("x", 101), "input.too_large", "limit of 100 bytes"}},
	"bytes=2000":  {{strings.Repeat("x", 2001), "input.too_large", "limit of 2000 bytes"}},
	"bytes=8000":  {{strings.Repeat("x", 8001), "input.too_large", "limit of 8000 bytes"}},
	"disposition": {{"fine", "inspection.disposition", "unknown disposition fine"}},
	"item_result": {{"good", "inspection.item_result", "use pass, fail, not_applicable, not_seen"}},
	"inspected":   {{"good", "inspection.result", "use passed, failed, unclear"}},
	"bytes=500":   {{strings.Repeat("霾", 167), "input.too_large", "limit of 500 bytes"}},
	"bytes=4000":  {{strings.Repeat("x", 4001), "input.too_large", "limit of 4000 bytes"}},
	"line=40":     {{strings.Repeat("名", 41), "access.text_wrong", "at most 40 characters"}},
	"line=80":     {{"a\nb", "access.text_wrong", "one line of at most 80 characters"}},
	"chars=200":   {{strings.Repeat("x", 201), "text.too_long", "201 characters, more than the limit of 200"}},
	"chars=2000":  {{strings.Repeat("霾", 2001), "text.too_long", "2001 characters, more than the limit of 2000"}},
	"chars=20000": {{strings.Repeat("x", 20001), "text.too_long", "more than the limit of 20000"}},
	"level":       {{"blue", "level.unknown", "no level blue"}, {"none", "level.unknown", "no level none"}},
	"trigger":     {{"rumour", "trigger.unknown", "no trigger rumour"}},
	"region":      {{"西青", "region.wrong", "region 西青 is wrong"}, {"12011", "region.wrong", "12011"}},
	"most=100":    {{"101", "order.too_many", "the limit of 100"}},
	"most=200":    {{"201", "order.too_many", "the limit of 200"}},
	"most=300":    {{"301", "order.too_many", "the limit of 300"}},
	"most=1000":   {{"1001", "order.too_many", "the limit of 1000"}},
	"called":      {{"0", "order.called_count", "1 to 200"}, {"201", "order.called_count", "1 to 200"}},
	"call_outcome": {{"", "order.call_outcome", "use told, unreachable or oral"},
		{"asked", "order.call_outcome", "unknown outcome asked"}},
	"relisted": {{"0", "order.relist_count", "1 to 1000"}, {"1001", "order.relist_count", "1 to 1000"}},
	"account": {
		{"", "access.user_name", " cannot be an account's name"}, {"Duty", "access.user_name", "Duty cannot be"},
		{"_duty", "access.user_name", "_duty cannot be"}, {"duty.two", "access.user_name", "duty.two cannot be"},
		{"duty>", "access.user_name", "duty> cannot be"}, {"duty\n", "access.user_name", "cannot be"},
		{"值班员", "access.user_name", "值班员 cannot be"},
		{strings.Repeat("a", 41), "access.user_name", "a cannot be an account's name"}},
	"role": {{"root", "access.role_unknown", "no role root;"}},
	"vault": {{"key-notes", "personal.ref", "key-notes is no entry"},
		{"content-00", "personal.ref", "content-00"}},
	"phones": {{"12345678901", "list.phone", "number does not have the right form"}},
	"decision": {{"perhaps", "order.decision", "decision perhaps;"},
		{"", "order.decision", "use accept, reject or amend"}},
	"amend_alone": {{"accept", "order.dry_run_amend", "not of accept"}},
	"evidence":    {{"photo.jpg", "order.evidence", "photo.jpg is not the name"}},
	"row_level":   {{"blue", "list.enum", "blue is not one of"}},
	"limit": {{"0", "http.want_limit", "the value 0 of parameter limit"},
		{"1001", "http.want_limit", "1001"},
		{"a", "http.want_limit", "value a of"},
		{"", "http.want_limit", "the value  of"}},
	"index": {{"-1", "http.want_index", "the value -1 of parameter "},
		{"1.5", "http.want_index", "1.5"},
		{"", "http.want_index", "0 or more"}},
	"seen_revision": {{"0", "http.want_revision", "the value 0 of parameter revision"},
		{"", "http.want_revision", "1 or more"}},
	"seconds": {{"0", "allocate.time_limit", "time limit 0 is wrong; give 0.1 to 20 seconds"},
		{"20.5", "allocate.time_limit", "20.5"},
		{"NaN", "allocate.time_limit", "NaN"},
		{"", "allocate.time_limit", "0.1 to 20"}},
	"day":         {{"2016-02-30", "day.date_wrong", "date 2016-02-30 is wrong"}},
	"day_or_none": {{"2016-02-30", "day.date_wrong", "date 2016-02-30 is wrong"}},
	"day_or_time": {{"2016-02-30", "http.want_time", "the value 2016-02-30 of parameter "},
		{"", "http.want_time", "the value  of parameter "}},
	"series_cursor": {{"2016-02-30", "http.want_time", "the value 2016-02-30 of parameter cursor"}},
	"step":          {{"5m", "telemetry.step", "the step 5m is wrong; use sample, 1m, 1h, 1d"}},
	"periods":       {{"0", "telemetry.periods", "the value 0 of parameter limit"}, {"10001", "telemetry.periods", "1 to 10000"}},
	"freshness":     {{"stale", "telemetry.freshness", "stale says nothing"}},
	"table_format":  {{"pdf", "telemetry.table_format", "pdf is no format of a table; use csv, xlsx"}},
	"ends":          {{"middle", "telemetry.ends", "the value middle of parameter ends"}},
	"message": {{"", "live.want_id", " is no event id"},
		{"1.x.y", "live.want_id", "1.x.y is no"},
		{"-1", "live.want_id", "-1 is no"},
		{"1.2", "live.want_id", "1.2 is no"}},
	"proposal_state":  {{"lost", "proposal.state_unknown", "no state lost"}},
	"finding_verdict": {{"compliant", "finding.verdict_filter", "unknown verdict compliant; use suspected, violated, no_data"}},
	"task_state":      {{"finished", "task.state", "unknown state finished of a task; use open, taken, done, dropped"}},
	"order_state":     {{"done", "order.state_filter", "no state done"}},
	"severity": {{"info", "list.want_severity", "info is no severity"},
		{"", "list.want_severity", " is no severity"}},
	"list_format": {{"csv", "list.export_format", "csv is no format"}, {"", "list.export_format", "use format=xlsx"}},
	"paper_format": {{"pdf", "papers.want_format", "the format pdf is wrong; use html, docx"},
		{"", "papers.want_format", "html, docx"}},
	"roll_format": {{"pdf", "papers.want_format", "the format pdf is wrong; use html, xlsx"},
		{"", "papers.want_format", "html, xlsx"}},
	"paper_kind": {{"list", "papers.want_kind", "list is no kind"}, {"", "papers.want_kind", "plan or board"}},
	"mn": {{"a.b", "telemetry.mn", "a.b cannot be a station's number"}, {"MN>", "telemetry.mn", "1 to 40 letters"},
		{strings.Repeat("A", 41), "telemetry.mn", "24 hexadecimal digits"}},
	"edition": {{"2011", "telemetry.version", "unknown edition 2011 of HJ 212; use 2005, 2017, 2025"}},
	"station_password": {{"12;34", "telemetry.password", "without ; & = , and #"},
		{strings.Repeat("1", 33), "telemetry.password", "1 to 32 visible"}, {"密码", "telemetry.password", "ASCII"}},
	"sm4_key": {{"short", "telemetry.sm4_key", "16 ASCII characters or 32"}, {strings.Repeat("g", 32), "telemetry.sm4_key", "32"}},
	"yes_no":  {{"1", "http.want_yes_no", "give true or false"}},
	"paper_lang": {{"fr", "papers.want_format", "the format fr is wrong; use zh-CN, en"},
		{"", "papers.want_format", "zh-CN, en"}},
}

// Every member with rules is refused when it breaks one of them, in the words of that rule, wherever it stands in an
// input; no rule goes untried, and none is there that no member names.
func TestRulesOfMembers(t *testing.T) {
	tried := map[string]bool{}
	for _, r := range routes {
		in := reflect.New(r.In).Elem()
		tryMembers(t, r, in, in, "", tried)
		for _, p := range r.Query {
			for _, tag := range valid.Tags(p.Member) {
				if _, rule := valid.Named(tag); !rule {
					continue
				}
				tried[tag] = true
				for _, b := range breaches[tag] {
					_, err := r.Read(func(string) string { return "x" }, url.Values{p.Name: {b.bad}}, aBody(r))
					b.refused(t, r.Name()+"?"+p.Name+"="+b.bad, p.Name, err)
				}
			}
			if p.Needed() {
				_, err := r.Read(func(string) string { return "x" }, nil, nil)
				breaches["required"][0].refused(t, r.Name(), p.Name, err)
			}
		}
	}
	for tag := range breaches {
		if !tried[tag] {
			t.Errorf("no member has the rule %s", tag)
		}
	}
}

// aBody is a body that is taken, for a look at the parameters beside it.
func aBody(r route) []byte {
	if r.Example == "" {
		return []byte("{}")
	}
	return []byte(r.Example)
}

// tryMembers breaks each rule of the members of v, a part of in.
func tryMembers(t *testing.T, r route, in, v reflect.Value, path string, tried map[string]bool) {
	for f, member := range v.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		at := strings.TrimPrefix(path+"."+name, ".")
		switch {
		case f.Anonymous && f.IsExported():
			tryMembers(t, r, in, member, path, tried)
			continue
		case name == "" || name == "-" || !f.IsExported():
			continue
		}
		for _, tag := range valid.Tags(f) {
			if tag == "dive" {
				member.Set(reflect.MakeSlice(member.Type(), 1, 1))
				at, member = at+"[0]", member.Index(0)
			}
			if tag == "" || tag == "dive" || tag == "omitempty" {
				continue
			}
			tried[tag] = true
			if breaches[tag] == nil {
				t.Errorf("%s: %s: the rule %s is not tried", r.Name(), at, tag)
			}
			for _, b := range breaches[tag] {
				switch n, _ := strconv.Atoi(b.bad); member.Kind() {
				case reflect.String:
					member.SetString(b.bad)
				case reflect.Pointer:
					if member.Type().Elem().Kind() == reflect.String {
						member.Set(reflect.ValueOf(new(b.bad)))
					}
				case reflect.Slice:
					if tag != "required" {
						member.Set(reflect.MakeSlice(member.Type(), n, n))
					}
				}
				b.refused(t, r.Name(), at, valid.Check(in.Interface()))
				member.SetZero()
			}
		}
		switch {
		case member.Kind() == reflect.Struct && member.Type().PkgPath() != "time":
			tryMembers(t, r, in, member, at, tried)
		case member.Kind() == reflect.Pointer && member.Type().Elem().Kind() == reflect.Struct:
			member.Set(reflect.New(member.Type().Elem()))
			tryMembers(t, r, in, member.Elem(), at, tried)
		}
	}
}

func (b breach) refused(t *testing.T, call, path string, err error) {
	t.Helper()
	var e *refusal.Error
	if !errors.As(err, &e) || e.Code != refusal.Invalid {
		t.Errorf("%s: %s %q: %v", call, path, b.bad, err)
		return
	}
	i := slices.IndexFunc(e.Fields, func(f refusal.Field) bool { return f.Path == path })
	if i < 0 || e.Fields[i].Rule != b.rule || !strings.Contains(e.Fields[i].Message("en"), b.says) ||
		strings.ContainsAny(e.Fields[i].Message("zh-CN")+e.Fields[i].Message("en"), "{}") {
		t.Errorf("%s: %s %q: %v, want %s: %s", call, path, b.bad, err, b.rule, b.says)
	}
}
