package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/alerts/aqi"
	"qingkong/alerts/forms"
	"qingkong/alerts/refusal"
)

func newAqiCommand() *cobra.Command {
	var date string
	var hourly bool
	cmd := &cobra.Command{
		Use:   "aqi POLLUTANT=CONCENTRATION …",
		Short: "由浓度计算空气质量指数（the air quality index of concentrations）",
		Long: "按日期所用的 HJ 633（2012 版至 2026-02-28，2026 版自 2026-03-01）由浓度算 AQI、分指数、首要污染物。\n" +
			"单位 µg/m³，CO 为 mg/m³。污染物：pm25 pm10 so2 no2 co o3_8h o3_1h，也可写 PM2.5、O3-8h 等；o3 在日报中是 8 小时值，加 --hourly 时是 1 小时值。\n" +
			"按 2012 版，实时报的 pm25、pm10 用 24 小时滑动平均，2026 版用 1 小时值。\n" +
			"Computes AQI, sub-indices and primary pollutants by the edition of HJ 633 that holds on the date. µg/m³, CO mg/m³.\n" +
			"o3 is the 8-hour value, and with --hourly that of the hour. By the edition of 2012 the real-time report takes pm25\n" +
			"and pm10 as means of the last 24 hours, by that of 2026 as those of the hour.",
		Example: "  qingkong aqi --date 2016-12-20 pm25=302 pm10=356 so2=21 no2=97 co=4.5 o3=12\n" +
			"  qingkong aqi --hourly --json pm25=75 pm10=150 so2=500 no2=200 co=10 o3=200",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("no concentration is given; write them like pm25=302")
			}
			for _, a := range args {
				if !strings.Contains(a, "=") {
					return usage("%q is not of the form POLLUTANT=CONCENTRATION, like pm25=302", a)
				}
			}
			return nil
		},
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("date") {
			date = string(alerts.DateOf(time.Now()))
		}
		measured, day, err := readConcentrations(date, args, hourly)
		if err != nil {
			return err
		}
		report, kind := aqi.Daily, "aqi.daily"
		if hourly {
			report, kind = aqi.Hourly, "aqi.hourly"
		}
		got := report(aqi.StandardOn(day), measured)
		notes := alerts.IndexNotes(measured, got)
		w := cmd.OutOrStdout()
		if *asJSON {
			return printIndexJSON(w, got, notes)
		}
		if err := printIndex(w, kind, day, measured, got); err != nil {
			return err
		}
		return printNotes(w, notes)
	}
	cmd.Flags().StringVar(&date, "date", "",
		"监测或预报的日期 YYYY-MM-DD，缺省为今天（day measured or forecast, default today in Asia/Shanghai）")
	cmd.Flags().BoolVar(&hourly, "hourly", false, "实时报，缺省为日报（the real-time report instead of the daily one）")
	return cmd
}

// readConcentrations reads arguments like pm25=302, PM2.5=302, 一氧化碳=1500μg/m³, and the day as YYYY-MM-DD. Its refusal
// names everything that is wrong, the date included.
func readConcentrations(date string, args []string, hourly bool) (aqi.Values, string, error) {
	var wrong []refusal.Field
	no := func(path, rule string, args refusal.Args) {
		wrong = append(wrong, refusal.Field{Path: path, Rule: rule, Args: args})
	}
	day, bad := forms.Day(date)
	if bad != nil {
		no("--date", bad.Rule, bad.Args)
	}
	measured, first := aqi.Values{}, map[aqi.Pollutant]string{}
	for _, arg := range args {
		name, text, _ := strings.Cut(arg, "=")
		p, known := argumentPollutant(name, hourly)
		if !known {
			no(arg, "pollutant.unknown", refusal.Args{"value": name})
			continue
		}
		if before, twice := first[p]; twice {
			no(arg, "aqi.twice", refusal.Args{"pollutant": p, "first": before, "value": arg})
			continue
		}
		first[p] = arg
		c, absent, bad := forms.Concentration(text, p, forms.NoUnit)
		if absent != forms.Present { // a pollutant that was not measured is left out, so a mark for that is no number
			var err error
			if c, err = aqi.ParseConcentration(text); err != nil {
				bad = &forms.Wrong{Rule: "aqi.not_a_number", Args: refusal.Args{"value": refusal.Shown(text)}}
			}
		}
		if bad != nil {
			no(arg, bad.Rule, bad.Args)
		}
		measured[p] = c
	}
	return measured, day, refusal.Input(wrong)
}

// argumentPollutant is the pollutant of a name. Ozone of no stated length is that of the report: its name has no 8.
func argumentPollutant(name string, hourly bool) (aqi.Pollutant, bool) {
	p, known := alerts.ParsePollutant(name)
	if hourly && p == aqi.O3H8 && !strings.Contains(name, "8") {
		p = aqi.O3H1
	}
	return p, known
}

// printIndexJSON writes one line. An index that is not known is null, with what is missing.
func printIndexJSON(w io.Writer, r aqi.Result, notes []alerts.Note) error {
	out := struct {
		AQI      *int                  `json:"aqi"`
		IAQI     map[aqi.Pollutant]int `json:"iaqi"`
		Primary  []aqi.Pollutant       `json:"primary"`
		Class    *string               `json:"class"`
		Standard aqi.Standard          `json:"standard"`
		Missing  []aqi.Pollutant       `json:"missing,omitempty"` // only when AQI is null
		Ignored  []aqi.Pollutant       `json:"ignored,omitempty"`
		Notes    []alerts.Note         `json:"notes,omitempty"`
	}{IAQI: r.IAQI, Primary: r.Primary, Standard: r.Standard, Ignored: r.Ignored, Notes: notes}
	if r.Known {
		class, _ := aqi.Class(r.Index)
		out.AQI, out.Class = &r.Index, &class
	} else {
		out.Missing = r.Missing
	}
	return json.NewEncoder(w).Encode(out)
}

// printIndex writes a line for every pollutant of the report, and the index with its class below.
func printIndex(w io.Writer, kind, date string, measured aqi.Values, r aqi.Result) error {
	fmt.Fprintf(w, "%s  %s  %s\n\n", r.Standard, date, bothLanguages(kind, nil))
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "污染物 pollutant\t浓度 concentration\t分指数 IAQI")
	for _, p := range aqi.Pollutants() {
		if c, given := measured[p]; given {
			fmt.Fprintf(t, "%s\t%s %s\t%s\n", p, c, aqi.Unit(p), iaqiText(p, r))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s\n", indexText(r))
	if len(r.Primary) > 0 {
		fmt.Fprintf(w, "首要污染物 primary: %s\n", strings.Join(r.Primary, ", "))
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(w, "%s: %s\n", bothLanguages("aqi.missing", nil), strings.Join(r.Missing, ", "))
	}
	return nil
}

// iaqiText is a measured pollutant's sub-index, or why it has none.
func iaqiText(p aqi.Pollutant, r aqi.Result) string {
	if i, has := r.IAQI[p]; has {
		return fmt.Sprint(i)
	}
	if slices.Contains(r.Ignored, p) {
		return "— " + bothLanguages("aqi.ignored", nil)
	}
	return "— " + bothLanguages("aqi.off_table", nil)
}

func indexText(r aqi.Result) string {
	if r.Known {
		name, english := aqi.Class(r.Index)
		return fmt.Sprintf("AQI %d  %s %s", r.Index, name, english)
	}
	why := "aqi.unknown_none"
	if len(r.Beyond) > 0 && len(r.IAQI) > 0 {
		why = "aqi.unknown_beyond"
	}
	if r.Standard == aqi.HJ2026 && len(r.IAQI) > 0 {
		why = "aqi.unknown_2026"
	}
	return bothLanguages("aqi.unknown", nil) + ": " + bothLanguages(why, nil)
}
