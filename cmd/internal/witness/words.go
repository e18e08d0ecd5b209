package witness

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"witness.name": {"“{value}”不能作见证者的名称；请写成不带 https:// 的网址，如 tjxq.example.gov.cn/witness：不含空格和加号，至多 200 个字节。",
			"{value} cannot be a witness's name; write an address without https://, like tjxq.example.gov.cn/witness: no spaces, no plus signs, 200 bytes at most."},
		"witness.logs_unreadable": {"日志清单 {file} 读不出（{why}）；请检查路径，并让运行程序的用户可以读。",
			"the file of logs, {file}, cannot be read ({why}); check its path, and that the program's user may read it."},
		"witness.no_memory": {"有密钥 {key}，却没有 {db}：签过什么已不知道，再用这个密钥可能为两套历史作证。请从备份取回 {db} 的最新一份；取不回的，移走密钥，以新密钥重新开始，并把新公钥交给各日志。没有启动，未写入任何内容。",
			"{key} is there and {db} is not: what was cosigned is not known any more, and with this key two histories might be vouched for. Bring back the latest {db}; where there is none, move the key away, begin anew with another, and hand its public key to the logs. It did not start, and nothing was written."},
		"witness.no_key": {"密钥 {key} 不见了；请取回公钥为 {vkey} 的那一个。取不回的，换一个新的 --data 目录，以新密钥重新开始，并把新公钥交给各日志。",
			"the key {key} is gone; bring back the one whose public key is {vkey}. Where there is none, begin anew in another --data folder, and hand the new public key to the logs."},
		"witness.bad_key_file": {"密钥 {key} 用不了（{why}）；请取回程序当初建立的那个文件。", "the key {key} cannot be used ({why}); bring back the file that the program made."},
		"witness.another": {"这个目录属于另一个见证者（{was}），而不是 {vkey}；一个密钥只能有一个名称，请用原来的 --name，或换一个 --data 目录。",
			"the folder is another witness's ({was}), not that of {vkey}; a key has one name only: give the --name of before, or another --data folder."},
		"witness.in_use": {"{folder} 正由另一个程序使用；一个目录只能有一个见证者在运行，请先停止那一个。", "another program uses {folder}; one witness runs on a folder, so stop that one first."},
	})
}
