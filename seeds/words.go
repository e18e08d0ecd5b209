package seeds

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"seeds.no_episode": {"没有名为“{name}”的实例过程；现有：{have}。", "there is no episode {name}; there are: {have}."},
		"seeds.too_few": {"示例清单至少有 {have} 个对象，不能减为 {n} 个；请给出不小于 {have} 的数。",
			"the demo list has at least {have} recipients and cannot be cut to {n}; give a number not below {have}."},
	})
}
