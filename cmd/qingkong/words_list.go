package main

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"allocate.objective": {"加权排放", "weighted emission"},
		"allocate.bound":     {"证明的下界", "proved lower bound"},
		"allocate.totals":    {"合计", "in all"},
		"allocate.saved":     {"比基准少", "saved against the baseline"},
		"allocate.binding":   {"起限制作用的条件", "binding constraints"},
		"allocate.coal":      {"煤", "coal"},
		"allocate.feed":      {"焚烧", "burnt"},
		"allocate.divert":    {"外运", "diverted"},
		"allocate.off":       {"停", "off"},

		"aqi.twice": {"{pollutant} 给了两次：“{first}”和“{value}”；请只保留一个。", "{pollutant} is given twice, as “{first}” and as “{value}”; keep one."},

		"aqi.missing":        {"缺测", "not measured"},
		"aqi.ignored":        {"不参与此报，已忽略", "no part of this report, ignored"},
		"aqi.off_table":      {"超出该列上限，按标准不计算分指数", "beyond its column, where the standard gives no sub-index"},
		"aqi.unknown":        {"AQI 不能给出（NA）", "no AQI can be given (NA)"},
		"aqi.unknown_2026":   {"有缺测且其余污染物的 AQI 不大于 100，按 HJ 633-2026 §5.3 不发布；请补齐缺测项", "a pollutant is missing and the others give no more than 100, so HJ 633-2026 §5.3 publishes none; measure what is missing"},
		"aqi.unknown_none":   {"没有任何污染物有分指数；请至少补充一项", "no pollutant has a sub-index; give at least one that has"},
		"aqi.unknown_beyond": {"有污染物超出该列上限，标准改用的 1 小时（24 小时）值没有给出；请补上", "a pollutant is beyond its column, and the mean that the standard then goes by is not given: add it"},
		"aqi.daily":          {"日报", "daily report"},
		"aqi.hourly":         {"实时报", "real-time report"},

		// A diff in words.
		"list.effect.none": {"各级别减排量不变", "the reductions of every level stay the same"},

		// What the commands about a list say.
		"list.say_findings":      {"{errors} 处错误，{warnings} 处提醒", "{errors} error(s), {warnings} warning(s)"},
		"list.say_damaged":       {"{file} 有 {errors} 处错误；用 qingkong list lint {file} 逐条查看，改正后再试", "{file} has {errors} error(s); see them with qingkong list lint {file}, mend them and try again"},
		"list.say_lint":          {"{file} 有 {errors} 处错误；按上面的处理办法改正后再检查（--errors 文件名 可得到标注了问题的工作簿）", "{file} has {errors} error(s); mend them as said above and check again (--errors FILE writes the workbook with the cells marked)"},
		"list.say_imported":      {"草稿 {version}，{count} 个对象。下一步：由另一人 qingkong list approve {version} --revision {revision}，再 qingkong list activate {version}", "draft {version} with {count} recipients. Next: another person runs qingkong list approve {version} --revision {revision}, then qingkong list activate {version}"},
		"list.say_known":         {"版本 {version} 已经有了，状态 {state}，未作改动", "version {version} was there already and is {state}; nothing was changed"},
		"list.say_import_bad":    {"版本 {version} 有 {errors} 处错误，不能启用；从服务器的 /api/v1/list/imports/{version}/errors.xlsx 取回标注了问题的工作簿，改正后重新导入", "version {version} has {errors} error(s) and cannot be activated; fetch the workbook with the cells marked from /api/v1/list/imports/{version}/errors.xlsx of the server, mend it and import it again"},
		"list.say_acted":         {"版本 {version}：{state}，第 {revision} 次修订", "version {version}: {state}, revision {revision}"},
		"list.say_discarded":     {"草稿 {version} 已作废；同一份工作簿可以重新导入", "draft {version} is discarded; the same workbook can be imported anew"},
		"list.say_template":      {"{file}：空白模板，填好后用 qingkong list lint 检查", "{file}: an empty template; check it with qingkong list lint once it is filled in"},
		"list.say_exported":      {"{file}：{name}，{count} 个对象，{hash}", "{file}: {name}, {count} recipients, {hash}"},
		"list.say_contacts":      {"{count} 个对象的联系人已更新，立即可用", "the contacts of {count} recipient(s) were changed and count from now on"},
		"list.say_contacts_kept": {"工作簿里有 {count} 个对象没有联系人，沿用现行清单的", "{count} recipient(s) have no contact in the workbook and keep that of the list in force"},
		"list.say_amended":       {"草稿 {version}，{from} 起，{warnings} 处提醒。下一步：由另一人 qingkong list approve {version} --revision {revision}，再 qingkong list activate {version}", "draft {version} from {from} on, {warnings} warning(s). Next: another person runs qingkong list approve {version} --revision {revision}, then qingkong list activate {version}"},
		"list.say_later":         {"注意：其后生效的版本 {versions} 没有这项修改，需要时另行修订", "note: versions that begin later lack the change; amend them too if they need it: {versions}"},
		"list.say_more":          {"还有更多；用 --cursor {cursor} 接着看", "there is more; go on with --cursor {cursor}"},
		"list.say_diff":          {"{from} → {to}：新增 {added}、删除 {removed}、修改 {changed} 个对象", "{from} to {to}: {added} recipient(s) added, {removed} removed, {changed} changed"},
		"list.say_score":         {"{measures} 条措施：可操作 {operable}，可监测 {monitorable}，可核查 {checkable}，三项齐全 {all}；待办 {tasks} 件", "{measures} measures: {operable} operable, {monitorable} monitorable, {checkable} checkable, {all} all three; {tasks} thing(s) to mend"},
		"list.say_relisted":      {"新下 {issued} 份，重下 {revised} 份，解除 {released} 份，{unchanged} 个对象不变", "{issued} issued, {revised} revised, {released} released, {unchanged} unchanged"},
		"list.say_offered":       {"预警固定的清单 {pinned}，现行清单 {version}：{count} 个对象的措施有变（预警第 {revision} 版）", "the warning is pinned to {pinned}, {version} is in force: {count} recipient(s) have other measures (revision {revision} of the warning)"},
		"list.say_same":          {"两份清单内容相同", "the two lists are the same"},
		"list.say_changes":       {"{count} 处不同", "{count} difference(s)"},
		"list.say_no_version":    {"{dir} 里没有可导出的清单版本；先导入并启用一个，或不带 --data 导出内置清单", "{dir} has no version that can be exported; import and activate one, or export the embedded list without --data"},

		"cli.member.from":       {"自", "from"},
		"cli.member.to":         {"至", "to"},
		"cli.member.reads":      {"查看", "reads"},
		"cli.personal_erased":   {"{entries} 条个人信息已删除，保存的工作簿中含有它的一并删除；台账仍可证明。", "{entries} entries of personal data are erased, with the stored workbooks that held them; the record still proves itself."},
		"cli.personal_kept":     {"定时备份 {file} 仍含有它", "the backup {file} still holds it"},
		"cli.personal_unknown":  {"备份 {file} 是否仍含有它，不能确定：{why}", "whether the backup {file} still holds it cannot be said: {why}"},
		"cli.personal_until":    {"按 backup.schedule 和 backup.keep 约在 {at} 删除", "the schedule will have removed it by about {at}"},
		"cli.personal_for_good": {"没有定时，直到有人删除它为止", "until somebody removes it: no schedule does"},
		"cli.personal_copies":   {"复制到别处的备份和已导出的文件不在其列，请另行处理；恢复较旧的备份时用 --erased 给出 erased 文件", "copies elsewhere and exported files are another matter; restore an older backup with --erased and the file erased"},
		"cli.kept.passphrase":   {"它是用另一个口令加密的，或没有配置口令", "it is encrypted with another passphrase, or none is configured"},
		"cli.kept.damaged":      {"文件已损坏", "it is damaged"},
		"cli.kept.unfinished":   {"没有写完：正在写的，写完后再执行一次本命令；上次运行留下的，请删除", "it is not finished: if it is being written, run this again afterwards; if an earlier run left it, remove it"},
		"cli.kept.unread":       {"读不出来", "it cannot be read"},
		"cli.kept.late":         {"限定的时间内没有看完，可再执行一次", "there was no time to look into it; run this again"},

		"papers.say_written":  {"已在 {dir} 写出 {files} 个文件，{recipients} 个对象。", "{files} file(s) for {recipients} recipient(s) were written to {dir}."},
		"papers.say_one":      {"用 --recipient 编号 或 --all 指明要哪些对象。", "say which recipients: --recipient ID or --all."},
		"papers.say_personal": {"操作方案、公示牌和内部清单含联系人和电话，请妥善保管。", "plans, boards and the internal list hold contacts and telephone numbers: keep them safe."},

		"cli.plan_file":        {"{file} 不是 JSON：{why}；请给出 JSON 文件，例如同一命令 --json 的输出。", "{file} is no JSON: {why}; give a JSON file, like what the same command prints with --json."},
		"cli.plan_window":      {"方案期：{from} 至 {to}", "the plan is for {from} to {to}"},
		"cli.plan_cut.factors": {"自此日起清单中的排放系数或机组有变，其后的方案到时另编", "from then on the list has other factors or units; what follows is planned then"},
		"cli.plan_cut.length":  {"方案最长 14 天，其后的到时另编", "no plan is for more than 14 days; what follows is planned then"},
		"cli.plan_figures":     {"用 {at} 给出的运行数据", "with the figures given at {at}"},
		"cli.plan_missing":     {"缺少下列数据，用 order figures 给出", "these are missing; give them with order figures"},
		"cli.plan_optional":    {"（可不给）", "(optional)"},
		"cli.plan_summary":     {"{from} 至 {to}，共 {total} 吨，差距不超过 {gap} %", "{from} to {to}, {total} t in all, at most {gap} % above the best"},
		"cli.member.plan":      {"运行方案", "operating plan"},
		"cli.figures_none":     {"还没有给出运行数据", "no figures were given yet"},
		"cli.figures_given":    {"{by} 于 {at} 给出，{age} 小时前", "given by {by} at {at}, {age} h ago"},
		"cli.figures_old":      {"已经过期，请重新给出", "too old; give them anew"},

		"cli.plan_marks":        {"与清单要求比较", "against what the list demands"},
		"cli.plan_marks_broken": {"有 {n} 项措施达不到清单的要求；接受须用 --reason 写明理由", "{n} measures of the list are not kept; accepting it needs --reason"},
		"cli.plan_reason_alone": {"--reason 与 --accept 一起用", "--reason goes with --accept"},
	})
}
