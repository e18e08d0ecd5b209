package example

import (
	"regexp"
	"strings"
	"testing"

	list "qingkong/reductionlist"
)

func TestRecipientsAreRecognisablyInvented(t *testing.T) {
	hex := regexp.MustCompile(`^[0-9A-F]{24}$`)
	names, types := map[string]bool{}, map[list.Type]int{}
	for _, r := range Recipients(3, 2000, Places) {
		if !strings.HasPrefix(r.Name, "示例") || !strings.Contains(r.Note, "示例") || !strings.HasPrefix(r.Contact.Name, "示例") {
			t.Errorf("%s: name %q, contact %q or note %q does not say 示例", r.ID, r.Name, r.Contact.Name, r.Note)
		}
		if names[r.Name] {
			t.Errorf("name %s stands twice", r.Name)
		}
		names[r.Name] = true
		types[r.Type]++
		if len(r.Lines) != 1 || len(r.Measures) != 3 {
			t.Errorf("%s: %d lines and %d measures, want 1 and 3", r.ID, len(r.Lines), len(r.Measures))
		}
		if r.StationMN != "" && !hex.MatchString(r.StationMN) {
			t.Errorf("%s: station number %q is not 24 hexadecimal digits", r.ID, r.StationMN)
		}
	}
	if types[list.Enterprise] != 1400 || types[list.Site] != 400 || types[list.Fleet] != 200 {
		t.Errorf("types %v, want 14 enterprises, 4 sites and 2 fleets of every 20", types)
	}
}

func TestStationNumbersHaveTwentyFourDigits(t *testing.T) {
	for _, id := range []string{ID(1), ID(9999), ID(10000), ID(400000)} {
		if mn := MN(id, 7); len(mn) != 24 {
			t.Errorf("MN(%s) = %q has %d digits", id, mn, len(mn))
		}
	}
}
