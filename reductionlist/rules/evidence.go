package rules

import (
	"strings"

	list "qingkong/reductionlist"
)

// evidenceKind is a set of kinds of 核查材料.
type evidenceKind uint16

const (
	production evidenceKind = 1 << iota
	electricity
	dcsCurve
	emission
	materials
	weighbridge
	passage
	picture
	record
)

// evidenceWords tell the kinds of evidence that inspectors compare with what was ordered (domain.md §3.8 [K]).
var evidenceWords = []struct {
	kind  evidenceKind
	words []string
}{
	{production, []string{"生产日报", "生产记录", "班报", "交接班", "产量", "入炉量", "入炉煤量", "工况", "运行记录", "操作记录", "施工日志", "停产", "日报"}},
	{electricity, []string{"用电", "电量", "电表", "分表", "总表", "电费", "电流"}},
	{dcsCurve, []string{"DCS", "曲线", "温度", "流量"}},
	{emission, []string{"CEMS", "在线监测", "在线数据", "自动监测", "排放数据", "小时数据"}},
	{materials, []string{"台账", "领用", "耗用", "化验", "出库", "入库", "采购", "原辅料", "石灰", "氨", "尿素", "活性炭"}},
	{weighbridge, []string{"称重", "地磅", "过磅", "磅单"}},
	{passage, []string{"门禁", "出车", "定位", "轨迹", "通行", "进出", "运输台账", "车辆"}},
	{picture, []string{"照片", "视频", "影像", "录像", "拍照"}},
	{record, []string{"记录", "登记", "纪要", "单", "报告", "专报", "通报", "日志", "笔录", "表", "计划"}},
}

// fitting is the evidence that shows whether an action was carried out. An action that is not here takes any kind.
var fitting = map[list.Action]evidenceKind{
	list.Stop:             production | electricity | dcsCurve | emission | materials,
	list.Limit:            production | electricity | dcsCurve | emission | materials | weighbridge,
	list.ReduceCoal:       production | dcsCurve | materials | weighbridge | emission,
	list.AllocateWaste:    production | dcsCurve | materials | weighbridge,
	list.SwitchFuel:       materials | weighbridge | dcsCurve,
	list.ImproveTreatment: materials | dcsCurve | electricity | emission | production,
	list.StopVehicles:     passage | picture,
	list.StopWork:         picture | electricity | production | passage,
	list.CleanRoads:       passage | materials | picture | record,
}

// kindsOf are the kinds that a list of evidence names.
func kindsOf(evidence []string) (kinds evidenceKind) {
	for _, e := range evidence {
		for i := range evidenceWords {
			k := &evidenceWords[i]
			if kinds&k.kind != 0 {
				continue
			}
			for _, w := range k.words {
				if strings.Contains(e, w) {
					kinds |= k.kind
					break
				}
			}
		}
	}
	return kinds
}

// evidenceFits reports whether at least one piece of the evidence can be compared with what the action orders.
func evidenceFits(a list.Action, evidence []string) bool {
	kinds := kindsOf(evidence)
	if fit, ok := fitting[a]; ok {
		return kinds&fit != 0
	}
	return kinds != 0
}
