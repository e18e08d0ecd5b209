package folder

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"backup.unknown_act": {"程序不认识“{act}”这个请求。", "the program does not know the act {act}."},
		"backup.no_socket": {"{data} 上有程序在运行，但问不到它（{why}）：目录路径可能太长，或程序正在启动或停止。请稍候再试，或停下程序再备份。",
			"a program runs on {data} and cannot be asked ({why}): the folder's path may be too long, or it is starting or stopping. Try again in a moment, or stop it and back up then."},
		"backup.no_answer": {"{data} 上运行的程序没有说备份完成了没有（{why}）；请看它的日志，并检查备份文件是否在。",
			"the program on {data} did not say whether the backup was made ({why}); see its log, and whether the file is there."},
		"check.no_socket": {"{data} 上有程序在运行，但问不到它（{why}）：目录路径可能太长，或程序正在启动或停止。请稍候再试，或停下程序再核对。",
			"a program runs on {data} and cannot be asked ({why}): the folder's path may be too long, or it is starting or stopping. Try again in a moment, or stop it and check then."},
		"check.no_answer": {"{data} 上运行的程序没有说核对的结果（{why}）；核对什么也不改，请看它的日志后再试。",
			"the program on {data} did not say what the check found ({why}); a check changes nothing: see its log and try again."},
	})
}
