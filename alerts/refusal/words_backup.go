package refusal

// The words of backups and of bringing one back.
func init() {
	register(map[string]words{
		"backup.exists":       {"文件 {file} 已经存在，未做改动；请换一个文件名。", "{file} exists and was left as it is; choose another name."},
		"backup.busy":         {"另一次备份正在进行，请稍候再试。", "another backup is under way; try again when it has ended."},
		"backup.goes_on":      {"备份还在写，不会因此中断；写完后出现在 GET /api/v1/backups，用同一个 Idempotency-Key 再问也会得到它。", "the backup is still being written and goes on; GET /api/v1/backups lists it when it is whole, and the same Idempotency-Key gives it."},
		"backup.no_room":      {"{folder} 所在磁盘只剩 {free} MB，备份后会低于 {limit} MB，未生成备份；请清理磁盘或换一个磁盘。", "the disk of {folder} has {free} MB left and would fall below {limit} MB; no backup was made. Free some space or take another disk."},
		"backup.empty":        {"{data} 中还没有任何记录，没有可备份的内容。", "{data} holds no block yet; there is nothing to back up."},
		"backup.other_record": {"备份 {file} 的第 {block} 块不在这份记录里，不能接着它做增量；请做一次完整备份。", "block {block} of the backup {file} is not in this record, so nothing can go on from it; make a full backup."},
		"backup.damaged":      {"备份 {file} 的 {part} 已损坏或不完整（{why}），未做任何改动；请换用另一份备份。", "the backup {file} is damaged or cut at {part} ({why}); nothing was changed. Use another backup."},
		"backup.version":      {"备份 {file} 的格式版本是 {version}，本程序只读 {known}；请用写它的程序或更新的程序。", "the backup {file} has format {version}, this program reads {known}; use the program that wrote it or a newer one."},
		"backup.kind":         {"备份 {file} 的 {part} 是本程序不认识的种类（{kind}）；请用写它的程序或更新的程序。", "{part} of the backup {file} is of a kind that this program does not know ({kind}); use the program that wrote it or a newer one."},
		"backup.chain":        {"备份 {file} 从第 {first} 块开始，不能接在第 {last} 块之后；请按先后给出同一条链的全部文件，从完整备份开始。", "the backup {file} begins at block {first} and does not follow block {last}; give all files of one chain in order, beginning with a full backup."},
		"backup.not_empty":    {"{data} 不是空目录，未做改动；恢复只写入新目录或空目录。", "{data} is not empty and was left as it is; a backup is restored into a new or an empty folder."},
		"backup.relative":     {"备份文件要写完整路径（以 / 开头），收到的是“{file}”。", "name the backup by its whole path, beginning with /; it was {file}."},
		"backup.unknown_act":  {"程序不认识“{act}”这个请求。", "the program does not know the act {act}."},
		"backup.no_socket":    {"{data} 上有程序在运行，但问不到它（{why}）：目录路径可能太长，或程序正在启动或停止。请稍候再试，或停下程序再备份。", "a program runs on {data} and cannot be asked ({why}): the folder's path may be too long, or it is starting or stopping. Try again in a moment, or stop it and back up then."},
		"backup.no_answer":    {"{data} 上运行的程序没有说备份完成了没有（{why}）；请看它的日志，并检查备份文件是否在。", "the program on {data} did not say whether the backup was made ({why}); see its log, and whether the file is there."},
		"backup.progress":     {"正在备份：第 {block} 块，共 {of} 块，已写 {mb} MB", "backing up: block {block} of {of}, {mb} MB written"},
		"backup.done":         {"备份完成：{file}，第 {first}—{last} 块，{kb} KB。请复制到另一台机器；文件含联系人和口令散列，须妥善保管", "backed up: {file}, blocks {first} to {last}, {kb} KB. Copy it to another machine, and keep it safe: it holds contacts and password hashes"},
		"backup.restoring":    {"正在重放：第 {block} 块，共 {of} 块", "replaying: block {block} of {of}"},
		"backup.restored":     {"已恢复并逐块证明：到第 {block} 块，{entries} 条，根 {root}；保密库 {vault} 项，已删除 {erased} 项；备份时间 {at}。备份以后的操作不在其中", "restored and proved block by block: up to block {block}, {entries} entries, root {root}; {vault} entries of the vault, {erased} erased; backed up at {at}. What was done after that is not in it"},
		"backup.rotten":       {"保密库有 {count} 项在备份以前就已损坏，请重新登记联系人或换发口令", "{count} entries of the vault were damaged before they were backed up; enter contacts or issue credentials anew"},
		"backup.start":        {"启动", "start it with"},
		"backup.nowhere":      {"没有配置备份目录（backup.dir），未做备份；请在配置文件里写上并重启，或在服务器上运行 qingkong backup。", "no folder for backups is configured (backup.dir), and none was made; set it in the settings file and restart, or run qingkong backup on the server."},
		"backup.stream_holds": {"外部 NATS 的数据流里已有 {blocks} 块，未做改动；恢复会与它分叉。请直接以空目录启动节点由数据流补齐，或先停下所有节点并清空该数据流。", "the stream of the external NATS holds {blocks} blocks and nothing was changed; a restore would fork from it. Start the node on an empty folder to fill it from the stream, or stop all nodes and empty that stream first."},
	})
}
