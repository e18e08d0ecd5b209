package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheTreeKeepsTheRules(t *testing.T) {
	top := filepath.Join("..", "..", "..")
	text, err := os.ReadFile(filepath.Join(top, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	module, ok := strings.CutPrefix(first, "module ")
	if !ok {
		t.Fatalf("go.mod begins with %q, not with its module", first)
	}
	broken, err := check(os.DirFS(top), strings.TrimSpace(module))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
}

// Each row is one made-up file; want is part of the only complaint, or empty for none.
func TestCheckFindsWhatBreaksARule(t *testing.T) {
	imports := func(p string) string { return "package p\n\nimport _ \"" + p + "\"\n" }
	lines := func(n int) string { return "package p\n" + strings.Repeat("\n", n-1) }
	for _, c := range []struct{ name, file, text, want string }{
		{"an arrow of the design", "notify/plan.go", imports("m/reductionlist"), ""},
		{"an arrow turned round", "alerts/warning.go", imports("m/notify"), "must not import notify"},
		{"turned round in a test", "alerts/warning_test.go", imports("m/notify"), "must not import notify"},
		{"anybody refuses", "notify/ledger/log.go", imports("m/alerts/refusal"), ""},
		{"refusal imports nothing of ours", "alerts/refusal/words.go", imports("m/alerts"), "must not import alerts"},
		{"a domain package reads seeds", "alerts/criteria.go", imports("m/seeds"), "must not import seeds"},
		{"its test may", "alerts/criteria_test.go", imports("m/seeds"), ""},
		{"an outside test of its own package", "alerts/criteria_test.go", imports("m/alerts"), ""},
		{"cmd reads seeds", "cmd/internal/demo/demo.go", imports("m/seeds"), ""},
		{"transport reads seeds", "cmd/internal/web/page.go", imports("m/seeds"), "must not import seeds"},
		{"NATS in the domain", "notify/send.go", imports("github.com/nats-io/nats.go"),
			"must not import github.com/nats-io/nats.go"},
		{"NATS under cmd", "cmd/internal/bus/bus.go", imports("github.com/nats-io/nats.go"), ""},
		{"NATS in a domain test", "notify/send_test.go", imports("github.com/nats-io/nats.go"), ""},
		{"HTTP in the domain", "alerts/alerts.go", imports("net/http"), "must not import net/http"},
		{"an HTTP client in a channel", "notify/channel/webhook/webhook.go", imports("net/http"), ""},
		{"a template in the domain", "reductionlist/page.go", imports("html/template"), "must not import html/template"},
		{"cron beside its wrapper", "cmd/internal/app/feeds.go", imports("github.com/robfig/cron/v3"),
			"must not import github.com/robfig/cron/v3"},
		{"cron in its wrapper", "alerts/schedule/schedule.go", imports("github.com/robfig/cron/v3"), ""},
		{"a name that only begins alike", "alerts/alerts.go", imports("net/httpx"), ""},
		{"a package for tests in a test", "cmd/internal/access/login_test.go",
			imports("m/cmd/internal/journal/journaltest"), ""},
		{"a package for tests in the program", "cmd/internal/bench/bench.go", imports("m/cmd/internal/journal/journaltest"),
			"for tests alone"},
		{"a package for tests in another", "cmd/internal/service/servicetest/w.go",
			imports("m/cmd/internal/journal/journaltest"), ""},
		{"a package for tests keeps its row", "cmd/internal/journal/natstest/n.go", imports("m/cmd/internal/journal"),
			"must not import cmd/internal/journal"},
		{"what only a package's tests need", "cmd/internal/desk/self/password_test.go",
			imports("m/cmd/internal/web/session"), ""},
		{"the same in its code", "cmd/internal/desk/self/password.go", imports("m/cmd/internal/web/session"),
			"must not import cmd/internal/web/session"},
		{"an area of the desk in another", "cmd/internal/desk/orders/order.go", imports("m/cmd/internal/desk/plants"),
			"must not import cmd/internal/desk/plants"},
		{"an area in the frame", "cmd/internal/desk/frame/page.go", imports("m/cmd/internal/desk/orders"),
			"must not import cmd/internal/desk/orders"},
		{"the frame in an area", "cmd/internal/desk/orders/order.go", imports("m/cmd/internal/desk/frame"), ""},
		{"a sixth directory", "pkg/util/util.go", imports("fmt"), "Go code stands in"},
		{"Go code at the top", "main.go", imports("fmt"), "Go code stands in"},
		{"a package without a row", "alerts/helpers/helpers.go", imports("fmt"), "has no row"},
		{"behind a build tag", "alerts/x_windows.go", "//go:build windows\n\n" + imports("m/notify"),
			"must not import notify"},
		{"what the go command ignores", "alerts/testdata/x.go", imports("m/notify"), ""},
		{"a long file", "alerts/long.go", lines(maxLines), ""},
		{"a file too long", "alerts/long.go", lines(maxLines + 1), "601 lines"},
		{"a long test", "alerts/long_test.go", lines(maxTestLines), ""},
		{"a test too long", "alerts/long_test.go", lines(maxTestLines + 1), "901 lines"},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken, err := check(fstest.MapFS{c.file: {Data: []byte(c.text)}}, "m")
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" && len(broken) == 0 {
				return
			}
			if len(broken) != 1 || c.want == "" || !strings.Contains(broken[0], c.want) {
				t.Errorf("complaints %q, want one with %q", broken, c.want)
			}
		})
	}
}

// A row that forbids too little is a hole, and one that stands behind another is never read.
func TestRowsAreOneEachAndSayWhy(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range arrows {
		if seen[a.from] || a.why == "" {
			t.Errorf("row %s stands twice or gives no reason", a.from)
		}
		seen[a.from] = true
	}
	for _, name := range testOnly {
		if !seen[name] {
			t.Errorf("%s is for tests and has no row", name)
		}
	}
	for _, a := range forTests {
		if !seen[a.from] || a.why == "" {
			t.Errorf("what the tests of %s need stands beside no row or gives no reason", a.from)
		}
	}
	for _, b := range bans {
		if b.why == "" {
			t.Errorf("ban of %v gives no reason", b.of)
		}
	}
}
