package refusal

func init() {
	register(map[string]words{
		"journal.stopped":           {"记录已停止写入（原因见 /readyz 和日志），未做任何改动；请按运维手册处理后重试。", "the record has stopped writing (see /readyz and the log for why) and nothing was changed; mend that and try again."},
		"journal.busy":              {"系统正忙，未做任何改动；请稍后重试。", "the system is busy and nothing was changed; try again in a moment."},
		"journal.key_reused":        {"幂等键“{key}”已用于另一内容的请求；请换一个新的键。", "the idempotency key {key} was used for a request with other content; use a new key."},
		"journal.old_epoch":         {"租约第 {epoch} 期已过（现为第 {now} 期），结果不予记录。", "lease epoch {epoch} is over (now {now}); the result is not recorded."},
		"journal.command_too_large": {"一次提交（{command}）超过单个数据块的容量；请分批提交。", "one submission ({command}) is larger than a block can hold; send it in parts."},
	})
}
