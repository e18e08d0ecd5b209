package journal

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"backup.exists":             {"文件 {file} 已经存在，未做改动；请换一个文件名。", "{file} exists and was left as it is; choose another name."},
		"backup.busy":               {"另一次备份正在进行，请稍候再试。", "another backup is under way; try again when it has ended."},
		"backup.no_room":            {"{folder} 所在磁盘只剩 {free} MB，备份后会低于 {limit} MB，未生成备份；请清理磁盘或换一个磁盘。", "the disk of {folder} has {free} MB left and would fall below {limit} MB; no backup was made. Free some space or take another disk."},
		"backup.empty":              {"{data} 中还没有任何记录，没有可备份的内容。", "{data} holds no block yet; there is nothing to back up."},
		"backup.other_record":       {"备份 {file} 的第 {block} 块不在这份记录里，不能接着它做增量；请做一次完整备份。", "block {block} of the backup {file} is not in this record, so nothing can go on from it; make a full backup."},
		"backup.damaged":            {"备份 {file} 的 {part} 已损坏或不完整（{why}），未做任何改动；请换用另一份备份。", "the backup {file} is damaged or cut at {part} ({why}); nothing was changed. Use another backup."},
		"backup.version":            {"备份 {file} 的格式版本是 {version}，本程序只读 {known}；请用写它的程序或更新的程序。", "the backup {file} has format {version}, this program reads {known}; use the program that wrote it or a newer one."},
		"backup.kind":               {"备份 {file} 的 {part} 是本程序不认识的种类（{kind}）；请用写它的程序或更新的程序。", "{part} of the backup {file} is of a kind that this program does not know ({kind}); use the program that wrote it or a newer one."},
		"backup.chain":              {"备份 {file} 从第 {first} 块开始，不能接在第 {last} 块之后；请按先后给出同一条链的全部文件，从完整备份开始。", "the backup {file} begins at block {first} and does not follow block {last}; give all files of one chain in order, beginning with a full backup."},
		"backup.not_empty":          {"{data} 不是空目录，未做改动；恢复只写入新目录或空目录。", "{data} is not empty and was left as it is; a backup is restored into a new or an empty folder."},
		"backup.passphrase_short":   {"口令只有 {count} 个字符，至少要 {least} 个；可用 openssl rand -base64 24 生成", "the passphrase has {count} characters and needs {least} at least; openssl rand -base64 24 makes one"},
		"backup.passphrase_line":    {"口令须是一行文字，最多 {most} 个字符，不含控制字符", "the passphrase is one line of text of at most {most} characters, without control characters"},
		"backup.passphrase_file":    {"口令文件 {file} 不能用：{why}。未做任何改动。", "the passphrase file {file} cannot be used: {why}. Nothing was changed."},
		"backup.passphrase_open":    {"口令文件 {file} 别的用户也能访问（权限 {mode}），没有使用，未做任何改动；请先 chmod 600 {file}，已经泄露的请换一个口令。", "others may access the passphrase file {file} (mode {mode}), so it was not used and nothing was changed; chmod 600 {file} first, and choose another passphrase if somebody has read it."},
		"backup.passphrase_missing": {"备份 {file} 已加密，未做任何改动；请用 --passphrase-file 给出写它时的口令文件（定时备份的是 backup.passphrase_file）。", "the backup {file} is encrypted and nothing was changed; name the file with its passphrase by --passphrase-file (that of scheduled ones is backup.passphrase_file)."},
		"backup.passphrase_wrong":   {"口令打不开备份 {file}，未做任何改动：口令不对，或文件开头已损坏；请给出写它时的口令文件，或换用另一份备份。", "the passphrase does not open the backup {file} and nothing was changed: it is another one, or the head of the file is damaged. Name the file with the passphrase that it was written with, or use another backup."},

		"journal.stopped":           {"记录已停止写入（原因见 /readyz 和日志），未做任何改动；请按运维手册处理后重试。", "the record has stopped writing (see /readyz and the log for why) and nothing was changed; mend that and try again."},
		"journal.place_unknown":     {"外部 NATS 没有说明数据块 {block} 是否已写入，暂停写入，未做任何改动；查明后自动恢复，请稍后重试，并检查 NATS 集群。", "the external NATS has not said whether block {block} was stored, so nothing is written for now and nothing was changed; this ends by itself: try again in a moment, and look at the NATS cluster."},
		"journal.outcome_unknown":   {"结果未知：系统没有及时得知是否已记录；请稍后用同一个幂等键重试，或先查看现状。", "the outcome is not known: the system was not told in time whether it was recorded; try again in a moment under the same idempotency key, or look first at how things stand."},
		"journal.unreachable":       {"连不上外部 NATS，未做任何改动；请检查 NATS 集群和网络后重试。", "the external NATS cannot be reached and nothing was changed; look at the NATS cluster and the network, and try again."},
		"journal.vault_unreachable": {"保密库没有应答，未做任何改动；请检查 NATS 集群和网络后重试。", "the vault does not answer and nothing was changed; look at the NATS cluster and the network, and try again."},
		"journal.height_unwritable": {"数据目录中的 height 文件写不进（{why}），暂停写入；请检查磁盘，恢复后自动继续。", "the file height in the data folder cannot be written ({why}), so nothing is written for now; look at the disk: this ends by itself."},
		"journal.busy":              {"系统正忙，未做任何改动；请稍后重试。", "the system is busy and nothing was changed; try again in a moment."},
		"journal.key_reused":        {"幂等键“{key}”已用于另一内容的请求；请换一个新的键。", "the idempotency key {key} was used for a request with other content; use a new key."},
		"journal.old_epoch":         {"租约第 {epoch} 期已过（现为第 {now} 期），结果不予记录。", "lease epoch {epoch} is over (now {now}); the result is not recorded."},
		"journal.command_too_large": {"一次提交（{command}）超过单个数据块的容量；请分批提交。", "one submission ({command}) is larger than a block can hold; send it in parts."},

		"check.no_room": {"{folder} 所在磁盘只剩 {free} MB，核对的临时文件需要留出 {need} MB，没有核对，未做任何改动；请清理磁盘，或用 --tmp（定时核对用 check.tmp）换一个目录。", "the disk of {folder} has {free} MB left, and the scratch file of a check needs {need} MB with what must stay free; nothing was checked or changed. Free some space, or name another folder with --tmp (check.tmp for the schedule)."},
	})
}
