// Package example makes recipients that are plainly invented: their names begin with 示例 and their notes say
// which columns are made up. The same number always gives the same recipient.
package example

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"qingkong/alerts"
	list "qingkong/reductionlist"
)

// Place is a real town with a point in it, near which invented recipients are put.
type Place struct {
	Town     string
	Lon, Lat float64
}

// notes are those of every invented row.
var notes = list.Notes{Note: "示例：本行各列均为演示而设，不对应任何真实单位"}

// Recipients makes count recipients numbered from first, spread over the places.
func Recipients(first, count int, places []Place) []*list.Recipient {
	m := maker{places: places, texts: map[string]string{}}
	rs := make([]*list.Recipient, count)
	for i := range rs {
		rs[i] = m.recipient(first + i)
	}
	return rs
}

// ID is the id of the invented recipient with the number: E0003, E12345.
func ID(number int) string { return fmt.Sprintf("E%04d", number) }

// MN is the invented 24-digit station number of a recipient's n-th point.
func MN(recipient string, n int) string {
	tail := fmt.Sprintf("%04d", n)
	return "120111" + recipient + strings.Repeat("0", 24-6-len(recipient)-len(tail)) + tail
}

// Phone is a number of the block 100000…, which no network assigns, so that nobody is ever called by it.
func Phone(number int) string { return fmt.Sprintf("100000%05d", number%100000) }

// maker shares the texts that many recipients have in common: a list may have several hundred thousand.
type maker struct {
	places []Place
	texts  map[string]string
}

// sector is one kind of invented enterprise.
type sector struct {
	name, industry string
	line, capacity string
	grades         []list.Grade
	perDay         list.Amounts // of a middling line
	baseKWh        float64
}

var abcd = []list.Grade{list.GradeB, list.GradeC, list.GradeC, list.GradeD, list.GradeA, list.GradeBMinus}
var leading = []list.Grade{list.GradeNonLeading, list.GradeNonLeading, list.GradeNonLeading, list.GradeLeading}

var sectors = []sector{
	{"工业涂装", "C3360", "喷涂烘干线", "12000件/年", abcd, list.Amounts{NOx: 0.004, PM: 0.012, VOCs: 0.045}, 2600},
	{"包装印刷", "C2319", "凹版印刷线", "3000吨/年", abcd, list.Amounts{NOx: 0.002, PM: 0.002, VOCs: 0.060}, 1800},
	{"家具制造", "C2110", "喷漆房", "20000件/年", abcd, list.Amounts{PM: 0.015, VOCs: 0.038}, 1200},
	{"制药", "C2710", "合成车间反应釜组", "150吨/年", abcd, list.Amounts{SO2: 0.002, NOx: 0.010, PM: 0.003, VOCs: 0.030}, 5200},
	{"塑料制品", "C2929", "注塑线", "5000吨/年", leading, list.Amounts{PM: 0.004, VOCs: 0.022}, 3300},
	{"铸造", "C3391", "中频感应炉", "8000吨/年", abcd, list.Amounts{SO2: 0.006, NOx: 0.012, PM: 0.040, VOCs: 0.008}, 9800},
	{"汽车零部件", "C3670", "电泳涂装线", "60万件/年", leading, list.Amounts{NOx: 0.008, PM: 0.006, VOCs: 0.034}, 7600},
	{"沥青混凝土", "C3099", "沥青拌和楼", "30万吨/年", abcd, list.Amounts{SO2: 0.012, NOx: 0.030, PM: 0.035, VOCs: 0.018}, 4100},
	{"商砼", "C3021", "混凝土搅拌楼", "40万立方米/年", leading, list.Amounts{PM: 0.050}, 2900},
	{"燃气锅炉供热", "D4430", "燃气锅炉", "2×29MW", leading, list.Amounts{SO2: 0.003, NOx: 0.060, PM: 0.006}, 2200},
}

var marks = []string{"华盛", "津荣", "恒达", "瑞丰", "宏远", "聚鑫", "天润", "博远", "金鼎", "永泰", "同辉", "嘉禾", "东昊", "立信", "新凯", "德润"}

// recipient makes the recipient with the number. Fourteen of twenty are enterprises, four are sites, two are fleets.
func (m *maker) recipient(number int) *list.Recipient {
	p := m.places[number%len(m.places)]
	// The offsets keep the points apart; the step is about a hundred metres.
	r := &list.Recipient{ID: ID(number), Town: p.Town, Address: p.Town + "示例路" + strconv.Itoa(number) + "号",
		Lon: round(p.Lon+float64(number*7%41-20)*0.001, 4), Lat: round(p.Lat+float64(number*11%37-18)*0.001, 4),
		Notes: notes,
		Contact: &list.Contact{Name: "示例联系人" + strconv.Itoa(number), Phone: Phone(2 * number),
			BackupName: "示例备用联系人" + strconv.Itoa(number), BackupPhone: Phone(2*number + 1)}}
	switch n := number % 20; {
	case n < 14:
		m.enterprise(r, number)
	case n < 18:
		m.site(r, number)
	default:
		m.fleet(r, number)
	}
	return r
}

func (m *maker) enterprise(r *list.Recipient, number int) {
	s := sectors[number%len(sectors)]
	size := 0.5 + float64(number*13%11)/10
	r.Type, r.Industry = list.Enterprise, s.industry
	r.Name = "示例" + marks[number%len(marks)] + s.name + "有限公司（" + strconv.Itoa(number) + "号）"
	r.USCC = USCC(number)
	r.Permit = r.USCC + "001P"
	r.Grade = s.grades[number/len(sectors)%len(s.grades)]
	r.Category = category(r.Grade, s, number)
	if r.Category == list.Safeguard {
		r.MaxLoad = "60 t/h"
	}
	r.StationMN, r.MeterID = MN(r.ID, 1), "XQ-"+r.ID+"-0"
	meter := "XQ-" + r.ID + "-1"
	capacity := s.capacity
	if r.Category == list.Micro {
		size, capacity = size*microShare, "间歇小批量"
	}
	r.Lines = []list.Line{{ID: "L1", Name: s.line, Capacity: capacity, SafeStopH: 2, MeterID: meter,
		Emission: Scale(s.perDay, size), Notes: notes}}
	m.curtail(r, s, meter)
}

// category: heating is 保障类; the best grades reduce on their own; one in eleven emits very little.
func category(g list.Grade, s sector, number int) list.Category {
	switch {
	case s.industry == "D4430":
		return list.Safeguard
	case g == list.GradeA || g == list.GradeLeading:
		return list.Voluntary
	case number%11 == 0:
		return list.Micro
	default:
		return list.General
	}
}

// ladder is the share of its load, in per cent, that a grade gives up at yellow and from orange on; 100 is a stop.
func ladder(r *list.Recipient) (yellow, orange int) {
	switch r.Category {
	case list.Safeguard, list.Voluntary:
		return 10, 20
	case list.Micro:
		return 15, 30
	}
	switch r.Grade {
	case list.GradeB:
		return 20, 40
	case list.GradeBMinus:
		return 30, 50
	case list.GradeD:
		return 50, 100
	default:
		return 30, 60
	}
}

// microShare makes a middling line one of 小微涉气: up to some 85 kg a year.
const microShare = 0.002

func (m *maker) curtail(r *list.Recipient, s sector, meter string) {
	yellow, orange := ladder(r)
	at := func(percent int, hertz float64, levels ...alerts.Level) list.Measure {
		// The best grades act on their own, and those that emit little are spared: nothing is stopped or limited there.
		if r.Category == list.Voluntary || r.Category == list.Micro {
			return m.treat("M1", levels, hertz, percent, r)
		}
		return m.share("M1", levels, percent, r, s, meter)
	}
	r.Measures = []list.Measure{at(yellow, 45, alerts.Yellow), at(orange, 50, alerts.Orange, alerts.Red),
		m.trucks(r.ID, "厂区大门")}
}

// treat runs the treatment of the waste gas harder, by the frequency of its fan.
func (m *maker) treat(id string, at []alerts.Level, hertz float64, percent int, r *list.Recipient) list.Measure {
	return list.Measure{ID: id, Levels: at, Unit: "废气治理设施", Action: list.ImproveTreatment,
		Text:     m.text("废气治理设施在2小时内把主风机频率提到不低于%.0f Hz并保持到解除，吸附剂或滤料每日更换或再生1次", hertz),
		Quantity: Quantity(list.AtLeast, hertz, "Hz"), CompleteWithinH: 2, Responsible: "环保专工岗",
		Monitors: []list.Monitor{{Source: list.DCS, Ref: "DCS-" + r.ID + "-1",
			Criterion: list.Criterion{Kind: list.AtLeastRate, Limit: hertz, Unit: "Hz"}}},
		Evidence:  []string{"风机频率曲线", "吸附剂更换台账"},
		Reduction: Scale(r.Lines[0].Emission, float64(percent)/100), Notes: notes}
}

// share gives up a share of the line's load.
func (m *maker) share(id string, at []alerts.Level, percent int, r *list.Recipient, s sector,
	meter string) list.Measure {
	mm := list.Measure{ID: id, Levels: at, Unit: s.line, CompleteWithinH: 4, Responsible: "生产部经理",
		Reduction: Scale(r.Lines[0].Emission, float64(percent)/100), Notes: notes}
	if percent >= 100 {
		mm.Action = list.Stop
		mm.Text = m.text("%s在4小时内停止投料并断开主机电源，停产期间只留照明、消防和环保设施用电", s.line)
		mm.Quantity = Quantity(list.AtMost, 0, "%")
		mm.Monitors = []list.Monitor{{Source: list.Power, Ref: meter, Criterion: list.Criterion{Kind: list.Stopped}}}
		mm.Evidence = []string{"分表用电曲线", "停产通知单", "生产日报"}
		return mm
	}
	mm.Action = list.Limit
	mm.Text = m.text("%s在4小时内降至基准日用电量的%d%%以下，按班次减少投料，夜班22时至次日6时不开机", s.line, 100-percent)
	mm.Quantity = Quantity(list.ReduceBy, float64(percent), "%")
	mm.Monitors = []list.Monitor{{Source: list.Power, Ref: meter,
		Criterion: list.Criterion{Kind: list.FractionOfBaseline, Limit: round(1-float64(percent)/100, 2)}}}
	mm.Evidence = []string{"分表用电曲线", "生产日报", "原辅料领用单"}
	return mm
}

// trucks keeps older lorries out; the gate records what passes.
func (m *maker) trucks(id, gate string) list.Measure {
	return list.Measure{ID: "M2", Levels: alerts.Levels(),
		Unit:   gate,
		Action: list.StopVehicles, Text: m.text("%s在2小时内停止放行国四及以下重型载货车，已在场内的当日20时前驶离", gate),
		Quantity: Quantity(list.AtMost, 0, "辆次/日"), CompleteWithinH: 2, Responsible: "物流主管",
		Monitors: []list.Monitor{{Source: list.Gate, Ref: "MJ-" + id + "-1",
			Criterion: list.Criterion{Kind: list.NoVehicleBelow, Standard: "国五"}}},
		Evidence: []string{"门禁车辆记录", "运输台账"}, Notes: notes}
}

func (m *maker) site(r *list.Recipient, number int) {
	r.Type, r.Grade, r.Category = list.Site, list.GradeNotApplicable, list.General
	r.Name = "示例" + marks[number%len(marks)] + "住宅项目施工工地（" + strconv.Itoa(number) + "号）"
	r.MeterID = "XQ-" + r.ID + "-0"
	meter := "XQ-" + r.ID + "-1"
	r.Lines = []list.Line{{ID: "L1", Name: "土石方作业面", Capacity: "20000平方米", SafeStopH: 1, MeterID: meter,
		Emission: list.Amounts{NOx: 0.006, PM: 0.030}, Notes: notes}}
	work := list.Measure{ID: "M1", Levels: []alerts.Level{alerts.Orange, alerts.Red}, Unit: "土石方作业面",
		Action:   list.StopWork,
		Text:     m.text("%s在2小时内停止开挖、回填、拆除、喷涂和建筑垃圾清运，裸土全部以密目网覆盖", "土石方作业面"),
		Quantity: Quantity(list.AtMost, 0, "台班/日"), CompleteWithinH: 2, Responsible: "项目经理",
		Monitors: []list.Monitor{
			{Source: list.Power, Ref: meter, Criterion: list.Criterion{Kind: list.FractionOfBaseline, Limit: 0.3}},
			{Source: list.Video, Ref: "SP-" + r.ID + "-1"}},
		Evidence:  []string{"塔吊及出入口视频", "施工日志", "覆盖照片"},
		Reduction: list.Amounts{NOx: 0.005, PM: 0.024}, Notes: notes}
	wet := list.Measure{ID: "M3", Levels: alerts.Levels(),
		Unit: "场内道路", Action: list.CleanRoads,
		Text:     m.text("%s每日洒水或雾炮抑尘4次，气温低于3℃时改为吸扫", "场内道路"),
		Quantity: Quantity(list.AtLeast, 4, "次/日"), CompleteWithinH: 4, Responsible: "安全员",
		Monitors: []list.Monitor{{Source: list.Video, Ref: "SP-" + r.ID + "-2"}},
		Evidence: []string{"洒水记录", "现场照片"}, Reduction: list.Amounts{PM: 0.004}, Notes: notes}
	r.Measures = []list.Measure{work, m.trucks(r.ID, "工地出入口"), wet}
}

func (m *maker) fleet(r *list.Recipient, number int) {
	r.Type, r.Grade, r.Category = list.Fleet, list.GradeNotApplicable, list.General
	r.Name = "示例" + marks[number%len(marks)] + "运输车队（" + strconv.Itoa(number) + "号）"
	r.Lines = []list.Line{{ID: "L1", Name: "柴油货车车组", Capacity: "40辆", Emission: list.Amounts{NOx: 0.050, PM: 0.003},
		Notes: notes}}
	halt := func(at []alerts.Level, vehicles, percent int) list.Measure {
		return list.Measure{ID: "M1", Levels: at, Unit: "柴油货车车组", Action: list.StopVehicles,
			Text:     m.text("柴油货车车组在4小时内停运%d辆，上路车辆不超过%d辆，均为国五及以上", 40-vehicles, vehicles),
			Quantity: Quantity(list.AtMost, float64(vehicles), "辆"), CompleteWithinH: 4,
			Responsible: "车队调度长",
			Monitors: []list.Monitor{{Source: list.Gate, Ref: "MJ-" + r.ID + "-2",
				Criterion: list.Criterion{Kind: list.DayTotalAtMost, Limit: float64(vehicles * 2), Unit: "辆次"}}},
			Evidence: []string{"车辆定位轨迹", "出车登记表"}, Reduction: Scale(r.Lines[0].Emission, float64(percent)/100),
			Notes: notes}
	}
	r.Measures = []list.Measure{halt([]alerts.Level{alerts.Yellow}, 28, 30),
		halt([]alerts.Level{alerts.Orange, alerts.Red}, 16, 60),
		m.trucks(r.ID, "车队停车场大门")}
}

// text formats and keeps one copy of each text.
func (m *maker) text(format string, args ...any) string {
	s := fmt.Sprintf(format, args...)
	if kept, ok := m.texts[s]; ok {
		return kept
	}
	m.texts[s] = s
	return s
}

// Quantity is how much a measure orders.
func Quantity(kind list.QuantityKind, value float64, unit string) *list.Quantity {
	return &list.Quantity{Kind: kind, Value: value, Unit: unit}
}

// Scale multiplies, to the gram.
func Scale(a list.Amounts, by float64) list.Amounts {
	return list.Amounts{SO2: round(a.SO2*by, 6), NOx: round(a.NOx*by, 6), PM: round(a.PM*by, 6), VOCs: round(a.VOCs*by, 6)}
}

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// USCC is a code with a right check character and an organisation part QK…, which is not issued.
func USCC(number int) string {
	body := fmt.Sprintf("91120111QK%07d", number)
	for i := range usccAlphabet {
		if code := body + usccAlphabet[i:i+1]; list.ValidUSCC(code) {
			return code
		}
	}
	panic("example: no check character for " + body)
}
