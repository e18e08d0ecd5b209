package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
)

// exampleMN stands in the examples.
const exampleMN = "010000A8900016F000169DC0"

func newStationCommand() *cobra.Command {
	return group("station", "监测站点：登记、查看、修改、停用（stations）",
		"  qingkong station list"+exampleAdmin+"\n  qingkong station show "+exampleMN+exampleAdmin,
		newStationAdd(), newStationList(), newStationStates(), newStationState(), newStationShow(), newStationChange(),
		newStationStanding("retire", "停用监测站点（retire a station）",
			"停用后收到的按未登记处理，已收到的数据保留；所属企业的 NATS 连接断开后重连。"+needsAdmin+"\n"+
				"What it sends then counts as that of an unknown station, what it sent stays. Needs an administrator's token.",
			calls.RetireStation, "cli.station_retired"),
		newStationStanding("reinstate", "恢复使用已停用的监测站点（take a retired station back into use）",
			"恢复使用，登记内容不变。"+needsAdmin+"\n"+
				"The station is in use again as it was registered. Needs an administrator's token.",
			calls.ReinstateStation, "cli.station_reinstated"))
}

// stationSecrets are the flags of a station's secrets. They name files: every user of a machine may list the command
// lines of its processes.
type stationSecrets struct{ password, key string }

func (s *stationSecrets) add(f *pflag.FlagSet) {
	f.StringVar(&s.password, "password-file", "", "访问密码（PW）文件，一行，权限 0600（file with the password PW: one line, mode 0600）")
	f.StringVar(&s.key, "sm4-key-file", "", "SM4 密钥文件，16 个字符或 32 位十六进制数（file with the SM4 key: 16 characters or 32 hexadecimal digits）")
}

func (s *stationSecrets) fill(r *request) error {
	for member, file := range map[string]string{"password": s.password, "sm4_key": s.key} {
		if file == "" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		line := strings.TrimRight(string(text), "\r\n")
		if line == "" || strings.ContainsAny(line, "\r\n") {
			return refusal.New(refusal.Invalid, "cli.no_secret", refusal.Args{"path": file})
		}
		r.body[member] = line
	}
	return nil
}

// inFiles are the members that no flag says.
var inFiles = map[string]string{"password": "a file has it", "sm4_key": "a file has it"}

func newStationAdd() *cobra.Command {
	secrets := &stationSecrets{}
	return remoteCommand{
		use:   "add MN --name NAME --recipient ID",
		short: "登记监测站点（register a station）",
		long: "登记监测站点。发 HJ 212 报文的写 --st、--version 和 --password-file；电表、称重、门禁等只写名称和所属对象。\n" +
			"内容相同的再次登记不改变什么；内容不同的用 station change。" + needsAdmin + "\n" +
			"Registers a station. One that sends HJ 212 frames says --st, --version and --password-file; a meter, a scale or a gate\n" +
			"its name and recipient alone. The same again changes nothing; other content goes by station change. Needs an\n" +
			"administrator's token.",
		example: "  qingkong station add " + exampleMN + " --name 总排口 --recipient E0001 --st 31 --version 2017 \\\n" +
			"    --password-file pw --outlets '[{\"name\":\"1#烟囱\",\"o2\":6,\"factors\":[\"a21026\",\"a19001\"]}]'" + exampleAdmin + "\n" +
			"  qingkong station add DB0001 --name 总表 --recipient E0003" + exampleAdmin,
		what: "station", args: []string{"mn"}, needs: []string{"name", "recipient"}, left: inFiles,
		flags: secrets.add, fill: secrets.fill,
	}.command(showing(calls.AddStation, tellStation))
}

func newStationChange() *cobra.Command {
	secrets := &stationSecrets{}
	return remoteCommand{
		use:   "change MN --revision N",
		short: "修改监测站点（change a station）",
		long: "修改监测站点，未写的项不变；--st \"\" 表示不再发 HJ 212 报文。修订号见 station show。" + needsAdmin + "\n" +
			"Changes a station; what is not given stays, and --st \"\" says that it sends no HJ 212 frames any more. station show has\n" +
			"its revision. Needs an administrator's token.",
		example: "  qingkong station change " + exampleMN + " --revision 1 --tolerate modbus_crc" + exampleAdmin + "\n" +
			"  qingkong station change " + exampleMN + " --revision 2 --password-file pw" + exampleAdmin,
		what: "station", needs: []string{"revision"}, left: inFiles, flags: secrets.add, fill: secrets.fill,
	}.command(showing(calls.ChangeStation, tellStation))
}

func newStationStanding(name, short, long string, of calls.Of[calls.StationAt, calls.Station],
	rule string) *cobra.Command {
	return remoteCommand{use: name + " MN --revision N", short: short, long: long, what: "station",
		needs: []string{"revision"}, example: "  qingkong station " + name + " " + exampleMN + " --revision 2" + exampleAdmin,
	}.command(showing(of, func(out io.Writer, s calls.Station, _ *request) error {
		return say(out, rule, refusal.Args{"mn": s.MN, "revision": s.Revision})
	}))
}

// stationWords are the members of a station that its types do not tell.
var stationWords = words[calls.Station]{
	"outlets":  func(s calls.Station) string { return outletsText(s.Outlets) },
	"tolerate": func(s calls.Station) string { return strings.Join(calls.Words(s.Tolerate...), "、") },
	"st": func(s calls.Station) string {
		if s.ST == "" {
			return ""
		}
		return s.ST + " " + telemetry.SystemName(s.ST, "zh-CN") + "（" + telemetry.SystemName(s.ST, "en") + "）"
	},
	"secret": func(s calls.Station) string { return bothLanguages("cli.secret."+string(s.Secret), nil) },
}

// outletsText is a line for each outlet.
func outletsText(outlets []calls.StationOutlet) string {
	var lines []string
	for _, o := range outlets {
		line := o.Name
		if o.O2 != nil {
			line += "  O2 " + strconv.FormatFloat(*o.O2, 'f', -1, 64) + " %"
		}
		for _, f := range o.Factors {
			line += strings.TrimRight(fmt.Sprintf("  %s %s", f.Code, f.Unit), " ")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func newStationList() *cobra.Command {
	return listOf(remoteCommand{
		use:   "list",
		short: "列出监测站点（list stations）",
		long: "列出监测站点，按编号排序；企业只见自己的，街镇只见本街镇的。\n" +
			"Lists the stations in the order of their MNs; an enterprise its own, a town its own.",
		example: "  qingkong station list" + exampleAdmin + " --recipient E0001\n" +
			"  qingkong station list" + exampleAdmin + " --retired false --json",
	}, calls.Stations, stationWords, members{"mn", "name", "recipient_id", "recipient_name", "st", "version", "retired"})
}

func newStationShow() *cobra.Command {
	return remoteCommand{
		use: "show MN", what: "station",
		short: "查看一个监测站点（one station）",
		long: "查看一个监测站点，及现行清单要它提供的点；不显示密码和密钥。\n" +
			"Shows a station, and the points that the list in force expects of it; never a secret.",
		example: "  qingkong station show " + exampleMN + exampleAdmin,
	}.command(showing(calls.OneStation, func(out io.Writer, d calls.StationDetail, r *request) error {
		if err := printStation(out, d.Station, r); err != nil {
			return err
		}
		for _, p := range d.Expected {
			args := refusal.Args{"point": p.Point, "measure": p.MeasureID, "criterion": p.Criterion.String()}
			rule := "cli.station_expected"
			if !p.Known {
				rule = "cli.station_lacks"
			}
			tell(out, rule, args)
		}
		return nil
	}))
}

func tellStation(out io.Writer, s calls.Station, r *request) error { return printStation(out, s, r) }

func printStation(out io.Writer, s calls.Station, r *request) error {
	return printMembers(out, r.answer, stationWords, s, members{"mn", "name", "recipient_id", "recipient_name", "town",
		"listed", "st", "version", "outlets", "tolerate", "sm4", "secret", "minute_min", "sample_s", "retired", "revision",
		"added_at", "added_by", "changed_at", "changed_by"}, "expected")
}
