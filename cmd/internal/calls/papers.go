package calls

import "qingkong/alerts/refusal"

// Paths of the pages for the public.
const (
	PublicRecipientPath = "/public/recipients/" // and the id
	PublicListPath      = "/public/list"
	VerifyPath          = "/verify"
)

// PaperLang is the language of a paper. It is Chinese unless Lang says otherwise: papers are official, whatever
// language a browser prefers.
type PaperLang struct {
	Lang string `query:"lang" json:"-" validate:"paper_lang"`
}

// PaperQuery asks for a paper of one recipient, by the list in force or the one asked for.
type PaperQuery struct {
	ByID
	Format string `query:"format,paper_format" json:"-" validate:"paper_format"`
	PaperLang
	ListRef
}

// BatchQuery asks for the papers of all recipients of a version.
type BatchQuery struct {
	ByID
	Format string `query:"format,paper_format" json:"-" validate:"paper_format"`
	Kind   string `query:"kind" json:"-" validate:"paper_kind"`
	PaperLang
}

// RollQuery asks for a version as a list to be printed.
type RollQuery struct {
	ByID
	Format string `query:"format,roll_format" json:"-" validate:"roll_format"`
	PaperLang
}

// TownRollQuery asks for a version by town.
type TownRollQuery struct {
	ByID
	Format string `query:"format,roll_format" json:"-" validate:"roll_format"`
	Town   string `query:"town" json:"-"`
	PaperLang
}

// PublicQuery asks for a recipient's page for the public.
type PublicQuery struct {
	ByID
	PaperLang
}

// PublicListQuery asks for a page of the list in force for the public, or for the whole as a workbook.
type PublicListQuery struct {
	Format string `query:"format,roll_format" json:"-" validate:"roll_format"`
	Town   string `query:"town" json:"-"`
	Cursor string `query:"cursor" json:"-"`
	PaperLang
}

// damaged refuses papers of a version that has no rows.
var damaged = codes{refusal.TransitionRefused}

// Calls for papers.
var (
	PlanPaper = row[PaperQuery, None]("GET /recipients/{id}/papers/plan", ActPapersRead,
		"一厂一策操作方案及附件，可打印；清单未载明的标为待填写",
		"a recipient's operation plan with its annexes, to be printed; what the list does not say is a marked blank",
		Call{Media: HTMLMedia, Others: []string{DocxMedia}, Refuses: damaged})
	BoardPaper = row[PaperQuery, None]("GET /recipients/{id}/papers/board", ActPapersRead,
		"厂门口的公示牌，可打印", "the board at a recipient's gate, to be printed",
		Call{Media: HTMLMedia, Others: []string{DocxMedia}, Refuses: damaged})
	PaperBatch = row[BatchQuery, None]("GET /list/versions/{id}/papers", ActListsRead,
		"全部对象的操作方案和公示牌，压缩包", "the papers of all recipients, as a zip archive",
		Call{Media: ZipMedia, Refuses: damaged})
	PublicRoll = row[RollQuery, None]("GET /list/versions/{id}/public", ActListsRead,
		"公示清单，不含个人信息", "the list for the public, without personal data",
		Call{Media: HTMLMedia, Others: []string{XLSXMedia}, Refuses: damaged})
	TownRoll = row[TownRollQuery, None]("GET /list/versions/{id}/towns", ActListsTown,
		"分街镇的内部清单，含联系人；街镇只有本街镇", "the list by town, with contacts; a town its own alone",
		Call{Media: HTMLMedia, Others: []string{XLSXMedia}, Refuses: damaged})
	PublicRecipient = row[PublicQuery, None]("GET "+PublicRecipientPath+"{id}", "",
		"一个对象的公示页面，不含个人信息", "a recipient's page for the public, without personal data",
		Call{Root: true, Repeats: true, Media: HTMLMedia})
	PublicList = row[PublicListQuery, None]("GET "+PublicListPath, "",
		"现行清单的公示页面，不含个人信息", "the list in force for the public, without personal data",
		Call{Root: true, Repeats: true, Media: HTMLMedia, Others: []string{XLSXMedia},
			Refuses: codes{refusal.NotFound}})
	VerifyPage = row[None, None]("GET "+VerifyPath, "",
		"核验证据包的页面：可保存，断网也能核验", "the page that verifies bundles of evidence, to be saved; it needs no network",
		Call{Root: true, Repeats: true, Media: HTMLMedia})
)
