package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/cmd/internal/replay"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/settings"
	"qingkong/reductionlist"
	"qingkong/seeds"
)

func newReplayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay FILE.csv",
		Short: "用真实过程走一遍全流程（a real episode through the whole engine）",
		Long: "每天 17:00 以其后 DAYS 天的实测值作预报（完全预知），模拟值班员与审批人接受每项建议，模拟企业应答；在临时目录中全速运行。\n" +
			"内置过程可直接写名称：" + strings.Join(seeds.Episodes(), "、") + "。\n" +
			"Every day at 17:00 the next DAYS measured days are the forecast (perfect foresight); a simulated officer and\n" +
			"approver accept each proposal, simulated enterprises answer. The name of an embedded episode does for a file.",
		Example: "  qingkong replay tianjin-2016-12\n  qingkong replay tianjin-daily-2016.csv --horizon 3 --json",
		Args:    oneFile,
	}
	criteria := criteriaFlag(cmd)
	list := cmd.Flags().String("list", "", "减排清单 .xlsx，缺省为内置清单（reduction list; the embedded one without it）")
	horizon := cmd.Flags().Int("horizon", 5, "预报天数（days of forecast）")
	return answering(cmd, func(cmd *cobra.Command, args []string) (*replay.Outcome, error) {
		if *horizon < 1 || *horizon > 15 {
			return nil, usage("--horizon is 1 to 15 days, not %d", *horizon)
		}
		opt, notes, err := replayOptions(args[0], *criteria, *list, *horizon)
		if err == nil {
			err = printNotes(cmd.ErrOrStderr(), notes)
		}
		if err != nil {
			return nil, err
		}
		return replay.Play(cmd.Context(), opt)
	}, printReplay)
}

func replayOptions(episode, criteria, list string, horizon int) (replay.Options, []alerts.Note, error) {
	opt := replay.Options{Horizon: horizon, Log: slog.New(slog.DiscardHandler),
		Set: service.Settings{Region: "120111", Alerts: alerts.DefaultSettings(), RepeatFirst: 60e9, RepeatMax: 1800e9}}
	var err error
	if opt.Set.Alerts, err = chooseCriteria(criteria, "", false); err != nil {
		return opt, nil, err
	}
	air, err := readAir(episode)
	if err != nil {
		return opt, nil, err
	}
	if opt.Days = air.Daily(); len(opt.Days) == 0 {
		return opt, nil, fmt.Errorf("%s: holds no whole day of hours; give at least 24 hours from 00:00 on", episode)
	}
	opt.List, err = readList(list)
	if err == nil {
		// The episode is older than the list: it counts as if it had been in force then.
		opt.List.EffectiveFrom, opt.List.EffectiveTo = string(opt.Days[0].Date), ""
	}
	return opt, air.Notes, err
}

// openEpisode opens a file, or an embedded episode by its name where there is no such file.
func openEpisode(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if text, known := seeds.Episode(name); known == nil {
		return io.NopCloser(strings.NewReader(string(text))), nil
	}
	return nil, fmt.Errorf("%s is neither a file nor an embedded episode (%s)", name, strings.Join(seeds.Episodes(), ", "))
}

func readList(path string) (*reductionlist.List, error) {
	if path == "" {
		return seeds.List()
	}
	l, findings, err := readListFile(settings.UsualList(), path)
	for _, x := range findings {
		if x.Severity == reductionlist.SeverityError {
			return nil, fmt.Errorf("%s: sheet %s, row %d, column %s: %s (%s)", path, x.Sheet, x.Row, x.Column, x.Message,
				x.Remedy)
		}
	}
	return l, err
}

func printReplay(w io.Writer, r *replay.Outcome) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "日期 date\tAQI\t建议 proposal\t预警 warning\t减排令 issued\t确认 acknowledged")
	for _, d := range r.Days {
		if d.Proposal == nil && d.Warning == nil {
			continue
		}
		aqi, proposal, warning := "-", "-", "-"
		if d.AQI != nil {
			aqi = fmt.Sprint(*d.AQI)
		}
		if d.Proposal != nil {
			proposal = fmt.Sprintf("%s %s", d.Proposal.Kind, d.Proposal.Level)
		}
		if d.Warning != nil {
			warning = fmt.Sprintf("%s %s %s", d.Warning.ID, d.Warning.Level, d.Warning.State)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\n", d.Date, aqi, proposal, warning, d.Orders.Issued, d.Orders.Acknowledged)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, v := range r.Remarks {
		fmt.Fprintln(w, dayLine(v))
	}
	s := r.Summary
	fmt.Fprintf(w, "%s … %s, %s: %d proposals, %d warnings %v on %d days, %d orders to %d recipients, %d acknowledged\n%s\n",
		s.From, s.To, s.Criteria, s.Proposals, s.Warnings, s.ByLevel, s.WarningDays, s.Orders, s.Recipients, s.Acknowledged,
		s.Foresight)
	return nil
}
