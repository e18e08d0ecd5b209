package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qingkong/seeds"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// From a workbook, or from the embedded list, to files that open.
func TestListPapers(t *testing.T) {
	dir := t.TempDir()
	own, one, all := filepath.Join(dir, "清单.xlsx"), filepath.Join(dir, "one"), filepath.Join(dir, "a", "all")
	ran(t, exitOK, "list", "export", own)
	changed := spoil(t, own, "新.xlsx", map[string]string{"减排对象!C2": "=1+1<b>改名"})

	out, _ := ran(t, exitOK, "list", "papers", "--recipient", "D01", "--out", one, "--public-url",
		"https://qk.example.org", changed)
	says(t, out, "4 个文件", "1 个对象")
	for _, name := range []string{"D01-操作方案.html", "D01-公示牌.html"} {
		page := readFile(t, filepath.Join(one, name))
		says(t, page, "=1&#43;1&lt;b&gt;改名")
		if strings.Contains(page, "<b>改名") {
			t.Errorf("%s: a name became markup", name)
		}
	}
	says(t, readFile(t, filepath.Join(one, "D01-公示牌.html")), "https://qk.example.org/public/recipients/D01", "<svg")
	info, err := os.Stat(filepath.Join(one, "D01-操作方案.docx"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a paper with telephone numbers has mode %v, %v", info.Mode(), err)
	}

	list, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	ran(t, exitOK, "list", "papers", "--all", "--out", all, "--no-contacts", "--format", "docx", "--kind", "board")
	files, err := os.ReadDir(all)
	if err != nil || len(files) != len(list.Recipients)+4 {
		t.Errorf("%d files of %d recipients, %v", len(files), len(list.Recipients), err)
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".docx" {
			continue
		}
		z, err := zip.OpenReader(filepath.Join(all, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(z.File, func(p *zip.File) bool { return p.Name == "word/document.xml" }) {
			t.Errorf("%s is no document", f.Name())
		}
		if err := z.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"public.html", "internal.html"} {
		page := readFile(t, filepath.Join(all, name))
		says(t, page, "E0003", "示例：内含为演示而设的数据")
		if phone := list.Recipients[0].Contact.Phone; strings.Contains(page, phone) {
			t.Errorf("%s holds %s", name, phone)
		}
	}

	for _, wrong := range [][]string{
		{"--out", one}, {"--recipient", "E0001"}, {"--all", "--recipient", "E0001", "--out", one},
		{"--all", "--out", one, "--format", "pdf"},
		{"--all", "--out", one, "--kind", "poster"}, {"--all", "--out", one, "--lang", "fr"},
		{"--all", "--out", one, own, own},
	} {
		ran(t, exitUsage, append([]string{"list", "papers"}, wrong...)...)
	}
	_, errs := ran(t, exitFailed, "list", "papers", "--recipient", "E9999", "--out", filepath.Join(dir, "none"))
	says(t, errs, "E9999")
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("a refusal left a folder")
	}
	ran(t, exitFailed, "list", "papers", "--recipient", "E0001", "--out", own) // a file is there
}

// Who looked is told to an administrator, and a contact is erased with a reason.
func TestPersonalFromAShell(t *testing.T) {
	s := startShell(t)
	s.as("admin", exitOK, "personal", "accesses")
	out, _ := s.as("admin", exitOK, "personal", "erase", "--recipient", "E0003", "--reason", "联系人离职")
	says(t, out, "1 条个人信息已删除")
	again, _ := s.as("admin", exitOK, "personal", "erase", "--recipient", "E0003", "--reason", "联系人离职")
	if again != out {
		t.Errorf("again: %s", again)
	}
	s.refused("duty", []string{"forbidden"}, "personal", "erase", "--recipient", "E0003", "--reason", "x")
	s.refused("duty", []string{"forbidden"}, "personal", "accesses")
	s.refused("admin", []string{"E9999"}, "personal", "erase", "--recipient", "E9999", "--reason", "x")
	s.as("admin", exitUsage, "personal", "erase", "--reason", "x")
	s.as("admin", exitUsage, "personal", "erase", "--recipient", "E0003", "--user", "duty", "--reason", "x")
	s.as("admin", exitUsage, "personal", "erase", "--recipient", "E0003")
}
