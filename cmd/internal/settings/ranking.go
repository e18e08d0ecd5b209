package settings

import (
	"qingkong/cmd/internal/config"
	"qingkong/notify/compliance"
)

// Ranking is what makes a task press.
func Ranking(r config.Rank) compliance.RankWeights {
	share := func(pct float64) float64 { return pct / 100 }
	return compliance.RankWeights{Saving: r.Saving, NoData: r.NoData, Nearby: r.Nearby, Halfway: r.HalfwayKM,
		Violated: share(r.ViolatedPct), Suspected: share(r.SuspectedPct), Unknown: share(r.UnknownPct),
		Otherwise: share(r.OtherwisePct), History: share(r.HistoryPct),
		Found: share(r.FoundPct)}
}

// Office is the place from which inspectors set out; the zero value where none is configured.
func Office(r config.Rank) compliance.Place {
	return compliance.Place{Lon: r.Office.Lon, Lat: r.Office.Lat}
}
