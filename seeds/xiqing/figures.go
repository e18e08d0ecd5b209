package xiqing

import (
	"math"
	"time"

	"qingkong/reductionlist/plant"
)

// figuresDays is how long the invented figures of a plant hold.
const figuresDays = 15

// Figures are invented figures of the two plants from an hour on, by recipient: what operators on duty would say of
// their units, furnaces and pit, and what grid, heating and the refuse lorries ask of them through a winter's days.
func Figures(from time.Time) map[string]plant.Figures {
	from = from.Truncate(time.Hour)
	to := from.AddDate(0, 0, figuresDays)
	const source = "示例：为演示而设的运行数据"
	coal := plant.Figures{From: &from, To: &to, Source: source, BaselineMW: map[string][]*float64{}}
	for _, u := range coalUnits {
		coal.Units = append(coal.Units, plant.MachineState{Name: u.name, InitiallyOn: new(true), HoursInState: new(240.0)})
		coal.BaselineMW[u.name] = []*float64{new(215.0)}
	}
	waste := plant.Figures{From: &from, To: &to, Source: source, Pit: &plant.PitState{LevelT: new(6000.0)},
		SteamMinTH: new(150.0)}
	for _, name := range []string{"1#", "2#", "3#"} {
		waste.Furnaces = append(waste.Furnaces,
			plant.MachineState{Name: name, InitiallyOn: new(true), HoursInState: new(500.0)})
	}
	for h := range figuresDays * 24 {
		at := from.Add(time.Duration(h) * time.Hour).Hour()
		day := math.Sin(2 * math.Pi * float64(at-8) / 24) // least at two in the morning, most at two in the afternoon
		coal.Demand = append(coal.Demand,
			plant.Demand{PowerMinMW: new(math.Round(660 + 60*day)), PowerMaxMW: new(math.Round(820 + 60*day)),
				HeatGJH: new(math.Round(2150 - 150*day))})
		intake := 62.0 // lorries come by day
		if at >= 6 && at < 18 {
			intake = 98
		}
		waste.IntakeTH = append(waste.IntakeTH, &intake)
	}
	return map[string]plant.Figures{"E0001": coal, "E0002": waste}
}
