package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"qingkong/cmd/internal/calls"
	"qingkong/reductionlist"
	"qingkong/seeds"
)

// spoil changes cells of a workbook file and writes it under another name.
func spoil(t *testing.T, from, name string, cells map[string]string) string {
	t.Helper()
	f, err := excelize.OpenFile(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at, v := range cells {
		sheet, cell, _ := strings.Cut(at, "!")
		if err := f.SetCellStr(sheet, cell, v); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), name)
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestListAsAFile(t *testing.T) {
	good := filepath.Join(t.TempDir(), "清单.xlsx")
	out, _ := ran(t, exitOK, "list", "export", good)
	own, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	says(t, out, "西青", own.Hash())
	info, err := os.Stat(good)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the exported list, which holds telephone numbers, has mode %v, %v", info.Mode(), err)
	}
	ran(t, exitOK, "list", "lint", good)
	bad := spoil(t, good, "坏.xlsx", map[string]string{"减排措施!C3": "紫色"})
	marked := filepath.Join(t.TempDir(), "标注.xlsx")
	out, errs := ran(t, exitFailed, "list", "lint", bad, "--json", "--errors", marked)
	var got struct {
		Findings []reductionlist.Finding `json:"findings"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || strings.Count(errs, "\n") != 1 {
		t.Fatalf("%v: %s, %s", err, out, errs)
	}
	wrong := slices.DeleteFunc(got.Findings, func(f reductionlist.Finding) bool { return f.Severity != "error" })
	if len(wrong) != 1 || wrong[0].Sheet != "减排措施" || wrong[0].Row != 3 || wrong[0].Column != "级别" ||
		wrong[0].Rule != "list.enum" || wrong[0].Remedy == "" {
		t.Errorf("%+v", wrong)
	}
	if again, errs := ran(t, exitFailed, "list", "lint", marked); !strings.Contains(again, "紫色") ||
		!strings.Contains(errs, "1 处错误") {
		t.Errorf("the workbook with the cells marked: %s", again)
	}
	out, _ = ran(t, exitFailed, "list", "lint", bad, "--lang", "en")
	says(t, out, "not one of the values allowed")
	_, errs = ran(t, exitFailed, "list", "show", bad)
	says(t, errs, "qingkong list lint")

	changed := spoil(t, good, "新.xlsx", map[string]string{"减排对象!C2": "改名"})
	out, _ = ran(t, exitOK, "list", "diff", good, changed)
	says(t, out, "名称", "改名", "1 处不同")
	out, _ = ran(t, exitOK, "list", "diff", good, good)
	says(t, out, "相同")
	out, _ = ran(t, exitOK, "list", "show", changed, "--recipient", "E0001")
	says(t, out, "E0001", "降低煤耗")
	ran(t, exitFailed, "list", "show", good, "--recipient", "E9999")
	_, errs = ran(t, exitFailed, "list", "lint", writeFile(t, "旧.xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1........")))
	says(t, errs, "另存为 .xlsx")
	ran(t, exitUsage, "list", "lint")
	ran(t, exitUsage, "list", "diff", good)
	ran(t, exitFailed, "list", "export", "--data", t.TempDir(), filepath.Join(t.TempDir(), "x.xlsx"))
}

// From an exported list to a version in force, by two people.
func TestListFromAShell(t *testing.T) {
	s := startShell(t)
	own := filepath.Join(t.TempDir(), "清单.xlsx")
	ran(t, exitOK, "list", "export", own)
	bad := spoil(t, own, "坏.xlsx", map[string]string{"减排措施!C3": "紫色"})
	said, errs := s.as("duty", exitFailed, "list", "import", bad)
	says(t, said, "紫色", "1 处错误")
	says(t, errs, "1 处错误", "errors.xlsx")
	said, errs = s.as("duty", exitFailed, "list", "import", bad, "--json")
	says(t, said, `"findings"`)
	says(t, errs, "1 处错误")
	next := spoil(t, own, "新.xlsx", map[string]string{"减排对象!C2": "改名", "基本情况!B3": "2099-10-01", "基本情况!B4": ""})
	var v calls.Imported
	s.read(&v, "duty", "list", "import", next)
	if v.State != reductionlist.StateDraft || v.Errors != 0 {
		t.Fatalf("%+v", v)
	}
	out, _ := s.as("duty", exitOK, "list", "import", next)
	says(t, out, v.ID, "qingkong list approve")
	s.refused("duty", []string{"same_person"}, "list", "approve", v.ID, "--revision", "1")
	out, _ = s.as("approver", exitOK, "list", "approve", v.ID, "--revision", "1")
	says(t, out, "approved")
	out, _ = s.as("duty", exitOK, "list", "activate", v.ID, "--revision", "2")
	says(t, out, "scheduled") // its day is far
}
