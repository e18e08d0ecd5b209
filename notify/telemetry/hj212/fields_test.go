package hj212

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// one reads the one frame of a data segment.
func one(t testing.TB, data string, opt Options) *Frame {
	t.Helper()
	got := decode(t, packet(data)+"\r\n", opt)
	if len(got) != 1 || got[0].Fault != nil {
		t.Fatalf("%s: %s", data, verdicts(got))
	}
	return got[0]
}

func notesOf(f *Frame) string {
	var names []string
	for _, n := range f.Notes {
		names = append(names, string(n.Name))
	}
	return strings.Join(names, " ")
}

// The fields before CP, and what of them is unlike the standard.
func TestHeader(t *testing.T) {
	usual := func(more string) string {
		return "QN=20260801085857223;ST=31;CN=2011;PW=123456;MN=010000A8900016F000169DC0;" + more + "CP=&&&&"
	}
	for _, c := range []struct {
		data  string
		opt   Version
		notes string
	}{
		{usual("Flag=5;"), 0, ""},
		{usual("Flag=9;RF=1;"), 0, ""},
		{usual("Flag=9;RF=0;"), 0, "field_form"},
		{usual("Flag=7;PNUM=2;PNO=1;"), 0, ""},
		{usual("Flag=7;PNUM=0002;PNO=0001;"), 0, ""},
		{usual("Flag=5;PNUM=2;PNO=1;"), 0, "split_bit"},
		{usual("Flag=7;"), 0, "split_bit"},
		{usual("PNUM=2;PNO=2;"), 0, ""},
		{usual("Flag=7;PNUM=2;PNO=3;"), 0, "part_form"},
		{usual("Flag=7;PNUM=2;PNO=0;"), 0, "part_form"},
		{usual("Flag=7;PNUM=two;PNO=1;"), 0, "part_form"},
		{usual("Flag=7;PNUM=1000000;PNO=1;"), 0, "parts_many"},
		{usual("Flag=11;PNUM=1000000;PNO=1;"), 0, "part_width parts_many"},
		{usual("Flag=7;PNUM=1000000;PNO=1;"), V2025, "version_differs part_width parts_many"},
		{usual("Flag=7;PNUM=9999999999;PNO=1;"), 0, "part_form"},
		{usual("Flag=8;"), V2017, "version_differs"},
		{usual("Flag=5;"), V2017, ""},
		{usual(""), V2017, ""},
		{usual("Flag=13;"), 0, "version_unknown"},
		{usual("Flag=256;"), 0, "field_form"},
		{usual("Flag=-1;"), 0, "field_form"},
		{usual("Flag=5;Color=red;"), 0, "field_unknown"},
		{usual("flag=5;"), 0, "field_unknown"},
		{usual("Flag=5;MN=2;"), 0, "repeated"},
		{usual("Flag=5;;"), 0, "empty_item"},
		{usual("Flag;"), 0, "no_equals"},
		{usual(" Flag =5;"), 0, "blank"},
		{"ST=31;CN=2011;PW=123456;MN=1;CP=&&&&", 0, "field_missing"},
		{"ST=31;CN=2011;PW=123456;MN=1;Flag=0;CP=&&&&", 0, ""},
		{"QN=20260801085857223;CP=&&&&", 0, "field_missing"},
		{"CP=&&&&", 0, "field_missing"},
		{"QN=20260801085857223;ST=101;CN=20x1;MN=1;CP=&&&&", 0, "field_form"},
		{"QN=1617936069734;ST=31;CN=2011;MN=1;CP=&&&&", 0, "time_form"},
		{"QN=20990801085857223;ST=31;CN=2011;MN=1;CP=&&&&", 0, "time_far"},
		{"QN=20260801085857223;ST=31;CN=2011;MN=\x01;CP=&&&&", 0, "not_text"},
		{"QN=20260801085857223;ST=31;CN=2011;MN=\xff;CP=&&&&", 0, "not_text"},
		{"QN=20260801085857223;ST=31;CN=2011;MN=\x7f.........;CP=&&&&", 0, "not_text"},
		{"QN=20260801085857223;ST=31;CN=2011;MN=津;CP=&&&&", 0, ""},
	} {
		if got := notesOf(one(t, c.data, Options{Version: c.opt})); got != c.notes {
			t.Errorf("%s: %q, not %q", c.data, got, c.notes)
		}
	}
	f := one(t, usual("Flag=11;PNUM=12;PNO=3;RF=1;"), Options{})
	want := Head{QN: "20260801085857223", ST: "31", CN: "2011", PW: "123456", MN: "010000A8900016F000169DC0", Flag: 11,
		HasFlag: true, Parts: 12, Part: 3, Resent: true}
	if f.Head != want || f.Version != V2025 || !f.Flag.NeedsAck() || !f.Flag.Split() {
		t.Errorf("%+v %d", f.Head, f.Version)
	}
	if f := one(t, usual("Flag=5;MN=other;"), Options{}); f.MN != want.MN {
		t.Errorf("the second MN counts: %s", f.MN)
	}
	for _, v := range editions {
		if f := FlagOf(v, true, true); f.Version() != v || !f.NeedsAck() || !f.Split() || FlagOf(v, false, false)&3 != 0 {
			t.Errorf("Flag %d of %d", f, v)
		}
	}
	if FlagOf(0, true, false) != 5 {
		t.Error("of no edition")
	}
}

// The content of CP: what each form is read as, and what of it is unlike the standard.
func TestContent(t *testing.T) {
	for _, c := range []struct {
		cp    string // behind CP=
		st    string
		notes string
		items string // key|code|kind|value, and the number of one
	}{
		{"&&&&", "31", "", ""},
		{"&&RtdInterval=30&&", "31", "", "RtdInterval|||30"},
		{"&&a21026-Rtd=12.5,a21026-ZsRtd=.5,a21026-Flag=N;a34013-Avg=-3&&", "31", "number_form",
			"a21026-Rtd|a21026|Rtd|12.5=12.5 a21026-ZsRtd|a21026|ZsRtd|.5=0.5 a21026-Flag|a21026|Flag|N a34013-Avg|a34013|Avg|-3=-3"},
		{"&&a21026-Flag=X&&", "31", "flag_unknown", "a21026-Flag|a21026|Flag|X"},
		{"&&a21026-EFlag=A01,a21026-SampleTime=20260801080000&&", "31", "",
			"a21026-EFlag|a21026|EFlag|A01 a21026-SampleTime|a21026|SampleTime|20260801080000"},
		{"&&SB1-RS=1;SB2-RT=1.50&&", "31", "", "SB1-RS|SB1|RS|1=1 SB2-RT|SB2|RT|1.50=1.5"},
		{"&&02-Avg=5,S01-Avg=6,B02-Cou=7,10-Rtd=8&&", "31", "old_code",
			"02-Avg|a21026|Avg|5=5 S01-Avg|a19001|Avg|6=6 B02-Cou|a00000|Cou|7=7 10-Rtd|a21001|Rtd|8=8"},
		{"&&02-Avg=5&&", "22", "", "02-Avg|02|Avg|5=5"},
		{"&&100000-Pt=267.3919,100000-Pa_ave=0.39&&", "44", "",
			"100000-Pt|100000|Pt|267.3919=267.3919 100000-Pa_ave|100000|Pa_ave|0.39=0.39"},
		{"&&a21026-Info=text&&", "31", "", "a21026-Info|a21026|Info|text"},
		{"&& a21026-Rtd = 1 &&", "31", "blank", "a21026-Rtd|a21026|Rtd|1=1"},
		{"&&a21026-Rtd=NaN;a21026-Avg=&&", "31", "not_a_number", "a21026-Rtd|a21026|Rtd|NaN a21026-Avg|a21026|Avg|"},
		{"&&a21026-Rtd=Inf&&", "31", "not_a_number", "a21026-Rtd|a21026|Rtd|Inf"},
		{"&&a21026-Rtd=1e308;a21026-Avg=1e3&&", "31", "number_form number_beyond",
			"a21026-Rtd|a21026|Rtd|1e308 a21026-Avg|a21026|Avg|1e3=1000"},
		{"&&a21026-Rtd=1e999&&", "31", "number_form number_beyond", "a21026-Rtd|a21026|Rtd|1e999"},
		{"&&a21026-Rtd=0x1p4;a21026-Avg=1_0&&", "31", "not_a_number", "a21026-Rtd|a21026|Rtd|0x1p4 a21026-Avg|a21026|Avg|1_0"},
		{"&&a21026-Rtd=1.2.3&&", "31", "not_a_number", "a21026-Rtd|a21026|Rtd|1.2.3"},
		{"&&a21026-Rtd=-00999,a21026-Avg=999.99&&", "31", "",
			"a21026-Rtd|a21026|Rtd|-00999=-999 a21026-Avg|a21026|Avg|999.99=999.99"},
		{"&&a-Cou=1234567890123456789&&", "31", "number_beyond", "a-Cou|a|Cou|1234567890123456789"},
		{"&&PolId=w01018;PolId=a;PolId=b;PolId=c&&", "31", "repeated", "PolId|||w01018 PolId|||a PolId|||b PolId|||c"},
		{"&&a-Rtd=1;;b-Rtd=2;&&", "31", "empty_item", "a-Rtd|a|Rtd|1=1 ||| b-Rtd|b|Rtd|2=2 |||"},
		{"&&a-Rtd&&", "31", "no_equals", "a-Rtd|||"},
		{"&&DataTime=20990101000000&&", "31", "time_far", "DataTime|||20990101000000"},
		{"&&DataTime=19700101080000&&", "31", "time_far", "DataTime|||19700101080000"},
		{"&&DataTime=20260230000000;BeginTime=2026&&", "31", "time_form", "DataTime|||20260230000000 BeginTime|||2026"},
		{"&&DataTime=20260101240000&&", "31", "time_form", "DataTime|||20260101240000"},
		{"&&DataTime=00000000000000&&", "31", "time_form", "DataTime|||00000000000000"},
		{"&", "31", "cp_form", ""},
		{"", "31", "cp_form", ""},
		{"&&", "31", "cp_form", ""},
		{"&&&", "31", "cp_form", ""},
		{"&a-Rtd=1&", "31", "cp_form", "a-Rtd|a|Rtd|1=1"},
		{"a-Rtd=1", "31", "cp_form", "a-Rtd|a|Rtd|1=1"},
		{"&&a-Rtd=1&&;Extra=1", "31", "cp_form", "a-Rtd|a|Rtd|1=1"},
	} {
		f := one(t, "QN=20260801085857223;ST="+c.st+";CN=2011;PW=1;MN=1;Flag=4;CP="+c.cp, Options{})
		var items []string
		for _, it := range f.Items {
			line := it.Key + "|" + it.Code + "|" + it.Kind + "|" + it.Value
			if it.IsNumber {
				line += "=" + strconv.FormatFloat(it.Number, 'f', -1, 64)
			}
			items = append(items, line)
		}
		if got := strings.Join(items, " "); got != c.items || notesOf(f) != c.notes {
			t.Errorf("%s: %s (%s), not %s (%s)", c.cp, got, notesOf(f), c.items, c.notes)
		}
	}
	if f := one(t, "QN=20260801085857223;ST=31;CN=2011;MN=1", Options{}); notesOf(f) != "no_cp" {
		t.Errorf("no CP: %v", f.Notes)
	}
	f := one(t, data, Options{})
	if want := time.Date(2026, 8, 1, 8, 58, 0, 0, Beijing); !f.DataTime.Equal(want) {
		t.Errorf("%v, not %v", f.DataTime, want)
	}
	if got, ok := f.Value("a21026-Rtd"); got != "12.5" || !ok {
		t.Errorf("%q %v", got, ok)
	}
	if _, ok := f.Value("a21026-Avg"); ok {
		t.Error("a value that is not there")
	}
	// In 2005 its codes and flags are right.
	f = one(t, "ST=31;CN=2011;MN=1;Flag=0;CP=&&02-Avg=5,02-Flag=1&&", Options{})
	if f.Items[0].Code != "a21026" || notesOf(f) != "" {
		t.Errorf("2005: %+v %s", f.Items, notesOf(f))
	}
}

// A number is the one that the standard library reads.
func TestNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{0,18}(\.[0-9]{0,9})?`).Draw(t, "number")
		got, _, ok := readNumber(s)
		want, err := strconv.ParseFloat(s, 64)
		if ok != (err == nil) || ok && math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%q: %v %v, not %v %v", s, got, ok, want, err)
		}
	})
}

// The CRC is that of the standard's text, byte by byte and bit by bit, and its example.
func TestCRC(t *testing.T) {
	example := []byte("QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&")
	if got := fmt.Sprintf("%d %04X %04X", len(example), CRC(example), ModbusCRC(example)); got != "101 1C80 0759" {
		t.Error(got)
	}
	if CRC(nil) != 0xFFFF {
		t.Errorf("of nothing: %04X", CRC(nil))
	}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		if len(b) > 0 && int(CRC(b)) != slowCRC(string(b)) {
			t.Fatalf("%x: %04X", b, CRC(b))
		}
		modbus := 0xFFFF
		for _, c := range b {
			modbus ^= int(c)
			for range 8 {
				odd := modbus%2 == 1
				if modbus /= 2; odd {
					modbus ^= 0xA001
				}
			}
		}
		if int(ModbusCRC(b)) != modbus {
			t.Fatalf("%x: Modbus %04X", b, ModbusCRC(b))
		}
	})
}
