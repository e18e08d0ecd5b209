package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
)

func newTelemetryCommand() *cobra.Command {
	return group("telemetry", "监测数据：查看、报送、导出（readings of instruments）",
		"  qingkong telemetry show 010000A8900016F000169DC0.a21026"+exampleServer+" --step 1h\n"+
			"  qingkong telemetry post readings.json --server http://127.0.0.1:8080 --token-file feeder.token",
		newTelemetryPoints(), newTelemetryShow(), newTelemetryExport(), newTelemetryPasses(), newTelemetryPost())
}

// examplePoint stands in the examples.
const examplePoint = "010000A8900016F000169DC0.a21026"

func newTelemetryPoints() *cobra.Command {
	return remoteCommand{
		use:   "points --mn MN | --recipient ID",
		short: "一个站点或一个对象的监测点及其最新值（the points of a station or a recipient）",
		long: "列出监测点及其最新值，也列出清单要而从未报送的点。企业只见自己的，街镇只见本街镇的。\n" +
			"Lists points with their latest values, those that the list expects and that never reported too. An enterprise sees its\n" +
			"own, a town its own.",
		example: "  qingkong telemetry points --recipient E0001" + exampleServer,
	}.command(showingAs(calls.Points.Call, func(out io.Writer, page struct {
		Items []calls.PointView `json:"items"`
	}, _ *request) error {
		rows := [][]string{headOf("point", "name", "unit", "freshness", "at", "value", "flag", "step")}
		for _, p := range page.Items {
			rows = append(rows, []string{string(p.Point), orDash(p.Name), orDash(p.Unit), freshnessText(p.Freshness),
				orDash(clockText(p.At)), orDash(numberText(p.Value)), orDash(p.Flag), orDash(p.Step)})
		}
		printTable(out, "", rows)
		return nil
	}))
}

func newTelemetryShow() *cobra.Command {
	return remoteCommand{
		use:   "show POINT",
		what:  "point",
		short: "一个监测点的分钟、小时或日数据（what a point said）",
		long: "显示一个监测点的数据：时间为时段开始，没有数据的时段不列出。点写作 MN.因子，或仪表编号。\n" + timeHelp + "\n" +
			"Shows what a point said: a time is the start of its period, periods of which nothing came are left out. A point is\n" +
			"MN.FACTOR, or the number of a meter.",
		example: "  qingkong telemetry show " + examplePoint + exampleServer + " --step 1h --from 2016-12-16\n" +
			"  qingkong telemetry show DB0001" + exampleServer + " --step 1m --json",
	}.command(showing(calls.PointSeries, func(out io.Writer, s calls.Series, _ *request) error {
		rows := [][]string{headOf("at", "value", "flag", "n", "total", "source")}
		for i := range s.Items {
			item := &s.Items[i]
			rows = append(rows, []string{clockText(&item.At), orDash(numberText(item.Value)), orDash(item.Flag),
				strconv.Itoa(item.N), orDash(numberText(item.Total)), string(item.Source)})
		}
		if _, err := fmt.Fprintf(out, "%s  %s  %s\n", s.Point, orDash(s.Name), orDash(s.Unit)); err != nil {
			return err
		}
		if len(s.Items) > 0 {
			printTable(out, "", rows)
		}
		return say(out, "cli.periods", refusal.Args{"count": len(s.Items), "from": clockText(&s.From), "to": clockText(&s.To)})
	}))
}

func newTelemetryExport() *cobra.Command {
	return remoteCommand{
		use:   "export POINT",
		what:  "point",
		short: "把一个监测点的数据导出为表格（a point as a table）",
		long: "把一个监测点的数据写到标准输出：CSV，或 Excel（--format xlsx）。没有数据的时段为空格并注明。\n" +
			"Writes what a point said to standard output: CSV, or Excel with --format xlsx. Periods of which nothing came are empty\n" +
			"cells that say so.",
		example: "  qingkong telemetry export " + examplePoint + exampleServer + " --format xlsx >so2.xlsx",
	}.running(func(r *request) error {
		if err := r.ask(); err != nil {
			return err
		}
		_, err := r.cmd.OutOrStdout().Write(r.answer)
		return err
	}, reporter{of: calls.ExportSeries.Call})
}

func newTelemetryPasses() *cobra.Command {
	return remoteCommand{
		use:     "passes GATE",
		what:    "gate",
		short:   "一个门禁的过车记录（the vehicles at a gate）",
		example: "  qingkong telemetry passes MJ0001" + exampleServer + " --from 2016-12-16",
		left:    map[string]string{"limit": "a page is shown", "cursor": "a page is shown; --json has next"},
	}.command(showing(calls.GatePasses, func(out io.Writer, p calls.Passes, _ *request) error {
		rows := [][]string{headOf("at", "plate", "standard", "fuel")}
		for i := range p.Items {
			one := &p.Items[i]
			rows = append(rows, []string{clockText(&one.At), orDash(one.Plate), orDash(one.Standard.String()), orDash(one.Fuel)})
		}
		if len(p.Items) > 0 {
			printTable(out, "", rows)
		}
		return say(out, "cli.shown", refusal.Args{"count": len(p.Items)})
	}))
}

func newTelemetryPost() *cobra.Command {
	return remoteCommand{
		use:   "post FILE",
		short: "报送读数或过车（JSON），或供电公司的用电表（CSV）（send readings, passes or a power company's table）",
		long: "报送一个文件：JSON 为一个点的读数或一个门禁的过车，其余按供电公司的用电表读。输出 JSON；输出时数据已落盘，重发无害。\n" +
			"Sends a file: JSON is readings of a point or passes of a gate, anything else is read as a power company's table. Prints\n" +
			"JSON; by then the data are durable, and to send them again does no harm.",
		example: "  qingkong telemetry post readings.json --server http://127.0.0.1:8080 --token-file feeder.token\n" +
			"  qingkong telemetry post meters.csv --ends end --server http://127.0.0.1:8080 --token-file feeder.token",
		check: oneFile,
		whole: "the file has it",
		names: map[string]string{"ends": "ends"},
		fill: func(r *request) (err error) {
			r.file, err = os.ReadFile(r.args[0])
			return err
		},
	}.running(func(r *request) error {
		if err := r.ask(); err != nil {
			return err
		}
		_, err := fmt.Fprintln(r.cmd.OutOrStdout(), strings.TrimSpace(string(r.answer)))
		return err
	}, reporter{of: calls.PostTelemetry.Call})
}

func newStationStates() *cobra.Command {
	return listAs(remoteCommand{
		use:   "states",
		short: "各站点的数据到达情况（how stations report）",
		long: "各站点的数据到达情况，最需要处理的在前；也列出清单写了而没有登记的。企业只见自己的，街镇只见本街镇的。\n" +
			"How stations report, those that need somebody first; also instruments that the list names and nobody registered. An\n" +
			"enterprise sees its own, a town its own.",
		example: "  qingkong station states" + exampleServer + " --freshness silent --town 杨柳青镇",
	}, calls.StationsHeard.Call, words[calls.StationState]{
		"freshness":      func(s calls.StationState) string { return freshnessText(s.Freshness) },
		"clock_offset_s": func(s calls.StationState) string { return numberText(s.ClockOffsetS) },
	}, members{"mn", "name", "recipient_id", "town", "freshness", "last_at", "last_data_at", "missing", "deviations",
		"refused", "clock_offset_s"})
}

func newStationState() *cobra.Command {
	return remoteCommand{
		use:   "state MN",
		what:  "station",
		short: "一个站点的数据到达情况（how a station reports）",
		long: "一个站点的数据到达情况：连接与请求、缺数时段、偏差、最近的报文和被拒绝的字节。密码和号牌不显示。\n" +
			"How a station reports: its connection, what it was asked, gaps, deviations, its last frames and the bytes that were refused. Passwords and plates are not\n" +
			"shown.",
		example: "  qingkong station state 010000A8900016F000169DC0" + exampleServer,
	}.command(showing(calls.StationHeardOf, showHeard))
}

func showHeard(out io.Writer, s calls.StationHeard, _ *request) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s  %s  %s  %s\n", s.MN, orDash(s.Name), freshnessText(s.Freshness), orDash(clockText(s.LastAt)))
	if s.ConnectedAt != nil {
		fmt.Fprintf(&b, "  %s %s  %s\n", pair("cli.heard.since", nil), clockText(s.ConnectedAt), s.ConnectedFrom)
	}
	if s.Flapping {
		fmt.Fprintf(&b, "  %s\n", pair("cli.heard.flapping", nil))
	}
	for _, r := range s.Requests {
		fmt.Fprintf(&b, "  CN %s  %s  %s\n    %s\n", r.CN, clockText(&r.At), plain(r.What), plain(r.Message))
	}
	for _, n := range s.Noticed {
		fmt.Fprintf(&b, "  %s ×%d  %s\n    %s\n    %s\n", n.Name, n.Count, clockText(&n.LastAt), plain(n.Message), plain(n.Bytes))
	}
	for _, g := range s.Gaps {
		fmt.Fprintf(&b, "  CN %s  %s – %s ×%d\n", g.CN, clockText(&g.From), clockText(&g.To), g.Missing)
	}
	for _, list := range [][]calls.HeardRaw{s.LastFrames, s.LastRefused} {
		for i := range list {
			fmt.Fprintf(&b, "  %s  %s %s\n    %s\n", clockText(&list[i].At), list[i].From, list[i].Why, plain(list[i].Raw))
		}
	}
	_, err := out.Write(b.Bytes())
	return err
}

// freshnessText is how fresh a station is, in both languages.
func freshnessText(f telemetry.Freshness) string { return pair("telemetry.freshness."+string(f), nil) }

// numberText is a number as people write it; empty for none.
func numberText(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}
