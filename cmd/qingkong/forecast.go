package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts"
)

func newForecastCommand() *cobra.Command {
	var to call
	var source, region, issuedAt string
	var drill bool
	cmd := &cobra.Command{
		Use:   "forecast FILE.csv",
		Short: "提交逐日或逐时预报 CSV（send a CSV of daily or hourly forecasts）",
		Long: "把逐日或逐时 CSV（列 date 或 time,aqi,primary,…）作为一次预报提交，输出编号和由此产生的预警建议。\n" +
			"Sends a daily or hourly CSV as one forecast, and prints its id and the proposal that is open after it.",
		Example: "  qingkong forecast emc.csv --server http://127.0.0.1:8080 --token-file feeder.token --source tianjin-emc",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("one file is wanted, %d were given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := to.check(cmd, "source"); err != nil {
				return err
			}
			f := alerts.Forecast{Source: source, Region: region, Drill: drill, IssuedAt: time.Now().In(alerts.Shanghai()).Truncate(time.Second)}
			if issuedAt != "" {
				at, err := readMoment("issued-at", issuedAt)
				if err != nil {
					return err
				}
				f.IssuedAt = at
			}
			body, notes, err := forecastOf(args[0], f)
			if err != nil {
				return err
			}
			if err := printNotes(cmd.ErrOrStderr(), notes); err != nil {
				return err
			}
			answer, err := to.act(cmd.Context(), "/forecasts", body)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(string(answer)))
			return err
		},
	}
	to.add(cmd, true)
	cmd.Flags().StringVar(&source, "source", "", "预报来源（name of the source: a-z, 0-9, -）")
	cmd.Flags().StringVar(&region, "region", "120111", "六位行政区划代码（six-digit region）")
	cmd.Flags().StringVar(&issuedAt, "issued-at", "", "发布时间，缺省为现在（when it was issued, RFC 3339; default now）")
	cmd.Flags().BoolVar(&drill, "drill", false, "演练（for a drill）")
	return cmd
}

// forecastOf reads a daily or hourly CSV into a forecast. A day without an index is left out: it is not known.
func forecastOf(path string, f alerts.Forecast) (alerts.Forecast, []alerts.Note, error) {
	air, err := readAir(path)
	if err == nil {
		f.Days, f.Hours = air.Forecast()
	}
	return f, air.Notes, err
}
