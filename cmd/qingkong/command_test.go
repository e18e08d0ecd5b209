package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/cmd/internal/calls"
)

// eachCommand sees every command that is no group.
func eachCommand(see func(*cobra.Command)) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.HasSubCommands() {
			see(cmd)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(commands()))
}

// Whoever adds a member to an input gives it a flag with words, or says why there is none.
func TestEverySettableMemberHasAFlagOrAReason(t *testing.T) {
	byName := map[string]*calls.Call{}
	for _, c := range calls.All() {
		byName[c.Name()] = c
	}
	commands := 0
	eachCommand(func(cmd *cobra.Command) {
		flags := map[string]bool{}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			for _, member := range f.Annotations["member"] {
				flags[member] = true
			}
		})
		said := map[string]bool{}
		for _, name := range strings.Fields(strings.ReplaceAll(cmd.Annotations["calls"], " ", "\x00")) {
			c := byName[strings.ReplaceAll(name, "\x00", " ")]
			if c == nil {
				t.Fatalf("%s makes %q, which is no call", cmd.CommandPath(), name)
			}
			commands++
			for _, p := range append(c.Members(), c.Query...) {
				said[p.Name] = true
				if why := cmd.Annotations["without "+p.Name]; !flags[p.Name] && why == "" {
					t.Errorf("%s has no flag for %s of %s, and no reason", cmd.CommandPath(), p.Name, c.Name())
				}
			}
		}
		for name := range cmd.Annotations {
			if name, ok := strings.CutPrefix(name, "without "); ok && (flags[name] || !said[name]) {
				t.Errorf("%s says why it has no flag for %s, which it has, or no call takes", cmd.CommandPath(), name)
			}
		}
	})
	if commands < 40 {
		t.Errorf("%d calls are made by commands", commands)
	}
}

// A flag says what it is for in Chinese and, in brackets behind that, in English.
func TestEveryFlagHasWordsInBothLanguages(t *testing.T) {
	han := func(r rune) bool { return unicode.Is(unicode.Han, r) }
	eachCommand(func(cmd *cobra.Command) {
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			zh, en, _ := strings.Cut(strings.TrimSuffix(f.Usage, "）"), "（")
			if f.Name != "help" && !f.Hidden && (strings.IndexFunc(zh, han) < 0 || !strings.ContainsFunc(en, unicode.IsLower)) {
				t.Errorf("%s --%s: %q", cmd.CommandPath(), f.Name, f.Usage)
			}
		})
	})
}

// No member has words that no command shows, and the words of all are in their language.
func TestWordsOfMembersAreUsed(t *testing.T) {
	used := map[string]bool{}
	eachCommand(func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { used[f.Usage] = true })
	})
	for _, c := range calls.All() {
		for _, p := range c.Members() {
			if arg := p.Name == "user" || p.Name == "recipient_id"; p.ZH != "" && !arg && !used[p.ZH+"（"+p.EN+"）"] {
				t.Errorf("%s of %s has words that no command shows: %s", p.Name, c.Name(), p.ZH)
			}
		}
	}
}

// A number that must be given is not taken for 0, and what a file holds is asked for before anything is sent.
func TestACommandLineIsReadBeforeAnythingIsSent(t *testing.T) {
	to, asked := askedServer(t, func(*http.Request) (int, string) { return http.StatusOK, `{}` })
	broken := writeFile(t, "broken.json", []byte("{"))
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "--revision must be given", []string{"list", "approve", "L1"}},
		{exitUsage, "--revision must be given", []string{"list", "discard", "L1"}},
		{exitUsage, "--version, --revision must be given", []string{"list", "relist", "W1", "--recipients", "E1"}},
		{exitUsage, "one version is wanted, 2", []string{"list", "activate", "L1", "L2", "--revision", "1"}},
		{exitUsage, "is no JSON", []string{"list", "amend", "E1", "--reason", "x", "--change", "{"}},
		{exitUsage, "is no JSON", []string{"list", "amend", "E1", "--reason", "x", "--contact", "@" + broken}},
		{exitFailed, "open none: ", []string{"list", "amend", "E1", "--reason", "x", "--contact", "@none"}},
		{exitUsage, "none of the others can be",
			[]string{"list", "amend", "E1", "--reason", "x", "--change", "{}", "--retire"}},
		{exitUsage, "is no decision", []string{"order", "objection", "O1", "maybe", "--reason", "x"}},
		{exitUsage, "--expires-at", []string{"order", "objection", "O1", "accept", "--reason", "x", "--expires-at", "soon"}},
		{exitUsage, "--reason goes with --accept", []string{"order", "plan", "O1", "--reason", "x"}},
		{exitUsage, "--reduction-stays goes with --accept", []string{"order", "plan", "O1", "--reduction-stays", "M1"}},
		{exitUsage, "give exactly one", []string{"personal", "erase", "--reason", "x"}},
		{exitUsage, "give exactly one", []string{"personal", "erase", "--reason", "x", "--user", "a", "--ref", "b"}},
	} {
		out, errs := ran(t, c.code, append(c.args, to...)...)
		if out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%v: stdout %q, stderr %q, want %q", c.args, out, errs, c.want)
		}
	}
	if got := asked(); len(got) != 0 {
		t.Errorf("it sent %+v", got)
	}
}

// What commands send that say more than texts: null, JSON from the line and from a file, a list, numbers, parts of a
// path.
func TestWhatOtherCommandsSend(t *testing.T) {
	to, asked := askedServer(t, func(*http.Request) (int, string) { return http.StatusOK, `{}` })
	file := writeFile(t, "contact.json", []byte(`{"name":"张工"}`))
	problem := writeFile(t, "problem.json", []byte(`{"problem":{"steps":3},"missing":[]}`))
	figures := writeFile(t, "figures.json", []byte(`{"figures":{"step_h":1}}`))
	for _, c := range []struct{ args, line, body string }{
		{`list amend E1 --reason r --measure M2 --change {"complete_within_h":3} --effective-from 2026-12-01`,
			"POST /api/v1/list/amendments",
			`map[change:map[complete_within_h:3] effective_from:2026-12-01 measure_id:M2 reason:r recipient_id:E1]`},
		{"list amend E1 --reason r --measure M2 --remove", "POST /api/v1/list/amendments",
			"map[change:<nil> measure_id:M2 reason:r recipient_id:E1]"},
		{"list amend E1 --reason r --retire --base L1", "POST /api/v1/list/amendments",
			"map[base:L1 reason:r recipient:<nil> recipient_id:E1]"},
		{"list amend E1 --reason r --contact @" + file, "POST /api/v1/list/amendments",
			"map[contact:map[name:张工] reason:r recipient_id:E1]"},
		{"list approve L/1 --revision 2 --otp 123456", "POST /api/v1/list/versions/L%2F1/approve",
			"map[otp:123456 revision:2]"},
		{"list activate L1 --revision 2 --replaces L0", "POST /api/v1/list/versions/L1/activate",
			"map[replaces:L0 revision:2]"},
		{"list discard L1 --revision 2", "DELETE /api/v1/list/versions/L1?revision=2", "map[]"},
		{"list relist W1", "GET /api/v1/warnings/W1/list-changes?limit=1000", "map[]"},
		{"list relist W1 --recipients E1,E2 --version L2 --revision 3", "POST /api/v1/warnings/W1/list-changes",
			"map[list_version:L2 recipients:[E1 E2] revision:3]"},
		{"list changes L2 --against L1 --limit 7 --cursor c", "GET /api/v1/list/versions/L2/diff?against=L1&cursor=c&limit=7",
			"map[]"},
		{"list versions --as-of 2026-10-31", "GET /api/v1/list/versions?as_of=2026-10-31&limit=50", "map[]"},
		{"order objection O1 amend --reason r --change M1={\"n\":1} --change M2=null", "POST /api/v1/orders/O1/objection",
			"map[decision:amend measures:[map[change:map[n:1] id:M1] map[change:<nil> id:M2]] reason:r]"},
		{"order objection O1 amend --reason r --dry-run --change M2=null", "POST /api/v1/orders/O1/objection/dry-run",
			"map[decision:amend measures:[map[change:<nil> id:M2]] reason:r]"},
		{`list amend E1 --reason r --measure M2 --change {"complete_within_h":3} --dry-run`, "POST /api/v1/list/amendments/dry-run",
			"map[change:map[complete_within_h:3] measure_id:M2 reason:r recipient_id:E1]"},
		{"order plan O1", "GET /api/v1/orders/O1/plan", "map[]"},
		{"order plan O1 --problem " + problem, "POST /api/v1/orders/O1/plan", "map[problem:map[steps:3]]"},
		{"order plan O1 --accept --reason r", "POST /api/v1/orders/O1/plan/accept", "map[reason:r]"},
		{`order plan O1 --accept --reduction-stays M1,M2 --reductions [{"measure_id":"M3","reduction_t_per_day":{"nox":0.1}}]`,
			"POST /api/v1/orders/O1/plan/accept",
			"map[reduction_stays:[M1 M2] reductions:[map[measure_id:M3 reduction_t_per_day:map[nox:0.1]]]]"},
		{"order figures E1", "GET /api/v1/recipients/E1/figures", "map[]"},
		{"order figures E1 --set " + figures, "PUT /api/v1/recipients/E1/figures", "map[step_h:1]"},
		{"account add zhang --role town --town x", "POST /api/v1/accounts", "map[role:town town:x user:zhang]"},
		{"account end-session S1", "DELETE /api/v1/sessions/S1", "map[]"},
		{"account end-session --all --json", "DELETE /api/v1/sessions", "map[]"},
		{"task add E1 --due 2016-12-18T12:00:00+08:00 --order O1", "POST /api/v1/tasks",
			"map[due:2016-12-18T12:00:00+08:00 order_id:O1 recipient_id:E1]"},
		{"personal erase --user zhang --reason r", "POST /api/v1/personal-data/erasures", "map[reason:r user:zhang]"},
	} {
		ran(t, exitOK, append(strings.Fields(c.args), to...)...)
		got := asked()
		if len(got) != 1 || got[0].line != c.line || fmt.Sprint(got[0].body) != c.body {
			t.Errorf("%s sends %+v, want %s %s", c.args, got, c.line, c.body)
		}
	}
}

// An act whose answer says nothing has nothing to print as JSON, and has not failed.
func TestAnAnswerThatSaysNothing(t *testing.T) {
	to, _ := askedServer(t, func(*http.Request) (int, string) { return http.StatusNoContent, "" })
	if out, errs := ran(t, exitOK, append([]string{"account", "end-session", "--all", "--json"}, to...)...); out+
		errs != "" {
		t.Errorf("it prints %q and %q", out, errs)
	}
	to, _ = askedServer(t, func(*http.Request) (int, string) { return http.StatusOK, "null" })
	for _, args := range []string{"warning show W1", "warning approve W1 --revision 1", "order show O1",
		"account show zhang"} {
		_, errs := ran(t, exitFailed, append(strings.Fields(args), to...)...)
		says(t, errs, "is --server the address of qingkong?")
	}
}

// What would become of an amendment is told in lines: what follows, what has to be looked at, and the order's text.
func TestWhatDryRunsTell(t *testing.T) {
	to, _ := askedServer(t, func(r *http.Request) (int, string) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/list") {
			return http.StatusOK, `{"base":"L1","change":{"quantity":{"value":20}},"filled":["monitor[0].criterion"],"asked":[],
				"changes":[{"kind":"changed","text":"E1 M1 数值：40 改为 20"}],"effects":[{"level":"yellow","text":["黄色：SO2 减少 0.1"]}],"later":[]}`
		}
		return http.StatusOK, `{"measures":[{"id":"M1","change":{"quantity":{"value":20}},"filled":["monitor[0].criterion"],
			"asked":["reduction_t_per_day"],"measure":{"id":"M1"}},{"id":"M3","change":null,"measure":{"id":"M3"}},
			{"id":"M2","change":null,"measure":null}],"title":"减排令","text":"示例企业：\n1. 限产\n"}`
	})
	out, _ := ran(t, exitOK, append(strings.Fields(
		`order objection O1 amend --reason r --dry-run --change M1={"quantity":{"value":20}} --change M2=null`), to...)...)
	if want := `M1  {"quantity":{"value":20}}
推算：monitor[0].criterion / follows: monitor[0].criterion
推算不出，请核对：reduction_t_per_day / does not follow, look at it: reduction_t_per_day
M2  去掉 / taken out
减排令
示例企业：
1. 限产
`; out != want {
		t.Errorf("it prints\n%s\nwant\n%s", out, want)
	}
	out, _ = ran(t, exitOK, append(strings.Fields(
		`list amend E1 --reason r --measure M1 --dry-run --change {"quantity":{"value":20}}`), to...)...)
	says(t, out, "推算：monitor[0].criterion", "E1 M1 数值：40 改为 20", "黄色：SO2 减少 0.1")
}

// A plan is shown with what its measures take away in a day, and what of that is to be said when it is accepted.
func TestWhatAPlanSaysOfReductions(t *testing.T) {
	to, _ := askedServer(t, func(*http.Request) (int, string) {
		return http.StatusOK, `{"problem":{},"missing":[],"result":{"status":"optimal","objective":1,"bound":1,"gap":0,"conflicts":[],
			"plan":[],"totals":null,"baseline":null,"saved":null,"binding":[],"marks":[],"needs_reason":false,"reductions":[
			{"measure_id":"M05","unit":"5#机组","listed_t_per_day":{"so2":0.1,"nox":0,"pm":0,"vocs":0},
				"reduction_t_per_day":{"so2":-0.2,"nox":0,"pm":0,"vocs":0}},
			{"measure_id":"M06","unit":"6#机组","listed_t_per_day":{"so2":0.1,"nox":0.2,"pm":0,"vocs":0},"reduction_t_per_day":null}]},
			"figures_at":null,"window":{"from":"2016-12-16T20:00:00+08:00","to":"2016-12-18T00:00:00+08:00","cut":""},"figures":null}`
	})
	out, _ := ran(t, exitOK, append([]string{"order", "plan", "O1"}, to...)...)
	says(t, out, "M05 5#机组  SO2 0.1 → SO2 -0.2", "M06 6#机组  SO2 0.1 NOx 0.2 → 推算不出", "（M06）", "--reduction-stays")
}
