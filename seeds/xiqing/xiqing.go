// Package xiqing is the source of the list that comes with the program: the plants, departments and towns that
// the district's plan of 2023—2025 (西青区持续深入打好污染防治攻坚战三年行动方案) names, and invented enterprises, sites and
// fleets beside them. What the plan says is named by its row in annex 2; what is invented says 示例 in 备注.
package xiqing

import (
	"fmt"
	"strings"

	"qingkong/alerts"
	list "qingkong/reductionlist"
	"qingkong/seeds/example"
	"qingkong/seeds/towns"
)

// examples is how many invented recipients stand beside the real ones.
const examples = 40

// List makes the list.
func List() *list.List {
	l := &list.List{
		Name: "西青区重污染天气应急减排清单（随附示例）", Region: "120111", EffectiveFrom: "2016-10-01",
		CompiledBy: "西青区生态环境局（示例）",
		// Chosen so that the reductions of the invented recipients lie above the bottom line.
		Emission: list.Amounts{SO2: 1.45, NOx: 4.6, PM: 1.7, VOCs: 1.35},
		Note:     "示例：生效日期、编制单位、全社会日排放量为演示而设；经纬度范围取自公开的区界数据，未经核实；单位、职责出自《西青区持续深入打好污染防治攻坚战三年行动方案（2023—2025年）》附件2第16、17、21、22、34—38行",
	}
	l.Extra = map[string]string{list.KeyBox: fmt.Sprint(towns.West, " ", towns.South, " ", towns.East, " ", towns.North)}
	l.Recipients = append(l.Recipients, powerPlant(), wastePlant())
	l.Recipients = append(l.Recipients, example.Recipients(3, examples, example.Places)...)
	l.Recipients = append(l.Recipients, departments()...)
	l.Recipients = append(l.Recipients, townships()...)
	l.Sort()
	return l
}

var (
	fromAdvisory = alerts.Levels()
	fromYellow   = fromAdvisory[1:]
	fromOrange   = fromAdvisory[2:]
)

// step is one rung of a ladder: the amount at a level.
type step struct {
	level  alerts.Level
	amount float64
}

// rungs makes the four levels' steps.
func rungs(advisory, yellow, orange, red float64) []step {
	return []step{{alerts.Advisory, advisory}, {alerts.Yellow, yellow}, {alerts.Orange, orange}, {alerts.Red, red}}
}

func watch(source list.Source, ref, factor, criterion string) list.Monitor {
	m := list.Monitor{Source: source, Ref: ref, Factor: factor}
	if criterion == "" {
		return m
	}
	c, err := list.ParseCriterion(criterion)
	if err != nil {
		panic(err) // a constant of this package is wrong
	}
	m.Criterion = c
	return m
}

// invented names the columns of a row that are made up, and where the rest comes from.
func invented(source, columns string) list.Notes {
	return list.Notes{Note: strings.TrimPrefix(fmt.Sprintf("%s；示例：%s为演示而设", source, columns), "；")}
}

func contact(post string, number int) *list.Contact {
	return &list.Contact{Name: "示例" + post, Phone: example.Phone(number), BackupName: "示例备用" + post,
		BackupPhone: example.Phone(number + 1)}
}

const measureColumns = "级别、措施内容、数值、单位、完成时限、责任人、监测标识、判定条件、核查材料、各项日减排"
