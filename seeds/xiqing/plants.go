package xiqing

import (
	"fmt"
	"math"
	"strings"

	"qingkong/alerts"
	list "qingkong/reductionlist"
	"qingkong/seeds/example"
)

// powerPlant is 天津华能杨柳青热电 with the four units that rows 21 and 22 name.
func powerPlant() *list.Recipient {
	r := works(1, "天津华能杨柳青热电有限责任公司", "D4412", "全厂发电880 MW，供热不低于2100 GJ/h", "值长",
		"名称、机组编号：方案附件2第21、22、38行", 1, 5, 6, 7, 8)
	id := r.ID
	for i, u := range coalUnits {
		r.Units = append(r.Units, u.units()...)
		r.Lines = append(r.Lines, list.Line{ID: fmt.Sprintf("U%d", i+5), Name: u.name + "机组", Capacity: "300 MW",
			Emission:  list.Amounts{SO2: 0.30, NOx: kg(2700, u.nox), PM: 0.027},
			SafeStopH: 8, MeterID: fmt.Sprintf("XQ-E0001-%d", i+5),
			Notes: invented("机组编号：方案附件2第21、22行", "产能、各项日排放、安全停产时间、分表编号")})
		r.Measures = append(r.Measures, u.saveCoal(id, i+5)...)
	}
	source := "方案附件2第38行"
	r.Measures = append(r.Measures,
		list.Measure{ID: "M09", Levels: fromYellow, Unit: "输煤系统", Action: list.SwitchFuel,
			Text:     "入炉煤在4小时内全部换为收到基硫分不超过0.7%的储备煤，每班取样化验1次",
			Quantity: example.Quantity(list.AtMost, 0.7, "%"), CompleteWithinH: 4, Responsible: "燃料部主任",
			Monitors:  []list.Monitor{watch(list.CEMS, example.MN(id, 1), "a21026", "hour_concentration_at_most 35 mg/m3")},
			Evidence:  []string{"入炉煤化验单", "储备煤出库单"},
			Reduction: list.Amounts{SO2: 0.12}, Notes: invented(source, measureColumns)},
		list.Measure{ID: "M10", Levels: fromOrange, Unit: "脱硫吸收塔", Action: list.ImproveTreatment,
			Text:     "四台机组脱硫吸收塔石灰石供给量每小时合计不少于8吨，备用浆液循环泵投入运行",
			Quantity: example.Quantity(list.AtLeast, 8, "t/h"), CompleteWithinH: 2, Responsible: "环保专工岗",
			Monitors:  []list.Monitor{watch(list.DCS, "DCS-E0001-石灰石", "", "at_least 8 t/h")},
			Evidence:  []string{"石灰石耗用台账", "浆液循环泵电流曲线"},
			Reduction: list.Amounts{SO2: 0.10}, Notes: invented(source, measureColumns)},
		gate(id, "M11", "物流门", source))
	return r
}

// coalUnit is one unit; nox is kg per tonne of coal with the catalyst that was regenerated or replaced (row of annex
// 2), worn that before it, which row says by the end of which year.
type coalUnit struct {
	name            string
	constant, perMW float64
	maxHeat         float64
	nox, worn       float64
	renewed         int // the first year with the new catalyst
	row             int
}

var coalUnits = []coalUnit{
	{"5#", 12.6, 0.385, 800, 0.25, 0.30, 2026, 22}, {"6#", 12.2, 0.380, 900, 0.24, 0.29, 2025, 21},
	{"7#", 11.4, 0.372, 900, 0.245, 0.295, 2025, 21}, {"8#", 11.4, 0.372, 900, 0.255, 0.305, 2026, 22},
}

// units are the rows of the unit: with the worn catalyst and with the new one.
func (u coalUnit) units() []list.Unit {
	row := func(nox float64, from, to string) list.Unit {
		return list.Unit{Name: u.name, From: from, To: to, MinMW: 120, MaxMW: 300, MinUpH: 8, MinDownH: 8, StartCoalT: 60,
			Coal:       list.CoalCurve{Constant: u.constant, PerMW: u.perMW, PerMW2: 0.00005, PerGJ: 0.045},
			MaxHeatGJH: u.maxHeat, MWLostPerGJH: 0.05,
			Emission:  list.Gases{SO2: 0.113, NOx: nox, PM: 0.0099},
			LowLoadMW: 130, LowLoadNOx: 1.4,
			Notes: invented(fmt.Sprintf("名称、脱硝催化剂再生或更换的完成年份：方案附件2第%d行", u.row), "其余各列")}
	}
	return []list.Unit{row(u.worn, "", fmt.Sprintf("%d-12-31", u.renewed-1)),
		row(u.nox, fmt.Sprintf("%d-01-01", u.renewed), "")}
}

// saveCoal is the ladder of one unit: coal saved in tonnes per day, and the hourly NOx mass that goes with it.
func (u coalUnit) saveCoal(id string, number int) []list.Measure {
	var ms []list.Measure
	perDay := 2700.0 // tonnes of coal of a unit at its usual load
	for _, s := range rungs(60, 150, 300, 600) {
		limit := int((perDay-s.amount)/24*u.nox*1.2 + 0.5)
		ms = append(ms, list.Measure{ID: fmt.Sprintf("M%02d", number), Levels: []alerts.Level{s.level}, Unit: u.name + "机组",
			Action: list.ReduceCoal,
			Text: fmt.Sprintf("%s机组在4小时内把日耗煤量减少%.0f吨，减发电出力、不减供热，脱硝反应器入口烟温不低于310℃",
				u.name, s.amount),
			Quantity: example.Quantity(list.ReduceBy, s.amount, "t/d"), CompleteWithinH: 4, Responsible: "当班值长",
			Monitors: []list.Monitor{
				watch(list.CEMS, example.MN(id, number), "a21002", fmt.Sprintf("hour_mass_at_most %d kg/h", limit)),
				watch(list.DCS, example.MN(id, number), "g20301", fmt.Sprintf("day_total_at_most %.0f t", perDay-s.amount))},
			Evidence:  []string{"DCS曲线", "入炉煤量台账"},
			Reduction: list.Amounts{SO2: kg(s.amount, 0.113), NOx: kg(s.amount, u.nox), PM: kg(s.amount, 0.0099)},
			Notes:     invented("降低煤耗：方案附件2第38行", measureColumns)})
	}
	return ms
}

// works is a plant without what it runs: the recipient of that number, whose points send data.
func works(number int, name, industry, maxLoad, post, source string, points ...int) *list.Recipient {
	id, uscc := example.ID(number), example.USCC(number)
	mns := make([]string, len(points))
	for i, n := range points {
		mns[i] = example.MN(id, n)
	}
	return &list.Recipient{ID: id, Type: list.Enterprise, Name: name, USCC: uscc, Permit: uscc + "001P",
		Town: "杨柳青镇", Industry: industry, Grade: list.GradeNotApplicable, Category: list.Safeguard, MaxLoad: maxLoad,
		StationMN: strings.Join(mns, "、"), MeterID: "XQ-" + id + "-0", Contact: contact(post, 2*number),
		Notes: invented(source, "统一社会信用代码、排污许可证编号、街镇、行业代码、绩效分级、管控类别、最大允许生产负荷、联系人、手机、监测站点MN、电表编号")}
}

// kg turns tonnes burnt and kilograms per tonne into tonnes emitted, to the gram.
func kg(tonnes, perTonne float64) float64 { return math.Round(tonnes*perTonne*1000) / 1e6 }

// wastePlant is 光大环保能源（天津） with the three furnaces that row 16 names.
func wastePlant() *list.Recipient {
	r := works(2, "光大环保能源（天津）有限公司", "D4417", "入炉2250 t/d", "运行部值长",
		"名称、焚烧炉座数：方案附件2第16、17、38行", 1, 2, 3)
	id := r.ID
	r.Pit = &list.Pit{MinT: 2000, MaxT: 12000, EndMaxT: 9000, DivertMaxTH: 10, DivertTotalT: 600, DivertNOx: 0.6,
		SteamPerT: 2.3, Notes: list.Notes{Note: "示例：各列为演示而设"}}
	for i, g := range []list.Gases{{SO2: 0.06, NOx: 0.45, PM: 0.02, HCl: 0.03},
		{SO2: 0.055, NOx: 0.41, PM: 0.02, HCl: 0.03}, {SO2: 0.07, NOx: 0.5, PM: 0.02, HCl: 0.03}} {
		name := fmt.Sprintf("%d#", i+1)
		before := g
		before.SO2 *= 2
		r.Furnaces = append(r.Furnaces, furnace(name, before, "", "2023-12-31"), furnace(name, g, "2024-01-01", ""))
		r.Lines = append(r.Lines, list.Line{ID: fmt.Sprintf("F%d", i+1), Name: name + "焚烧炉", Capacity: "750 t/d",
			Emission:  list.Amounts{SO2: kg(740, g.SO2), NOx: kg(740, g.NOx), PM: kg(740, g.PM)},
			SafeStopH: 24, MeterID: fmt.Sprintf("XQ-E0002-%d", i+1),
			Notes: invented("座数：方案附件2第16行", "名称、产能、各项日排放、安全停产时间、分表编号")})
		r.Measures = append(r.Measures, allocate(id, i+1, name, g)...)
	}
	source := "方案附件2第38行"
	r.Measures = append(r.Measures,
		list.Measure{ID: "M04", Levels: fromYellow, Unit: "半干法脱酸塔", Action: list.ImproveTreatment,
			Text:     "三座焚烧炉脱酸塔氢氧化钙供给量每小时合计不少于900千克，活性炭喷射泵不间断运行",
			Quantity: example.Quantity(list.AtLeast, 900, "kg/h"), CompleteWithinH: 2, Responsible: "环保专工岗",
			Monitors:  []list.Monitor{watch(list.DCS, "DCS-E0002-氢氧化钙", "", "at_least 900 kg/h")},
			Evidence:  []string{"氢氧化钙耗用台账", "活性炭耗用台账"},
			Reduction: list.Amounts{SO2: 0.02}, Notes: invented(source, measureColumns)},
		list.Measure{ID: "M05", Levels: fromOrange, Unit: "垃圾池", Action: list.OtherAction,
			Text:     "新进厂垃圾按区城管委调度单外运至其他焚烧厂，每日不超过240吨，垃圾池存量不超过12000吨",
			Quantity: example.Quantity(list.AtMost, 240, "t/d"), CompleteWithinH: 12, Responsible: "运行部经理",
			Monitors: []list.Monitor{watch(list.Weighing, "CZ-E0002-2", "", "day_total_at_most 240 t")},
			Evidence: []string{"地磅称重单", "区城管委调度单", "垃圾池料位记录"}, Notes: invented(source, measureColumns)},
		gate(id, "M06", "物流门", source))
	return r
}

// furnace is a row of one furnace: row 16 has its desulphurisation rebuilt in 2023.
func furnace(name string, g list.Gases, from, to string) list.Furnace {
	return list.Furnace{Name: name, From: from, To: to, MinTH: 20, MaxTH: 31.25, MinUpH: 48, MinDownH: 24, Emission: g,
		StartEmission: list.Gases{SO2: 10, NOx: 60}, Notes: invented("座数、脱硫升级改造的完成年份：方案附件2第16行", "其余各列")}
}

// allocate is the ladder of one furnace: what it may burn in a day, never below what keeps it at temperature.
func allocate(id string, number int, name string, g list.Gases) []list.Measure {
	var ms []list.Measure
	const usual = 740.0
	for _, s := range rungs(720, 690, 630, 540) {
		ms = append(ms, list.Measure{ID: fmt.Sprintf("M%02d", number), Levels: []alerts.Level{s.level}, Unit: name + "焚烧炉",
			Action: list.AllocateWaste,
			Text: fmt.Sprintf("%s焚烧炉日入炉量不超过%.0f吨，余量存入垃圾池，炉膛温度5分钟均值不低于850℃，不停炉",
				name, s.amount),
			Quantity: example.Quantity(list.AtMost, s.amount, "t/d"), CompleteWithinH: 6, Responsible: "运行部值长",
			Monitors: []list.Monitor{
				watch(list.Weighing, fmt.Sprintf("CZ-E0002-D%d", number), "", fmt.Sprintf("day_total_at_most %.0f t", s.amount)),
				watch(list.DCS, example.MN(id, number), "a01901", "five_minute_mean_at_least 850 ℃"),
				watch(list.CEMS, example.MN(id, number), "a21002",
					fmt.Sprintf("hour_mass_at_most %.0f kg/h", s.amount/24*g.NOx*1.2))},
			Evidence: []string{"垃圾吊称重记录", "炉膛温度曲线", "入炉量日报"},
			Reduction: list.Amounts{SO2: kg(usual-s.amount, g.SO2), NOx: kg(usual-s.amount, g.NOx),
				PM: kg(usual-s.amount, g.PM)},
			Notes: invented("优化焚烧分配：方案附件2第38行", measureColumns)})
	}
	return ms
}

// gate keeps older lorries out of a plant.
func gate(id, measure, name, source string) list.Measure {
	return list.Measure{ID: measure, Levels: fromAdvisory, Unit: name, Action: list.StopVehicles,
		Text:     "物流门在2小时内停止放行国四及以下重型载货车，运送生活垃圾和应急抢修的车辆凭区城管委通行单进出",
		Quantity: example.Quantity(list.AtMost, 0, "辆次/日"), CompleteWithinH: 2, Responsible: "物流主管",
		Monitors: []list.Monitor{watch(list.Gate, "MJ-"+id+"-1", "", "no_vehicle_below 国五")},
		Evidence: []string{"门禁车辆记录", "运输台账"}, Notes: invented(source, "全部列")}
}
