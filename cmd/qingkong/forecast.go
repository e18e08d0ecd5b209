package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts"
)

// remote is a running coordinator that a command talks to over HTTP.
type remote struct {
	url, tokenFile string
}

func (s *remote) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.url, "server", "", "协调程序地址（address of the coordinator, like http://127.0.0.1:8080）")
	cmd.Flags().StringVar(&s.tokenFile, "token-file", "", "令牌文件（file with an API token）")
}

// post sends a body and returns the answer, or the problem's detail as an error.
func (s *remote) post(ctx context.Context, path string, body []byte) ([]byte, error) {
	token, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(s.url, "/")+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return text, nil
	}
	return nil, problemOf(resp.Status, text)
}

// problemOf is a problem document as one line: what was wrong, where, and what to do.
func problemOf(status string, text []byte) error {
	var p struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Errors []struct {
			Path    string `json:"path"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		return fmt.Errorf("the server answered %s", status)
	}
	line := p.Code + ": " + p.Detail
	for _, e := range p.Errors {
		line += "; " + strings.TrimPrefix(e.Path+": ", ": ") + e.Message
	}
	return errors.New(line)
}

func newForecastCommand() *cobra.Command {
	var to remote
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
			if err := requireFlags(cmd, "server", "token-file", "source"); err != nil {
				return err
			}
			f := alerts.Forecast{Source: source, Region: region, Drill: drill, IssuedAt: time.Now().In(alerts.Shanghai()).Truncate(time.Second)}
			if issuedAt != "" {
				at, err := time.Parse(time.RFC3339, issuedAt)
				if err != nil {
					return usage("--issued-at %q is no RFC 3339 time", issuedAt)
				}
				f.IssuedAt = at
			}
			body, err := forecastOf(args[0], f)
			if err != nil {
				return err
			}
			answer, err := to.post(cmd.Context(), "/forecasts", body)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(string(answer)))
			return err
		},
	}
	to.flags(cmd)
	cmd.Flags().StringVar(&source, "source", "", "预报来源（name of the source: a-z, 0-9, -）")
	cmd.Flags().StringVar(&region, "region", "120111", "六位行政区划代码（six-digit region）")
	cmd.Flags().StringVar(&issuedAt, "issued-at", "", "发布时间，缺省为现在（when it was issued, RFC 3339; default now）")
	cmd.Flags().BoolVar(&drill, "drill", false, "演练（for a drill）")
	return cmd
}

// forecastOf reads a daily or hourly CSV into a forecast. A day without an index is left out: it is not known.
func forecastOf(path string, f alerts.Forecast) ([]byte, error) {
	air, err := readAir(path)
	if err != nil {
		return nil, err
	}
	f.Days, f.Hours = air.Forecast()
	return json.Marshal(f)
}
