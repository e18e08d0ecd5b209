package settings

import (
	"reflect"
	"testing"

	"qingkong/cmd/internal/config"
	"qingkong/notify/compliance"
)

// The documented configuration ranks as the package does by itself, from no office, and each key counts.
func TestRankingOfTheConfiguration(t *testing.T) {
	set, err := Of(config.Default())
	if err != nil || set.Ranking != compliance.UsualWeights || set.Office != (compliance.Place{}) {
		t.Errorf("the documented weights are\n%+v from %+v, the package's own\n%+v (%v)", set.Ranking, set.Office,
			compliance.UsualWeights, err)
	}
	usual := config.Default().Compliance.Rank
	for i := range reflect.ValueOf(usual).NumField() {
		cfg := config.Default()
		switch f := reflect.ValueOf(&cfg.Compliance.Rank).Elem().Field(i); f.Addr().Interface().(type) {
		case *config.Position:
			f.Set(reflect.ValueOf(config.Position{Lon: 117.0085, Lat: 39.1413}))
		default:
			f.SetFloat(f.Float() + 1)
		}
		set, err := Of(cfg)
		if err != nil || set.Ranking == compliance.UsualWeights && set.Office == (compliance.Place{}) {
			t.Errorf("%s changes nothing (%v)", reflect.TypeOf(usual).Field(i).Name, err)
		}
	}
	cfg := config.Default()
	cfg.Compliance.Rank.Office = config.Position{Lon: 117.0085, Lat: 39.1413}
	if got := Office(cfg.Compliance.Rank); got != (compliance.Place{Lon: 117.0085, Lat: 39.1413}) {
		t.Errorf("the office is at %+v", got)
	}
}
