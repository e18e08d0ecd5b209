package calls

import (
	"time"

	"qingkong/alerts/refusal"
)

// EvidenceView is a file as it is kept.
type EvidenceView struct {
	Hash string    `json:"hash"` // by which findings, reports and inspections name it
	Size int64     `json:"size"` // bytes
	Type string    `json:"type"` // by its content
	At   time.Time `json:"at"`   // when it was handed in

	TakenAt  *time.Time `json:"taken_at"` // when and where a photo was taken; null while nothing says so
	Position *Position  `json:"position"`
}

// Position is a place in degrees.
type Position struct {
	Lon float64 `json:"lon"`
	Lat float64 `json:"lat"`
}

// ByHash is the input of a call on one file.
type ByHash struct {
	Hash string `path:"hash" json:"-"`
}

// MostEvidence is the size of a file that is handed in at once.
const MostEvidence = 20 << 20

// Shown are the media types of files that a browser may show as what they are: none of them runs anything.
var Shown = []string{"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "application/pdf"}

// Calls on evidence.
var (
	AddEvidence = row[None, EvidenceView]("POST /evidence", ActEvidenceCreate,
		"上交一份材料（multipart 的 file，照片、PDF、表格、视频，至多 20 MB），以其哈希引用；类型按内容判断",
		"hands a file in (part file of multipart: a photo, PDF, table or video of at most 20 MB), which is named by its hash; its type goes by content",
		Call{Body: FileBody, Upload: true}).
		at(func(e EvidenceView) []string { return []string{"evidence", e.Hash} })
	Evidence = row[ByHash, None]("GET /evidence/{hash}", ActEvidenceRead,
		"一份材料，可以只取一段（Range）；企业只见自己上交的。照片和 PDF 可在浏览器里打开，其他作为下载",
		"a file, or the ranges of it that are asked for; an enterprise its own alone. Photos and PDF open in a browser, others are downloads",
		Call{Media: "application/octet-stream", Others: Shown, Ranges: true, Repeats: true, Refuses: codes{refusal.NotFound}})
)
