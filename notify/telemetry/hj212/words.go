package hj212

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"hj212.no_start":    {"这些字节不属于任何一帧（没有 ##），已跳过。", "these bytes belong to no frame (there is no ##); they are skipped."},
		"hj212.length_form": {"## 之后不是四位十进制长度；请检查设备的协议设置。", "behind ## stand not four decimal digits; check the device's protocol settings."},
		"hj212.length": {"长度字段为 {declared}，实有 {there} 字节；请检查设备，长度只计数据段。",
			"the length says {declared} and {there} bytes are there; check the device: it counts the data segment alone."},
		"hj212.crc_form": {"应为四位十六进制 CRC 之处是“{bytes}”。", "where four hexadecimal digits of CRC are due stands {bytes}."},
		"hj212.crc":      {"CRC 不符（{bytes}）：传输有误，或设备的算法不对。", "the CRC ({bytes}) does not fit: a fault on the way, or a device that computes another."},
		"hj212.key":      {"原文和解密后的 CRC 都不符（{bytes}）：密钥或密文形式不对，或传输有误。", "the CRC ({bytes}) fits neither what came nor what decrypting made of it: another key or form, or a fault on the way."},
		"hj212.cut":      {"数据在这一帧中间结束。", "the stream ends within this frame."},

		"hj212.no_crlf":         {"帧后没有回车换行。", "no CRLF follows the frame."},
		"hj212.lf_alone":        {"帧后只有换行，没有回车。", "LF alone follows the frame."},
		"hj212.envelope":        {"## 之前还有“{bytes}”。", "before ## stands {bytes}."},
		"hj212.long":            {"数据段超过 1024 字节（{bytes}）。", "the data segment is longer than 1,024 bytes ({bytes})."},
		"hj212.tolerated":       {"按宽容设置 {bytes} 才通过。", "it passes by the tolerance {bytes} alone."},
		"hj212.crc_constant":    {"与上一帧同是 {bytes}：设备可能没有计算 CRC。", "the frame before had {bytes} too: the device may not compute its CRC."},
		"hj212.version_differs": {"标志位 {bytes} 所示版本与登记的不同。", "the edition of Flag {bytes} is not the one that is registered."},
		"hj212.version_unknown": {"标志位 {bytes} 所示版本未知。", "the edition of Flag {bytes} is not known."},
		"hj212.field_missing":   {"缺 {bytes}。", "{bytes} is missing."},
		"hj212.field_unknown":   {"没有 {bytes} 这个字段。", "there is no field {bytes}."},
		"hj212.field_form":      {"字段写法不对：{bytes}。", "a field is written wrongly: {bytes}."},
		"hj212.repeated":        {"“{bytes}”重复出现。", "{bytes} stands more than once."},
		"hj212.split_bit":       {"标志位 {bytes} 的分包位与包号不一致。", "the split bit of Flag {bytes} and the part numbers disagree."},
		"hj212.part_form":       {"包号不对：{bytes}。", "wrong part numbers: {bytes}."},
		"hj212.part_width":      {"包号位数超过该版本的规定：{bytes}。", "part numbers have more digits than the edition gives them: {bytes}."},
		"hj212.parts_many":      {"总包数 {bytes} 不可信，不予拼合。", "{bytes} parts are not to be believed and are not put together."},
		"hj212.no_cp":           {"没有 CP。", "there is no CP."},
		"hj212.cp_form":         {"CP 没有写在两对 && 之间：{bytes}。", "CP does not stand between && and &&: {bytes}."},
		"hj212.no_equals":       {"“{bytes}”没有等号。", "{bytes} has no equals sign."},
		"hj212.empty_item":      {"有空的数据项。", "there is an empty item."},
		"hj212.blank":           {"名称或值前后有空格：{bytes}。", "blanks stand around a key or a value: {bytes}."},
		"hj212.not_text":        {"有控制字符或不是 UTF-8 的字节：{bytes}。", "control characters, or bytes that are no UTF-8: {bytes}."},
		"hj212.time_form":       {"时间写法不对：{bytes}。", "a time is written wrongly: {bytes}."},
		"hj212.time_far":        {"时间不可信：{bytes}。", "a time is not to be believed: {bytes}."},
		"hj212.not_a_number":    {"不是数：{bytes}。", "no number: {bytes}."},
		"hj212.number_form":     {"数的写法不合规定：{bytes}。", "a number is written in a form of its own: {bytes}."},
		"hj212.number_beyond":   {"数大到不可能测得，不作数：{bytes}。", "larger than anything is measured, and not taken as a number: {bytes}."},
		"hj212.flag_unknown":    {"数据标记未知：{bytes}。", "an unknown data flag: {bytes}."},
		"hj212.old_code":        {"2005 年版的因子编码：{bytes}。", "a factor's code of 2005: {bytes}."},
		"hj212.not_encrypted":   {"应加密的命令 {bytes} 以明文发来。", "command {bytes} is to be encrypted and came in clear."},

		"hj212.part_beyond":  {"分包超过上限，不予拼合：{bytes}。", "more parts than the limit, which are not put together: {bytes}."},
		"hj212.part_differs": {"同一包号内容不同：{bytes}。", "the same part came with other content: {bytes}."},
		"hj212.parts_late":   {"其余分包没有按时到来：{bytes}。", "the other parts did not come in time: {bytes}."},
		"hj212.parts_over":   {"未完的分包消息太多，最早的已放弃：{bytes}。", "too many messages in parts were open, and the oldest is given up: {bytes}."},

		"hj212.too_long":   {"数据段 {length} 字节，超过 {limit}；请分包。", "the data segment has {length} bytes, more than {limit}; split it."},
		"hj212.unwritable": {"“{value}”不能写进帧：含分隔符或控制字符。", "{value} cannot be written into a frame: it has separators or control characters."},
		"hj212.key_length": {"SM4 密钥应为 16 字节，现为 {length}。", "a key of SM4 has 16 bytes, not {length}."},
		"hj212.sm4_mode":   {"SM4 方式“{value}”不在 none、raw、hex 之中。", "the SM4 mode {value} is none of none, raw, hex."},
	})
}
