package web

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
)

// `go test ./cmd/internal/web -run Permissions -update` writes testdata/permissions.txt anew; whoever changes rights
// shows the change there.
var update = flag.Bool("update", false, "write testdata/permissions.txt and docs/roles.md")

const permissionsHeader = `# 谁可以调用什么：每个接口与可用角色（由路由表和 access.permissions 得出，测试逐一核对）。
# Who may make which call, by the table of routes and access.permissions. "public" is everybody, "signed in" whoever has a
# token or a session; "from this machine" needs neither, with no proxy in between. What a role sees of what it may read is
# narrowed further: an enterprise its own, a town its own.

`

// matrixFile is the same table for people who judge the program, linked from docs/security.md.
const matrixFile = "../../../../docs/roles.md"

// matrix shows who may make which call as a table of roles.
func matrix() string {
	var b strings.Builder
	b.WriteString(`# 角色与接口 / Roles and calls

由路由表和 access.permissions 生成（` + "`go test ./cmd/internal/web -run Permissions -update`" +
		`），测试逐格核对。● 可以；○ 无须登录；空格不可以。读到的内容还按角色收窄：
企业只见自己，街镇只见本街镇。Made from the table of routes and tried cell by cell: ● may, ○ without signing in. What a role reads is narrowed further.

| | | 值班 duty | 审批 approver | 检查 inspector | 企业 enterprise | 街镇 town | 只读 viewer | 报送 feeder | 管理 admin |
|---|---|:-:|:-:|:-:|:-:|:-:|:-:|:-:|:-:|
`)
	for _, r := range routes {
		fmt.Fprintf(&b, "| `%s %s` | %s |", r.Method, r.Path(), r.ZH)
		for _, role := range calls.Roles() {
			if role == calls.Neighbour { // speaks NATS alone
				continue
			}
			switch {
			case r.Act == "":
				b.WriteString(" ○ |")
			case r.ForAnySignedIn() || calls.Allowed(role, r.Act):
				b.WriteString(" ● |")
			default:
				b.WriteString("  |")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// path is a route's path with ids that nothing has.
func (r route) path() string {
	return strings.NewReplacer("{id}", "none", "{token}", "t9", "{mn}", "none", "{point}", "none.a21026", "{level}", "0", "{place...}", "000").Replace(r.Path())
}

func (r route) anyCall(who string) call {
	c := call{who: who, method: r.Method, path: r.path()}
	if r.HasBody() {
		c.body = "{}"
	}
	return c
}

// Every call × every role, nobody, a wrong token and a disabled account: exactly whom package access allows gets past
// the door, and the door comes before anything else.
func TestPermissions(t *testing.T) {
	w := newWorld(t)
	w.signs()
	w.account("disabled", calls.Admin)
	w.must(http.StatusOK, call{who: "admin", method: "POST", path: calls.Prefix + "/accounts/disabled/disable"}, nil)
	w.tokens["wrong"] = "qk.admin." + strings.Repeat("A", 43)
	var table strings.Builder
	table.WriteString(permissionsHeader)
	for _, r := range routes {
		fmt.Fprintf(&table, "%-6s %-55s %s\n", r.Method, r.Path(), strings.Join(r.Roles(), " "))
		t.Run(r.Method+" "+r.Path(), func(t *testing.T) {
			w.t = t
			for _, who := range []string{"", "wrong", "disabled"} {
				if r.Act == "" {
					w.passes(r, who)
					continue
				}
				p := w.refused(http.StatusUnauthorized, "unauthenticated", r.anyCall(who))
				if !strings.Contains(p.Detail, "Bearer") {
					t.Errorf("%q is not told what to do: %s", who, p.Detail)
				}
			}
			for _, role := range calls.Roles() {
				if r.Act == "" || r.ForAnySignedIn() || calls.Allowed(role, r.Act) {
					w.passes(r, string(role))
				} else {
					w.refused(http.StatusForbidden, "forbidden", r.anyCall(string(role)))
				}
			}
		})
	}
	w.t = t
	golden(t, "permissions.txt", table.String())
	golden(t, matrixFile, matrix())
}

// passes fails when who is stopped at the door, or the server fails behind it.
func (w *world) passes(r route, who string) {
	w.t.Helper()
	res := w.exchange(r.anyCall(who), r.Media == "text/event-stream")
	stopped := res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden
	if starting := r.Root && res.StatusCode == http.StatusServiceUnavailable; stopped || res.StatusCode >= 500 &&
		!starting {
		w.t.Errorf("%q may, and is answered %d: %s", who, res.StatusCode, res.body)
	}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run `go test ./cmd/internal/web -run Permissions -update`", err)
	}
	if string(text) == got {
		return
	}
	was, is := strings.Split(string(text), "\n"), strings.Split(got, "\n")
	for _, line := range was {
		if !slices.Contains(is, line) {
			t.Errorf("- %s", line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			t.Errorf("+ %s", line)
		}
	}
	t.Errorf("%s is out of date; look at the difference and run `go test ./cmd/internal/web -run Permissions -update`", file)
}
