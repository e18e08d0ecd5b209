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

	TakenAt  *time.Time `json:"taken_at"` // when and where a photo says that it was taken (EXIF); null where it does not
	Position *Position  `json:"position"`

	ClaimedAt       *time.Time `json:"claimed_at"` // the same as the device said that handed it in
	ClaimedPosition *Position  `json:"claimed_position"`

	Remarks []Remark `json:"remarks"` // what there is to look at
}

// Remark is something to look at, which refused nothing.
type Remark struct {
	Rule string `json:"rule"`
	Text string `json:"text"`
}

// Position is a place in degrees of WGS-84.
type Position struct {
	Lon float64 `json:"lon"`
	Lat float64 `json:"lat"`
}

// EvidenceQuery is the input of a call on one file.
type EvidenceQuery struct {
	Hash string `path:"hash" json:"-"`
	Size int    `query:"size" json:"-" validate:"omitempty,preview"`
}

// Claims are the texts that a device gives with a photo, beside the file of a form or in the metadata of an upload: when
// (RFC 3339) and where (degrees of WGS-84) it was taken.
var Claims = []string{"taken_at", "lon", "lat"}

// MostPreview is the largest preview of a picture, in pixels of its longer side.
const MostPreview = 1280

// MostEvidence is the size of a file that is handed in at once.
const MostEvidence = 20 << 20

// Shown are the media types of files that a browser may show as what they are: none of them runs anything.
var Shown = []string{"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "application/pdf"}

// Calls on evidence.
var (
	AddEvidence = row[None, EvidenceView]("POST /evidence", ActEvidenceCreate,
		"上交一份材料（multipart 的 file，照片、PDF、表格、视频，至多 20 MB），以其哈希引用；类型按内容判断。照片可附手机上报的 taken_at、lon、lat",
		"hands a file in (part file of multipart: a photo, PDF, table or video of at most 20 MB), which is named by its hash; its type goes by content. A photo may have what the device says beside it: taken_at, lon, lat",
		Call{Body: FileBody, Upload: true, Texts: Claims}).
		at(func(e EvidenceView) []string { return []string{"evidence", e.Hash} })
	Evidence = row[EvidenceQuery, None]("GET /evidence/{hash}", ActEvidenceRead,
		"一份材料，可以只取一段（Range），图片可只要缩略图（size）；企业只见自己上交的和检查员在其现场拍的。照片和 PDF 可在浏览器里打开，其他作为下载",
		"a file, the ranges of it that are asked for, or a small picture of a photo (size); an enterprise its own and what inspectors photographed there. Photos and PDF open in a browser, others are downloads",
		Call{Media: "application/octet-stream", Others: Shown, Ranges: true, Repeats: true, Refuses: codes{refusal.NotFound}})
)
