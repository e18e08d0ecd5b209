package app

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"backup.relative":    {"备份文件要写完整路径（以 / 开头），收到的是“{file}”。", "name the backup by its whole path, beginning with /; it was {file}."},
		"backup.unknown_act": {"程序不认识“{act}”这个请求。", "the program does not know the act {act}."},
		"backup.no_socket":   {"{data} 上有程序在运行，但问不到它（{why}）：目录路径可能太长，或程序正在启动或停止。请稍候再试，或停下程序再备份。", "a program runs on {data} and cannot be asked ({why}): the folder's path may be too long, or it is starting or stopping. Try again in a moment, or stop it and back up then."},
		"backup.no_answer":   {"{data} 上运行的程序没有说备份完成了没有（{why}）；请看它的日志，并检查备份文件是否在。", "the program on {data} did not say whether the backup was made ({why}); see its log, and whether the file is there."},

		"cli.status": {"服务器的回答是 {status}，不是晴空的说明；请检查 --server", "the server answered {status} without saying why: check --server"},

		"check.busy":      {"另一次核对正在进行，未再开始；请等它做完再试（结果也在日志和 record 检查里）。", "another check is under way and none was begun; try again when it has ended (the log and the check record say what it found)."},
		"check.relative":  {"临时文件的目录要写完整路径（以 / 开头），收到的是“{folder}”。", "name the folder of the scratch file by its whole path, beginning with /; it was {folder}."},
		"check.no_socket": {"{data} 上有程序在运行，但问不到它（{why}）：目录路径可能太长，或程序正在启动或停止。请稍候再试，或停下程序再核对。", "a program runs on {data} and cannot be asked ({why}): the folder's path may be too long, or it is starting or stopping. Try again in a moment, or stop it and check then."},
		"check.no_answer": {"{data} 上运行的程序没有说核对的结果（{why}）；核对什么也不改，请看它的日志后再试。", "the program on {data} did not say what the check found ({why}); a check changes nothing: see its log and try again."},

		"watch.record_damaged":   {"记录查出损坏（{since} 发现，共 {count} 处，第一处：{first}）；操作和减排令照常，但请尽快处理：先备份（qingkong backup），再停下程序、复制数据目录，按 README“丢了东西怎么办”处理；全部问题由 qingkong journal check 列出，修好后再运行一次即可消除这条告警。", "the record is damaged (found {since}, {count} problems, the first: {first}); acts and orders go on, but see to it soon: make a backup (qingkong backup), stop the program, copy the data folder, and follow what README says of losses. qingkong journal check lists all problems, and ends this alarm where it finds none."},
		"watch.record_unchecked": {"记录的核对没有做完（{at}，{why}）；请处理后在这台机器上运行一次 qingkong journal check，或等下一次定时核对。", "the check of the record did not come to its end ({at}, {why}); see to that and run qingkong journal check on this machine, or wait for the next on the schedule."},

		"http.role": {"角色“{role}”无权执行此操作；请由有权的人员办理。", "the role {role} may not do this; ask somebody who may."},

		"listen.beyond":       {"值“{value}”让本机以外的（{bound}）也能连接，而没有 TLS，口令、令牌和减排令会明文经过网络。请配置 {tls} 的 cert 和 key（做法见 README“对外提供服务”），或只让本机连接：127.0.0.1:{port}；由另一台机器上的反向代理终止 TLS 的，设 insecure_listen: true。没有启动，未写入任何内容。", "the value {value} lets others than this machine connect ({bound}) without TLS, and passwords, tokens and orders could be read on the way. Set cert and key of {tls} (README says how), or let this machine alone connect: 127.0.0.1:{port}; where a reverse proxy on another machine ends TLS, set insecure_listen: true. It did not start, and nothing was written."},
		"listen.unknown_host": {"值“{value}”里的主机名查不到地址（{why}），无从知道本机以外是否能连接；请改正主机名，或写成地址，如 127.0.0.1:{port}。没有启动，未写入任何内容。", "no address is found for the host of {value} ({why}), so that nobody knows whether others than this machine can connect; mend the name, or write an address like 127.0.0.1:{port}. It did not start, and nothing was written."},

		"watch.tls_kept":      {"{setting}：自 {since} 起新的证书文件不能用（{why}），仍用旧的，有效期到 {until}。换好文件后自动启用，不用重启。", "{setting}: since {since} the new certificate files cannot be used ({why}); the old certificate is served on, which is valid until {until}. Good files are taken by themselves, without a restart."},
		"watch.tls_soon":      {"{setting} 的证书 {file} 还有 {days} 天到期（{until}）；请换上新的证书和私钥，不用重启。", "the certificate {file} of {setting} expires in {days} days ({until}); put a new certificate and key in its place, no restart is needed."},
		"watch.tls_not_valid": {"{setting} 的证书 {file} 现在无效（有效期 {from} 至 {until}），浏览器和企业端会拒绝连接；请换上有效的证书和私钥，不用重启，或校准时钟。", "the certificate {file} of {setting} is not valid now (from {from} until {until}), and browsers and agents refuse to connect; put a valid certificate and key in its place, no restart is needed, or set the clock right."},
		"local.lost.feeds":    {"自动取数的进度（会多取一次）", "how far the feeds had come (they may fetch once more)"},
	})
}
