package natsapi

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"nats.too_many": {"您发来的消息太多，超出的没有处理；请稍候重发，同一答复重发不会重复生效。",
			"too many messages from you; those beyond your share were not looked at. Wait a moment and send them again: an answer that is repeated takes effect once."},

		"http.role": {"角色“{role}”无权执行此操作；请由有权的人员办理。", "the role {role} may not do this; ask somebody who may."},
	})
}
