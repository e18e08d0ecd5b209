package config

import (
	"go.yaml.in/yaml/v4"
)

// StuckHours is how many values of an instrument have to be the same before it counts as stuck, by pollutant; 0 =
// never.
type StuckHours struct {
	CO   int `yaml:"co"`
	NO2  int `yaml:"no2"`
	O3   int `yaml:"o3"`
	PM10 int `yaml:"pm10"`
	PM25 int `yaml:"pm25"`
	SO2  int `yaml:"so2"`
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
	CO   int `yaml:"co"` // mg/m³
	NO2  int `yaml:"no2"`
	O3   int `yaml:"o3"`
	PM10 int `yaml:"pm10"`
	PM25 int `yaml:"pm25"`
	SO2  int `yaml:"so2"`
}
