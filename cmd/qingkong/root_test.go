package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/config"
)

func TestEveryCommandSaysWhatItDoesAndShowsAnExample(t *testing.T) {
	var check func(*cobra.Command)
	check = func(c *cobra.Command) {
		if c.Short == "" || !strings.Contains(c.Example, c.Root().Name()) {
			t.Errorf("%s: Short %q, Example %q", c.CommandPath(), c.Short, c.Example)
		}
		var out, errs bytes.Buffer
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		if code := run(args, &out, &errs); code != exitOK || errs.Len() > 0 {
			t.Errorf("%v: exit %d, stderr %q", args, code, errs.String())
		}
		if text := out.String(); !strings.Contains(text, c.Example) {
			t.Errorf("%v does not show the example:\n%s", args, text)
		}
		for _, sub := range c.Commands() {
			check(sub)
		}
	}
	check(newRoot(commands()))
}

func TestExitCodeAndTheOneLine(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	agent := func(more ...string) []string {
		return append([]string{"agent", "--nats-url", "nats://op:s3cret@127.0.0.1:1", "--recipient", "E0001"}, more...)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string // in the one line on stderr
	}{
		{"version", []string{"version"}, exitOK, ""},
		{"help", []string{"--help"}, exitOK, ""},
		{"help of a command", []string{"help", "version"}, exitOK, ""},
		{"no command", nil, exitUsage, "see qingkong --help"},
		{"unknown command", []string{"frobnicate"}, exitUsage, "frobnicate"},
		{"nearly a command", []string{"agnt"}, exitUsage, "did you mean agent?"},
		{"unknown flag", []string{"version", "--yaml"}, exitUsage, "see qingkong version --help"},
		{"flag without its value", []string{"agent", "--recipient"}, exitUsage, "--recipient"},
		{"argument too many", []string{"version", "now"}, exitUsage, "now"},
		{"flags missing", agent(), exitUsage, "--password-file must be given"},
		{"bad id", []string{"agent", "--nats-url", "x", "--recipient", "a.b", "--password-file", "f"}, exitUsage, "a.b"},
		{"bad language", agent("--password-file", empty, "--lang", "fr"), exitUsage, "--lang"},
		{"no password file", agent("--password-file", filepath.Join(dir, "none")), exitFailed, "--password-file"},
		{"empty password file", agent("--password-file", empty), exitFailed, "administrator"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := run(c.args, &out, &errs); code != c.code {
				t.Errorf("exit %d, want %d", code, c.code)
			}
			line := errs.String()
			if c.code == exitOK {
				if line != "" || out.Len() == 0 {
					t.Errorf("stdout %q, stderr %q", out.String(), line)
				}
				return
			}
			if out.Len() > 0 || !strings.HasPrefix(line, "error: ") || strings.Count(line, "\n") != 1 ||
				!strings.Contains(line, c.want) {
				t.Errorf("stdout %q, stderr %q, want one line with %q", out.String(), line, c.want)
			}
		})
	}
}

func TestVersionJSON(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"version", "--json"}, &out, &errs); code != exitOK {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var v map[string]string
	if err := json.Unmarshal(out.Bytes(), &v); err != nil || v["version"] == "" || v["commit"] == "" ||
		!strings.HasPrefix(v["go"], "go") {
		t.Errorf("version --json = %s (%v)", out.String(), err)
	}
}

// A group and its leaves, made up, so that the manners of prepare hold for every command to come.
func TestGroupsRefuseWhatTheyDoNotKnow(t *testing.T) {
	leaf := func(name string, err error) *cobra.Command {
		return &cobra.Command{Use: name, RunE: func(*cobra.Command, []string) error { return err }}
	}
	failed := refusal.Input([]refusal.Field{{Path: "data", Rule: "config.empty", Args: refusal.Args{"value": ""}}})
	for _, c := range []struct {
		args   []string
		failed bool
		want   string
	}{
		{[]string{"record", "check"}, false, ""},
		{[]string{"record", "chekc"}, false, "did you mean check?"},
		{[]string{"record"}, false, "a command is missing"},
		{[]string{"record", "check", "x"}, false, "unknown command"},
		{[]string{"record", "break"}, true, "data: "},
		{[]string{"record", "misuse"}, false, "both at once"},
	} {
		group := &cobra.Command{Use: "record"}
		group.AddCommand(leaf("check", nil), leaf("break", failed), leaf("misuse", usage("both at once")))
		root := newRoot([]*cobra.Command{group})
		root.SetArgs(c.args)
		err := root.Execute()
		var mark failure
		if errors.As(err, &mark) != c.failed || (err == nil) != (c.want == "") || err != nil &&
			!strings.Contains(explain(err), c.want) {
			t.Errorf("%v: %v, want %q (failure %t)", c.args, err, c.want, c.failed)
		}
	}
}

func TestExplainGivesBothLanguagesInOneLine(t *testing.T) {
	for _, c := range []struct {
		err  error
		want []string
	}{
		{errors.New("a\nb"), []string{"a b"}},
		{refusal.New(refusal.Invalid, "input.required", nil), []string{"必填。 / is required."}},
		{refusal.Input([]refusal.Field{{Path: "a.b", Rule: "input.required"}, {Path: "c", Rule: "input.required"}}),
			[]string{"a.b: 必填。 / is required.", "c: 必填。"}},
		{refusal.Input([]refusal.Field{{Rule: "input.required"}}), []string{"必填。 / is required."}},
	} {
		got := explain(failure{c.err})
		for _, want := range c.want {
			if !strings.Contains(got, want) || strings.Contains(got, "\n") || strings.HasPrefix(got, ": ") {
				t.Errorf("explain(%v) = %q, want %q in it", c.err, got, want)
			}
		}
	}
}

func TestPrintConfigWritesWhatLoads(t *testing.T) {
	ran := false
	made := func() *cobra.Command {
		return withPrintConfig(&cobra.Command{Use: "run", RunE: func(*cobra.Command, []string) error {
			ran = true
			return nil
		}})
	}
	root := newRoot([]*cobra.Command{made()})
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs([]string{"run", "--print-config"})
	if err := root.Execute(); err != nil || ran {
		t.Fatalf("error %v, ran %t", err, ran)
	}
	file := filepath.Join(t.TempDir(), "qingkong.yaml")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := config.Load(file, nil); err != nil || !reflect.DeepEqual(got, config.Default()) {
		t.Errorf("loaded %+v, %v", got, err)
	}

	root = newRoot([]*cobra.Command{made()})
	root.SetArgs([]string{"run"})
	if err := root.Execute(); err != nil || !ran {
		t.Errorf("without the flag: error %v, ran %t", err, ran)
	}
}
