package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts of testdata/script play whole stories against the real program, as a person at a shell and a program at
// the interface would. Beside testscript's own commands they have:
//
//	await FILE                      wait until a file is there
//	as WHO COMMAND ARG…             qingkong COMMAND ARG… with the token in tokens/WHO
//	http STATUS WHO METHOD PATH [FILE]  a call of /api/v1 that is answered with STATUS; variables in FILE are expanded
//	is MEMBER VALUE                 the member of the JSON on stdout has this value; "items.len" is how many items
//	take VARIABLE MEMBER            sets a variable from it; keep FILE MEMBER writes it to a file
//	until MEMBER VALUE WHO PATH     asks until the answer's member has the value
//	listen WHO PASSWORD             begin to count what WHO hears on NATS
//	heard SUBJECT N                 what came on a subject so far, and no more within a moment
//	edit FILE SHEET WHERE COLUMN VALUE  changes a cell of a workbook: that of the row in which WHERE holds, like 编号=E0001,级别=黄色
//	shelf / unmoved                 remember how long the record is / it is as long still
//
// $TODAY and $D1 to $D6 are dates in Shanghai from today on; $ISSUED, $HOUR_AGO and $YEAR_AGO are times past.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await, "as": as, "http": call, "is": is, "take": take, "keep": keep, "until": until,
			"listen": listen, "heard": heard, "shelf": shelf, "unmoved": unmoved, "edit": edit,
		},
		Setup: func(env *testscript.Env) error {
			shanghai, err := time.LoadLocation("Asia/Shanghai")
			if err != nil {
				return err
			}
			now := time.Now().In(shanghai)
			env.Setenv("TODAY", now.Format(time.DateOnly))
			for d := 1; d <= 6; d++ {
				env.Setenv("D"+strconv.Itoa(d), now.AddDate(0, 0, d).Format(time.DateOnly))
			}
			env.Setenv("ISSUED", now.Add(-time.Minute).Format(time.RFC3339))
			env.Setenv("HOUR_AGO", now.Add(-time.Hour).Format(time.RFC3339))
			env.Setenv("YEAR_AGO", now.AddDate(-1, 0, 0).Format(time.RFC3339))
			env.Values[heardKey] = &ears{n: map[string]int{}}
			workbook, err := os.ReadFile("../../seeds/xiqing.xlsx")
			if err != nil {
				return err
			}
			if err := os.Mkdir(filepath.Join(env.WorkDir, "tokens"), 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(env.WorkDir, "list.xlsx"), workbook, 0o600)
		},
	})
}

// wantArgs ends the script when a command has the wrong number of arguments, or is negated.
func wantArgs(ts *testscript.TestScript, neg bool, args []string, low, high int) {
	if neg || len(args) < low || len(args) > high {
		ts.Fatalf("wrong use: %v", args)
	}
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, 1)
	path := ts.MkAbs(args[0])
	patiently(ts, func() error {
		text, err := os.ReadFile(path)
		if err != nil || filepath.Base(path) != "addresses.json" {
			return err
		}
		var addr struct{ HTTP, NATS string }
		err = json.Unmarshal(text, &addr)
		ts.Setenv("URL", "http://"+addr.HTTP)
		ts.Setenv("NATS", "nats://"+addr.NATS)
		return err
	})
}

// patiently tries until it succeeds, for half a minute.
func patiently(ts *testscript.TestScript, try func() error) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("does not come: %v", err)
		}
	}
}

func as(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, false, args, 2, 100)
	err := ts.Exec("qingkong", append(args[1:], "--server", ts.Getenv("URL"), "--token-file", "tokens/"+args[0])...)
	switch {
	case err != nil && !neg:
		ts.Fatalf("%v", err)
	case err == nil && neg:
		ts.Fatalf("%v succeeded", args)
	}
}

func call(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 4, 5)
	var body []byte
	media := "application/json"
	if len(args) == 5 {
		body = []byte(ts.ReadFile(args[4]))
		if filepath.Ext(args[4]) == ".xlsx" {
			media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		} else {
			body = []byte(os.Expand(string(body), ts.Getenv))
		}
	}
	status, answer, err := ask(ts, args[1], args[2], args[3], media, body)
	ts.Check(err)
	_, err = ts.Stdout().Write(answer)
	ts.Check(err)
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("%s %s: status %d: %s", args[2], args[3], status, answer)
	}
}

func ask(ts *testscript.TestScript, who, method, path, media string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(method, ts.Getenv("URL")+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if who != "-" {
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile("tokens/"+who)))
	}
	if body != nil {
		req.Header.Set("Content-Type", media)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// member finds a value of a JSON text by a path like items.0.id; "len" at its end is the length.
func member(text []byte, path string) (string, error) {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return "", fmt.Errorf("%w in %s", err, text)
	}
	for _, name := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			found, ok := in[name]
			if !ok {
				return "", fmt.Errorf("no %s of %s in %s", name, path, text)
			}
			v = found
		case []any:
			i, err := strconv.Atoi(name)
			switch {
			case name == "len":
				v = len(in)
			case err != nil || i >= len(in):
				return "", fmt.Errorf("no %s of %s in %s", name, path, text)
			default:
				v = in[i]
			}
		default:
			return "", fmt.Errorf("no %s of %s in %s", name, path, text)
		}
	}
	return fmt.Sprint(v), nil
}

func is(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, false, args, 2, 2)
	text := []byte(ts.ReadFile("stdout"))
	got, err := member(text, args[0])
	ts.Check(err)
	if (got == args[1]) == neg {
		ts.Fatalf("%s is %q, want %q (not: %v) in %s", args[0], got, args[1], neg, text)
	}
}

func take(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, 2)
	got, err := member([]byte(ts.ReadFile("stdout")), args[1])
	ts.Check(err)
	ts.Setenv(args[0], got)
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, 2)
	got, err := member([]byte(ts.ReadFile("stdout")), args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(got), 0o600))
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 4, 4)
	var answer []byte
	patiently(ts, func() (err error) {
		var status int
		if status, answer, err = ask(ts, args[2], "GET", args[3], "", nil); err != nil {
			return err
		}
		got, err := member(answer, args[0])
		if err == nil && (status != http.StatusOK || got != args[1]) {
			err = fmt.Errorf("status %d, %s is %s and not %s in %s", status, args[0], got, args[1], answer)
		}
		return err
	})
	_, err := ts.Stdout().Write(answer)
	ts.Check(err)
}

type heardType struct{}

var heardKey heardType

// ears count what is heard, by subject. A repeat of a message counts once.
type ears struct {
	mu sync.Mutex
	n  map[string]int
}

func listen(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, 2)
	e := ts.Value(heardKey).(*ears)
	nc, err := nats.Connect(ts.Getenv("NATS"), nats.UserInfo(args[0], ts.ReadFile(args[1])),
		nats.CustomInboxPrefix("_INBOX."+args[0]))
	ts.Check(err)
	ts.Defer(nc.Close)
	seen := map[string]bool{}
	for _, subject := range []string{"qingkong.warning.>", "qingkong.order.>", "qingkong.drill.warning.>",
		"qingkong.drill.order.>"} {
		_, err := nc.Subscribe(subject, func(m *nats.Msg) {
			e.mu.Lock()
			defer e.mu.Unlock()
			if id := m.Header.Get("Qingkong-Event-Id"); !seen[id] {
				seen[id] = true
				e.n[strings.TrimSuffix(subject, ">")]++
				e.n[m.Subject]++
			}
		})
		ts.Check(err)
	}
	ts.Check(nc.Flush())
}

func heard(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, 2)
	e := ts.Value(heardKey).(*ears)
	count := func() string {
		e.mu.Lock()
		defer e.mu.Unlock()
		return strconv.Itoa(e.n[args[0]])
	}
	patiently(ts, func() error {
		if n := count(); n != args[1] {
			return fmt.Errorf("%s came %s times and not %s: %v", args[0], n, args[1], e.n)
		}
		return nil
	})
	time.Sleep(100 * time.Millisecond)
	if n := count(); n != args[1] {
		ts.Fatalf("%s came %s times in the end and not %s", args[0], n, args[1])
	}
}

// entries is the length of the record.
func entries(ts *testscript.TestScript) string {
	status, answer, err := ask(ts, "viewer", "GET", "/ledger/entries?limit=1", "", nil)
	ts.Check(err)
	n, err := member(answer, "total")
	if err != nil || status != http.StatusOK {
		ts.Fatalf("status %d: %s", status, answer)
	}
	return n
}

func shelf(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 0, 0)
	// what follows from earlier acts has come
	for n := ""; n != ts.Getenv("ENTRIES") || n == ""; time.Sleep(200 * time.Millisecond) {
		ts.Setenv("ENTRIES", n)
		n = entries(ts)
	}
}

func unmoved(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 0, 0)
	if n := entries(ts); n != ts.Getenv("ENTRIES") {
		ts.Fatalf("the record had %s entries and has %s", ts.Getenv("ENTRIES"), n)
	}
}
