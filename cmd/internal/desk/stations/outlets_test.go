package stations

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// What is read from a line, with the marks that people write.
func TestOutletLines(t *testing.T) {
	six := 6.0
	for _, c := range []struct {
		line string
		want calls.OutletText
	}{
		{"1#烟囱：a19001，a21026 mg/m3；O2=6",
			calls.OutletText{Name: "1#烟囱", Factors: []calls.FactorText{{Code: "a19001"}, {Code: "a21026", Unit: "mg/m3"}}, O2: &six}},
		{" stack 1: a19001, a21026 mg/m3; o2=6 % ",
			calls.OutletText{Name: "stack 1", Factors: []calls.FactorText{{Code: "a19001"}, {Code: "a21026", Unit: "mg/m3"}}, O2: &six}},
		{"电表：kW", calls.OutletText{Name: "电表", Factors: []calls.FactorText{{Code: "kW"}}}},
		{"在建：", calls.OutletText{Name: "在建"}},
		{"甲:乙：a21002、a34013", calls.OutletText{Name: "甲:乙", Factors: []calls.FactorText{{Code: "a21002"}, {Code: "a34013"}}}},
	} {
		got, err := parseOutlets("\n" + c.line + "\n\n")
		if err != nil || len(got) != 1 || outletsText(shown(got)) != outletsText(shown([]calls.OutletText{c.want})) {
			t.Errorf("%q: %+v, %v", c.line, got, err)
		}
	}
	for _, line := range []string{"1#烟囱", "：a19001", "1#烟囱：a19001；O2=six",
		"1#烟囱：a19001；O2=6；O2=3"} {
		_, err := parseOutlets("甲：a19001\n" + line)
		if refusal.CodeOf(err) != refusal.Invalid || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", line, err)
		}
	}
	if got, err := parseOutlets(" \n"); err != nil || got == nil || len(got) != 0 {
		t.Errorf("no lines: %v, %v", got, err)
	}
}

// shown are outlets as they are shown.
func shown(in []calls.OutletText) (out []calls.StationOutlet) {
	for _, o := range in {
		one := calls.StationOutlet{Name: o.Name, O2: o.O2}
		for _, f := range o.Factors {
			one.Factors = append(one.Factors, calls.StationFactor(f))
		}
		out = append(out, one)
	}
	return out
}

// What the form shows of outlets is read as the same outlets.
func TestOutletsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []calls.StationOutlet
		for range rapid.IntRange(0, 4).Draw(t, "outlets") {
			o := calls.StationOutlet{Name: rapid.StringMatching(`[1-9]#[烟囱排口ab]{1,5}( [a-z]{1,4})?`).Draw(t, "name")}
			for range rapid.IntRange(0, 5).Draw(t, "factors") {
				o.Factors = append(o.Factors, calls.StationFactor{Code: rapid.StringMatching(`[a-z0-9]{1,8}`).Draw(t, "code"),
					Unit: rapid.SampledFrom([]string{"", "mg/m3", "m3/s", "℃", "%"}).Draw(t, "unit")})
			}
			if rapid.Bool().Draw(t, "oxygen") {
				v := float64(rapid.IntRange(0, 209).Draw(t, "o2")) / 10
				o.O2 = &v
			}
			all = append(all, o)
		}
		text := outletsText(all)
		got, err := parseOutlets(text)
		if err != nil || outletsText(shown(got)) != text || len(got) != len(all) {
			t.Fatalf("%q comes back as %+v, %v", text, got, err)
		}
		for i := range got {
			if len(got[i].Factors) != len(all[i].Factors) || got[i].Name != all[i].Name {
				t.Fatalf("%q: outlet %d comes back as %+v", text, i, got[i])
			}
		}
	})
}

func FuzzOutlets(f *testing.F) {
	f.Add("1#烟囱：a19001，a21026 mg/m3；O2=6")
	f.Add("::,;O2=\n：O2=NaN")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseOutlets(text)
		if err != nil && refusal.CodeOf(err) != refusal.Invalid {
			t.Fatal(err)
		}
		for _, o := range got {
			if o.Name == "" {
				t.Fatalf("%q gives %+v", text, o)
			}
		}
	})
}
