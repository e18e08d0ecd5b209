package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/papers"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
	"qingkong/reductionlist/rules"
)

const prefix = "/api/v1"

// signedIn stands for an act that whoever has a valid token or session may do.
const signedIn = "signed in"

// nearOrSignedIn stands for an act that whoever is signed in may do, and everybody on this machine itself.
const nearOrSignedIn = "signed in, or from this machine"

// route is one call of the interface: how it is answered, and what GET /openapi.json says of it.
type route struct {
	method  string
	pattern string // below /api/v1, of http.ServeMux
	root    bool   // it is not: it stands at the root
	act     string // what access must allow; empty for a public call
	handle  func(*Server, *request) (any, error)
	query   []param                   // the parameters it takes
	body    int64                     // the most that its body may have, in bytes; 0: it takes none
	upload  bool                      // its body is a file
	spared  bool                      // it changes something and no rate of writes holds it: it belongs to a response, or adds nothing
	created func(answer any) []string // path of what a POST made, below /api/v1; nil: it makes nothing
	kept    bool                      // a POST is answered 201 though what it made has no path of its own
	repeats bool                      // it is read again and again, and answered with an ETag

	in, out any            // a value of the type of its body and of its answer; nil: none
	unwell  bool           // the same answer may come with 503
	media   string         // of an answer that is no JSON
	others  []string       // further media, by the parameter format
	refuses []refusal.Code // beside what any call may be refused with, see route.codes
	zh, en  string         // what it does
}

type codes = []refusal.Code

// acted are what an act on a revision may be refused with.
var acted = codes{refusal.TransitionRefused, refusal.StaleRevision, refusal.SamePerson}

// What bodies may have, in bytes: what signs in, which anybody may send, and what says everything in its path; what people write,
// a notice of 20,000 characters the longest; data of a day, of a plant or of a list's rows; a workbook.
const (
	signInBody = 4 << 10
	smallBody  = 4 << 10
	textBody   = 256 << 10
	dataBody   = 1 << 20
	fileBody   = maxUpload
)

// with adds paging to the parameters of a list.
func with(query ...param) []param { return append(query, limitParam, cursorParam) }

// routes are all calls.
var routes = []route{
	{method: "GET", pattern: "/healthz", root: true, handle: (*Server).healthz, out: health{}, zh: "程序在运行", en: "the program runs"},
	{method: "GET", pattern: "/readyz", root: true, handle: (*Server).readyz, out: readiness{}, unwell: true,
		zh: "各部分是否正常；503 仅表示不能记录任何操作。登录者可见原因和办法", en: "how every part is; 503 only where nothing can be recorded. Who is signed in sees why and what to do"},
	{method: "GET", pattern: "/metrics", root: true, act: nearOrSignedIn, handle: (*Server).showMetrics,
		media: "text/plain", refuses: codes{refusal.Unauthenticated},
		zh: "运行指标（Prometheus 文本格式），不含个人信息", en: "metrics as Prometheus reads them, without personal data"},
	{method: "GET", pattern: "/openapi.json", handle: (*Server).openapi, out: map[string]any{}, repeats: true,
		zh: "本接口说明（OpenAPI 3.1）", en: "this document (OpenAPI 3.1)"},

	{method: "POST", pattern: "/session", body: signInBody, handle: (*Server).login, spared: true,
		in: loginInput{}, out: person{}, refuses: codes{refusal.Unauthenticated},
		zh: "登录控制台，得到会话", en: "signs in to the console with a session"},
	{method: "DELETE", pattern: "/session", handle: (*Server).logout, spared: true,
		zh: "退出登录", en: "ends the session"},
	{method: "GET", pattern: "/sessions", act: signedIn, handle: (*Server).ownSessions,
		out: alerts.Page[access.Session]{},
		zh:  "自己的网页登录", en: "the caller's own sessions"},
	{method: "DELETE", pattern: "/sessions", act: signedIn, handle: (*Server).endSessions,
		zh: "结束自己的全部网页登录，登录过的浏览器也不再认得；令牌不变", en: "ends all of the caller's sessions, and that browsers know it; tokens stay"},
	{method: "DELETE", pattern: "/sessions/{id}", act: signedIn, handle: (*Server).endSession, spared: true, refuses: codes{refusal.NotFound},
		zh: "结束自己的一个网页登录", en: "ends one of the caller's sessions"},
	{method: "GET", pattern: "/me", act: signedIn, handle: (*Server).me,
		out: person{},
		zh:  "我是谁", en: "who the caller is"},
	{method: "POST", pattern: "/me/password", body: signInBody, act: signedIn, handle: (*Server).changePassword,
		in: passwordChange{},
		zh: "修改自己的口令；此后口令只用于网页和接口登录，连接 NATS 要用令牌", en: "changes the caller's own password; it serves to sign in here alone then, and NATS takes a token"},
	{method: "GET", pattern: "/me/factor", act: signedIn, handle: (*Server).factor,
		out: access.FactorState{},
		zh:  "自己的二次验证", en: "the caller's own second factor"},
	{method: "GET", pattern: "/me/factor/secret", act: signedIn, handle: (*Server).newFactor,
		out: service.FactorDraft{},
		zh:  "为验证器取一个新密钥，每次不同；绑定以前什么也不改变", en: "a new secret for an authenticator, another each time; nothing changes before it is enrolled"},
	{method: "POST", pattern: "/me/factor", body: signInBody, act: signedIn, handle: (*Server).enrolFactor,
		in: access.Enrolment{}, out: access.FactorState{}, refuses: codes{refusal.TransitionRefused},
		zh: "绑定二次验证：当前口令和第一个验证码；更换时还要原来那个的验证码", en: "enrols a second factor with the current password and a first code; to replace one, with a code of that"},
	{method: "POST", pattern: "/accounts", body: smallBody, act: access.ActAccountsCreate, handle: (*Server).addAccount, created: accountPath,
		in: access.NewAccount{}, out: access.Issued{},
		zh: "建立账号；口令和令牌只在这里显示一次", en: "adds an account; its password and token are shown here alone"},
	{method: "GET", pattern: "/accounts", act: access.ActAccountsRead, handle: (*Server).accounts, query: with(roleParam),
		out: alerts.Page[*access.User]{},
		zh:  "账号列表；role=enterprise 列出企业", en: "lists accounts; recipients under role=enterprise"},
	{method: "GET", pattern: "/accounts/{id}", act: access.ActAccountsRead, handle: (*Server).account,
		out: access.User{},
		zh:  "一个账号", en: "an account"},
	{method: "POST", pattern: "/accounts/{id}/credentials", body: smallBody, act: access.ActAccountsCredentials, handle: userAct((*service.Service).RenewAccount),
		in: nothing{}, out: access.Issued{}, refuses: codes{refusal.TransitionRefused},
		zh: "换发口令和令牌，旧的立即失效", en: "renews password and token; the old ones end"},
	{method: "DELETE", pattern: "/accounts/{id}/factor", act: access.ActAccountsCredentials, handle: (*Server).resetFactor,
		out: access.User{},
		zh:  "重置账号的二次验证，用于验证器丢失", en: "resets an account's second factor, where the authenticator is lost"},
	{method: "POST", pattern: "/accounts/{id}/disable", body: smallBody, act: access.ActAccountsDisable, handle: userAct((*service.Service).Disable),
		in: nothing{}, out: access.User{}, refuses: codes{refusal.SamePerson},
		zh: "停用账号", en: "disables an account"},
	{method: "POST", pattern: "/accounts/{id}/enable", body: smallBody, act: access.ActAccountsDisable, handle: userAct((*service.Service).Enable),
		in: nothing{}, out: access.User{},
		zh: "恢复账号", en: "enables an account again"},
	{method: "POST", pattern: "/accounts/{id}/tokens", body: smallBody, act: access.ActTokensCreate, handle: (*Server).addToken, created: tokensPath,
		in: access.NewToken{}, out: access.Issued{}, refuses: codes{refusal.TransitionRefused},
		zh: "增加一个令牌，只显示一次；给了 expires_at 的到时即失效", en: "adds a token, shown once; with expires_at it is refused from then on"},
	{method: "DELETE", pattern: "/accounts/{id}/tokens/{token}", act: access.ActTokensRevoke, handle: (*Server).revokeToken,
		out: access.User{},
		zh:  "吊销一个令牌", en: "revokes a token"},

	{method: "POST", pattern: "/backups", body: smallBody, act: access.ActBackups, handle: (*Server).takeBackup, created: backupsPath,
		in: nothing{}, out: Backup{},
		zh: "由服务器在 backup.dir 中写一份备份；备份的内容从不经过 HTTP", en: "has the server write a backup into backup.dir; its bytes never go over HTTP"},
	{method: "GET", pattern: "/backups", act: access.ActBackups, handle: (*Server).backups,
		out: alerts.Page[Backup]{},
		zh:  "backup.dir 中的备份，新的在前", en: "the backups in backup.dir, the newest first"},

	{method: "POST", pattern: "/forecasts", body: dataBody, act: access.ActForecastsCreate, handle: (*Server).forecast, created: forecastPath,
		in: alerts.ForecastInput{}, out: alerts.ForecastResult{},
		zh: "报送预报，返回由此产生的建议", en: "records a forecast and answers the proposal that follows from it"},
	{method: "GET", pattern: "/forecasts/skill", act: access.ActSkillRead, handle: (*Server).skill, query: []param{fromDayParam, toDayParam},
		out: skillReport{},
		zh:  "预报与实测的对比", en: "forecasts against measurements"},
	{method: "GET", pattern: "/feeds", act: access.ActSkillRead, handle: (*Server).feeds,
		out: alerts.Page[feedView]{},
		zh:  "曾中断的数据来源，和送来的内容未被采用的来源", en: "sources that have fallen silent, or brought what was refused"},
	{method: "POST", pattern: "/observations", body: dataBody, act: access.ActObservationsCreate, handle: (*Server).observation, kept: true,
		in: alerts.ObservationInput{}, out: alerts.ObservationResult{},
		zh: "报送实测；set_aside 说明哪些值不采用、为什么，全部不采用时为 422", en: "records measurements; set_aside says which values are not judged and why, and where these are all it is a 422"},
	{method: "GET", pattern: "/proposals", act: access.ActProposalsList, handle: (*Server).proposals, query: with(proposalState),
		out: alerts.Page[*alerts.Proposal]{}, repeats: true,
		zh: "预警建议", en: "proposals"},
	{method: "GET", pattern: "/proposals/{id}", act: access.ActProposalsList, handle: (*Server).proposal,
		out: alerts.Proposal{}, repeats: true,
		zh: "一条建议及其依据", en: "a proposal with what it rests on"},
	{method: "POST", pattern: "/proposals/{id}/dismiss", body: textBody, act: access.ActProposalsDismiss, handle: (*Server).dismiss, spared: true,
		in: service.Dismissal{}, out: alerts.Proposal{}, refuses: codes{refusal.TransitionRefused},
		zh: "不采纳建议，须说明理由", en: "dismisses a proposal, with a reason"},

	{method: "GET", pattern: "/warnings", act: access.ActWarningsRead, handle: (*Server).warnings, query: with(),
		out: alerts.Page[*alerts.Warning]{}, repeats: true,
		zh: "预警，最近的在前", en: "warnings, the latest first"},
	{method: "POST", pattern: "/warnings", body: textBody, act: access.ActWarningsDeclare, handle: (*Server).declare, created: warningPath, spared: true,
		in: service.Declaration{}, out: alerts.Warning{}, refuses: codes{refusal.TransitionRefused},
		zh: "发布预警或管控要求", en: "declares a warning"},
	{method: "GET", pattern: "/warnings/{id}", act: access.ActWarningsRead, handle: (*Server).warning,
		out: service.WarningLook{}, repeats: true,
		zh: "一次预警及其经过", en: "a warning and its history"},
	{method: "GET", pattern: "/warnings/{id}/board", act: access.ActBoardRead, handle: (*Server).board,
		out: notify.Overview{}, repeats: true,
		zh: "减排令的送达、答复与执行汇总", en: "how its orders stand"},
	{method: "POST", pattern: "/warnings/{id}/approve", body: textBody, act: access.ActWarningsApprove, handle: warningAct("approve"), spared: true,
		in: service.Approval{}, out: alerts.Warning{}, refuses: acted,
		zh: "批准待审批的发布或提级", en: "approves what waits for a second person"},
	{method: "POST", pattern: "/warnings/{id}/emergency-approve", body: textBody, act: access.ActWarningsEmergencyApprove, handle: warningAct("emergency-approve"), spared: true,
		in: service.EmergencyApproval{}, out: alerts.Warning{}, refuses: acted,
		zh: "审批人联系不上时凭电话批准，须在 12 小时内补确认", en: "approves on somebody's word when no approver can be reached"},
	{method: "POST", pattern: "/warnings/{id}/reject", body: textBody, act: access.ActWarningsReject, handle: warningAct("reject"), spared: true,
		in: alerts.Reject{}, out: alerts.Warning{}, refuses: acted,
		zh: "驳回", en: "rejects what waits for a second person"},
	{method: "POST", pattern: "/warnings/{id}/adjust", body: textBody, act: access.ActWarningsAdjust, handle: warningAct("adjust"), spared: true,
		in: service.Adjustment{}, out: alerts.Warning{}, refuses: acted,
		zh: "调整级别", en: "changes the level"},
	{method: "POST", pattern: "/warnings/{id}/revise", body: textBody, act: access.ActWarningsRevise, handle: warningAct("revise"), spared: true,
		in: service.Revision{}, out: alerts.Warning{}, refuses: acted,
		zh: "修订文件、正文或结束时间；被驳回的重新提交", en: "revises documents, text or end; submits a rejected one anew"},
	{method: "POST", pattern: "/warnings/{id}/lift", body: textBody, act: access.ActWarningsLift, handle: warningAct("lift"), spared: true,
		in: alerts.Lift{}, out: alerts.Warning{}, refuses: acted,
		zh: "解除", en: "lifts a warning"},
	{method: "POST", pattern: "/warnings/{id}/cancel", body: textBody, act: access.ActWarningsCancel, handle: warningAct("cancel"), spared: true,
		in: alerts.Cancel{}, out: alerts.Warning{}, refuses: acted,
		zh: "撤销尚未生效的预警", en: "cancels a warning before its start"},

	{method: "GET", pattern: "/warnings/{id}/list-changes", act: access.ActListsRead, handle: (*Server).listChanges, query: with(),
		out: listChanges{}, repeats: true,
		zh: "新版清单会改变本次预警中哪些对象的措施", en: "whom of a live warning a newer list gives other measures"},
	{method: "POST", pattern: "/warnings/{id}/list-changes", body: dataBody, act: access.ActWarningsRelist, handle: (*Server).relist, spared: true,
		in: service.Relisting{}, out: notify.RelistDone{}, refuses: acted,
		zh: "按现行清单重下所选对象的减排令", en: "gives the recipients named what the list in force says"},

	{method: "POST", pattern: "/list/imports", body: fileBody, act: access.ActListsImport, handle: (*Server).importList, query: []param{sourceParam}, upload: true, created: importPath,
		out: imported{},
		zh:  "导入清单工作簿，成为草稿，并列出问题", en: "imports a workbook as a draft, with what was found in it"},
	{method: "GET", pattern: "/list/imports/{id}", act: access.ActListsRead, handle: (*Server).imported,
		out: imported{},
		zh:  "一次导入及其问题", en: "an import and what was found in it"},
	{method: "GET", pattern: "/list/imports/{id}/errors.xlsx", act: access.ActListsRead, handle: (*Server).importErrors,
		media: xlsxMedia,
		zh:    "导入问题清单（Excel）", en: "what was found, as a workbook"},
	{method: "GET", pattern: "/list/template", act: access.ActListsRead, handle: (*Server).listTemplate,
		media: xlsxMedia,
		zh:    "空白的清单模板（Excel）", en: "the empty template of a list, as a workbook"},
	{method: "GET", pattern: "/list/versions", act: access.ActListsRead, handle: (*Server).versions, query: with(asOfParam),
		out: alerts.Page[version]{}, repeats: true,
		zh: "清单版本", en: "versions of the list"},
	{method: "GET", pattern: "/list/versions/{id}", act: access.ActListsRead, handle: (*Server).version,
		out: version{}, repeats: true,
		zh: "一个清单版本", en: "a version of the list"},
	{method: "DELETE", pattern: "/list/versions/{id}", act: access.ActListsImport, handle: (*Server).discardVersion, query: []param{revisionParam},
		out: version{}, refuses: acted,
		zh: "作废一个草稿，记录在案；同一份工作簿可以重新导入", en: "discards a draft, on the record; the same workbook can be imported anew"},
	{method: "GET", pattern: "/list/versions/{id}/export", act: access.ActListsRead, handle: (*Server).exportVersion, query: []param{listFormatParam},
		media: xlsxMedia, refuses: codes{refusal.TransitionRefused, refusal.Conflict},
		zh: "导出清单版本为工作簿，可再导入", en: "a version as a workbook that can be imported again"},
	{method: "POST", pattern: "/list/amendments", body: dataBody, act: access.ActListsImport, handle: (*Server).amendList, created: amendPath,
		in: service.ListAmendment{}, out: amended{}, refuses: codes{refusal.NotFound, refusal.StaleRevision, refusal.TransitionRefused},
		zh: "修订一项措施、一个对象或其联系人，成为新的草稿版本", en: "amends one measure, one recipient or its contact, as a new draft"},
	{method: "GET", pattern: "/list/versions/{id}/diff", act: access.ActListsRead, handle: (*Server).diffVersions, query: with(againstParam),
		out: listDiff{}, repeats: true, refuses: codes{refusal.TransitionRefused, refusal.Conflict},
		zh: "与另一版本的不同，及对减排量的影响", en: "what is different from another version, and its effect on the reductions"},
	{method: "GET", pattern: "/list/versions/{id}/score", act: access.ActListsRead, handle: (*Server).scoreVersion, query: with(recipientParam),
		out: listScore{}, repeats: true, refuses: codes{refusal.TransitionRefused, refusal.Conflict},
		zh: "可操作、可监测、可核查的评分", en: "how far its measures are operable, monitorable and checkable"},
	{method: "GET", pattern: "/list/versions/{id}/tasks", act: access.ActListsRead, handle: (*Server).listTasks, query: with(recipientParam),
		out: alerts.Page[rules.Task]{}, repeats: true, refuses: codes{refusal.TransitionRefused, refusal.Conflict},
		zh: "达到满分还要做的事", en: "what is needed for all marks"},
	{method: "GET", pattern: "/list/versions/{id}/findings", act: access.ActListsRead, handle: (*Server).listFindings, query: with(severityParam),
		out: alerts.Page[reductionlist.Finding]{}, repeats: true,
		zh: "导入或修订时检查出的问题", en: "what was found when it was imported or amended"},
	{method: "POST", pattern: "/list/versions/{id}/approve", body: textBody, act: access.ActListsApprove, handle: (*Server).approveVersion,
		in: service.ListApproval{}, out: version{}, refuses: acted,
		zh: "批准清单版本", en: "approves a version"},
	{method: "POST", pattern: "/list/versions/{id}/activate", body: textBody, act: access.ActListsApprove, handle: (*Server).activateVersion,
		in: service.ListActivation{}, out: version{}, refuses: acted,
		zh: "启用清单版本", en: "activates a version"},
	{method: "GET", pattern: "/recipients", act: access.ActRecipientsRead, handle: (*Server).recipients, query: with(queryParam, townParam, asOfParam, versionParam),
		out: alerts.Page[recipientView]{}, repeats: true, refuses: codes{refusal.NotFound},
		zh: "减排对象", en: "recipients"},
	{method: "GET", pattern: "/recipients/{id}", act: access.ActRecipientsRead, handle: (*Server).recipient, query: []param{asOfParam, versionParam},
		out: recipientView{}, repeats: true,
		zh: "一个减排对象", en: "a recipient"},
	{method: "GET", pattern: "/recipients/{id}/figures", act: access.ActFiguresRead, handle: (*Server).plantFigures,
		out: service.PlantFigures{}, refuses: codes{refusal.Conflict},
		zh: "电厂最近给出的运行数据；企业只见自己的", en: "the latest figures of a plant; an enterprise sees its own"},
	{method: "PUT", pattern: "/recipients/{id}/figures", body: dataBody, act: access.ActFiguresWrite, handle: (*Server).giveFigures,
		in: plant.Figures{}, out: service.PlantFigures{}, refuses: codes{refusal.Conflict},
		zh: "给出电厂的运行数据，取代以前的；企业只能给自己的", en: "gives a plant's figures in the place of those before; an enterprise its own"},
	{method: "POST", pattern: "/recipients/{id}/credentials", body: smallBody, act: access.ActRecipientsCredentials, handle: userAct((*service.Service).IssueCredentials),
		in: nothing{}, out: access.Issued{}, refuses: codes{refusal.TransitionRefused},
		zh: "发给企业口令和令牌，只显示一次", en: "issues a recipient's password and token, shown once"},
	{method: "DELETE", pattern: "/recipients/{id}/credentials", act: access.ActRecipientsCredentials, handle: (*Server).revokeCredentials,
		out: access.User{},
		zh:  "收回企业的口令和令牌", en: "ends a recipient's password and tokens"},

	{method: "GET", pattern: "/recipients/{id}/papers/plan", act: access.ActPapersRead, handle: paper(papers.PlanPaper), query: []param{paperFormat, paperLang, asOfParam, versionParam},
		media: htmlMedia, others: []string{papers.DocxMedia}, refuses: codes{refusal.TransitionRefused},
		zh: "一厂一策操作方案及附件，可打印；清单未载明的标为待填写", en: "a recipient's operation plan with its annexes, to be printed; what the list does not say is a marked blank"},
	{method: "GET", pattern: "/recipients/{id}/papers/board", act: access.ActPapersRead, handle: paper(papers.BoardPaper), query: []param{paperFormat, paperLang, asOfParam, versionParam},
		media: htmlMedia, others: []string{papers.DocxMedia}, refuses: codes{refusal.TransitionRefused},
		zh: "厂门口的公示牌，可打印", en: "the board at a recipient's gate, to be printed"},
	{method: "GET", pattern: "/list/versions/{id}/papers", act: access.ActListsRead, handle: (*Server).paperBatch, query: []param{paperFormat, paperKind, paperLang},
		media: zipMedia, refuses: codes{refusal.TransitionRefused},
		zh: "全部对象的操作方案和公示牌，压缩包", en: "the papers of all recipients, as a zip archive"},
	{method: "GET", pattern: "/list/versions/{id}/public", act: access.ActListsRead, handle: (*Server).publicList, query: []param{rollFormat, paperLang},
		media: htmlMedia, others: []string{papers.XLSXMedia}, refuses: codes{refusal.TransitionRefused},
		zh: "公示清单，不含个人信息", en: "the list for the public, without personal data"},
	{method: "GET", pattern: "/list/versions/{id}/towns", act: access.ActListsTown, handle: (*Server).townList, query: []param{rollFormat, townParam, paperLang},
		media: htmlMedia, others: []string{papers.XLSXMedia}, refuses: codes{refusal.TransitionRefused},
		zh: "分街镇的内部清单；值班员和管理员的含联系人，街镇只有本街镇", en: "the list by town; with contacts for duty and admin, a town its own alone"},

	{method: "GET", pattern: "/personal-data/accesses", act: access.ActPersonalRead, handle: (*Server).accesses, query: with(recipientParam, userParam),
		out: alerts.Page[access.Seen]{},
		zh:  "谁在何时以何种方式查看过个人信息", en: "who read personal data, when, and by which call"},
	{method: "POST", pattern: "/personal-data/erasures", body: textBody, act: access.ActPersonalErase, handle: (*Server).erase,
		in: service.Erasure{}, out: service.Erased{}, refuses: codes{refusal.NotFound},
		zh: "删除个人信息并记录理由；台账仍可证明", en: "erases personal data and records why; the record still proves itself"},

	{method: "GET", pattern: papers.PublicPath + "{id}", root: true, handle: (*Server).publicRecipient, query: []param{paperLang},
		repeats: true, media: htmlMedia,
		zh: "一个对象的公示页面，不含个人信息", en: "a recipient's page for the public, without personal data"},
	{method: "GET", pattern: publicListPath, root: true, handle: (*Server).publicCurrent, query: []param{rollFormat, townParam, cursorParam, paperLang},
		repeats: true, media: htmlMedia, others: []string{papers.XLSXMedia}, refuses: codes{refusal.NotFound},
		zh: "现行清单的公示页面，不含个人信息", en: "the list in force for the public, without personal data"},

	{method: "GET", pattern: "/orders", act: access.ActOrdersRead, handle: (*Server).orders, query: with(warningParam, recipientParam, orderState, townParam, queryParam),
		out: alerts.Page[notify.View]{}, repeats: true,
		zh: "减排令；企业只见自己的，街镇只见本街镇的", en: "orders; an enterprise sees its own, a town its own"},
	{method: "GET", pattern: "/orders/{id}", act: access.ActOrdersRead, handle: (*Server).order,
		out: notify.View{}, repeats: true,
		zh: "一份减排令", en: "an order"},
	{method: "POST", pattern: "/orders/{id}/receive", body: textBody, act: access.ActOrdersAnswer, handle: orderAct("receive"), spared: true,
		in: notify.AnswerText{}, out: notify.View{}, refuses: codes{refusal.TransitionRefused},
		zh: "企业确认收到", en: "the recipient confirms receipt"},
	{method: "POST", pattern: "/orders/{id}/read", body: textBody, act: access.ActOrdersAnswer, handle: orderAct("read"), spared: true,
		in: notify.AnswerText{}, out: notify.View{}, refuses: codes{refusal.TransitionRefused},
		zh: "企业确认已读", en: "the recipient confirms reading"},
	{method: "POST", pattern: "/orders/{id}/acknowledge", body: textBody, act: access.ActOrdersAnswer, handle: orderAct("acknowledge"), spared: true,
		in: notify.AnswerText{}, out: notify.View{}, refuses: codes{refusal.TransitionRefused},
		zh: "企业确认执行", en: "the recipient acknowledges"},
	{method: "POST", pattern: "/orders/{id}/object", body: textBody, act: access.ActOrdersAnswer, handle: orderAct("object"), spared: true,
		in: objectionText{}, out: notify.View{}, refuses: codes{refusal.TransitionRefused},
		zh: "企业提出异议，须说明理由", en: "the recipient objects and says why"},
	{method: "POST", pattern: "/orders/{id}/start", body: textBody, act: access.ActOrdersAnswer, handle: orderAct("start"), spared: true,
		in: notify.AnswerText{}, out: notify.View{}, refuses: codes{refusal.TransitionRefused},
		zh: "企业开始执行", en: "the recipient starts"},
	{method: "POST", pattern: "/orders/{id}/report", body: textBody, act: access.ActOrdersAnswer, handle: orderAct("report"), spared: true,
		in: notify.AnswerText{}, out: notify.View{}, refuses: codes{refusal.TransitionRefused},
		zh: "企业报告执行情况", en: "the recipient reports"},
	{method: "POST", pattern: "/orders/{id}/complete", body: textBody, act: access.ActOrdersAnswer, handle: orderAct("complete"), spared: true,
		in: notify.AnswerText{}, out: notify.View{}, refuses: codes{refusal.TransitionRefused},
		zh: "企业完成", en: "the recipient completes"},

	{method: "GET", pattern: "/orders/{id}/plan", act: access.ActOrdersPlan, handle: (*Server).preparedPlan, query: []param{timeLimitParam},
		out: preparedView{}, refuses: codes{refusal.Conflict},
		zh: "为电厂减排令预备的运行方案，或还缺哪些运行数据", en: "the plan that is prepared for a plant's order, or what is missing for it"},
	{method: "POST", pattern: "/orders/{id}/plan", body: dataBody, act: access.ActOrdersPlan, handle: (*Server).whatIf, query: []param{timeLimitParam}, spared: true,
		in: service.PlanAsked{}, out: orderPlan{},
		zh: "改变需求看方案如何变化；机组和排放系数以清单为准", en: "what the plan would be under other demands; units and factors are the list's"},
	{method: "POST", pattern: "/orders/{id}/plan/accept", body: dataBody, act: access.ActOrdersPlan, handle: (*Server).acceptPlan, query: []param{timeLimitParam}, spared: true,
		in: service.PlanAccepted{}, out: notify.View{}, refuses: codes{refusal.TransitionRefused},
		zh: "接受方案，修订减排令；只接受由本程序算出的方案，达不到清单要求的要写明理由", en: "accepts a plan, which the program computes itself, and revises the order; one that does not keep the list needs a reason"},

	{method: "POST", pattern: "/orders/{id}/objection", body: textBody, act: access.ActOrdersObjection, handle: (*Server).objection, spared: true,
		in: service.ObjectionDecision{}, out: notify.View{}, refuses: codes{refusal.TransitionRefused},
		zh: "处理企业的异议", en: "decides on an objection"},

	{method: "POST", pattern: "/allocations/coal", body: dataBody, act: access.ActAllocations, handle: allocateAny(allocate.KindCoal), query: []param{timeLimitParam}, spared: true,
		in: coalProblem{}, out: allocation{},
		zh: "试算：燃煤机组排放最少的方案", en: "what if: the plan of coal units that emits least"},
	{method: "POST", pattern: "/allocations/waste", body: dataBody, act: access.ActAllocations, handle: allocateAny(allocate.KindWaste), query: []param{timeLimitParam}, spared: true,
		in: wasteProblem{}, out: allocation{},
		zh: "试算：焚烧炉排放最少的方案", en: "what if: the plan of waste furnaces that emits least"},

	{method: "GET", pattern: "/events", act: access.ActEventsRead, handle: (*Server).events, query: []param{eventParam, orderParam, warningParam},
		media: eventsMedia, refuses: codes{refusal.NotFound},
		zh: "变化的实时消息", en: "what changes, as server-sent events"},
	{method: "GET", pattern: "/ledger/entries", act: access.ActLedgerRead, handle: (*Server).entries, query: []param{fromLeafParam, limitParam},
		out: alerts.Page[entry]{},
		zh:  "记录的条目", en: "entries of the ledger"},
	{method: "GET", pattern: "/ledger/proof", act: access.ActLedgerRead, handle: (*Server).proof, query: []param{entryParam},
		out: inclusion{}, refuses: codes{refusal.NotFound},
		zh: "条目在记录中的证明", en: "proof that an entry is in the ledger"},
}

// mount puts every path into the mux, with its methods behind it, so that a wrong method is refused like the rest.
func (s *Server) mount(mux *http.ServeMux) {
	byPath := map[string]map[string]*route{}
	for i := range routes {
		r := &routes[i]
		if byPath[r.full()] == nil {
			byPath[r.full()] = map[string]*route{}
		}
		byPath[r.full()][r.method] = r
	}
	for path, methods := range byPath {
		allowed := allowedMethods(methods)
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			method := r.Method
			if method == http.MethodHead { // net/http leaves the body out
				method = http.MethodGet
			}
			route := methods[method]
			if route == nil {
				w.Header().Set("Allow", allowed)
				s.problem(w, r, refusal.New(refusal.Invalid, "http.method", refusal.Args{"method": r.Method, "allowed": allowed}))
				return
			}
			s.call(w, r, route)
		})
	}
}

// full is the route's whole path.
func (r *route) full() string {
	if r.root {
		return r.pattern
	}
	return prefix + r.pattern
}

func allowedMethods(methods map[string]*route) string {
	var names []string
	for name := range methods {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// call takes a request through its route: who, may they, what, and the answer.
func (s *Server) call(w http.ResponseWriter, r *http.Request, route *route) {
	who, by, err := s.admit(r, route.act)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	done, err := s.begin(w, r, route, who)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	defer done()
	q, err := s.read(w, r, route, who)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if q.sent != nil {
		defer q.sent.Close()
	}
	q.by = by
	result, err := route.handle(s, q)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if result == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status := route.status()
	if route.created != nil {
		w.Header().Set("Location", location(route.created(result)))
	}
	s.answer(w, r, route, status, result)
}

func location(path []string) string {
	for i := range path {
		path[i] = url.PathEscape(path[i])
	}
	return prefix + "/" + strings.Join(path, "/")
}

// admit returns who asks and by what, or refuses: nobody where somebody is needed, a role that may not.
func (s *Server) admit(r *http.Request, act string) (who *access.Principal, by string, err error) {
	if act == "" || act == nearOrSignedIn && near(r) {
		return nil, "", nil
	}
	c := s.caller(r)
	if c.err != nil {
		return nil, "", c.err
	}
	if who, by = c.who, c.by; by == bySession {
		who = s.sessions.Who(r)
	}
	if who == nil {
		if token := bearer(r); token != "" {
			s.sessions.WrongToken(r, access.UserOfToken(token))
		}
		return nil, "", refusal.New(refusal.Unauthenticated, "http.token", nil)
	}
	if anySignedIn(act) {
		return who, by, nil
	}
	return who, by, access.Require(who, act)
}

// anySignedIn reports whether an act is for whoever is signed in, in any role.
func anySignedIn(act string) bool { return act == signedIn || act == nearOrSignedIn }

// bearer is the token that a request carries, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
