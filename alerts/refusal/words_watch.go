package refusal

// The words of the watchman: what is wrong with the program and what a person should do about it, on /readyz, at the desk
// and in the log.
func init() {
	register(map[string]words{
		"watch.starting":  {"系统正在启动；请稍候，超过几分钟仍如此请看日志。", "the system is starting; wait a little, and look into the log when it takes longer than some minutes."},
		"watch.not_asked": {"还没有检查过；请稍候。", "was not looked at yet; wait a little."},
		"watch.no_answer": {"{limit} 内没有应答；请看日志，一直如此请联系技术人员重启程序。", "gives no answer within {limit}; look into the log, and have the program restarted when this lasts."},
		"watch.panicked":  {"检查本身出错（{what}）；请把日志交给技术人员。", "the check itself failed ({what}); hand the log to whoever maintains the program."},

		"watch.writer_halted":   {"记录已停止写入：{why}；已下达的减排令照常送达。请立即联系技术人员，按运维手册处理；新的事项先用电话办理并记下。", "the record has stopped writing: {why}; orders that were issued are still delivered. Call whoever maintains the program at once and follow the operations manual; act by telephone meanwhile and take notes."},
		"watch.writer_paused":   {"暂停写入：{why}", "nothing is written for now: {why}"},
		"watch.writer_stuck":    {"写入已卡住 {for}；请检查数据目录所在的磁盘，不恢复就重启程序；其间用电话办理并记下。", "the writer has been stuck for {for}; look at the disk of the data folder, and restart the program when this lasts; act by telephone meanwhile and take notes."},
		"watch.writer_stream":   {"外部 NATS 的数据流没有应答（{why}），任何节点都不能写入；请检查 nats-server 和网络，其间用电话办理并记下；恢复后自动继续。", "the stream on the external NATS gives no answer ({why}), so no node can write; see to nats-server and the network, act by telephone meanwhile and take notes; it goes on by itself."},
		"watch.follower_stands": {"内置 NATS 的数据流自 {since} 起写不进，差 {behind} 块（{why}）；操作照常记录在 qingkong.db。请检查磁盘空间和日志，必要时重启程序；这期间不要删除或移动 qingkong.db。", "the embedded stream takes nothing since {since} and lacks {behind} blocks ({why}); acts are recorded in qingkong.db all the same. Look at disk space and log, restart the program if need be; do not remove or move qingkong.db meanwhile."},
		"watch.follower_behind": {"数据流比记录少 {behind} 块，正在补齐；这期间不要删除或移动 qingkong.db。", "the stream lacks {behind} blocks of the record and is being completed; do not remove or move qingkong.db meanwhile."},
		"watch.leader_none":     {"自 {since} 起没有节点负责送达和定时器（{why}）；减排令不会发出。请检查 NATS 和各节点，其间用电话通知企业。", "no node runs delivery and timers since {since} ({why}): no order leaves. See to NATS and the nodes, and call enterprises by telephone meanwhile."},
		"watch.vault_behind":    {"保密库的另一份自 {since} 起写不进（还差 {owed} 项，{why}）；操作照常记录。请检查 NATS 和磁盘空间。", "the other side of the vault takes nothing since {since} ({owed} entries are owed; {why}); acts are recorded all the same. See to NATS and disk space."},
		"watch.vault_lost":      {"保密库有 {count} 项两处都读不出（联系人、口令等可能缺失）；请从备份恢复；没有备份时重新登记联系人、换发口令，再用 qingkong personal erase --ref 逐项核销（qingkong journal check 列出是哪些）。", "{count} entries of the vault can be read on neither side (contacts or credentials may be missing); restore a backup, or enter contacts and issue credentials anew and settle each with qingkong personal erase --ref (qingkong journal check names them)."},
		"watch.record_halted":   {"记录停在第 {height} 块：{why}；请停下程序，运行 qingkong journal check，按运维手册处理。", "the record stands at block {height}: {why}; stop the program, run qingkong journal check and follow the operations manual."},
		"nats.too_many":         {"您发来的消息太多，超出的没有处理；请稍候重发，同一答复重发不会重复生效。", "too many messages from you; those beyond your share were not looked at. Wait a moment and send them again: an answer that is repeated takes effect once."},
		"watch.nats_unproven":   {"外部 NATS 服务器使用自己的账号，无法证明是谁发来的预报和监测，因此不接收 NATS 上的这些消息（HTTP 照常）。请在凭据文件中加上 callout（见 docs/nats-external.conf）；由服务器自己保证只有报送方能发的，设 {setting}: true。", "the external NATS server has users of its own, so nobody can prove who sent a forecast or an observation; they are not taken over NATS (over HTTP they are). Add callout to the credentials file (docs/nats-external.conf), or, where the server itself lets only feeders publish them, set {setting}: true."},
		"watch.record_restored": {"记录于 {at} 被恢复到第 {block} 块为止，其后曾确认过的已丢失。新的编号已跳过可能用过的：{ids}；收到过这些编号而本系统查不到的，以电话核对为准。核对完毕后删除数据目录中的 {file} 文件并重启。", "the record was restored on {at} and ends at block {block}; what was confirmed beyond it is lost. New ids go on above those that may be outside: {ids}. Settle by telephone what others hold under them and this system does not know, then remove the file {file} in the data folder and restart."},
		"watch.record_height":   {"数据目录中的 height 文件写不进（{why}）；请检查磁盘。", "the file height in the data folder cannot be written ({why}); look at the disk."},
		"watch.nats_inside":     {"内置 NATS 没有应答（{part}：{why}）；减排令和答复会停住。请看日志并重启程序，其间改用电话通知企业。", "the embedded NATS gives no answer ({part}: {why}); orders and answers stand still. Look into the log and restart the program, and call enterprises by telephone meanwhile."},
		"watch.nats_store":      {"内置 NATS 的存储自 {since} 起写不进（多半是磁盘满）；减排令和操作照常，对外的预警流和记录的另一份停住。请在数据目录的 nats/ 所在磁盘腾出至少 {room} MB，随后自动恢复。", "the store of the embedded NATS takes nothing since {since}, most likely for a full disk; orders and acts go on, the stream of warnings and the other copy of the record stand still. Free at least {room} MB on the disk of nats/ in the data folder: it goes on by itself then."},
		"watch.nats_outside":    {"外部 NATS 没有应答（{part}：{why}）；减排令和答复会停住。请检查 nats-server 和网络，其间改用电话通知企业；连上后自动补发。", "the external NATS gives no answer ({part}: {why}); orders and answers stand still. See to nats-server and the network, and call enterprises by telephone meanwhile; what is due goes out by itself when it is back."},
		"watch.nats_part":       {"与 NATS 的一条连接没有应答（{part}：{why}）；减排令照常送达，企业登录或外部订阅可能受影响。请检查 nats-server 和网络。", "one connection with NATS gives no answer ({part}: {why}); orders go out, but logins or outside readers may be affected. See to nats-server and the network."},
		"watch.clock_behind":    {"本机时钟（{wall}）比记录的时间（{record}）慢；期限和重发按记录的时间进行。请校准本机时钟（NTP）。", "this machine's clock ({wall}) is behind the record's time ({record}), by which deadlines and repeats go. Set the clock right (NTP)."},
		"watch.disk_low":        {"数据目录所在磁盘只剩 {free}，低于 {limit}；清单导入、上传和备份已停。请清理磁盘或扩容。", "the disk of the data folder has only {free} left, below {limit}; no imports, uploads or backups. Free some space or add some."},
		"watch.disk_stop":       {"数据目录所在磁盘只剩 {free}，低于 {limit}；只记录解除、取消、批准、企业答复、送达、定时器和租约，其余拒绝。请立即清理磁盘或扩容。", "the disk of the data folder has only {free} left, below {limit}; only lift, cancel, approve, answers, sent, timers and lease are recorded. Free some space or add some at once."},
		"watch.disk_unreadable": {"查不到数据目录所在磁盘的剩余空间（{why}）；请检查磁盘是否挂载正常。", "how much space the disk of the data folder has left cannot be read ({why}); see whether the disk is mounted and well."},
		"watch.outbox_late":     {"有 {count} 条消息到期未发，最早一条应在 {due} 发出；企业可能没有收到减排令。请看其他告警和日志，并用电话通知企业。", "{count} messages are due and have not gone out, the first since {due}; enterprises may not have their orders. See the other checks and the log, and call enterprises by telephone."},
		"watch.unreadable":      {"读不到记录（{why}）；请立即联系技术人员。", "the record cannot be read ({why}); call whoever maintains the program at once."},
		"watch.backup_failed":   {"备份没有做成（{since}，{why}）；请检查 backup.dir 所在的磁盘，再做一次（POST /api/v1/backups 或 qingkong backup）。", "the backup could not be made ({since}, {why}); see to the disk of backup.dir and make one again (POST /api/v1/backups or qingkong backup)."},
		"watch.backup_unread":   {"看不到备份目录 {dir}（{why}）；请检查磁盘是否已挂载。", "the folder of backups, {dir}, cannot be read ({why}); see whether its disk is mounted."},
		"watch.backup_none":     {"{dir} 里还没有备份；请做一次（POST /api/v1/backups），并检查 backup.schedule。", "there is no backup in {dir}; make one (POST /api/v1/backups) and look at backup.schedule."},
		"watch.backup_old":      {"最新的备份是 {at} 的，已超过 {limit} 小时；请看日志里备份为什么没有做，再做一次（POST /api/v1/backups）。", "the newest backup is of {at}, older than {limit} h; see in the log why none was made since, and make one (POST /api/v1/backups)."},
		"watch.full":            {"磁盘只剩 {free}，低于 {limit}：只记录解除、取消、批准、企业答复、送达、定时器和租约，这一项未做任何改动；请立即清理数据目录所在的磁盘或扩容，再重新提交。", "the disk has only {free} left, below {limit}: only lift, cancel, approve, answers, sent, timers and lease are recorded, and nothing was changed here. Free some space on the disk of the data folder or add some, then send it again."},
		"watch.no_room":         {"磁盘只剩 {free}，低于 {limit}，暂不接受导入和上传，未做任何改动；请先清理数据目录所在的磁盘或扩容，再重新提交。", "the disk has only {free} left, below {limit}: nothing is imported or uploaded, and nothing was changed. Free some space on the disk of the data folder or add some, then send it again."},

		"watch.name.writer":   {"写入记录", "writing the record"},
		"watch.name.follower": {"数据流跟随", "following of the stream"},
		"watch.name.nats":     {"NATS 连接", "NATS connections"},
		"watch.name.leader":   {"送达与定时器的值守", "delivery and timers"},
		"watch.name.clock":    {"时钟", "clock"},
		"watch.name.disk":     {"磁盘空间", "disk space"},
		"watch.name.vault":    {"保密库", "vault"},
		"watch.name.record":   {"记录完整性", "soundness of the record"},
		"watch.name.outbox":   {"消息发出", "messages going out"},
		"watch.name.auditor":  {"减排令巡检", "audit of the orders"},
		"watch.name.backup":   {"备份", "backup"},

		"watch.name.credentials":     {"令牌有效期", "ends of tokens"},
		"watch.credentials_expiring": {"有令牌即将到期：{tokens}。到期后用它的程序不能再登录；请为账号新增一个（qingkong token create），换到程序里，再吊销旧的。", "tokens end soon: {tokens}. What uses them cannot log in then; give the account another one (qingkong token create), put it into the program, and revoke the old one."},
		"watch.name.start":           {"启动", "start"},

		"watch.state.ok":       {"正常", "ok"},
		"watch.state.degraded": {"受限", "degraded"},
		"watch.state.failed":   {"故障", "failed"},

		"watch.status.degraded":  {"系统有异常，操作仍可记录", "Something is wrong; acts are still recorded"},
		"watch.status.not_ready": {"系统现在不能记录任何操作", "Nothing can be recorded at present"},

		"desk.health.since":      {"自 {at}", "since {at}"},
		"desk.health.enterprise": {"系统暂时受扰：如果点击后没有成功，请打电话向区值班室答复，并记下时间。", "The system is disturbed: if a click does not go through, answer the duty office by telephone and note the time."},
		"desk.health.others":     {"系统暂时受扰：操作可能不成功，请稍后重试，急事请打电话给区值班室。", "The system is disturbed: what you do may not go through. Try again later, and call the duty office when it is urgent."},
		"desk.clock.wall":        {"本机时钟", "clock of this machine"},
		"desk.clock.record":      {"记录的时间", "the record's time"},
		"page.clock.wall":        {"本机时钟", "clock of this machine"},
		"page.clock.record":      {"记录的时间", "the record's time"},
	})
}
