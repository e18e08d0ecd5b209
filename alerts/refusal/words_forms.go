package refusal

func init() {
	register(map[string]words{
		"csv.quote": {"引号不成对", "a quote has no end"},

		"note.column_aside":    {"表头“{value}”不认识或与本表无关，这一列没有读取。", "column “{value}” is not known or is no part of this report; it was not read."},
		"note.row_aside":       {"“{value}”不是数据行，已略过。", "“{value}” is no row of data and was passed over."},
		"note.row_same":        {"与第 {first} 行相同，只算一次。", "is the same as row {first} and counts once."},
		"note.day_same":        {"与 {first} 相同，只算一次。", "is the same as {first} and counts once."},
		"note.day_missing":     {"{value} 没有任何数据，按缺测处理。", "{value} has no value and is taken as missing."},
		"note.no_index":        {"{value} 的浓度算不出 AQI，按缺测处理；请补上 AQI 或 PM2.5。", "the concentrations of {value} make no index, so it is taken as missing; give an AQI or PM2.5."},
		"note.class_differs":   {"AQI {value} 不属于“{class}”；按 AQI 计。", "an AQI of {value} is not of the class “{class}”; the AQI counts."},
		"note.pm25_above_pm10": {"PM2.5（{pm25} µg/m³）高于 PM10（{pm10} µg/m³），两者必有一误；请核对。", "PM2.5 ({pm25} µg/m³) is above PM10 ({pm10} µg/m³), so one of them is wrong: check."},
		"note.pm25_alone":      {"AQI {aqi} 的首要污染物是 {primary}；单看 PM2.5 为 {own}。", "the AQI of {aqi} is of {primary}; PM2.5 alone makes {own}."},
		"note.severe_as_301":   {"“{value}”按 301 计；若预计更高，请写数值。", "“{value}” counts as 301; give a number if more is expected."},
		"note.beyond_table":    {"{pollutant} 超出分指数表，标准改用的 1 小时（24 小时）值没有给出，AQI 无从得知。", "{pollutant} is beyond its table, and the mean that the standard then goes by is not given: no AQI can be told from it."},
	})
}
