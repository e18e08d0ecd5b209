package forms

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"hour.not_full": {"时间 {value} 不是整点；请给出这一小时的起点，例如 2016-12-17T08:00:00+08:00。",
			"time {value} is not a full hour; give the hour's beginning, such as 2016-12-17T08:00:00+08:00."},

		"pollutant.unknown": {"不认识污染物“{value}”；请写 PM2.5、PM10、SO2、NO2、CO、O3_8h、O3_1h 或其中文名称，多项用“;”“、”隔开。",
			"there is no pollutant {value}; use one of pm25, pm10, so2, no2, co, o3_8h, o3_1h."},
		"cause.unknown": {"不认识成因“{value}”；请留空，或写 沙尘、局地扬沙、山火、国境外传输、臭氧（dust、local_dust、wildfire、cross_border、ozone）之一。",
			"there is no cause {value}; leave it empty or use one of dust, local_dust, wildfire, cross_border, ozone."},
		"day.date_wrong": {"“{value}”不是 1990 至 2199 年的真实日期；请写成 2026-12-01（2026/12/1、2026年12月1日、20261201 也可）。",
			"date {value} is wrong; give a real day as YYYY-MM-DD (years 1990 to 2199), 2026/12/1 or 20261201."},
		"day.range_upside_down": {"范围颠倒：下限 {low} 大于上限 {high}；请交换两端。",
			"the range is upside down: low {low} is above high {high}; exchange the two."},
		"day.date_order": {"“{value}”分不清是哪年哪月哪日；请按年、月、日的次序写，如 2026-12-01。",
			"{value} can be read as two days; write year, month and day in this order, like 2026-12-01."},
		"day.date_year": {"“{value}”没有写明四位年份；请写成 2026-12-01 或 2026年12月1日。",
			"{value} has no year of four digits; write it like 2026-12-01."},
		"day.date_timed": {"“{value}”是一天里的某个时刻，而这里要的是日期；请去掉时间（00:00、24:00 可保留），逐小时的请把表头改为 time（时间）。",
			"{value} is a time within a day where a day is wanted; leave the time out (00:00 and 24:00 may stay), or call the column time when there is a row for each hour."},
		"day.aqi_wrong": {"“{value}”不是 AQI；请写 0 至 500 的整数，预报也可写 150-180 或“中度污染”，缺测请留空。",
			"“{value}” is not a whole number from 0 to 500; mend it (a forecast may have 150-180 or a class), or leave it empty when it is missing."},
		"day.aqi_and_class": {"“{value}”里 AQI 与括号里的级别对不上；请改正其中之一。",
			"in {value} the AQI and what stands in brackets disagree; mend one of them."},
		"class.unknown": {"不认识空气质量级别“{value}”；请写 优、良、轻度污染、中度污染、重度污染、严重污染（或一级至六级），范围写成 轻度~中度污染。",
			"there is no class {value}; use one of 优, 良, 轻度污染, 中度污染, 重度污染, 严重污染, or two with ~ between them."},
		"head.addition": {"表头“{value}”带有不认识的单位或说明；浓度请用 μg/m³ 或 mg/m³（微克/立方米、毫克/立方米），或去掉所加的说明。",
			"header {value} has a unit or an addition that is not known; use μg/m³ or mg/m³, or take the addition away."},
		"aqi.two_units": {"“{value}”的单位与表头的不同；请只保留一个。",
			"{value} has another unit than its header; keep one of them."},
		"hour.wrong": {"“{value}”不是带日期的整点时间；请写成 2016-12-17 08:00 或 2016-12-17T08:00:00+08:00。",
			"{value} is no hour with its day; write it like 2016-12-17 08:00 or 2016-12-17T08:00:00+08:00."},
		"hour.clock": {"“{value}”不是 0 至 24 时的整点；请写成 8 或 08:00。",
			"{value} is no full hour from 0 to 24; write it like 8 or 08:00."},
		"day.aqi_range": {"AQI“{value}”超出范围；应为 0 至 500 的整数，缺测请留空。",
			"AQI {value} is out of range; give a whole number from 0 to 500, or leave it empty when it is missing."},
	})
}
