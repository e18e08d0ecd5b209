package refusal

func init() {
	register(map[string]words{
		"check.busy":      {"另一次核对正在进行，未再开始；请等它做完再试（结果也在日志和 record 检查里）。", "another check is under way and none was begun; try again when it has ended (the log and the check record say what it found)."},
		"check.no_room":   {"{folder} 所在磁盘只剩 {free} MB，核对的临时文件需要留出 {need} MB，没有核对，未做任何改动；请清理磁盘，或用 --tmp（定时核对用 check.tmp）换一个目录。", "the disk of {folder} has {free} MB left, and the scratch file of a check needs {need} MB with what must stay free; nothing was checked or changed. Free some space, or name another folder with --tmp (check.tmp for the schedule)."},
		"check.relative":  {"临时文件的目录要写完整路径（以 / 开头），收到的是“{folder}”。", "name the folder of the scratch file by its whole path, beginning with /; it was {folder}."},
		"check.no_socket": {"{data} 上有程序在运行，但问不到它（{why}）：目录路径可能太长，或程序正在启动或停止。请稍候再试，或停下程序再核对。", "a program runs on {data} and cannot be asked ({why}): the folder's path may be too long, or it is starting or stopping. Try again in a moment, or stop it and check then."},
		"check.no_answer": {"{data} 上运行的程序没有说核对的结果（{why}）；核对什么也不改，请看它的日志后再试。", "the program on {data} did not say what the check found ({why}); a check changes nothing: see its log and try again."},
		"check.progress":  {"由运行中的程序核对：第 {block} 块，共 {of} 块", "the running program checks itself: block {block} of {of}"},

		"watch.record_damaged":   {"记录查出损坏（{since} 发现，共 {count} 处，第一处：{first}）；操作和减排令照常，但请尽快处理：先备份（qingkong backup），再停下程序、复制数据目录，按 README“丢了东西怎么办”处理；全部问题由 qingkong journal check 列出，修好后再运行一次即可消除这条告警。", "the record is damaged (found {since}, {count} problems, the first: {first}); acts and orders go on, but see to it soon: make a backup (qingkong backup), stop the program, copy the data folder, and follow what README says of losses. qingkong journal check lists all problems, and ends this alarm where it finds none."},
		"watch.record_unchecked": {"记录的核对没有做完（{at}，{why}）；请处理后在这台机器上运行一次 qingkong journal check，或等下一次定时核对。", "the check of the record did not come to its end ({at}, {why}); see to that and run qingkong journal check on this machine, or wait for the next on the schedule."},
	})
}
