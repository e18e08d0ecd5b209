package frame

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"desk.nav.proofs":   {"存证", "Proofs"},
		"desk.title.proofs": {"存证", "Proofs"},

		"desk.proofs.what": {"台账里的每一条都可以证明：没有人能事后改动、插入或删去。证据包拿到别处，不依靠本系统也能核对。",
			"Every entry of the record can be proved: nobody can change, insert or remove one afterwards. A bundle is checked anywhere, without this system."},
		"desk.proofs.search":          {"文号、预警或减排令编号", "Number of a document, id of a warning or an order"},
		"desk.proofs.found":           {"找到的预警", "Warnings found"},
		"desk.proofs.document":        {"文号", "Document"},
		"desk.proofs.none":            {"没有找到“{q}”；请核对文号或编号。", "Nothing is found of {q}; check the number or the id."},
		"desk.proofs.unsigned":        {"此刻没有节点在签署，证明取不到；条目都已记录，稍后再看。", "No node signs now, so that there are no proofs; the entries are recorded. Look again later."},
		"desk.proofs.order":           {"减排令 {id}", "Order {id}"},
		"desk.proofs.warning":         {"预警 {id}", "Warning {id}"},
		"desk.proofs.proved":          {"{n} 条，均由 {size} 条的检查点证明", "{n} entries, all proved by the checkpoint of {size}"},
		"desk.proofs.bundle":          {"下载证据包", "Download the bundle"},
		"desk.proofs.verify":          {"核对证据包", "Verify a bundle"},
		"desk.proofs.personal":        {"含个人信息的证据包", "Bundle with personal data"},
		"desk.proofs.reason":          {"为何取走（记入台账）", "Why it is taken away (recorded)"},
		"desk.proofs.personal_bundle": {"下载，含个人信息", "Download with personal data"},
		"desk.proofs.entries":         {"条目", "Entries"},
		"desk.proofs.entry":           {"条目号", "Entry"},
		"desk.proofs.who":             {"谁签署，谁见证", "Who signs, who watches"},
		"desk.proofs.origin":          {"名称", "Origin"},
		"desk.proofs.fingerprint":     {"密钥指纹（电话核对）", "Fingerprint of the key, to compare by telephone"},
		"desk.proofs.vkey":            {"密钥", "Key"},
		"desk.proofs.signed":          {"已签署", "Signed"},
		"desk.proofs.signed_of":       {"{signed} 条，共 {size} 条", "{signed} of {size} entries"},
		"desk.proofs.checkpoint":      {"检查点", "checkpoint"},
		"desk.proofs.witnesses":       {"见证方", "Witnesses"},
		"desk.proofs.witness":         {"见证方", "Witness"},
		"desk.proofs.cosigned":        {"已签到第几条", "Cosigned up to"},
		"desk.proofs.no_witness": {"没有配置见证方（ledger.witnesses）：改写全部历史只能靠手里已有的回执和证据包发现。",
			"No witness is configured (ledger.witnesses): a history that is rewritten as a whole shows by receipts and bundles alone that somebody has kept."},
	})
}
