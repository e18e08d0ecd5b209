package reductionlist_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

// cells is the slow, obvious model of a list: the text of every cell, by sheet, recipient, row and column, as it stands
// in the workbook.
type cells map[[4]string]string

func cellsOf(t testing.TB, l *reductionlist.List) cells {
	t.Helper()
	var buf bytes.Buffer
	listtest.Must(t, workbook.Write(&buf, l))
	f, err := excelize.OpenReader(&buf)
	listtest.Must(t, err)
	defer f.Close()
	all := cells{}
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		listtest.Must(t, err)
		for i, row := range rows {
			if sheet == head {
				if row[0] != "污染物" && len(row) > 1 {
					all[[4]string{head, "", "", row[0]}] = row[1]
				}
				continue
			}
			if i == 0 {
				continue
			}
			key := rowKeyOf(sheet, rows[0], row)
			for j, text := range row {
				all[[4]string{sheet, row[0], key, rows[0][j]}] = text
			}
		}
	}
	return all
}

// rowKeyOf is the key of a row within its recipient, from its cells.
func rowKeyOf(sheet string, header, row []string) string {
	text := func(name string) string {
		if i := slices.Index(header, name); i >= 0 && i < len(row) {
			return row[i]
		}
		return ""
	}
	switch sheet {
	case lines:
		return text("编号")
	case measures:
		for _, level := range []string{"管控要求", "黄色", "橙色", "红色"} {
			if slices.Contains(strings.Split(text("级别"), "/"), level) {
				return text("措施编号") + " " + level
			}
		}
		return text("措施编号")
	case units, furnaces:
		return strings.TrimSpace(text("名称") + " " + text("自"))
	default:
		return ""
	}
}

// apply carries out the changes on the cells of one list; the cells of added rows come from the other.
func (c cells) apply(changes []reductionlist.Change, to cells) {
	move := func(match func(k [4]string) bool) {
		for k, v := range to {
			if match(k) {
				c[k] = v
			}
		}
	}
	for _, ch := range changes {
		row := func(k [4]string) bool { return k[0] == ch.Sheet && k[1] == ch.Recipient && k[2] == ch.Key }
		if ch.Sheet == recipients && ch.Kind != reductionlist.Changed {
			row = func(k [4]string) bool { return k[1] == ch.Recipient }
		}
		switch ch.Kind {
		case reductionlist.Added:
			move(row)
		case reductionlist.Removed:
			maps.DeleteFunc(c, func(k [4]string, _ string) bool { return row(k) })
		default:
			c[[4]string{ch.Sheet, ch.Recipient, ch.Key, ch.Column}] = ch.New
		}
	}
}

// full leaves out what a diff does not tell: empty cells, contacts, and the number that an empty one stands for.
func (c cells) full() cells {
	kept := cells{}
	for k, v := range c {
		if v != "" && v != "0" && !slices.Contains([]string{"联系人", "手机", "备用联系人", "备用手机"}, k[3]) {
			kept[k] = v
		}
	}
	return kept
}

// The changes, carried out on one list's cells, give the other's; two equal lists have none, and the same two always
// the same.
func TestDiffTurnsOneListIntoTheOther(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := listtest.DrawList(rt), listtest.DrawList(rt)
		if again := reductionlist.Diff(a, a); len(again) != 0 {
			rt.Fatalf("a list and itself: %+v", again)
		}
		from, to := cellsOf(t, a), cellsOf(t, b)
		changes := reductionlist.Diff(a, b)
		if !slices.Equal(changes, reductionlist.Diff(a, b)) {
			rt.Fatal("another order")
		}
		from.apply(changes, to)
		if got, want := from.full(), to.full(); !maps.Equal(got, want) {
			for k, v := range want {
				if got[k] != v {
					rt.Errorf("%v: %q, want %q", k, got[k], v)
				}
			}
			for k, v := range got {
				if _, ok := want[k]; !ok {
					rt.Errorf("%v: %q is left", k, v)
				}
			}
		}
		for _, c := range changes {
			for _, lang := range []string{"zh-CN", "en"} {
				if s := c.In(lang); s == "" || strings.Contains(s, "list.") {
					rt.Errorf("%+v in %s: %q", c, lang, s)
				}
			}
		}
	})
}

// The effects are what the ratios of the two lists differ by, and the sectors' add up to the whole.
func TestCompareTellsTheEffect(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := listtest.DrawList(rt), listtest.DrawList(rt)
		c := compared(a, b)
		ra, rb := reductionlist.TotalsOf(a).Ratios(), reductionlist.TotalsOf(b).Ratios()
		for i, e := range c.Effects {
			if e.Level != ra[i].Level || e.From != ra[i].Reduction || e.To != rb[i].Reduction || e.FromShare != ra[i].Share ||
				e.ToShare != rb[i].Share {
				rt.Fatalf("%+v, want %+v to %+v", e, ra[i], rb[i])
			}
			if d := e.To.NOx - e.From.NOx; math.Abs(e.Change.NOx-d) > 1e-6 {
				rt.Fatalf("change %v, want %v", e.Change.NOx, d)
			}
			sum := 0.0
			for _, s := range c.Sectors {
				if s.Level == e.Level {
					sum += s.Change.PM
				}
			}
			if math.Abs(sum-e.Change.PM) > 1e-6 {
				rt.Fatalf("the sectors change by %v, the whole by %v", sum, e.Change.PM)
			}
		}
	})
}

func TestCompareCountsAndWords(t *testing.T) {
	a, b := listtest.Example(20), listtest.Example(21)
	b.Recipients[2].Measures[1].Reduction.VOCs += 0.5
	b.Recipients[2].Measures[1].CompleteWithinH = 6
	b.Recipients = slices.Delete(b.Recipients, 4, 5)
	c := compared(a, b)
	if c.Added != 1 || c.Removed != 1 || c.Changed != 1 {
		t.Errorf("added %d, removed %d, changed %d", c.Added, c.Removed, c.Changed)
	}
	var said []string
	for _, e := range c.Effects {
		said = append(said, e.In("zh-CN")...)
		if len(e.In("en")) != len(e.In("zh-CN")) {
			t.Errorf("%+v: %v", e, e.In("en"))
		}
	}
	if len(said) == 0 || !strings.Contains(strings.Join(said, "\n"), "橙色 VOCs 日减排由") {
		t.Errorf("%v", said)
	}
	if got := c.Changes[0].In("zh-CN"); got != "对象“E0003”的“减排措施”M1 橙色“完成时限(小时)”由“4”改为“6”" {
		t.Errorf("%s", got)
	}
	data, err := json.Marshal(c)
	listtest.Must(t, err)
	for _, member := range []string{`"recipients_added":1`, `"effects":[{"level":"advisory","from_t_per_day":{"so2":`,
		`"sectors":[{"sector":`} {
		if !bytes.Contains(data, []byte(member)) {
			t.Errorf("no %s in %s", member, data)
		}
	}
}

// unwritten are fields that no column of the workbook has for that row.
var unwritten = []string{"Monitors[].Criterion.Standard", "Units[].Emission.HCl", "Furnaces[].StartEmission.PM",
	"Furnaces[].StartEmission.HCl"}

// Every field that is changed is seen, by the short way of telling rows apart too.
func TestDiffSeesEveryField(t *testing.T) {
	l, err := seeds.List()
	listtest.Must(t, err)
	plants := &reductionlist.List{Recipients: l.Recipients[:0:0]}
	for _, id := range []string{"E0001", "E0002"} {
		r, err := l.Find(id)
		listtest.Must(t, err)
		plants.Recipients = append(plants.Recipients, r)
	}
	data, err := json.Marshal(plants)
	listtest.Must(t, err)
	copyOf := func() *reductionlist.List {
		var c reductionlist.List
		listtest.Must(t, json.Unmarshal(data, &c))
		return &c
	}
	seen := map[string]bool{}
	var walk func(path string, find func(*reductionlist.List) reflect.Value)
	walk = func(path string, find func(*reductionlist.List) reflect.Value) {
		v := find(copyOf())
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() && f.Name != "Contact" && f.Name != "ContactRef" && f.Name != "ID" {
					walk(path+"."+f.Name, func(l *reductionlist.List) reflect.Value { return find(l).Field(i) })
				}
			}
			return
		case reflect.Pointer:
			if v.IsNil() {
				return
			}
			walk(path, func(l *reductionlist.List) reflect.Value { return find(l).Elem() })
			return
		case reflect.Slice:
			if v.Len() > 0 {
				walk(path+"[]", func(l *reductionlist.List) reflect.Value { return find(l).Index(0) })
			}
			return
		}
		changed := copyOf()
		change(find(changed))
		seen[path] = true
		if slices.ContainsFunc(unwritten, func(u string) bool { return strings.HasSuffix(path, u) }) {
			return
		}
		if len(reductionlist.Diff(copyOf(), changed)) == 0 {
			t.Errorf("a change of %s is not seen", path)
		}
	}
	for i := range plants.Recipients {
		walk(fmt.Sprint("recipient", i),
			func(l *reductionlist.List) reflect.Value { return reflect.ValueOf(l.Recipients[i]).Elem() })
	}
	if len(seen) < 100 {
		t.Errorf("only %d fields were changed", len(seen))
	}
}

func change(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		switch v.Interface().(type) {
		case alerts.Level:
			v.SetString(string(alerts.Red))
		case reductionlist.CriterionKind:
			v.SetString(string(reductionlist.Stopped))
		default:
			v.SetString(v.String() + "改")
		}
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"另": "改"}))
	}
}

// editions are two lists of 10,000 recipients and 30,000 measures; one recipient in a hundred differs.
func editions(b *testing.B) (from, to *reductionlist.List) {
	b.Helper()
	from, to = listtest.Example(10_000), listtest.Example(10_000)
	for i := 0; i < len(to.Recipients); i += 100 {
		to.Recipients[i].Measures[0].CompleteWithinH++
		to.Recipients[i].Measures[0].Reduction.VOCs += 0.001
	}
	from.Sort()
	to.Sort()
	return from, to
}

func BenchmarkCompare10000(b *testing.B) {
	from, to := editions(b)
	for b.Loop() {
		if c := compared(from, to); len(c.Changes) != 200 {
			b.Fatal(len(c.Changes))
		}
	}
}

// BenchmarkCompareAllDiffer10000 is the worst: every recipient differs.
func BenchmarkCompareAllDiffer10000(b *testing.B) {
	from, to := editions(b)
	for _, r := range to.Recipients {
		r.Measures[0].Responsible += "改"
	}
	for b.Loop() {
		compared(from, to)
	}
}

// BenchmarkRawPass10000 is the limit: looking once at every field of both lists that is compared.
func BenchmarkRawPass10000(b *testing.B) {
	from, to := editions(b)
	for b.Loop() {
		n := 0
		for i, r := range from.Recipients {
			o := to.Recipients[i]
			if r.Name == o.Name && r.USCC == o.USCC && r.Permit == o.Permit && r.Address == o.Address && r.Note == o.Note {
				n++
			}
			for j := range r.Lines {
				if r.Lines[j].Name == o.Lines[j].Name && r.Lines[j].Emission == o.Lines[j].Emission &&
					r.Lines[j].Note == o.Lines[j].Note {
					n++
				}
			}
			for j := range r.Measures {
				p, q := &r.Measures[j], &o.Measures[j]
				if p.Text == q.Text && p.Unit == q.Unit && p.Reduction == q.Reduction && p.Note == q.Note &&
					slices.Equal(p.Monitors, q.Monitors) && slices.Equal(p.Evidence, q.Evidence) {
					n++
				}
			}
		}
		if n == 0 {
			b.Fatal("nothing is the same")
		}
	}
}

// compared sorts both lists and compares them.
func compared(a, b *reductionlist.List) reductionlist.Comparison {
	return reductionlist.ComparisonOf(reductionlist.Diff(a, b), reductionlist.TotalsOf(a), reductionlist.TotalsOf(b))
}
