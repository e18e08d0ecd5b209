package calls

import (
	"time"

	"qingkong/alerts/refusal"
)

// TusVersion is the version of the protocol that uploads in pieces speak, https://tus.io/protocols/resumable-upload.
const TusVersion = "1.0.0"

// MostPiece is the size of a piece of an upload, in bytes.
const MostPiece = 8 << 20

// EvidenceHeader names what an upload has become, by its hash.
const EvidenceHeader = "Qingkong-Evidence"

// UploadView is an upload in pieces.
type UploadView struct {
	ID       string    `json:"id"`
	Offset   int64     `json:"offset"` // bytes that are here
	Length   int64     `json:"length"` // bytes in the end
	Expires  time.Time `json:"expires_at"`
	Evidence string    `json:"evidence"` // hash of the file that it has become; empty until it is complete
}

var (
	tusHeader = Header{"Tus-Resumable", true, "1.0.0", "1.0.0"}
	state     = []string{"Tus-Resumable", "Upload-Offset", "Upload-Expires", EvidenceHeader}
)

// Calls on uploads in pieces (tus 1.0 with the extensions creation, termination, expiration and checksum).
var (
	BeginUpload = row[None, UploadView]("POST /uploads", ActEvidenceCreate,
		"开始分段上传一份材料（tus 1.0）；同一 Idempotency-Key 再来一次还是那一次上传",
		"begins to upload a file in pieces (tus 1.0); again under the same Idempotency-Key it is the same upload",
		Call{Body: smallBody, Bare: true, Spared: true, Tus: true, Answers: state, Refuses: codes{refusal.TooLarge},
			Headers: []Header{tusHeader, {"Upload-Length", true, "全长，字节", "bytes of the whole file"},
				{"Upload-Metadata", false, "filename、sha256（十六进制）、taken_at、lon、lat，值为 base64",
					"filename, sha256 (hexadecimal), taken_at, lon, lat, their values in base64"}}}).
		at(func(u UploadView) []string { return []string{"uploads", u.ID} })
	UploadState = row[ByID, None]("HEAD /uploads/{id}", ActEvidenceCreate,
		"已收到多少字节（Upload-Offset）；完成的带 Qingkong-Evidence",
		"how many bytes are here (Upload-Offset); of a complete one Qingkong-Evidence says what it became",
		Call{Tus: true, Headers: []Header{tusHeader}, Answers: append([]string{"Upload-Length"}, state...),
			Refuses: completes})
	UploadPiece = row[ByID, None]("PATCH /uploads/{id}", ActEvidenceCreate,
		"接着传一段，至多 8 MiB；断线前收到的都算数，传完即存为材料",
		"adds a piece of at most 8 MiB; what came before a line broke counts, and the last piece makes the file evidence",
		Call{Tus: true, Piece: true, Spared: true, Answers: state, Refuses: completes,
			Headers: []Header{tusHeader, {"Upload-Offset", true, "从第几个字节起", "the byte that it begins with"},
				{"Upload-Checksum", false, "sha1 或 sha256，空格，base64", "sha1 or sha256, a space and base64"}}})
	EndUpload = row[ByID, None]("DELETE /uploads/{id}", ActEvidenceCreate,
		"取消上传，已传的部分随之删除；已存为材料的不受影响",
		"ends an upload, and what came of it goes; evidence that it became stays",
		Call{Tus: true, Spared: true, Headers: []Header{tusHeader}, Answers: []string{"Tus-Resumable"}})
	UploadOptions = row[None, None]("OPTIONS /uploads", ActEvidenceCreate,
		"分段上传的版本、扩展和上限",
		"the version, the extensions and the limits of uploads in pieces",
		Call{Tus: true, Answers: []string{"Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"}})
)

// completes are what an upload may be refused with as it ends.
var completes = codes{refusal.TooLarge, refusal.UnsupportedMedia, refusal.Conflict}
