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
