package forms

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// Column is what a header, or the name of a JSON member, stands for. A pollutant's column has the pollutant's name.
type Column string

// The columns besides those of the pollutants.
const (
	Unknown Column = ""
	Date    Column = "date"
	Time    Column = "time" // a day with an hour, or beside Date the hour alone
	Hour    Column = "hour" // of the day
	AQI     Column = "aqi"
	AQILow  Column = "aqi_low"
	AQIHigh Column = "aqi_high"
	Class   Column = "class" // of the index, in words
	Primary Column = "primary"
	Cause   Column = "cause"
	Ozone   Column = "o3"     // of no stated length
	Place   Column = "place"  // a region or station
	Ignored Column = "ignore" // says nothing of the air: a number of the row, a day of the week, when it was issued
)

// Pollutant is the pollutant of a column; a length of ozone that is not stated is that of the report: 8 hours of a day,
// else one.
func (c Column) Pollutant(hourly bool) (p aqi.Pollutant, ok bool) {
	switch p := aqi.Pollutant(c); p {
	case aqi.PM25, aqi.PM10, aqi.SO2, aqi.NO2, aqi.CO, aqi.O3H8, aqi.O3H1:
		return p, true
	}
	switch {
	case c != Ozone:
		return "", false
	case hourly:
		return aqi.O3H1, true
	}
	return aqi.O3H8, true
}

// Head is a header that was understood. Column is Unknown for a sub-index (分指数) and for anything else that is not read.
type Head struct {
	Column Column
	Unit   Unit
	Day    bool // it says that the values are means of a day or of 24 hours
	Hour   bool // it says that they are of an hour
}

// unit spellings, in lower case and without full-width forms; a raised 3 is a 3 by then.
var unitForm = regexp.MustCompile(`(μg|ug|mcg|微克|mg|毫克) ?(?:/|每|·|\.|\*|⋅)? ?(?:m ?\^?\(?-?3\)?|m\*\*-?3|立方米|立方)`)

// separators stand between the words of a header and mean nothing.
const separators = " ._-/:,;·|()[]{}<>、\"'"

// ReadHead reads a header like PM2.5, 细颗粒物（PM2.5）浓度(μg/m³), pm2_5, 首要污染物 or AQI上限. A header that is not known whole is
// Unknown, so that the column is put aside rather than guessed. A pollutant or an index with an unknown unit, or with
// an unknown addition in brackets, is refused.
func ReadHead(text string) (Head, *Wrong) {
	s := letters(text)
	var h Head
	plain := unitForm.ReplaceAllStringFunc(s, func(u string) string {
		unit := unitOf(u)
		if h.Unit != NoUnit && h.Unit != unit {
			unit = twoUnits
		}
		h.Unit = unit
		return " "
	})
	if c, ok := wholes[bare(plain)]; ok && h.Unit == NoUnit {
		return Head{Column: c}, nil
	}
	found, rest := scan(plain)
	subject := found & subjects
	if subject == isDate|isTime {
		found, subject = found&^isDate, isTime
	}
	if rest != "" || h.Unit == twoUnits || moreThanOne(subject&^(isAir|isAQI|isClass)) {
		bad := h.Unit == twoUnits || strings.ContainsAny(plain, "([{") || foreignUnit.MatchString(plain)
		if bad && subject&(isPollutant|isAQI) != 0 && found&isSub == 0 {
			return Head{}, &Wrong{Rule: "head.addition", Args: refusal.Args{"value": refusal.Shown(text)}}
		}
		return Head{}, nil
	}
	h.Column = found.column()
	h.Day, h.Hour = found&isDayMean != 0, found&isHourMean != 0 && h.Column != Column(aqi.O3H1)
	if _, pollutant := h.Column.Pollutant(false); h.Unit != NoUnit && !pollutant {
		if h.Column == AQI || h.Column == AQILow || h.Column == AQIHigh {
			return Head{}, &Wrong{Rule: "head.addition", Args: refusal.Args{"value": refusal.Shown(text)}}
		}
		h.Column = Unknown
	}
	return h, nil
}

// foreignUnit is a unit of concentrations that is not read, for it would need a temperature and a pressure, or an
// unwritten factor.
var foreignUnit = regexp.MustCompile(`pp[bmt]v?|/n?m\^?3|/标|mg/l|%`)

// StatedUnit is the unit that a title or a note says concentrations are in: 单位：mg/m³. A text that names both, or CO,
// says no more than what holds anyway. A unit that is not read is refused.
func StatedUnit(text string) (Unit, *Wrong) {
	s := letters(text)
	if !strings.Contains(s, "单位") && !strings.Contains(s, "unit") {
		return NoUnit, nil
	}
	micro, milli := false, false
	for _, u := range unitForm.FindAllString(s, -1) {
		milli, micro = milli || unitOf(u) == Milli, micro || unitOf(u) == Micro
	}
	switch {
	case milli && !micro && !strings.Contains(s, "co") && !strings.Contains(s, "一氧化碳"):
		return Milli, nil
	case !milli && !micro && foreignUnit.MatchString(s):
		return NoUnit, wrong("head.addition", text)
	}
	return NoUnit, nil
}

// Sub reports whether a cell can stand in the second of two header rows: units, or words of a header.
func Sub(text string) bool {
	s := letters(text)
	_, rest := scan(unitForm.ReplaceAllString(s, " "))
	return rest == "" || foreignUnit.MatchString(s)
}

// words is a set of what the words of a header say.
type words uint32

const (
	isPM25 words = 1 << iota
	isPM10
	isSO2
	isNO2
	isCO
	isO3
	isAQI
	isAir // 空气质量, alone or before a class
	isClass
	isDate
	isTime
	isPrimary
	isCause
	isLow
	isHigh
	isEight
	isHourMean
	isDayMean
	isSub
	isIndex    // 指数: an index of what stands beside it
	isParticle // 颗粒物: which one has to be said too
	isMeasure  // says nothing more: 浓度, 平均, 预报, …

	isPollutant = isPM25 | isPM10 | isSO2 | isNO2 | isCO | isO3
	subjects    = isPollutant | isAQI | isAir | isClass | isDate | isTime | isPrimary | isCause
)

func moreThanOne(w words) bool { return w&(w-1) != 0 }

// byWord turns a table of meanings, each with its words, into a table by word.
func byWord[T comparable](table map[T]string) map[string]T {
	out := map[string]T{}
	for meaning, list := range table {
		for word := range strings.FieldsSeq(list) {
			out[word] = meaning
		}
	}
	return out
}

// vocabulary is every word that a header may be made of, without separators.
var vocabulary = byWord(map[words]string{
	isPM25:         "pm25 细颗粒物 细颗粒 可入肺颗粒物",
	isPM10:         "pm10 可吸入颗粒物 可吸入颗粒",
	isParticle:     "颗粒物",
	isSO2:          "so2 二氧化硫 sulfurdioxide sulphurdioxide",
	isNO2:          "no2 二氧化氮 nitrogendioxide",
	isCO:           "co 一氧化碳 carbonmonoxide",
	isO3:           "o3 臭氧 ozone",
	isO3 | isEight: "mda8",
	isAQI:          "aqi 空气质量指数 airqualityindex",
	isAir:          "空气质量 airquality",
	isClass:        "类别 级别 等级 状况 污染等级 污染级别 污染程度 class category grade level",
	isDate:         "date 日期",
	isTime:         "time 时间 时刻 datetime timestamp",
	isPrimary:      "首要污染物 主要污染物 首要污染因子 primary primarypollutant primarypollutants",
	isCause:        "cause 成因 污染成因 污染原因 原因",
	isLow:          "下限 最低 最低值 最小 最小值 低值 low lower min minimum",
	isHigh:         "上限 最高 最高值 最大 最大值 高值 high upper max maximum",
	isEight:        "8h 8hr 8hour 8小时 八小时",
	isHourMean:     "1h 1hr 1hour 1小时 一小时 小时 hourly",
	isDayMean:      "24h 24hr 24hour 24小时 日 日均 日均值 日平均 daily",
	isSub:          "iaqi 分指数",
	isIndex:        "指数 index",
	isMeasure: "浓度 质量浓度 平均 平均值 均值 滑动 滑动平均 值 数值 预报 预测 预计 范围 区间 单位 监测 实测 " +
		"concentration conc avg average mean forecast predicted " +
		"value range unit observed measured 无量纲 dimensionless yyyymmdd 年月日",
})

// longest is how many letters the longest word has.
var longest = func() (n int) {
	for w := range vocabulary {
		n = max(n, len([]rune(w)))
	}
	return n
}()

// scan takes a header apart into words; rest is what is left of it from the first letter on that begins none.
func scan(s string) (found words, rest string) {
	left := []rune(bare(s))
	for len(left) > 0 {
		n := min(longest, len(left))
		for n > 0 && vocabulary[string(left[:n])] == 0 {
			n--
		}
		if n == 0 {
			return found, string(left)
		}
		found |= vocabulary[string(left[:n])]
		left = left[n:]
	}
	return found, ""
}

// wholes are headers that mean something only as a whole.
var wholes = byWord(map[Column]string{
	Date: "day 天 日 预报日 目标日期 数据日期 监测日期",
	Time: "at",
	Hour: "hour 小时 时",
	Place: "站点 站点名称 站名 监测站 监测点 监测点位 点位 点位名称 城市 城市名称 市 " +
		"区域 地区 区县 区 行政区 行政区划 region city station site stationname cityname stationid " +
		"district county area 站点编号 区划代码 区域代码",
	Ignored: "序号 编号 no id index 星期 周几 周 weekday " +
		"发布时间 发布日期 起报时间 起报日期 制作时间 制作日期 更新时间 issued issuedat",
})

// column is what the words of a header mean together.
func (w words) column() Column {
	pollutant := w & isPollutant
	switch {
	case w&isSub != 0 || w&isIndex != 0 && w&(isAQI|isClass|isAir) == 0:
		return Unknown
	case pollutant != 0:
		return w.concentration()
	case w&isParticle != 0 || w&isEight != 0:
		return Unknown
	case w&isClass != 0 && w&(isDate|isTime|isPrimary|isCause|isLow|isHigh) == 0:
		return Class
	case w&isAQI != 0 && w&isLow != 0 && w&isHigh == 0:
		return AQILow
	case w&isAQI != 0 && w&isHigh != 0 && w&isLow == 0:
		return AQIHigh
	case w&(isLow|isHigh) != 0:
		return Unknown
	case w&isAQI != 0:
		return AQI
	case w&isAir != 0 && w&(isDate|isTime|isPrimary|isCause|isIndex) == 0:
		return Class
	case w&isPrimary != 0:
		return Primary
	case w&isCause != 0:
		return Cause
	case w&isDate != 0:
		return Date
	case w&isTime != 0:
		return Time
	}
	return Unknown
}

// concentration is a pollutant's column. The ends of a range of concentrations are not read.
func (w words) concentration() Column {
	if w&(isAQI|isAir|isClass|isDate|isTime|isPrimary|isCause|isIndex) != 0 {
		return Unknown
	}
	if w&isO3 != 0 {
		switch {
		case w&isEight != 0 && w&isLow == 0:
			return Column(aqi.O3H8)
		case w&isHourMean != 0 && w&isLow == 0:
			return Column(aqi.O3H1)
		case w&(isEight|isLow|isHigh|isDayMean) != 0:
			return Unknown
		}
		return Ozone
	}
	if w&(isEight|isLow|isHigh) != 0 {
		return Unknown
	}
	for _, p := range []struct {
		is words
		c  Column
	}{{isPM25, Column(aqi.PM25)}, {isPM10, Column(aqi.PM10)}, {isSO2, Column(aqi.SO2)}, {isNO2, Column(aqi.NO2)},
		{isCO, Column(aqi.CO)}} {
		if w&p.is != 0 {
			return p.c
		}
	}
	return Unknown
}

// letters is a text in lower case and in one spelling, raised and lowered digits being digits.
func letters(text string) string {
	return strings.ToLower(refusal.Plainly(norm.NFKC.String(text)))
}

// bare is a text in lower case without separators.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(separators, r) {
			return -1
		}
		return r
	}, strings.ToLower(s))
}
