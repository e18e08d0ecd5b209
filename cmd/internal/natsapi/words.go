package natsapi

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"nats.too_many": {"您发来的消息太多，超出的没有处理；请稍候重发，同一答复重发不会重复生效。",
			"too many messages from you; those beyond your share were not looked at. Wait a moment and send them again: an answer that is repeated takes effect once."},

		"nats.receipts_busy": {"正在办理的回执太多；请过几分钟再取。", "too many receipts are being made; ask again in a few minutes."},
		"nats.receipts_too_large": {"回执有 {size} 字节，超过一条 NATS 消息的上限 {limit}；请经 HTTP 取：GET /orders/ID/receipts 或 qingkong order receipts ID。",
			"the receipts have {size} bytes and a NATS message at most {limit}; get them over HTTP: GET /orders/ID/receipts or qingkong order receipts ID."},

		"http.role": {"角色“{role}”无权执行此操作；请由有权的人员办理。", "the role {role} may not do this; ask somebody who may."},
	})
}
