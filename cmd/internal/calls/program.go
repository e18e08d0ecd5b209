package calls

import (
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// Media of answers that are no JSON.
const (
	XLSXMedia   = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	DocxMedia   = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	ZipMedia    = "application/zip"
	HTMLMedia   = "text/html"
	EventsMedia = "text/event-stream"
)

// Health is the answer of a server that is well.
type Health struct {
	Status string `json:"status"`
}

// Readiness is how every part of the program is.
type Readiness struct {
	Status string       `json:"status"` // ready, degraded or not_ready
	Checks []ReadyCheck `json:"checks"`
}

// ReadyCheck is one part of the program. Nobody in particular sees its name and its state alone.
type ReadyCheck struct {
	Name   string     `json:"name"`
	State  string     `json:"state"` // ok, degraded or failed
	Since  *time.Time `json:"since,omitempty"`
	Detail string     `json:"detail,omitempty"`
}

// Backup is a file of the server's folder of backups.
type Backup struct {
	File      string `json:"file"`   // its name in that folder
	Folder    string `json:"folder"` // on the server
	Bytes     int64  `json:"bytes"`
	LastBlock uint64 `json:"last_block"` // 0 where it cannot be read
	// of the ledger after that block, as its checkpoints have it; empty where it cannot be read
	Root      string `json:"root"`
	Encrypted bool   `json:"encrypted"`
}

// BeingWritten is the state of the problem that answers a call whose backup goes on after it.
const BeingWritten = "being_written"

// Entry is one leaf of the ledger. Leaf is its canonical bytes, in base64.
type Entry struct {
	Index int64     `json:"index"`
	Leaf  []byte    `json:"leaf"`
	Kind  string    `json:"kind"`
	At    time.Time `json:"at"`
}

// EntriesQuery asks for the ledger from the index From on.
type EntriesQuery struct {
	From  int64 `query:"from,from_leaf" json:"-" validate:"index"`
	Limit int   `query:"limit" json:"-" validate:"omitempty,limit"`
}

// Inclusion proves that an entry is a leaf of the tree of Size leaves with that root: tlog's record proof
// (RFC 6962 §2.1.1). Hashes are base64.
type Inclusion struct {
	Entry    int64       `json:"entry"`
	Size     int64       `json:"size"`
	Root     tlog.Hash   `json:"root"`
	LeafHash tlog.Hash   `json:"leaf_hash"`
	Proof    []tlog.Hash `json:"proof"`
}

// ProofQuery names an entry of the ledger by its index.
type ProofQuery struct {
	Entry int64 `query:"entry" json:"-" validate:"required,index"`
}

// EventsQuery asks for what changes, of one order or one warning where it names it, after the message Event.
type EventsQuery struct {
	Event   string `query:"last_event_id" json:"-" validate:"message"`
	Order   string `query:"order" json:"-"`
	Warning string `query:"warning" json:"-"`
}

// Calls about the program itself.
var (
	Healthz = row[None, Health]("GET /healthz", "",
		"程序在运行", "the program runs",
		Call{Root: true})
	Readyz = row[None, Readiness]("GET /readyz", "",
		"各部分是否正常；503 仅表示不能记录任何操作。登录者可见原因和办法",
		"how every part is; 503 only where nothing can be recorded. Who is signed in sees why and what to do",
		Call{Root: true, Unwell: true})
	Metrics = row[None, None]("GET /metrics", NearOrSignedIn,
		"运行指标（Prometheus 文本格式），不含个人信息", "metrics as Prometheus reads them, without personal data",
		Call{Root: true, Media: "text/plain", Refuses: codes{refusal.Unauthenticated}})
	OpenAPI = row[None, map[string]any]("GET /openapi.json", "",
		"本接口说明（OpenAPI 3.1）", "this document (OpenAPI 3.1)",
		Call{Repeats: true})

	TakeBackup = row[Nothing, Backup]("POST /backups", ActBackups,
		"由服务器在 backup.dir 中写一份备份；备份的内容从不经过 HTTP",
		"has the server write a backup into backup.dir; its bytes never go over HTTP",
		Call{Body: smallBody, Bare: true}).
		at(func(Backup) []string { return []string{"backups"} })
	Backups = row[None, alerts.Page[Backup]]("GET /backups", ActBackups,
		"backup.dir 中的备份，新的在前", "the backups in backup.dir, the newest first", Call{})

	Events = row[EventsQuery, None]("GET /events", ActEventsRead,
		"变化的实时消息", "what changes, as server-sent events",
		Call{Media: EventsMedia, Refuses: codes{refusal.NotFound}})
	Entries = row[EntriesQuery, alerts.Page[Entry]]("GET /ledger/entries", ActLedgerRead,
		"记录的条目", "entries of the ledger", Call{})
	Proof = row[ProofQuery, Inclusion]("GET /ledger/proof", ActLedgerRead,
		"条目在记录中的证明", "proof that an entry is in the ledger",
		Call{Refuses: codes{refusal.NotFound}})
)
