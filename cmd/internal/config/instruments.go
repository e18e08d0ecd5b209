package config

import (
	"go.yaml.in/yaml/v4"
)

// StuckHours is how many values of an instrument have to be the same before it counts as stuck, by pollutant; 0 =
// never.
type StuckHours struct {
	PM25 int `yaml:"pm25"`
	PM10 int `yaml:"pm10"`
	NO2  int `yaml:"no2"`
	O3   int `yaml:"o3"`
	SO2  int `yaml:"so2"`
	CO   int `yaml:"co"`
}

// UnmarshalYAML reads the numbers by pollutant, of which those that are left out stay as they are. One number alone, as
// it was written before, is that of PM2.5 and PM10.
func (s *StuckHours) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		var one int
		if err := n.Load(&one); err != nil {
			return err
		}
		s.PM25, s.PM10 = one, one
		return nil
	}
	type plain StuckHours
	own := plain(*s)
	if err := n.Load(&own, yaml.WithV4Defaults(), yaml.WithKnownFields()); err != nil {
		return err
	}
	*s = StuckHours(own)
	return nil
}

// Plausible are the largest concentrations that are taken for possible: µg/m³, of CO mg/m³.
type Plausible struct {
	Hour Limit6 `yaml:"hour"` // of an hour's mean
	Day  Limit6 `yaml:"day"`  // of a day's mean, of ozone of its largest 8-hour mean
}

// Limit6 is a limit for each pollutant.
type Limit6 struct {
	PM25 int `yaml:"pm25"`
	PM10 int `yaml:"pm10"`
	SO2  int `yaml:"so2"`
	NO2  int `yaml:"no2"`
	O3   int `yaml:"o3"`
	CO   int `yaml:"co"` // mg/m³
}

// keys are the limits by the names of their settings.
func (l Limit6) keys() map[string]int {
	return map[string]int{"pm25": l.PM25, "pm10": l.PM10, "so2": l.SO2, "no2": l.NO2, "o3": l.O3, "co": l.CO}
}

func (s StuckHours) keys() map[string]int {
	return map[string]int{"pm25": s.PM25, "pm10": s.PM10, "so2": s.SO2, "no2": s.NO2, "o3": s.O3, "co": s.CO}
}
