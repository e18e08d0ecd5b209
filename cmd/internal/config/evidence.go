package config

// Evidence is what may be handed in, how long it is kept, and beyond what a photo is remarked upon.
type Evidence struct {
	MaxMB     int `yaml:"max_mb" allow:"20..256"`        // of a file that comes in pieces
	FilesADay int `yaml:"files_a_day" allow:"1..100000"` // of an account
	MBADay    int `yaml:"mb_a_day" allow:"20..1000000"`
	WaitingGB int `yaml:"waiting_gb" allow:"1..10000"` // of what has come in part, on this node
	KeepDays  int `yaml:"keep_days" allow:"0..36500"`  // 0 = for ever, otherwise 90 at least

	Positions string `yaml:"positions"` // the system of the list's: gcj02 or wgs84
	FarM      int    `yaml:"far_m" allow:"50..100000"`
	LateMin   int    `yaml:"late_min" allow:"1..10080"`
}

// leastKept is for how many days a file is kept at least: longer than a response, its reports and its objections take.
const leastKept = 90

// evidence asks that nothing is erased while people still work with it.
func (k *checker) evidence(e Evidence) {
	k.section("evidence", e)
	k.oneOf("evidence.positions", e.Positions, "gcj02", "wgs84")
	if e.KeepDays != 0 {
		between(k, "evidence.keep_days", e.KeepDays, leastKept, 36500)
	}
}
