package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// docs/contract.md §2 has a row for every command, with every flag that is its own.
func TestTheContractHasEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "## 2. Command line")
	part, _, _ := strings.Cut(after, "\n## 3.")
	shared, rows, _ := strings.Cut(part, "\n| command | own flags |")
	var check func(*cobra.Command)
	check = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			check(sub)
		}
		if c.HasSubCommands() || c.Name() == "help" {
			return
		}
		path := strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
		row := ""
		for line := range strings.Lines(rows) {
			if strings.HasPrefix(line, "| `"+path+" ") || strings.HasPrefix(line, "| `"+path+"`") {
				row = line
			}
		}
		if row == "" {
			t.Errorf("docs/contract.md lacks %s", path)
			return
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "json" || f.Name == "help" {
				return
			}
			if name := "--" + f.Name; !has(row, name) && !has(shared, name) {
				t.Errorf("docs/contract.md lacks %s of %s", name, path)
			}
		})
	}
	check(newRoot(commands()))
}

// has says whether a flag stands in the text, and not only one that its name begins.
func has(text, flag string) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" `|\\[],.\n", r) }) {
		if word == flag {
			return true
		}
	}
	return false
}
