package aqi

import (
	stdjson "encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
)

func TestParseConcentration(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "0.0": "0", "000": "0", "302": "302", "4.5": "4.5", "007.50": "7.5", "0.000001": "0.000001",
		"100000": "100000", "0100000.000000": "100000", "99999.999999": "99999.999999",
	} {
		c, err := ParseConcentration(in)
		if err != nil || c.String() != want {
			t.Errorf("%q: %s (%v), want %s", in, c, err, want)
		}
	}
	if conc("7.50") != conc("7.5") || conc("0.0") != (Concentration{}) {
		t.Error("equal concentrations differ")
	}
	for in, want := range map[string]string{"117.33333333333333": "117.333333", "0.0000005": "0", "0.0000015": "0.000002",
		"0.00000050000001": "0.000001", "99999.9999999": "100000", "1.0000000": "1"} {
		if got := conc(in); got != conc(want) {
			t.Errorf("%s is kept as %v, want %s", in, got, want)
		}
	}
}

func TestParseConcentrationRefuses(t *testing.T) {
	for in, rule := range map[string]string{
		"": "aqi.not_a_number", " ": "aqi.not_a_number", " 5": "aqi.not_a_number", "5 ": "aqi.not_a_number",
		"NaN": "aqi.not_a_number",
		"Inf": "aqi.not_a_number", "-Inf": "aqi.not_a_number", "+5": "aqi.not_a_number", "5.": "aqi.not_a_number",
		".5":    "aqi.not_a_number",
		"1.2.3": "aqi.not_a_number", "1,5": "aqi.not_a_number", "1e3": "aqi.not_a_number", "1e999999999": "aqi.not_a_number",
		"0x10": "aqi.not_a_number", "５": "aqi.not_a_number", "-": "aqi.not_a_number", ".": "aqi.not_a_number",
		"-3": "aqi.negative", "-0": "aqi.negative", "-0.5": "aqi.negative",
		"100000.000001": "aqi.too_large", "100001": "aqi.too_large", "99999999999999999999": "aqi.too_large",
		strings.Repeat("9", 1<<20): "aqi.too_large",
	} {
		_, err := ParseConcentration(in)
		var e *refusal.Error
		if !errors.As(err, &e) || e.Code != refusal.Invalid || e.Rule != rule || !refusal.Known(e.Rule) {
			t.Errorf("%.40q: %v, want %s", in, err, rule)
		} else if len(err.Error()) > 400 {
			t.Errorf("%.40q: a message of %d bytes", in, len(err.Error()))
		}
	}
}

func TestMean(t *testing.T) {
	list := func(texts ...string) (out []Concentration) {
		for _, s := range texts {
			out = append(out, conc(s))
		}
		return out
	}
	third := Mean(list("1", "0", "0"))
	for _, c := range []struct {
		got    Concentration
		string string
		json   string
	}{
		{Mean(nil), "0", "0"},
		{Mean(list("4.5")), "4.5", "4.5"},
		{Mean(list("1", "2")), "1.5", "1.5"},
		{third, "0.333", "0.333333"},
		{Mean(list("2", "0", "0")), "0.667", "0.666667"},
		{Mean([]Concentration{third, third, third}), "0.333", "0.333333"},
		{Mean([]Concentration{third, Mean(list("2", "0", "0"))}), "0.5", "0.5"},
		{Mean(list("0.000001", "0")), "0.0000005", "0"}, // half to even
		{Mean(list("0.000003", "0")), "0.0000015", "0.000002"},
		{Mean(list("100000", "100000")), "100000", "100000"},
	} {
		text, err := c.got.MarshalJSON()
		if err != nil || c.got.String() != c.string || string(text) != c.json {
			t.Errorf("%s and in JSON %s (%v), want %s and %s", c.got, text, err, c.string, c.json)
		}
	}
	// A mean that is exactly half way between two whole numbers goes to the even one, whatever its parts: a sum of
	// floats would put this one on either side.
	if r := Daily(HJ2012, Values{PM25: Mean(list("150.1", "150.2", "151.2"))}); r.Index != 200 {
		t.Errorf("the mean 150.5 has index %d, want 200", r.Index)
	}
}

// Means of means of awkward numbers outgrow a fraction of 63 bits; they stay right to the twelfth place.
func TestMeanOfMeansDoesNotOverflow(t *testing.T) {
	exact, c := big.NewRat(1, 3), Mean([]Concentration{conc("1"), conc("0"), conc("0")})
	for _, n := range []int{97, 89, 83, 79, 73, 71, 67, 61, 59, 53} {
		values := make([]Concentration, n)
		values[0], values[1] = c, conc("99999.999999")
		c = Mean(values)
		exact.Add(exact, conc("99999.999999").rat()).Quo(exact, big.NewRat(int64(n), 1))
		if diff := new(big.Rat).Sub(exact, c.rat()); diff.Abs(diff).Cmp(big.NewRat(1, 1e12)) > 0 {
			t.Fatalf("after %d: %s, want %s", n, c, exact.FloatString(15))
		}
	}
}

func TestRoundRat(t *testing.T) {
	for _, c := range []struct{ num, den, want int64 }{{0, 1, 0}, {1, 2, 0}, {3, 2, 2}, {5, 2, 2}, {7, 3, 2}, {8, 3, 3},
		{4, 1, 4}} {
		if got := roundRat(big.NewRat(c.num, c.den)); got != c.want {
			t.Errorf("%d/%d: %d, want %d", c.num, c.den, got, c.want)
		}
	}
}

// What is read is exact in everything that is done with it, and both JSON packages carry it there and back.
func TestConcentrationAgainstBigRat(t *testing.T) {
	draw := func(rt *rapid.T, name string) (Concentration, *big.Rat) {
		s := rapid.StringMatching(`0{0,2}[0-9]{1,5}(\.[0-9]{1,6})?`).Draw(rt, name)
		want, _ := new(big.Rat).SetString(s)
		return conc(s), want
	}
	rapid.Check(t, func(rt *rapid.T) {
		a, wantA := draw(rt, "a")
		b, wantB := draw(rt, "b")
		if a.rat().Cmp(wantA) != 0 || a.Cmp(b) != wantA.Cmp(wantB) || (a == b) != (wantA.Cmp(wantB) == 0) {
			rt.Fatalf("%s and %s: Cmp %d", a, b, a.Cmp(b))
		}
		values, sum := []Concentration{a, b}, new(big.Rat).Add(wantA, wantB)
		for range rapid.IntRange(0, 30).Draw(rt, "more") {
			c, want := draw(rt, "c")
			values, sum = append(values, c), sum.Add(sum, want)
		}
		if mean := Mean(values); mean.rat().Cmp(sum.Quo(sum, big.NewRat(int64(len(values)), 1))) != 0 {
			rt.Fatalf("mean %s, want %s", mean.rat(), sum)
		}
		in := map[string]Values{"v": {PM25: a, CO: b}}
		for _, codec := range []struct {
			marshal   func() ([]byte, error)
			unmarshal func([]byte, any) error
		}{
			{func() ([]byte, error) { return json.Marshal(in) },
				func(text []byte, v any) error { return json.Unmarshal(text, v) }},
			{func() ([]byte, error) { return stdjson.Marshal(in) }, stdjson.Unmarshal},
		} {
			text, err := codec.marshal()
			if err != nil {
				rt.Fatal(err)
			}
			var out map[string]Values
			if err := codec.unmarshal(text, &out); err != nil || out["v"][PM25] != a || out["v"][CO] != b {
				rt.Fatalf("%s read back as %v (%v)", text, out, err)
			}
		}
	})
}

func TestConcentrationJSONRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"pm25":-3}`: "negative", `{"pm25":"302"}`: "not a number", `{"pm25":null}`: "not a number",
		`{"pm25":1e3}`:   "not a number",
		`{"pm25":1e400}`: "not a number", `{"pm25":100001}`: "above", `{"pm25":[1]}`: "not a number",
	} {
		var v Values
		if err := json.Unmarshal([]byte(text), &v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err := stdjson.Unmarshal([]byte(text), &v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s by encoding/json: %v, want %q", text, err, want)
		}
		// As the interface reads it: the place is named too.
		var e *refusal.Error
		if err := refusal.Unmarshal([]byte(text), &v); !errors.As(err, &e) || e.Code != refusal.Invalid ||
			len(e.Fields) != 1 || e.Fields[0].Path != "pm25" {
			t.Errorf("%s refused as %v", text, err)
		}
	}
}

// Whatever the text: a refusal, or a value that reads back the same from its text and from JSON.
func FuzzParseConcentration(f *testing.F) {
	for _, s := range []string{"302", "4.5", "0.000001", "100000", "-1", "1e9", "NaN", "", "00.10", "99999.999999",
		"1.0000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseConcentration(s)
		if err != nil {
			if rule := refusal.CodeOf(err); rule != refusal.Invalid {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		want, ok := new(big.Rat).SetString(s)
		if diff := new(big.Rat).Sub(c.rat(), want); !ok || diff.Abs(diff).Cmp(big.NewRat(1, 2*micro)) > 0 {
			t.Fatalf("%q read as %s", s, c)
		}
		if again, err := ParseConcentration(c.String()); err != nil || again != c {
			t.Fatalf("%q is %s, which reads back as %s (%v)", s, c, again, err)
		}
		var again Concentration
		if text, err := c.MarshalJSON(); err != nil || again.UnmarshalJSON(text) != nil || again != c {
			t.Fatalf("%q is %s in JSON, which reads back as %s", s, text, again)
		}
	})
}
