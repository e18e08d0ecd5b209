package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
)

func newForecastCommand() *cobra.Command {
	return remoteCommand{
		use:   "forecast FILE.csv",
		short: "提交逐日或逐时预报 CSV（send a CSV of daily or hourly forecasts）",
		long: "把逐日或逐时 CSV（列 date 或 time,aqi,primary,…）作为一次预报提交，输出编号和由此产生的预警建议。\n" +
			"Sends a daily or hourly CSV as one forecast, and prints its id and the proposal that is open after it.",
		example: "  qingkong forecast emc.csv --server http://127.0.0.1:8080 --token-file feeder.token --source tianjin-emc",
		check:   oneFile,
		needs:   []string{"source"},
		left:    map[string]string{"days": "the file has them", "hours": "the file has them"},
		usual:   map[string]string{"region": "120111"},
		fill:    fillForecast,
	}.running(func(r *request) error {
		if err := r.ask(); err != nil {
			return err
		}
		_, err := fmt.Fprintln(r.cmd.OutOrStdout(), strings.TrimSpace(string(r.answer)))
		return err
	}, reporter{of: calls.Forecast.Call})
}

// fillForecast reads a daily or hourly CSV into a forecast. A day without an index is left out: it is not known.
func fillForecast(r *request) error {
	air, err := readAir(r.args[0])
	if err != nil {
		return err
	}
	if r.body["issued_at"] == nil {
		r.body["issued_at"] = time.Now().In(alerts.Shanghai()).Format(time.RFC3339)
	}
	days, hours := air.Forecast()
	r.body["days"] = days
	if len(hours) > 0 {
		r.body["hours"] = hours
	}
	return printNotes(r.cmd.ErrOrStderr(), air.Notes)
}
