package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/simulate"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

func newSimulateCommand() *cobra.Command {
	return group("simulate", "模拟监测站点和企业，供演示、联调和压力测试（simulated stations and enterprises, to try things and for load）",
		"  qingkong simulate station --to 127.0.0.1:9212 --n 12", newSimulateStation(), newSimulateLoad(), newSimulateEnterprises())
}

// stationFlags are the stations of a simulation, and their line.
type stationFlags struct {
	to       string
	mns      []string
	password string
	kind     string
	version  int
	n        int
	minute   int
	sample   int
	seed     uint64
	obey     string
	orders   []string
	faults   []string
	speed    float64
	from     string
	until    string
	capture  string
	register bool
	tls      bool
	trust    trust
	duration time.Duration
}

const stationHelp = `模拟 HJ 212 监测站点：按日变化曲线测量，按时上报 2011、2051、2061、2031、2021，等待 9014，10 秒无应答则重发三次，断线后补传，
并答复服务器的对时、间隔、历史数据等请求。--to 是接收方地址；不给 --to 时，把 --from 到 --until 之间应当发送的字节直接写入 --capture。
同一 --seed 在同一时刻总是发出同样的字节。
--order 是减排令，写成 开始/结束/负荷比例/完成时限；--obey 是企业的做法：obey 照办，half 打对折，ignore 不理。
--fault 可重复：gap=6h/20m（每 6 小时断线 20 分钟，之后补传）、mute（断线且不补传）、lost（断电）、drift=0.01（每日漂移）、stuck（数值不变）、
flag=D:24h/1h、clock=90s（时钟快 90 秒）、crc=0.01、length=0.01（长度写成 9999）、twice=0.01（重复发送）、differ=0.01（改数重发）、
garbage=0.01（夹杂字节）、glue（粘包）、split（拆包）。
Simulated HJ 212 stations: they measure along daily curves, report, wait for 9014, send again three times after 10 s,
send later what a broken line held back, and answer requests (time, intervals, history). Without --to the bytes that
would be sent between --from and --until go straight to --capture. One --seed always sends the same bytes at the same
time. --order is an order as FROM/TO/FRACTION OF LOAD/WITHIN; --obey is what the plants do about it. --fault may be
given several times: see above. --register prints what a server has to know of the stations, and ends.`

func newSimulateStation() *cobra.Command {
	var f stationFlags
	cmd := &cobra.Command{
		Use:   "station --to ADDR | --capture FILE",
		Short: "HJ 212 监测站点（HJ 212 stations）",
		Long:  stationHelp,
		Example: `  qingkong simulate station --to 127.0.0.1:9212 --n 12
  qingkong simulate station --to 127.0.0.1:9212 --mn 120111E00010000000000005 --kind coal --fault crc=0.01,gap=6h/20m
  qingkong simulate station --to 127.0.0.1:9212 --from "2026-03-01 00:00" --speed 60 \
    --order "2026-03-01 08:00/2026-03-03 08:00/0.5/4h" --obey half
  qingkong simulate station --capture stations.bin --from "2026-03-01 00:00" --until "2026-03-02 00:00"
  qingkong simulate station --register --n 12 --json`,
	}
	asJSON := jsonFlag(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "接收方地址（address of the server, like 127.0.0.1:9212）")
	fl.IntVar(&f.n, "n", 1, "站点数，最多 2000（how many stations, 2000 at most）")
	fl.StringSliceVar(&f.mns, "mn", nil, "各站点的 MN，缺省为 SIM 加编号（their MNs; SIM and a number without it）")
	fl.StringVar(&f.password, "password", "123456", "报文中的密码（password of their frames）")
	fl.StringVar(&f.kind, "kind", "", "coal、waste、gas 或 coating，缺省依次轮换（kind of plant; each in turn without it）")
	fl.IntVar(&f.version, "edition", 2017, "HJ 212 的版本 2005、2017 或 2025（edition of HJ 212）")
	fl.IntVar(&f.minute, "minute", 10, "分钟数据的间隔，分钟（minutes of a minute value）")
	fl.IntVar(&f.sample, "sample", 60, "实时数据的间隔，秒（seconds between samples）")
	fl.Uint64Var(&f.seed, "seed", 1, "随机数种子（seed）")
	fl.StringVar(&f.obey, "obey", "obey", "对减排令的做法 obey、half 或 ignore（what they do about orders）")
	fl.StringArrayVar(&f.orders, "order", nil, "减排令 开始/结束/比例/时限，可重复（an order FROM/TO/FRACTION/WITHIN; several times）")
	fl.StringSliceVar(&f.faults, "fault", nil, "故障，可重复，见上（faults, as above; several times）")
	fl.Float64Var(&f.speed, "speed", 1, "时钟的倍数，追上现在为止，需要 --from（how fast their clock goes until it is now; needs --from）")
	fl.StringVar(&f.from, "from", "", "时钟从何时开始（where their clock begins）")
	fl.StringVar(&f.until, "until", "", "不给 --to 时写到何时为止（without --to: where the capture ends）")
	fl.DurationVar(&f.duration, "for", 0, "运行多久，缺省直到中断（how long to run; until interrupted without it）")
	fl.StringVar(&f.capture, "capture", "", "把发出的全部字节写入该文件（file that takes every byte sent）")
	fl.BoolVar(&f.register, "register", false, "只打印登记这些站点所需的内容（print what a server registers them with, and end）")
	fl.BoolVar(&f.tls, "tls", false, "用 TLS 连接（connect with TLS）")
	f.trust.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		stations, err := f.stations()
		if err != nil {
			return err
		}
		if f.register {
			return printRegister(cmd.OutOrStdout(), stations, *asJSON)
		}
		count, err := f.run(cmd, stations)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), count)
		}
		printCount(cmd.OutOrStdout(), count)
		return nil
	}
	return cmd
}

const mostSimulated = 2000

// stations makes the stations of the flags; whatever is wrong with them is wrong usage.
func (f *stationFlags) stations() (out []*simulate.Station, err error) {
	if len(f.mns) > 0 {
		f.n = len(f.mns)
	}
	if f.n < 1 || f.n > mostSimulated {
		return nil, usage("--n is from 1 to %d", mostSimulated)
	}
	if !slices.Contains(simulate.Behaviours(), simulate.Behaviour(f.obey)) {
		return nil, usage("--obey %q is none of %s", f.obey, quotedList(simulate.Behaviours()))
	}
	var faults simulate.Faults
	for _, text := range f.faults {
		if err := faults.Parse(text); err != nil {
			return nil, usage("--fault: %v", err)
		}
	}
	for i := range f.n {
		kinds := simulate.Kinds()
		p := simulate.NewPlant(cmp.Or(simulate.Kind(f.kind), kinds[i%len(kinds)]), f.seed+uint64(i))
		p.Behaviour = simulate.Behaviour(f.obey)
		if err := f.order(p); err != nil {
			return nil, err
		}
		c := simulate.Config{MN: fmt.Sprintf("SIM%021d", i+1), Password: f.password, Version: hj212.Version(f.version),
			MinuteMin: f.minute, SampleS: f.sample, Plant: p, Faults: faults}
		if len(f.mns) > 0 {
			c.MN = f.mns[i]
		}
		s, err := simulate.New(c)
		if err != nil {
			return nil, usage("%v", err)
		}
		out = append(out, s)
	}
	return out, nil
}

func (f *stationFlags) order(p *simulate.Plant) error {
	for i, text := range f.orders {
		wrong := usage(`--order %q: write it like "2026-03-01 08:00/2026-03-03 08:00/0.5/4h"`, text)
		parts := strings.Split(text, "/")
		if len(parts) != 4 {
			return wrong
		}
		from, err1 := simulatedTime(parts[0])
		to, err2 := simulatedTime(parts[1])
		fraction, err3 := strconv.ParseFloat(parts[2], 64)
		within, err4 := time.ParseDuration(parts[3])
		if errors.Join(err1, err2, err3, err4) != nil {
			return wrong
		}
		err := p.Order(simulate.Order{ID: strconv.Itoa(i), From: from, To: to, Fraction: fraction, Within: within})
		if err != nil {
			return usage("--order: %v", err)
		}
	}
	return nil
}

// simulatedTime reads a time of Beijing, to the minute, or one of RFC 3339.
func simulatedTime(text string) (time.Time, error) {
	if t, err := time.ParseInLocation("2006-01-02 15:04", text, hj212.Beijing); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, text)
}

// run has the stations report, or writes what they would.
func (f *stationFlags) run(cmd *cobra.Command, stations []*simulate.Station) (n simulate.Count, err error) {
	l := simulate.Line{Addr: f.to, Speed: f.speed, Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))}
	if l.From, err = optionalTime("from", f.from); err != nil {
		return n, err
	}
	until, err := optionalTime("until", f.until)
	switch {
	case err != nil:
		return n, err
	case f.speed != 1 && (f.speed < 1 || f.speed > 10_000 || l.From.IsZero()):
		return n, usage("--speed is from 1 to 10000 and needs --from")
	case f.to != "" && f.speed == 1 && !l.From.IsZero():
		return n, usage("--from goes with --speed, or with --capture alone")
	case f.to == "" && (f.capture == "" || l.From.IsZero() || until.IsZero() || !until.After(l.From)):
		return n, usage("--to must be given, or --capture with --from and a later --until")
	case f.to != "" && !until.IsZero():
		return n, usage("--until goes with --capture alone; use --for")
	case f.to != "" && !address(f.to):
		return n, usage("--to %q is no host:port like 127.0.0.1:9212", f.to)
	case f.trust.set() && !f.tls:
		return n, usage("--ca, --cert and --key go with --tls")
	case f.duration < 0:
		return n, usage("--for is above 0")
	}
	if err := f.trust.check(); err != nil {
		return n, err
	}
	if f.tls {
		if l.TLS, err = f.trust.config(); err != nil {
			return n, err
		}
	}
	if f.capture != "" {
		file, err := os.Create(f.capture)
		if err != nil {
			return n, err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		l.Capture = file
	}
	if f.to == "" {
		return captureAlone(l.Capture, l.From, until, stations)
	}
	ctx := cmd.Context()
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	if n, err = l.Run(ctx, stations...); err == nil && n.Connected == 0 {
		err = refusal.New(refusal.NotReady, "cli.simulated_alone", refusal.Args{"address": f.to})
	}
	return n, err
}

func address(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && host != "" && port != ""
}

// captureAlone writes what stations would send to a server that confirms everything, one station after the other.
func captureAlone(w io.Writer, from, until time.Time, stations []*simulate.Station) (all simulate.Count, err error) {
	for _, s := range stations {
		n, err := s.Replay(w, from, until, nil)
		if err != nil {
			return all, err
		}
		all.Add(n)
	}
	return all, nil
}

func optionalTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := simulatedTime(text)
	if err != nil {
		return t, usage("--%s %q is no time like 2026-03-01 08:00", flag, text)
	}
	return t, nil
}

// registered is a station with what its frames carry, as a server has to know it.
type registered struct {
	telemetry.Station
	Password string `json:"password"`
}

func printRegister(w io.Writer, stations []*simulate.Station, asJSON bool) error {
	var out struct {
		Stations []registered `json:"registered"`
	}
	for _, s := range stations {
		out.Stations = append(out.Stations, registered{s.Registered(), s.Password()})
	}
	if asJSON {
		return printJSON(w, out)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, s := range out.Stations {
		if err := enc.Encode(s); err != nil {
			return err
		}
	}
	return nil
}

func printCount(w io.Writer, c simulate.Count) {
	args := refusal.Args{"messages": c.Messages, "frames": c.Frames, "bytes": c.Bytes, "confirmed": c.Confirmed,
		"repeats": c.Repeats, "late": c.Late, "given_up": c.GivenUp, "spoiled": c.Spoiled, "requests": c.Requests,
		"refused": c.Refused, "connected": c.Connected}
	fmt.Fprintln(w, bothLanguages("cli.simulated", args))
}

func newSimulateLoad() *cobra.Command {
	var l simulate.Load
	var to string
	var version int
	var secure, register bool
	var t trust
	cmd := &cobra.Command{
		Use:   "load --to ADDR",
		Short: "大量站点同时上报，测接收能力（many stations at once, to see what a server bears）",
		Long: "N 个站点各用一条连接上报分钟数据：每站同时最多 --window 帧未确认，报出确认了多少帧和时延。站点须先登记，--register 打印登记内容。\n" +
			"N stations report minutes, each on a connection of its own, with --window frames unconfirmed at most: how many\n" +
			"frames were confirmed, and how long that took. They have to be registered before; --register prints what with.",
		Example: `  qingkong simulate load --to 127.0.0.1:9212 --n 2000 --for 30s
  qingkong simulate load --to 127.0.0.1:9212 --n 1000 --frames 400 --resent --json
  qingkong simulate load --to 127.0.0.1:9212 --n 1000 --first 1000 --every 30s --for 2m`,
	}
	fl := cmd.Flags()
	fl.StringVar(&to, "to", "", "接收方地址（address of the server, like 127.0.0.1:9212）")
	fl.IntVar(&l.Stations, "n", 2000, "站点数（stations）")
	fl.IntVar(&l.First, "first", 0, "第一个站点的编号（number of the first station）")
	fl.IntVar(&l.Window, "window", 32, "每站未确认的帧数（unconfirmed frames of a station）")
	fl.IntVar(&l.Frames, "frames", 0, "每站的帧数，缺省直到 --for（frames of a station; until --for without it）")
	fl.DurationVar(&l.For, "for", 0, "持续多久（for how long frames are begun）")
	fl.DurationVar(&l.Every, "every", 0, "每站两帧之间的间隔，缺省尽快（between the frames of a station; as fast as may be without it）")
	fl.DurationVar(&l.Back, "back", 0, "第一帧数据早于现在多久（how old the first data are）")
	fl.BoolVar(&l.Resent, "resent", false, "标明补传，2025 版（say that they are sent late, in 2025）")
	fl.IntVar(&version, "edition", 2017, "HJ 212 的版本（edition of HJ 212）")
	fl.BoolVar(&secure, "tls", false, "用 TLS 连接（connect with TLS）")
	fl.BoolVar(&register, "register", false, "只打印登记这些站点所需的内容（print what a server registers them with, and end）")
	t.flags(cmd)
	return answering(cmd, func(cmd *cobra.Command, _ []string) (loadResult, error) {
		l.Version = hj212.Version(version)
		if register {
			return loadRegister(l)
		}
		if err := requireFlags(cmd, "to"); err != nil {
			return loadResult{}, err
		}
		if !address(to) {
			return loadResult{}, usage("--to %q is no host:port like 127.0.0.1:9212", to)
		}
		if t.set() && !secure {
			return loadResult{}, usage("--ca, --cert and --key go with --tls")
		}
		if secure {
			var config *tls.Config
			err := t.check()
			if err == nil {
				config, err = t.config()
			}
			if err != nil {
				return loadResult{}, err
			}
			l.TLS = config
		}
		if err := l.Check(); err != nil {
			return loadResult{}, usage("%v", err)
		}
		report, err := l.Run(cmd.Context(), to)
		return loadResult{LoadReport: &report}, err
	}, printLoad)
}

// loadResult is what came of a load, or the stations of one.
type loadResult struct {
	*simulate.LoadReport
	Stations []registered `json:"registered,omitempty"`
}

func loadRegister(l simulate.Load) (r loadResult, err error) {
	for i := range l.Stations {
		s, err := simulate.LoadStation(l.First+i, l.Version)
		if err != nil {
			return r, usage("%v", err)
		}
		r.Stations = append(r.Stations, registered{s.Registered(), s.Password()})
	}
	return r, nil
}

func printLoad(w io.Writer, r loadResult) error {
	if r.LoadReport == nil {
		enc := json.NewEncoder(w)
		for _, s := range r.Stations {
			if err := enc.Encode(s); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := fmt.Fprintln(w, bothLanguages("cli.loaded", refusal.Args{"frames": r.Frames, "confirmed": r.Confirmed,
		"lost":   r.Lost,
		"broken": r.Broken, "rate": fmt.Sprintf("%.0f", r.PerSecond()), "p50": r.P50.Round(time.Microsecond).String(),
		"p99": r.P99.Round(time.Microsecond).String(), "seconds": fmt.Sprintf("%.1f", r.Elapsed.Seconds())}))
	return err
}
