package seeds

import _ "embed"

//go:embed holidays.csv
var holidays []byte

// Holidays is the table of holidays and of the working days that make up for them, from 2015 to 2026: each day with its
// holiday, whether people are off, and the notice of the General Office of the State Council that says so. The notice for a
// year comes out in the autumn before it. The caller must not change it.
func Holidays() []byte { return holidays }
