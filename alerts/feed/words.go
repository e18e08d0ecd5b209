package feed

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"feed.path_twice": {"文件夹“{value}”已由来源“{other}”监视；请为每个来源各设一个文件夹。",
			"the folder {value} is watched by feed {other} already; give each feed a folder of its own."},
		"feed.url": {"“{value}”不是完整的网址；请写成 https://主机/路径。",
			"{value} is not a complete address; write it as https://host/path."},
		"feed.silent_after": {"静默时限 {value} 为负；请写 0（不报警）或正的时长。",
			"the silence limit {value} is negative; give 0 (no alarm) or a positive duration."},

		"feed.too_large": {"有 {size} 字节，超过 {limit} 字节的上限；请确认是否放错了文件，是则换成正确的，否则分几份提供。",
			"it has {size} bytes, more than the limit of {limit}; check that it is the right one, and if it is, give it in parts."},
		"feed.too_large_url": {"内容超过 {limit} 字节的上限；请核对网址，或请对方分几份提供。",
			"it is larger than the limit of {limit} bytes; check the address, or ask the publisher for smaller parts."},
		"feed.format_other": {"扩展名“{ending}”与来源设定的格式 {format} 不符；请换成 {format} 文件，或修改该来源的 format。",
			"its ending {ending} does not go with the feed's format {format}; give a {format} file, or change the feed's format."},
		"feed.format_unknown": {"不知道是 CSV 还是 JSON（Content-Type 为“{type}”）；请在配置中为该来源写明 format。",
			"it is not known whether this is CSV or JSON (its Content-Type is {type}); set the feed's format in the configuration."},

		"text.utf8_broken": {"文件标明是 UTF-8，但第 {line} 行（第 {offset} 字节处）不是；请重新以 UTF-8 另存。",
			"it is marked as UTF-8, but line {line} (at byte {offset}) is not; save it as UTF-8 again."},
		"text.cut": {"文件在第 {line} 行的一个字中间中断（第 {offset} 字节处），没有写完或没有传完；请重新提供。",
			"it ends in the middle of a character in line {line} (at byte {offset}), so it was not written or sent to its end; give it again."},
		"text.nul": {"第 {line} 行含空字节，不是文本文件；工作簿请另存为 CSV（UTF-8）。",
			"line {line} holds a NUL byte, so it is not a text file; save a workbook as CSV (UTF-8)."},
		"text.utf16_broken": {"文件标明是 UTF-16，但第 {line} 行不是有效的 UTF-16；请改以 UTF-8 另存。",
			"it is marked as UTF-16, but line {line} is not valid UTF-16; save it as UTF-8."},
		"text.gb18030_broken": {"第 {line} 行既不是 UTF-8，也不是 GB 18030；请以 UTF-8 另存。",
			"line {line} is neither UTF-8 nor GB 18030; save it as UTF-8."},

		"feed.why_title_address": {"晴空没有采用 {file}（来源 {feed}，{at}）的内容。请来源单位改正后在原地址重新发布，晴空会再去取。",
			"Qingkong did not take what {file} gave (feed {feed}, {at}). When its source has published it mended at the same address, it is fetched again."},
		"feed.why_title": {"晴空没有采用文件“{file}”（来源 {feed}，{at}）。改正后请重新放入来源文件夹。",
			"Qingkong did not take the file {file} (feed {feed}, {at}). When it is mended, put it into the feed's folder again."},
	})
}
