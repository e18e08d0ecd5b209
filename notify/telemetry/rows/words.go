package rows

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"rows.counts": {"还发现了其他情况，种类太多，不再逐一计数。",
			"more kinds of things were noticed than are counted by name."},
		"rows.unregistered": {"收到后该站点已不在登记表中，未作为数据。",
			"the station is no longer in the register: what it sent is no reading."},
		"rows.unread": {"按现在的登记信息读不出这条数据；请核对版本和密钥。换过密钥的，换之前的密文不再能读。",
			"it cannot be read by what the register says now: check edition and key. What came before a new key cannot be read."},
		"rows.time":  {"数据时间不在保存的期限内，或不是时段的起点。", "the time of the data is not one that is kept, or no start of a period."},
		"rows.point": {"测点不属于该站点。", "the point is not one of this station."},
		"rows.points": {"站点的测点太多，多出的未保存；请检查设备上报的因子编码。",
			"the station has too many points; more are not kept: check the factor codes that it sends."},
		"rows.unit": {"测点的单位换成了另一种量，与之前的数据不在一起；请核对登记的单位。",
			"the point is in a unit of another quantity now, and not together with what it was: check the registered unit."},
		"rows.damaged": {"保存的数据有一处损坏，已由其后收到的重建，之前的可能丢失；请检查磁盘。",
			"something that was kept is damaged; it is made anew of what came after, and the rest may be lost: check the disk."},
		"rows.chunk": {"收到的一批原始数据已损坏，没有读出数据；请检查磁盘。",
			"a batch of what was received is damaged and gives no readings: check the disk."},
		"rows.refused": {"数据被拒收。", "what came was refused."},
	})
}
