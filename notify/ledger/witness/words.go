package witness

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"witness.no_log_line": {"第 {line} 行应写成 log 加空格加日志公钥（形如 qingkong/120111/…+8 位十六进制+base64），注释行以 # 开头。",
			"line {line} has to be log, a space and the log's key, like qingkong/120111/…+8 hex digits+base64; a comment begins with #."},
		"witness.bad_key": {"第 {line} 行的日志公钥用不了（{why}）；请从该日志的管理者处重新取得，整行照抄。",
			"the log's key on line {line} cannot be used ({why}); ask the log's operator for it again, and copy it whole."},
		"witness.key_twice": {"第 {line} 行的日志公钥已经写过；请删去一行。", "the key on line {line} stands there already; take one of the lines away."},
		"witness.no_logs":   {"没有一行 log 加日志公钥，这样什么都不会签；请写上要见证的日志。", "there is no line with log and a log's key, so that nothing would be cosigned; name the logs to witness."},
	})
}
