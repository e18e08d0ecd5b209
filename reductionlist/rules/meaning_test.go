package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
)

// added is what the rules find in an example list beyond what they found before a change: severity, rule, sheet,
// recipient, column.
func added(t testing.TB, s rules.Settings, change func(l *reductionlist.List)) (found []string) {
	t.Helper()
	l := listtest.Example(20)
	words := func(f rules.Fault) string {
		for _, lang := range []string{"zh-CN", "en"} {
			message, remedy := reductionlist.RuleText(f.Rule, lang, f.Args)
			if !refusal.Known(f.Rule) || !refusal.Known(f.Rule+".remedy") || strings.ContainsAny(message+remedy, "{}") {
				t.Errorf("%s in %s: %q, %q", f.Rule, lang, message, remedy)
			}
		}
		return strings.Join([]string{f.Severity, f.Rule, f.Sheet, f.Recipient, f.Column}, " ")
	}
	var before []string
	for _, f := range rules.Check(l, s) {
		before = append(before, words(f))
	}
	change(l)
	for _, f := range rules.Check(l, s) {
		if w := words(f); !slices.Contains(before, w) {
			found = append(found, w)
		}
	}
	return found
}

func wants(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, slices.DeleteFunc(want, func(w string) bool { return w == "" })) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// other is a measure of E0003 that the rules hold nothing against, with an amount and a text of one's choice.
func other(value float64, unit, text string) reductionlist.Measure {
	return reductionlist.Measure{ID: "M9", Levels: []alerts.Level{alerts.Red}, Unit: "厂区",
		Action: reductionlist.OtherAction, Text: text, CompleteWithinH: 4,
		Responsible: "安全员", Quantity: &reductionlist.Quantity{Kind: reductionlist.AtMost, Value: value, Unit: unit},
		Monitors: []reductionlist.Monitor{{Source: reductionlist.Video, Ref: "SP-1"}}, Evidence: []string{"巡查记录"}}
}

func withMeasure(m reductionlist.Measure) func(*reductionlist.List) {
	return func(l *reductionlist.List) { l.Recipients[2].Measures = append(l.Recipients[2].Measures, m) }
}

// A text holds the quantity by an equal number with its unit, however the two are written, or with a counter of its
// kind. A number of another thing is none, and a time never.
func TestTextHoldsItsQuantity(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		text  string
		holds bool
	}{
		{40, "%", "降低负荷", false},
		{40, "%", "按班次减产", false},
		{40, "%", "97%以下", false},
		{40, "%", "负荷降低40%", true},
		{40, "%", "负荷降低 40 ％", true},
		{40, "%", "负荷降低４０％", true},
		{40, "%", "负荷降低40.0%", true},
		{40, "%", "降至日用电量的60%以下", true},
		{40, "%", "减产百分之四十", true},
		{40, "%", "减产百分之40", true},
		{40, "%", "减产四成", true},
		{40, "%", "降至六成以下", true},
		{40, "%", "降低40个百分点", true},
		{50, "%", "产量减半", true},
		{40, "%", "产量减半", false},
		{40, "%", "40小时内减产", false},
		{40, "%", "减产40吨", false},
		{40, "%", "减产140%", false},
		{40, "%", "减产40.5%", false},
		{40, "%", "减产340%", false},
		{33.3, "%", "降至66.7%以下", true},
		{100, "%", "负荷降低100%", true},
		{100, "%", "负荷降至0%", true},
		{100, "%", "按班次减产", false},
		{0.7, "%", "收到基硫分不超过0.7%", true},
		{0, "%", "停止投料并断开主机电源", true},
		{0, "辆次/日", "停止放行国四及以下重型载货车", true},
		{2, "户", "每日检查2处", true},
		{2, "户/日", "每日检查工地2家", true},
		{2, "户/日", "每日检查工地两家", true},
		{2, "户/日", "每日检查2个工地", true},
		{2, "户/日", "每日检查工地，每次2个小时", false},
		{2, "户/日", "每日检查工地2小时", false},
		{2, "户/日", "2时前检查工地", false},
		{2, "户/日", "20分到场检查工地", false},
		{2, "户/日", "每日检查12户", false},
		{1, "户/日", "对工地统一处理", false},
		{4, "辆", "国四车辆停运", false},
		{28, "辆", "上路车辆不超过28辆", true},
		{28, "辆", "上路车辆不超过28台", true},
		{28, "辆次/日", "进出不超过28车次", true},
		{28, "辆", "上路车辆不超过28吨", false},
		{3, "次/日", "每日洒水3次", true},
		{3, "次/日", "每日洒水三遍", true},
		{3, "次/日", "洒水3次/小时", false},
		{12, "次/日", "每日洒水十二次", true},
		{900, "kg/h", "氢氧化钙每小时不少于900千克", true},
		{900, "kg/h", "氢氧化钙不少于900公斤", true},
		{900, "kg/h", "氢氧化钙不少于900 kg/h", true},
		{900, "kg/h", "氢氧化钙不少于900KG每小时", true},
		{900, "千克/小时", "氢氧化钙不少于900 kg", true},
		{900, "kg/h", "氢氧化钙不少于900千克/日", false},
		{900, "kg/h", "氢氧化钙不少于900吨", false},
		{900, "kg/h", "电耗900千瓦时", false},
		{1200, "t/d", "日耗煤不超过1,200吨", true},
		{1200, "t/d", "日耗煤不超过1200 t", true},
		{12000, "t/d", "存量不超过1.2万吨", true},
		{1200, "t/d", "5#、1，200吨", false},
		{45, "Hz", "主风机频率不低于45 Hz", true},
		{45, "Hz", "主风机频率不低于45赫兹", true},
		{45, "Hz", "主风机45分钟内启动", false},
		{35, "mg/m3", "不超过35毫克/立方米", true},
		{35, "mg/m3", "不超过35 mg/m³", true},
		{850, "℃", "不低于850摄氏度", true},
		{850, "℃", "不低于850度", true},
		{300, "kWh/d", "日用电不超过300度", true},
		{35, "mg/Nm3", "不超过35毫克/标立方米", true},
		{5, "万元", "不超过5万元", true},
		{8, "炉次", "每日不超过8炉次", true},
		{8, "炉次", "每日不超过8小时", false},
		{6, "小时", "每日运行不超过6小时", true},
		{6, "小时", "6小时内完成减产", false},
	} {
		t.Run(fmt.Sprint(c.value, c.unit, " ", c.text), func(t *testing.T) {
			want := "error list.text_quantity 减排措施 E0003 措施内容"
			if c.holds {
				want = ""
			}
			wants(t, added(t, rules.DefaultSettings(), withMeasure(other(c.value, c.unit, c.text))), want)
		})
	}
}

// A text that points elsewhere or says nothing tells nobody what to do.
func TestTextThatSaysNothing(t *testing.T) {
	for _, c := range []struct {
		text  string
		value float64
		wrong bool
	}{
		{"同上", 0, true}, {"〃", 0, true}, {"无", 0, true}, {"无", 40, true}, {" 同上。", 0, true}, {"〃〃", 0, true},
		{"“同上”", 0, true}, {"同前", 0, true}, {"″", 0, true},
		{"/", 0, true}, {"—", 0, true}, {"暂无", 0, true}, {"（无）", 0, true}, {"\"", 0, true}, {"\"无\"", 0, true},
		{"厂内无组织排放点全部覆盖", 0, false}, {"同上一班次核对", 0, false},
	} {
		t.Run(c.text, func(t *testing.T) {
			want := ""
			if c.wrong {
				want = "error list.no_text 减排措施 E0003 措施内容"
			}
			wants(t, added(t, rules.DefaultSettings(), withMeasure(other(c.value, "%", c.text))), want)
		})
	}
	m := other(0, "次/日", "停止进出")
	m.Unit = "同上"
	wants(t, added(t, rules.DefaultSettings(), withMeasure(m)), "error list.no_text 减排措施 E0003 生产线或设备")
}

// Vague words are words, in the text and in the device; where the row gives number and device they are only told.
func TestVagueWordsAreWords(t *testing.T) {
	const text, device = "list.vague 减排措施 E0003 措施内容", "list.vague 减排措施 E0003 生产线或设备"
	for _, c := range []struct {
		name string
		make func(*reductionlist.Measure)
		want string
	}{
		{"in the text, with number and device", func(m *reductionlist.Measure) { m.Text = "尽量少开，每日2次" }, "warning " + text},
		{"in the text, without a number", func(m *reductionlist.Measure) { m.Text, m.Quantity = "尽量少开", nil },
			"error " + text},
		{"in the device, with a number", func(m *reductionlist.Measure) { m.Unit = "适当路段" }, "warning " + device},
		{"in the device, without a number", func(m *reductionlist.Measure) { m.Unit, m.Quantity = "有条件的路段", nil },
			"error " + device},
		{"as needed", func(m *reductionlist.Measure) { m.Text = "按需清扫2次" }, "warning " + text},
		{"a stiffener", func(m *reductionlist.Measure) { m.Unit = "加强筋车间" }, ""},
		{"a greater strength", func(m *reductionlist.Measure) { m.Text = "增加强度检测2次" }, ""},
		{"strengthened", func(m *reductionlist.Measure) { m.Text = "加强清扫，每日2次" }, "warning " + text},
		{"strengthened management", func(m *reductionlist.Measure) { m.Text = "加强管理，每日2次" }, "warning " + text},
		{"more care of the environment", func(m *reductionlist.Measure) { m.Text = "另外加强环境巡查2次" }, "warning " + text},
		{"using as little as may be", func(m *reductionlist.Measure) { m.Text = "使用尽量少，每日2次" }, "warning " + text},
		{"it may depend", func(m *reductionlist.Measure) { m.Text = "可视情清扫2次" }, "warning " + text},
		{"a fitting amount", func(m *reductionlist.Measure) { m.Text = "配合适当清扫2次" }, "warning " + text},
		{"a state that matters", func(m *reductionlist.Measure) { m.Text = "重视情况核对2次，加强圈检查2次" }, ""},
		{"a monitored state", func(m *reductionlist.Measure) { m.Text = "监视情况每日上报2次" }, ""},
		{"as the case may be", func(m *reductionlist.Measure) { m.Text = "视情清扫2次" }, "warning " + text},
		{"what was used up", func(m *reductionlist.Measure) { m.Text = "登记耗尽量2次" }, ""},
		{"a fitting day", func(m *reductionlist.Measure) { m.Text = "资料符合适当日期，核对2次" }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := other(2, "次/日", "每日清扫2次")
			c.make(&m)
			got := added(t, rules.DefaultSettings(), withMeasure(m))
			got = slices.DeleteFunc(got, func(f string) bool { return strings.Contains(f, "list.no_quantity") })
			wants(t, got, c.want)
		})
	}
	department := func(l *reductionlist.List) {
		m := other(2, "次/日", "每日清扫2次")
		m.Unit = "适当路段"
		l.Recipients[2].Type, l.Recipients[2].Measures = reductionlist.Department, []reductionlist.Measure{m}
	}
	if got := added(t, rules.DefaultSettings(), department); !slices.Contains(got, "warning "+device) {
		t.Errorf("a department's row: %q", got)
	}
}

// Who is responsible is a post. A text that looks like a person's name stays out of the record.
func TestResponsibleIsAPost(t *testing.T) {
	const person, post = "error list.person_named 减排措施 E0003 责任人", "warning list.not_a_post 减排措施 E0003 责任人"
	for said, want := range map[string]string{
		"张三": person, "李小明": person, "欧阳明月": person, "王某某": person, "张 三": person, "刘　伟": person,
		"张经理": "", "王总": "", "安全员": "", "高级工程师": "", "值班长": "", "张厂长": "", "马达班": "", "总工": "", "石灰工": "",
		"张": post, "甲": post, "保卫": post, "生产线现场": post, "张三、李四": post, "Zhang San": post, "诸葛孔明先生": post,
		"张三（生产部经理）": "",
	} {
		t.Run(said, func(t *testing.T) {
			m := other(2, "次/日", "每日清扫2次")
			m.Responsible = said
			wants(t, added(t, rules.DefaultSettings(), withMeasure(m)), want)
		})
	}
	s := rules.DefaultSettings()
	s.PostWords = append(slices.Clone(s.PostWords), "三")
	m := other(2, "次/日", "每日清扫2次")
	m.Responsible = "张三"
	wants(t, added(t, s, withMeasure(m)))
}

// The most hours a measure may take are 72, or what a safe stop of its line takes where that is longer.
func TestDeadlineHasAnEnd(t *testing.T) {
	const late = "error list.deadline_long 减排措施 E0003 完成时限(小时)"
	line := listtest.Example(20).Recipients[2].Lines[0].Name
	for _, c := range []struct {
		unit     string
		safe, in float64
		want     string
	}{
		{"厂区", 2, 72, ""}, {"厂区", 2, 72.5, late}, {"厂区", 96, 80, late}, {line, 96, 96, ""}, {line, 96, 96.5, late},
		{line, 24, 73, late}, {"L1", 96, 90, ""}, {"全厂", 96, 90, ""},
		{line, 96, 721, "error list.number_range 减排措施 E0003 完成时限(小时)"},
	} {
		t.Run(fmt.Sprint(c.unit, c.safe, c.in), func(t *testing.T) {
			wants(t, added(t, rules.DefaultSettings(), func(l *reductionlist.List) {
				m := other(2, "次/日", "每日清扫2次")
				m.Unit, m.CompleteWithinH = c.unit, c.in
				l.Recipients[2].Lines[0].SafeStopH = c.safe
				l.Recipients[2].Measures = append(l.Recipients[2].Measures, m)
			}), c.want)
		})
	}
}

// What runs on cannot have stopped.
func TestStoppedIsForWhatStops(t *testing.T) {
	const wrong = "error list.criterion_stopped 减排措施 E0003 判定条件"
	q := func(kind reductionlist.QuantityKind, value float64, unit string) *reductionlist.Quantity {
		return &reductionlist.Quantity{Kind: kind, Value: value, Unit: unit}
	}
	for _, c := range []struct {
		action reductionlist.Action
		q      *reductionlist.Quantity
		text   string
		want   string
	}{
		{reductionlist.Limit, q(reductionlist.ReduceBy, 40, "%"), "减产40%", wrong},
		{reductionlist.Limit, q(reductionlist.ReduceBy, 100, "%"), "减产100%", ""},
		{reductionlist.Stop, nil, "停止投料", ""},
		{reductionlist.Stop, q(reductionlist.AtMost, 0, "%"), "停止投料", ""},
		{reductionlist.ReduceCoal, q(reductionlist.ReduceBy, 60, "t/d"), "减煤60吨", wrong},
		{reductionlist.AllocateWaste, q(reductionlist.AtMost, 600, "t/d"), "不超过600吨", wrong},
		{reductionlist.AllocateWaste, q(reductionlist.AtMost, 0, "t/d"), "停炉", ""},
		{reductionlist.ImproveTreatment, q(reductionlist.AtLeast, 45, "Hz"), "不低于45 Hz", wrong},
		{reductionlist.StopVehicles, q(reductionlist.AtMost, 4, "辆"), "不超过4辆", wrong},
		{reductionlist.StopWork, q(reductionlist.AtMost, 0, "台班/日"), "停止开挖", ""},
	} {
		t.Run(fmt.Sprint(c.action, c.text), func(t *testing.T) {
			m := other(0, "", c.text)
			l := listtest.Example(20)
			m.Unit, m.Action, m.Quantity = l.Recipients[2].Lines[0].Name, c.action, c.q
			stopped, err := reductionlist.ParseCriterion("stopped")
			listtest.Must(t, err)
			m.Monitors = []reductionlist.Monitor{{Source: reductionlist.DCS, Ref: "DCS-1", Criterion: stopped}}
			m.Evidence = []string{"分表用电曲线", "DCS曲线", "出车台账", "现场照片"}
			wants(t, added(t, rules.DefaultSettings(), withMeasure(m)), c.want)
		})
	}
}

// A code of the industry is one of GB/T 4754.
func TestIndustryIsACode(t *testing.T) {
	for code, want := range map[string]string{
		"制药": "error", "C27 化学": "error", "C": "error", "C2": "error", "27100": "error", "X2710": "error", "2710.5": "error",
		"C2710": "", "2710": "", "c2710": "", "C271": "", "C27": "", "A0111": "", "C2710/C2720": "", "C2710、3360": "",
		"C2710、制药": "error",
	} {
		t.Run(code, func(t *testing.T) {
			if want != "" {
				want += " list.industry 减排对象 E0003 行业代码"
			}
			wants(t, added(t, rules.DefaultSettings(), func(l *reductionlist.List) { l.Recipients[2].Industry = code }), want)
		})
	}
}

func TestNamesHaveAnEnd(t *testing.T) {
	long := func(n int) string { return strings.Repeat("长", n) }
	for _, c := range []struct {
		name   string
		change func(l *reductionlist.List, name string)
		want   string
	}{
		{"of a recipient", func(l *reductionlist.List, name string) { l.Recipients[2].Name = name }, "减排对象 E0003 名称"},
		{"of a line", func(l *reductionlist.List, name string) {
			r := l.Recipients[2]
			for i := range r.Measures {
				if r.Measures[i].Unit == r.Lines[0].Name {
					r.Measures[i].Unit = name
				}
			}
			r.Lines[0].Name = name
		}, "生产线 E0003 名称"},
		{"of a unit", func(l *reductionlist.List, name string) {
			l.Recipients[2].Units = []reductionlist.Unit{{Name: name, MaxMW: 1}}
		}, "机组 E0003 名称"},
		{"of a furnace", func(l *reductionlist.List, name string) {
			l.Recipients[2].Furnaces = []reductionlist.Furnace{{Name: name, MaxTH: 1}}
		}, "焚烧炉 E0003 名称"},
		{"of a contact", func(l *reductionlist.List, name string) { l.Recipients[2].Contact.Name = name }, "减排对象 E0003 联系人"},
		{"of the list", func(l *reductionlist.List, name string) { l.Name = name }, "基本情况  清单名称"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wants(t, added(t, rules.DefaultSettings(), func(l *reductionlist.List) { c.change(l, long(100)) }))
			wants(t, added(t, rules.DefaultSettings(), func(l *reductionlist.List) { c.change(l, long(101)) }),
				"error list.name_long "+c.want)
		})
	}
}

// No line emits, and no measure takes away, more than the whole district emits.
func TestNothingExceedsTheDistrict(t *testing.T) {
	line := func(v float64) func(*reductionlist.List) {
		return func(l *reductionlist.List) { l.Recipients[2].Lines[0].Emission.NOx = v }
	}
	wants(t, added(t, rules.DefaultSettings(), line(1.5)))
	wants(t, added(t, rules.DefaultSettings(), line(2.01)), "error list.over_district 生产线 E0003 NOx日排放(吨)")
	wants(t, added(t, rules.DefaultSettings(), line(99999)), "error list.over_district 生产线 E0003 NOx日排放(吨)")
	wants(t, added(t, rules.DefaultSettings(), func(l *reductionlist.List) { l.Emission.NOx = 0; line(99999)(l) }))
	m := other(2, "次/日", "每日清扫2次")
	m.Unit, m.Reduction.PM = "合成车间反应釜组", 99999
	wants(t, added(t, rules.DefaultSettings(), withMeasure(m)), "error list.over_district 减排措施 E0003 PM日减排(吨)")
}

// register is one of two towns of the district.
func register(region string) []string {
	if region == "120111" {
		return []string{"精武镇", "杨柳青镇"}
	}
	return nil
}

// A town is one that the register or the list has.
func TestTownsAreRegistered(t *testing.T) {
	const unknown = " list.unknown_town 减排对象 E0003 街镇"
	of := func(region, name string, towns ...string) func(*reductionlist.List) {
		return func(l *reductionlist.List) {
			l.Region = region
			for i, r := range l.Recipients {
				if r.Town = ""; i < len(towns) {
					*r = reductionlist.Recipient{ID: r.ID, Type: reductionlist.Town, Name: towns[i], Category: reductionlist.Closed,
						Contact: r.Contact}
				}
			}
			l.Recipients[2].Town = name
		}
	}
	for _, c := range []struct {
		name     string
		register func(string) []string
		change   func(*reductionlist.List)
		want     string
	}{
		{"of the register, in a list without towns", register, of("120111", "精武镇"), ""},
		{"of none, in a list without towns", register, of("120111", "杨柳青"), "error" + unknown},
		{"of none, in a list with towns", register, of("120111", "杨柳青", "新设镇"), "error" + unknown},
		{"of the list alone", register, of("120111", "新设镇", "新设镇"), ""},
		{"of the register, and the list has others", register, of("120111", "精武镇", "新设镇"), "warning" + unknown},
		{"of the list, without a register", nil, of("120111", "新设镇", "新设镇"), ""},
		{"not of the list, without a register", nil, of("120111", "杨柳青", "新设镇"), "warning" + unknown},
		{"not of the list, in a district without a register", register, of("120112", "咸水沽镇", "新设镇"), "warning" + unknown},
		{"nothing to go by", nil, of("120111", "杨柳青"), ""},
		{"another district", register, of("120112", "咸水沽镇"), ""},
		{"no town", register, of("120111", ""), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := rules.DefaultSettings()
			s.Towns = c.register
			var got []string
			for _, f := range added(t, s, c.change) {
				if strings.Contains(f, "街镇") {
					got = append(got, f)
				}
			}
			wants(t, got, c.want)
		})
	}
}

// Who lies more than 0.3° outside the district is not in it; a vehicle fleet may well be registered elsewhere.
func TestFarOutsideTheDistrict(t *testing.T) {
	const near, far = "warning list.outside_district 减排对象 ", "error list.far_outside 减排对象 "
	outline := rules.DefaultSettings()
	outline.District = []rules.Point{{Lon: 116.88, Lat: 38.82}, {Lon: 117.35, Lat: 38.82}, {Lon: 117.35, Lat: 39.18},
		{Lon: 116.88, Lat: 39.18}}
	for _, c := range []struct {
		who      int // of the example list: 2 an enterprise, 13 a site, 17 a fleet
		lon, lat float64
		want     string
	}{
		{2, 117.36, 39, ""}, {2, 117.361, 39, near}, {2, 117.65, 39, near}, {2, 117.651, 39, far}, {2, 117, 38.52, near},
		{2, 117, 38.519, far}, {2, 116.4, 39.9, far},
		{13, 117.65, 39, near}, {13, 118.2, 39, far},
		{17, 117.36, 39, ""}, {17, 117.4, 39, near}, {17, 118.2, 39, near},
	} {
		for name, s := range map[string]rules.Settings{"box": rules.DefaultSettings(), "outline": outline} {
			t.Run(fmt.Sprint(name, c.who, " ", c.lon, " ", c.lat), func(t *testing.T) {
				got := added(t, s, func(l *reductionlist.List) {
					l.Extra = map[string]string{reductionlist.KeyBox: "116.88 38.82 117.35 39.18"}
					l.Recipients[c.who].Lon, l.Recipients[c.who].Lat = c.lon, c.lat
				})
				want := c.want
				if want != "" {
					want += listtest.Example(20).Recipients[c.who].ID + " 经度"
				}
				wants(t, got, want)
			})
		}
	}
}

// A limit of 100 % is one, and nothing is above it.
func TestALimitMayBeAll(t *testing.T) {
	for value, want := range map[float64]string{100: "", 99.5: "", 100.5: "error list.number_range 减排措施 E0003 数值"} {
		m := other(0, "", fmt.Sprintf("降低%v%%", value))
		m.Unit, m.Action, m.Quantity = "合成车间反应釜组", reductionlist.Limit,
			&reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: value, Unit: "%"}
		m.Evidence = []string{"分表用电曲线"}
		wants(t, added(t, rules.DefaultSettings(), withMeasure(m)), want)
	}
}
