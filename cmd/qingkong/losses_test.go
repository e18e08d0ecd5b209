package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/journal"
)

// losses are the rows of README's table of losses, by their first cell, each with the tests that prove what it says, as
// folder/Name. The tests of this package that stand for one row alone are below and beside.
var losses = map[string][]string{
	"`qingkong.db` 没了或是旧的": {"cmd/internal/journal/TestHeightOnANodeOfItsOwn",
		"cmd/internal/journal/TestDamageBetweenEndAndStart",
		"cmd/qingkong/TestServeIsNotRefusedWhereTheRecordMayBe"},
	"两份都伤了：`qingkong.db` 没了或是旧的，数据流又短、有洞、有读不出的块或有“不全”标记": {"cmd/qingkong/TestNothingReadableIsLostWhereBothStoresAreHurt",
		"cmd/internal/journal/TestBothStoresHurt", "cmd/internal/journal/TestAnOlderRecordBesideACutStream",
		"cmd/internal/journal/TestARebuildFromTheStream"},
	"`qingkong.db` 的页坏了（被截短、被改写）": {"cmd/internal/journal/TestDamagedPages",
		"cmd/internal/journal/TestWhyARecordIsNotOpened"},
	"`nats/` 没了、缺尾、有洞或有读不出的消息，`qingkong.db` 完整": {"cmd/internal/journal/TestDamageBetweenEndAndStart",
		"cmd/internal/journal/TestADamagedStreamIsPutAside",
		"cmd/internal/bus/TestAStreamWhoseConfigurationIsDamaged"},
	"运行中 `qingkong.db` 的页、数据块、状态或保密库坏了": {"cmd/internal/app/TestTheStructureIsCheckedAtTheStart",
		"cmd/internal/app/TestTheRecordIsCheckedOnASchedule",
		"cmd/internal/journal/TestTheStructureOfAnOpenRecord", "cmd/internal/journal/TestAFlippedByteIsFoundBesideWork"},
	"`blobs/` 里的文件丢了或坏了": {"cmd/internal/journal/TestErasedContentIsNotMissing",
		"cmd/internal/journal/TestBackupsCarryBlobs",
		"cmd/internal/journal/TestBlobsReachTheOtherNode"},
	"`nats/` 里较早的部分坏了": {"cmd/internal/journal/TestOldPartOfTheStreamDamaged"},
	"状态与记录不符":          {"cmd/internal/journal/TestRebuildLeavesTheSameState", "cmd/internal/journal/TestACheckNames"},
	"`qingkong.db` 和 `nats/` 都不在（如磁盘没有挂载）": {"cmd/qingkong/TestServeIsRefusedWhereThereIsNoRecord",
		"cmd/qingkong/TestServeIsNotRefusedWhereTheRecordMayBe"},
	"`node-id` 没了": {"cmd/qingkong/TestNodeIDGone"},
	"有 `node-id` 而没有任何记录": {"cmd/internal/journal/TestHeightOnANodeOfItsOwn",
		"cmd/qingkong/TestServeIsRefusedWhereThereIsNoRecord"},
	"`height` 没了":        {"cmd/internal/journal/TestHeightFileGone", "cmd/internal/journal/TestHeightOnANodeOfItsOwn"},
	"`height` 与记录的同一块不同": {"cmd/internal/journal/TestHeightOnANodeOfItsOwn"},
	"保密库的另一份（`nats/` 里）有读不出的条目": {"cmd/internal/journal/TestADamagedEntryOfTheVault",
		"cmd/internal/journal/TestAnEntryThatBothSidesLost"},
	"直接复制了运行中的数据目录": {"cmd/qingkong/TestFolderCopiedWhileItRuns"},
	"程序升级后状态的布局旧了": {"cmd/internal/journal/TestAnOlderLayoutIsMadeAnew",
		"cmd/internal/journal/TestANewerLayoutIsRefused"},
	"`demo-credentials.json` 没了": {"cmd/qingkong/TestDemoCredentialsGone"},
	"数据流与本节点在同一块号上内容不同（分叉）":      {"cmd/internal/journal/TestForkAndReconcile"},
	"多节点：外部数据流丢了尾部": {"cmd/internal/journal/TestNobodyWritesAfterARegressionBeforeEveryNodeHasReported",
		"cmd/internal/journal/TestAnExcludedNodeIsNotWaitedFor",
		"cmd/internal/journal/TestARegressionUnderRunningNodesHaltsThem"},
	"多节点：外部数据流中间损坏": {"cmd/internal/journal/TestSharedStreamDamagedInTheMiddle"},
}

// Each row of README's table of losses has its tests here, each of those is there, and none stands for a row that is
// not.
func TestEveryLossOfTheReadmeIsProved(t *testing.T) {
	rows := tableBelow(t, "### 丢了东西怎么办")
	for _, row := range rows {
		t.Run(row, func(t *testing.T) {
			tests := losses[row]
			if len(tests) == 0 {
				t.Fatal("no test proves this row")
			}
			for _, test := range tests {
				if dir, name := filepath.Split(test); !slices.Contains(testsOf(t, dir), name) {
					t.Errorf("%s is no test", test)
				}
			}
		})
	}
	for row := range losses {
		if !slices.Contains(rows, row) {
			t.Errorf("the README has no row %s", row)
		}
	}
}

// tableBelow returns the first cell of each row of the first table below a heading of the README.
func tableBelow(t *testing.T, heading string) (cells []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	mustNot(t, err)
	_, text2, found := strings.Cut(string(text), heading+"\n")
	if !found {
		t.Fatalf("the README has no %s", heading)
	}
	for line := range strings.Lines(text2) {
		cell, ok := strings.CutPrefix(line, "| ")
		if !ok && len(cells) > 0 && !strings.HasPrefix(line, "|") {
			break
		}
		if ok {
			cell, _, _ = strings.Cut(cell, " | ")
			cells = append(cells, cell)
		}
	}
	if len(cells) < 2 {
		t.Fatalf("below %s there is no table", heading)
	}
	return cells[1:] // without the head
}

// testsOf names the tests of a folder of the tree.
func testsOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", dir, "*_test.go"))
	mustNot(t, err)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		mustNot(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}

// whole checks a stopped folder and fails where its record does not prove itself.
func whole(t *testing.T, data string) {
	t.Helper()
	if c := check(t, data, false); !c.OK || len(c.Problems) > 0 {
		t.Errorf("journal check: %+v", c)
	}
}

// A node of its own without its name takes a new one and goes on.
func TestNodeIDGone(t *testing.T) {
	p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	w := p.declare("orange")
	p.stop()
	path := filepath.Join(p.data, "node-id")
	was, err := os.ReadFile(path)
	mustNot(t, err)
	mustNot(t, os.Remove(path))
	p.again()
	p.must("duty", "POST", "/warnings/"+w.ID+"/lift", map[string]any{"revision": w.Revision, "reason": "示例"}, &w)
	if w.State != "lifted" {
		t.Errorf("the warning is %s", w.State)
	}
	p.stop()
	if now, err := os.ReadFile(path); err != nil || len(now) == 0 || string(now) == string(was) {
		t.Errorf("the node is named %q, it was %q; %v", now, was, err)
	}
	whole(t, p.data)
}

// A demo without the file of its passwords is refused, says what to do, and changes nothing of the record.
func TestDemoCredentialsGone(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	p.stop()
	path := filepath.Join(p.data, "demo-credentials.json")
	text, err := os.ReadFile(path)
	mustNot(t, err)
	mustNot(t, os.Remove(path))
	code, said := exitOf(t, "serve", "--demo", "--data", p.data, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	if last := lastLine(said); code != 1 || !strings.HasPrefix(last, "error: ") ||
		!strings.Contains(last, "demo-credentials.json") {
		t.Errorf("exit code %d, said %s", code, last)
	}
	whole(t, p.data)
	mustNot(t, os.WriteFile(path, text, 0o600)) // what a backup holds of it
	p.again()
	p.declare("orange")
	p.stop()
}

// The folder of a running program is copied file by file: while it records more after each piece, or while it has
// nothing to record. A check tells what a copy is worth, and nothing else does. One that it finds whole has all that
// was confirmed before the copying began, and is started on. Of the others no check and no start is a crash or a hang;
// their streams, without the record's file, still have all of that.
func TestFolderCopiedWhileItRuns(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	n, outcomes, found := 0, map[string]int{}, 0
	records := func() {
		n++
		p.must("admin", "POST", "/accounts",
			map[string]any{"user": fmt.Sprintf("u%d", n), "role": "viewer", "name": "张三"}, nil)
	}
	for _, busy := range []bool{true, false, true, false, true, false} {
		for range 20 {
			records()
		}
		between, before := func() {}, n
		if busy {
			between = records
		}
		copied := filepath.Join(t.TempDir(), "data")
		copySlowly(t, p.data, copied, between)
		c := check(t, copied, false)
		if c.OK {
			found++
		} else if c.exit != 1 {
			t.Errorf("the check ends with %d: %s", c.exit, c.errs)
		}
		streams := ""
		if !c.OK {
			streams = streamsOfCopy(t, copied, before)
		}
		came := startsCopy(t, copied, c.OK, before)
		if c.OK {
			whole(t, copied)
		}
		outcomes[fmt.Sprintf("busy %v: check %v, %s%s", busy, c.OK, came, streams)]++
	}
	t.Logf("copies: %v", outcomes)
	if found == 0 {
		t.Error("no copy was whole, not even one that was made while nothing was recorded")
	}
	p.stop()
}

// streamsOfCopy starts on the streams alone of a copy whose file a check refuted. They have all that was confirmed
// before the copying began; of what was recorded after it, entries of the vault may be missing.
func streamsOfCopy(t *testing.T, data string, before int) string {
	t.Helper()
	again := filepath.Join(t.TempDir(), "data")
	copyFolder(t, data, again)
	mustNot(t, os.Remove(filepath.Join(again, "qingkong.db")))
	height, err := journal.ReadHeight(again)
	mustNot(t, err)
	came := startsCopy(t, again, true, before)
	for _, problem := range check(t, again, false).Problems {
		block := 0
		if _, err := fmt.Sscanf(problem, "vault: block %d, entry", &block); err != nil || block <= int(height.Number) {
			t.Errorf("the record of the streams, copied at block %d: %s", height.Number, problem)
		}
	}
	return "; without qingkong.db " + came
}

// startsCopy starts the program on a copy that is whole or not, and says what came of it.
func startsCopy(t *testing.T, data string, whole bool, before int) string {
	t.Helper()
	q := &program{t: t, data: data,
		args: []string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"}}
	defer q.kill()
	if !q.begin() {
		said := lastLine(q.out.String())
		if code := q.cmd.ProcessState.ExitCode(); code != 1 || !strings.HasPrefix(said, "error: ") || whole {
			t.Errorf("a start on a copy (whole: %v) ends with %d: %s", whole, code, q.out)
		}
		q.cmd = nil
		return "refused"
	}
	if !whole {
		return "started"
	}
	text, err := os.ReadFile(filepath.Join(data, "demo-credentials.json"))
	mustNot(t, err)
	q.read("demo-credentials.json", text, &q.accounts)
	var page struct{ Items []struct{ User string } }
	q.must("admin", "GET", "/accounts?limit=1000", nil, &page)
	there := 0
	for _, a := range page.Items {
		if strings.HasPrefix(a.User, "u") {
			there++
		}
	}
	if there < before {
		t.Errorf("of %d accounts that were confirmed %d are there", before, there)
	}
	q.stop()
	return "started"
}

// copySlowly copies a folder in pieces, each file as long as it was when that began, and does something after each
// piece.
func copySlowly(t *testing.T, from, to string, between func()) {
	t.Helper()
	const piece = 512 << 10
	for _, path := range filesBelow(t, from) {
		file, err := os.Open(path)
		if os.IsNotExist(err) {
			continue // taken away meanwhile
		}
		mustNot(t, err)
		info, err := file.Stat()
		mustNot(t, err)
		text := io.LimitReader(file, info.Size())
		out := filepath.Join(to, strings.TrimPrefix(path, from))
		mustNot(t, os.MkdirAll(filepath.Dir(out), 0o700))
		f, err := os.OpenFile(out, os.O_CREATE|os.O_WRONLY, 0o600)
		mustNot(t, err)
		for buf := make([]byte, piece); ; {
			n, err := text.Read(buf)
			if n == 0 || err != nil {
				break
			}
			_, err = f.Write(buf[:n])
			mustNot(t, err)
			between()
		}
		mustNot(t, f.Close())
		mustNot(t, file.Close())
	}
}
