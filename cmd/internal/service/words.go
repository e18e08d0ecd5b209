package service

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"access.recipient_name": {"名称“{user}”与清单 {list} 中减排对象 {recipient} 的编号相同；请换一个。企业的账号由“换发凭据”产生。",
			"the name {user} is that of recipient {recipient} in list {list}; choose another one. An enterprise's own login comes with its credentials."},
		"access.unknown_town": {"街镇“{town}”不在街镇名册或现行清单的街镇之内；按名册核对写法，新的街镇先列入清单或补入 list_checks.towns。",
			"town {town} is not among the district's towns or those of the list in force; check the spelling by the register; a new town goes into the list first, or into list_checks.towns."},

		"access.factor_wanted": {"本区要求审批人先绑定二次验证；账号“{user}”还没有。请先在“二次验证”页或用 qingkong factor enrol 绑定，再批准。",
			"approving takes a second factor here and {user} has none: enrol first, on the page Second factor or with qingkong factor enrol."},
		"access.otp_wanted": {"这个账号绑定了二次验证：请填验证器上现在的 6 位验证码（otp）。",
			"this account has a second factor: give the six-digit code that the authenticator shows now (otp)."},

		"feed.other_source": {"文件里写的是“{value}”，而这里只收“{want}”的；请改正，或放到另一来源的目录。",
			"the document is of {value}, while this feed is of {want}; mend it, or hand it to the other feed."},
		"feed.no_drill": {"自动来源只收正式预报；演练的预报请经接口提交。",
			"a feed takes live forecasts alone; send a drill's over the interface."},

		"allocate.busy": {"优化正忙：同时只算 {limit} 个；请稍后再试。", "the optimiser is busy: {limit} run at a time; try again soon."},

		// Versions.
		"list.workbooks_busy": {"正在处理其他工作簿，等了 {seconds} 秒还没有轮到；没有做任何改动，请稍后再试。",
			"other workbooks are in work and it was not this one's turn within {seconds} s; nothing was changed, try again later."},
		"list.no_findings": {"版本 {version} 的检查结果已被清除；请重新导入原工作簿查看。",
			"what was found in version {version} has been erased; import the workbook again to see it."},
		"list.damaged_rows": {"版本 {version} 的工作簿有 {errors} 处错误，没有可查看的内容；请按 /api/v1/list/imports/{version}/errors.xlsx 改正后重新导入。", "the workbook of version {version} has {errors} error(s), so there is nothing to look at; mend them as /api/v1/list/imports/{version}/errors.xlsx says and import it again."},
		"list.amend_one": {"一次只能修订一处：措施（measure_id、change）或对象（recipient）；请分两次提交。",
			"one amendment changes one thing, a measure (measure_id, change) or a recipient (recipient); send two."},
		"list.amend_nothing": {"没有写明修订什么；请给出 measure_id 和 change，或 recipient，或 contact。",
			"it is not said what to amend; give measure_id and change, or recipient, or contact."},
		"list.amend_same": {"版本 {version} 中对象“{recipient}”已经如此，没有可修订的；请核对后再提交。",
			"version {version} says that of recipient {recipient} already, so there is nothing to amend; check what should change."},
		"list.amend_past": {"修订不能从过去的日期（{value}，今天是 {today}）起生效；请改为今天或以后。",
			"an amendment cannot take effect on a day that has passed ({value}; today is {today}); choose today or a later day."},
		"list.amend_key": {"这个幂等键已用于另一次修订（版本 {version}）；请换一个键。",
			"this idempotency key was used for another amendment (version {version}); use another one."},
		"list.amend_known": {"修订结果与已有的版本 {version}（状态 {state}）完全相同，未新建；可直接使用该版本，或改用另一生效日期。",
			"the amended list is the same as version {version}, which is there already ({state}), so none was made; use that one, or another day to take effect on."},
		"list.amend_contact_empty": {"联系人是空的；空的联系人不会取代已有的，请填写。",
			"the contact is empty, and an empty one does not take the place of the one there is; fill it in."},

		"list.export_damaged": {"版本 {version} 的工作簿有错误，没有可导出的内容；请下载 /api/v1/list/imports/{version}/errors.xlsx，改正后重新导入。",
			"the workbook of version {version} has errors, so there is nothing to export; download /api/v1/list/imports/{version}/errors.xlsx, mend it and import it again."},
		"list.export_partial": {"版本 {version} 尚未导入完（{have} / {want}），不能导出；请重新导入同一工作簿。",
			"version {version} is not complete ({have} of {want}) and cannot be exported; import the same workbook again."},

		"personal.one_of":   {"recipient_id、user、ref 只能给一个，且必须给一个。", "give exactly one of recipient_id, user and ref."},
		"personal.no_entry": {"保密库里没有“{ref}”；请核对台账中的编号。", "the vault has no {ref}; check the reference in the record."},
		"personal.ref": {"“{value}”不是保密库的条目；请用记录里的编号（v 开头，44 个字符）。",
			"{value} is no entry of the vault; use a reference of the record (44 characters that begin with v)."},

		"figures.missing": {"缺少{what}；请补充后再算。", "missing: {what}; give it and try again."},

		"plan.infeasible": {"不能接受：没有可行的方案。{why}", "cannot be accepted: there is no feasible plan. {why}"},

		"input.not_as_subject": {"与主题不符：主题为 {subject}，内容为 {value}；请改为一致后重发。",
			"differs from the subject: the subject says {subject}, the content {value}; make them agree and send it again."},
		"warning.no_list": {"{at} 没有生效的应急减排清单，不能发布预警；请先导入并启用清单。",
			"no reduction list is in force on {at}, so no warning can be declared; import and activate a list first."},
		"http.no_route": {"没有这个地址：{path}；请查看接口说明 /api/v1/openapi.json。",
			"there is nothing at {path}; see the interface at /api/v1/openapi.json."},
		"order.drill": {"该减排令不属于此主题（演练与实战分开）；请用 {subject} 作答。",
			"the order does not belong to this subject (drill and live are apart); answer on {subject}."},
		"recipient.unknown": {"现行清单中没有编号为 {id} 的对象；请核对编号。", "the list in force has no recipient {id}; check the id."},
		"internal": {"系统内部错误，结果未知；请稍后重试（相同内容重复提交是安全的）。",
			"internal error, the outcome is not known; try again in a moment (the same content may safely be sent twice)."},

		"http.cross_origin": {"拒绝来自其他网站（{origin}）的请求；请直接从程序或本站页面调用。",
			"requests from another site ({origin}) are refused; call from a program or from this site's pages."},
	})
}
