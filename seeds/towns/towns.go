// Package towns lists the township-level units of Xiqing (120111).
package towns

import (
	_ "embed" // for the table
	"strings"
	"sync"
)

// Kinds of township-level units.
const (
	Street = "street" // 街道
	Town   = "town"   // 镇
	Zone   = "zone"   // 开发区等
)

// Unit is one township-level unit by its nine-digit code.
type Unit struct{ Code, Name, Kind string }

// The bounds of Xiqing in degrees: the corners of its outline as map services publish it, which nobody has checked and
// which most likely is GCJ-02.
const West, South, East, North = 116.88, 38.82, 117.35, 39.18

// Names are the units of a region by the six digits of its code (GB/T 2260); nil where the table has none.
func Names(region string) (names []string) {
	for _, u := range List() {
		if len(region) == 6 && strings.HasPrefix(u.Code, region) {
			names = append(names, u.Name)
		}
	}
	return names
}

// table was taken from a public list of township codes and has not been checked against an official one.
//
//go:embed towns.csv
var table string

// List gives the units in the order of their codes. The caller must not change it.
var List = sync.OnceValue(func() []Unit {
	var units []Unit
	for line := range strings.Lines(table) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) == 3 && f[0] != "code" {
			units = append(units, Unit{f[0], f[1], f[2]})
		}
	}
	return units
})
