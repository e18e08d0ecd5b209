package refusal

func init() {
	register(map[string]words{
		"blobs.too_large":   {"内容超过 {limit} 字节，未保存。", "the content is larger than {limit} bytes and was not kept."},
		"blobs.disk":        {"服务器存不下内容（{why}），未做任何改动；请让管理员清理数据目录所在的磁盘，然后重新提交。", "the server cannot keep the content ({why}), and nothing was changed. Have the disk of the data folder freed, then send it again."},
		"blobs.unreachable": {"各节点共用的内容存储没有应答（{why}），未做任何改动；请稍后重试，一直如此请检查 NATS。", "the store of content that the nodes share gives no answer ({why}), and nothing was changed. Try again a little later; see to NATS when this lasts."},

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
	})
}
