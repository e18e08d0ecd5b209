package xiqing

import (
	"cmp"
	"fmt"

	"qingkong/alerts"
	list "qingkong/reductionlist"
	"qingkong/seeds/example"
	"qingkong/seeds/towns"
)

// duty is what a department or town does. The amount climbs with the level where steps are given.
type duty struct {
	row        string // of annex 2
	unit, post string
	action     list.Action // 其他 where it is empty
	kind       list.QuantityKind
	per        string
	steps      []step
	within     float64
	text       string // %.0f is the amount
	evidence   []string
	dust       float64 // kilograms of PM a day for each unit of the amount
}

// same is one amount for all the levels from the lowest on.
func same(levels []alerts.Level, amount float64) []step {
	steps := make([]step, len(levels))
	for i, l := range levels {
		steps[i] = step{l, amount}
	}
	return steps
}

// measures turns a duty into rows: one for each run of levels with the same amount.
func (d duty) measures(owner, id string) []list.Measure {
	var ms []list.Measure
	for i, s := range d.steps {
		if i > 0 && d.steps[i-1].amount == s.amount {
			last := &ms[len(ms)-1]
			last.Levels = append(last.Levels, s.level)
			continue
		}
		ms = append(ms, list.Measure{ID: id, Levels: []alerts.Level{s.level}, Unit: d.unit,
			Action: cmp.Or(d.action, list.OtherAction),
			Text:   fmt.Sprintf(d.text, s.amount), Quantity: example.Quantity(d.kind, s.amount, d.per), CompleteWithinH: d.within,
			Responsible: d.post, Monitors: []list.Monitor{watch(list.Video, "SP-"+owner+"-"+id, "", "")}, Evidence: d.evidence,
			Reduction: list.Amounts{PM: kg(s.amount, d.dust)},
			Notes:     invented("职责：方案附件2第"+d.row+"行", measureColumns)})
	}
	return ms
}

func office(id, name, post, rows string, number int, duties ...duty) *list.Recipient {
	r := &list.Recipient{ID: id, Type: list.Department, Name: name, Grade: list.GradeNotApplicable, Category: list.General,
		Contact: contact(post, number), Notes: invented("名称、职责：方案附件2第"+rows+"行", "编号、联系人、手机")}
	for i, d := range duties {
		r.Measures = append(r.Measures, d.measures(id, fmt.Sprintf("M%d", i+1))...)
	}
	return r
}

// inspect is the duty of looking at so many sites a day.
func inspect(row, unit, post, text string, steps []step) duty {
	return duty{row: row, unit: unit, post: post, kind: list.AtLeast, per: "户/日", steps: steps,
		within: 4,
		text:   text, evidence: []string{"现场检查记录", "带时间地点的照片"}}
}

// departments are those that rows 34 to 38 of annex 2 name, and 经开集团.
func departments() []*list.Recipient {
	return []*list.Recipient{
		office("D01", "区生态环境局", "应急办公室值班员", "34、35、37、38", 100,
			duty{row: "34", unit: "区域联动", post: "大气环境科科长", kind: list.AtLeast, per: "次/日",
				steps: rungs(1, 2, 2, 3), within: 2,
				text:     "与静海区、河北省霸州市和区气象局每日会商%.0f次，会商后1小时内互相通报，跨界问题当日书面移交，需要时书面商请协同减排",
				evidence: []string{"会商纪要", "信息通报单", "问题移交单"}},
			inspect("35", "清单内工业企业", "生态环境保护综合行政执法支队长", "每日现场检查清单内工业企业%.0f户，重点查停限产生产线的分表用电和门禁记录", rungs(5, 10, 20, 40)),
			duty{row: "37", unit: "应急减排清单", post: "应急办公室主任", kind: list.AtMost, per: "户",
				steps: same(fromAdvisory, 0), within: 2,
				text:     "启动后2小时内核对全部命令的送达，未送达的逐户电话通知，到时未送达为%.0f户；清单变动在24小时内更新版本",
				evidence: []string{"送达记录", "电话通知登记表", "清单版本记录"}},
			duty{row: "38", unit: "杨柳青电厂、光大环保", post: "大气环境科科长", kind: list.AtLeast, per: "次/日",
				steps: rungs(1, 2, 3, 4), within: 4,
				text:     "每日核对两厂降低煤耗和焚烧分配的执行%.0f次，对照CEMS小时排放量和入炉量，偏离计划的1小时内电话督办",
				evidence: []string{"执行核对表", "督办记录"}}),
		office("D02", "区气象局", "预报值班员", "34", 110,
			duty{row: "34", unit: "气象会商", post: "气象台台长", kind: list.AtLeast, per: "次/日",
				steps: rungs(1, 2, 2, 4), within: 2,
				text:     "每日向区生态环境局提供未来72小时扩散条件预报%.0f次，含风、边界层高度、湿度和降水",
				evidence: []string{"预报专报", "会商纪要"}}),
		office("D03", "区住建委", "质量安全值班员", "35", 120,
			inspect("35", "房屋和市政工地", "质量安全监督科科长", "每日现场检查房屋和市政工地%.0f处，查停工、覆盖和非道路移动机械", rungs(2, 5, 10, 15))),
		office("D04", "区运管局", "运输管理值班员", "35", 130,
			inspect("35", "用车单位", "货运管理科科长", "每日现场检查用车单位%.0f户，查国四及以下重型载货车停运和出车登记", rungs(2, 4, 8, 12))),
		office("D05", "区水务局", "工程建设值班员", "35", 140,
			inspect("35", "水利工地", "工程建设科科长", "每日现场检查水利工地%.0f处，查土石方停工和裸土覆盖", rungs(1, 2, 4, 6))),
		office("D06", "区城管委", "环卫调度值班员", "35、38", 150,
			duty{row: "35", unit: "城市主干道", post: "环卫科科长", action: list.CleanRoads, kind: list.AtLeast, per: "次/日",
				steps: rungs(2, 3, 4, 6), within: 4,
				text:     "城市主干道每日吸扫和洒水合计%.0f次，气温低于3℃时只吸扫不洒水",
				evidence: []string{"作业车辆定位轨迹", "作业台账"}},
			duty{row: "38", unit: "生活垃圾调度", post: "垃圾处理科科长", kind: list.AtMost, per: "t/d",
				steps: []step{{alerts.Orange, 240}, {alerts.Red, 240}}, within: 6,
				text:     "按光大环保的焚烧分配计划开具外运调度单，每日外运不超过%.0f吨，每日18时核对垃圾池存量",
				evidence: []string{"外运调度单", "地磅称重单"}}),
		office("D07", "区发展改革委", "能源值班员", "35", 160,
			duty{row: "35", unit: "电煤和电力调度", post: "能源科科长", kind: list.AtLeast, per: "次/日",
				steps: same(fromAdvisory, 1), within: 4,
				text:     "每日与电网调度和杨柳青电厂核对次日发电计划%.0f次，在供热不减的前提下书面商定出力区间",
				evidence: []string{"出力区间商定单", "次日发电计划"}}),
		office("D08", "区农业农村委", "农业执法值班员", "35", 170,
			inspect("35", "农田和养殖场", "农业执法大队长", "每日巡查露天焚烧秸秆易发地块%.0f处，发现火点30分钟内到场处置", rungs(4, 8, 12, 16))),
		office("D09", "公安西青分局", "指挥中心值班员", "35、36", 180,
			inspect("35", "货车限行路口", "交警支队值班领导", "每日在限行路口设卡查验重型载货车%.0f处，国四及以下的劝返并登记", rungs(2, 4, 6, 8)),
			duty{row: "36", unit: "烟花爆竹", post: "治安支队值班领导", kind: list.AtMost, per: "起",
				steps: same(fromAdvisory, 0), within: 2,
				text:     "经营、储存、运输、燃放烟花爆竹为%.0f起，每4小时巡查1次，接报后20分钟内到场",
				evidence: []string{"巡查记录", "接处警登记"}}),
		office("D10", "经开集团", "安全环保值班员", "34—37", 190,
			inspect("35", "园区企业", "安全环保部部长", "每日现场检查园区内清单企业%.0f户，查停限产、门禁和治理设施运行", rungs(3, 6, 10, 15)),
			duty{row: "37", unit: "园区企业清单", post: "安全环保部部长", kind: list.AtMost, per: "户",
				steps: same(fromAdvisory, 0), within: 4,
				text:     "启动后4小时内收齐园区内企业的执行确认，未确认的逐户上门，到时未确认为%.0f户",
				evidence: []string{"执行确认单", "上门通知登记表"}}),
	}
}

// townships are the towns and streets; rows 34 to 38 make each responsible in its own area.
func townships() []*list.Recipient {
	var rs []*list.Recipient
	for i, t := range towns.List() {
		if t.Kind == towns.Zone {
			continue
		}
		r := &list.Recipient{ID: "T" + t.Code, Type: list.Town, Name: t.Name, Town: t.Name, Grade: list.GradeNotApplicable,
			Category: list.General, Contact: contact("值班室", 200+2*i),
			Notes: invented("名称：行政区划；职责：方案附件2第34—38行“各街镇”", "编号、联系人、手机")}
		for n, d := range townDuties {
			r.Measures = append(r.Measures, d.measures(r.ID, fmt.Sprintf("M%d", n+1))...)
		}
		rs = append(rs, r)
	}
	return rs
}

var townDuties = []duty{
	{row: "35", unit: "辖区道路", post: "城市管理办公室主任", action: list.CleanRoads, kind: list.AtLeast, per: "次/日",
		steps: rungs(1, 2, 3, 4), within: 4,
		text:     "辖区主要道路每日吸扫和洒水合计%.0f次，气温低于3℃时只吸扫不洒水",
		evidence: []string{"作业车辆定位轨迹", "作业台账"}, dust: 10},
	{row: "35", unit: "辖区工地和企业", post: "生态环境保护办公室主任", kind: list.AtLeast, per: "次/日",
		steps: rungs(1, 2, 3, 4), within: 4,
		text:     "网格员每日对辖区内清单工地和企业停工巡查%.0f次，发现施工、生产的30分钟内上报区指挥部办公室",
		evidence: []string{"巡查记录", "带时间地点的照片"}},
	{row: "36", unit: "辖区", post: "综合执法队队长", kind: list.AtMost, per: "起",
		steps: same(fromAdvisory, 0), within: 2,
		text:     "禁烧禁放：辖区内露天焚烧和燃放烟花爆竹为%.0f起，每4小时巡查1次，发现后30分钟内处置",
		evidence: []string{"巡查记录", "处置照片"}},
	{row: "37", unit: "辖区清单对象", post: "生态环境保护办公室主任", kind: list.AtMost, per: "户",
		steps: same(fromYellow, 0), within: 4,
		text:     "启动后4小时内核对辖区清单对象的确认情况，未确认的逐户上门通知，到时未确认为%.0f户",
		evidence: []string{"上门通知登记表", "执行确认单"}},
}
