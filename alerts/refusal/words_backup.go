package refusal

// The words of backups and of bringing one back.
func init() {
	register(map[string]words{
		"backup.exists":       {"文件 {file} 已经存在，未做改动；请换一个文件名。", "{file} exists and was left as it is; choose another name."},
		"backup.busy":         {"另一次备份正在进行，请稍候再试。", "another backup is under way; try again when it has ended."},
		"backup.no_room":      {"{folder} 所在磁盘只剩 {free} MB，备份后会低于 {limit} MB，未生成备份；请清理磁盘或换一个磁盘。", "the disk of {folder} has {free} MB left and would fall below {limit} MB; no backup was made. Free some space or take another disk."},
		"backup.empty":        {"{data} 中还没有任何记录，没有可备份的内容。", "{data} holds no block yet; there is nothing to back up."},
		"backup.other_record": {"备份 {file} 的第 {block} 块不在这份记录里，不能接着它做增量；请做一次完整备份。", "block {block} of the backup {file} is not in this record, so nothing can go on from it; make a full backup."},
		"backup.damaged":      {"备份 {file} 的 {part} 已损坏或不完整（{why}），未做任何改动；请换用另一份备份。", "the backup {file} is damaged or cut at {part} ({why}); nothing was changed. Use another backup."},
		"backup.version":      {"备份 {file} 的格式版本是 {version}，本程序只读 {known}；请用写它的程序或更新的程序。", "the backup {file} has format {version}, this program reads {known}; use the program that wrote it or a newer one."},
		"backup.kind":         {"备份 {file} 的 {part} 是本程序不认识的种类（{kind}）；请用写它的程序或更新的程序。", "{part} of the backup {file} is of a kind that this program does not know ({kind}); use the program that wrote it or a newer one."},
		"backup.chain":        {"备份 {file} 从第 {first} 块开始，不能接在第 {last} 块之后；请按先后给出同一条链的全部文件，从完整备份开始。", "the backup {file} begins at block {first} and does not follow block {last}; give all files of one chain in order, beginning with a full backup."},
		"backup.not_empty":    {"{data} 不是空目录，未做改动；恢复只写入新目录或空目录。", "{data} is not empty and was left as it is; a backup is restored into a new or an empty folder."},
		"backup.stream_holds": {"外部 NATS 的数据流里已有 {blocks} 块，未做改动；恢复会与它分叉。请直接以空目录启动节点由数据流补齐，或先停下所有节点并清空该数据流。", "the stream of the external NATS holds {blocks} blocks and nothing was changed; a restore would fork from it. Start the node on an empty folder to fill it from the stream, or stop all nodes and empty that stream first."},
	})
}
