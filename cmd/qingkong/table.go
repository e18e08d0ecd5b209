package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// printTable writes columns that line up where a Chinese character is two columns wide.
func printTable(w io.Writer, indent string, rows [][]string) {
	wide := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			wide[i] = max(wide[i], columns(plain(cell)))
		}
	}
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			cell = plain(cell)
			line += cell + strings.Repeat(" ", wide[i]-columns(cell)+2)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

func columns(s string) (n int) {
	for _, r := range s {
		n++
		if r >= 0x2e80 {
			n++
		}
	}
	return n
}

// plain is a text in one line. Characters that would steer a terminal or turn their neighbours are shown, not sent.
func plain(s string) string {
	blank := func(r rune) rune {
		if unicode.IsSpace(r) { // U+0085 is one
			return ' '
		}
		return r
	}
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf) {
			return -1
		}
		return blank(r)
	}, refusal.Visible(strings.Map(blank, strings.ToValidUTF8(s, "�"))))
}

// asciiMarks rewrites JSON so that it cannot steer a terminal: characters that would stand as \u and four digits, which
// means the same.
func asciiMarks(text []byte) []byte {
	if bytes.IndexFunc(text, func(r rune) bool { return refusal.IsBidi(r) || refusal.IsControl(r) }) < 0 {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if refusal.IsBidi(r) || refusal.IsControl(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

// printMembers writes a line of words for each of these members of v, and behind them every other member of the answer
// that v was read from, as it came: a newer server may say more than this program knows. Those in left are not written.
func printMembers[T any](w io.Writer, answer []byte, say words[T], v T, which members, left ...string) error {
	var all map[string]json.RawMessage
	if err := understand(answer, &all); err != nil {
		return err
	}
	for _, name := range left {
		delete(all, name)
	}
	var rows [][]string
	for _, member := range which {
		delete(all, member)
		label := refusal.Text("cli.member."+member, "zh-CN", nil)
		for _, line := range strings.Split(strings.TrimRight(orDash(say.of(v, member)), "\n"), "\n") {
			rows = append(rows, []string{label, member, line})
			label, member = "", ""
		}
	}
	for _, name := range sortedKeys(all) {
		if text := string(all[name]); text != "null" {
			rows = append(rows, []string{refusal.Text("cli.other_member", "zh-CN", nil), name, text})
		}
	}
	printTable(w, "", rows)
	return nil
}

// printAnswer writes an answer of the server as it came, indented; nothing where it says nothing.
func printAnswer(w io.Writer, answer []byte) error {
	if len(answer) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(answer), "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s\n", asciiMarks(b.Bytes()))
	return err
}

// named is the Chinese word for a fixed name of the interface, and the name itself, which people type.
func named[N ~string](kind terms.Kind, name N) string {
	if word := terms.Name(kind, name, "zh-CN"); word != string(name) {
		return word + " " + string(name)
	}
	return string(name)
}

// namesOf are the names that the catalogue has words for under a prefix.
func namesOf(prefix string) (names []string) {
	for _, rule := range refusal.Rules() {
		if name, ok := strings.CutPrefix(rule, prefix); ok {
			names = append(names, name)
		}
	}
	return names
}

// pair is the catalogue's text in Chinese and, behind it, in English.
func pair(rule string, args refusal.Args) string {
	return refusal.Text(rule, "zh-CN", args) + " " + refusal.Text(rule, "en", args)
}

// headOf is the first row of a table of these members.
func headOf(names ...string) []string {
	head := make([]string, len(names))
	for i, m := range names {
		head[i] = pair("cli.member."+m, nil)
	}
	return head
}

func levelText[L ~string](level L) string {
	if level == "none" {
		return ""
	}
	return named(terms.Level, level)
}

func yesNo(yes bool) string {
	if yes {
		return pair("cli.yes", nil)
	}
	return pair("cli.no", nil)
}
