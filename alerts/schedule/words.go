package schedule

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"schedule.wrong": {"定时表达式“{value}”读不懂（{why}）；请写成如 \"*/5 * * * *\"（每 5 分钟）、\"15 3 * * *\"（每天 3:15）或 \"@every 10m\"。",
			"the schedule {value} cannot be read ({why}); write it like \"*/5 * * * *\" (every 5 minutes), \"15 3 * * *\" (3:15 every day) or \"@every 10m\"."},
		"schedule.zone": {"定时表达式“{value}”自带时区；一律按北京时间，请去掉时区，写成如 \"*/5 * * * *\"。",
			"the schedule {value} brings a zone of its own; schedules are in China Standard Time, remove it and write it like \"*/5 * * * *\"."},
		"schedule.often": {"定时表达式“{value}”的间隔不足 {least}；请放宽，写成如 \"@every 10m\" 或 \"*/5 * * * *\"。",
			"the schedule {value} is shorter than {least}; make it longer, like \"@every 10m\" or \"*/5 * * * *\"."},
		"schedule.never": {"定时表达式“{value}”没有对应的真实日期，永远不会执行；请改正日和月，写成如 \"*/5 * * * *\"。",
			"the schedule {value} names no real day and would never run; mend its day and month, like \"*/5 * * * *\"."},
	})
}
