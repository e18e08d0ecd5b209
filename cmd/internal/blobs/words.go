package blobs

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"blobs.too_large": {"内容超过 {limit} 字节，未保存。", "the content is larger than {limit} bytes and was not kept."},
		"blobs.disk": {"服务器存不下内容（{why}），未做任何改动；请让管理员清理数据目录所在的磁盘，然后重新提交。",
			"the server cannot keep the content ({why}), and nothing was changed. Have the disk of the data folder freed, then send it again."},
		"blobs.unreachable": {"各节点共用的内容存储没有应答（{why}），未做任何改动；请稍后重试，一直如此请检查 NATS。",
			"the store of content that the nodes share gives no answer ({why}), and nothing was changed. Try again a little later; see to NATS when this lasts."},
	})
}
