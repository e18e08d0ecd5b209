// Package bundle is the evidence of an order, a recipient or a warning as one file: what the ledger holds of it, the
// proof that the ledger does, the checkpoint that stands for all of it with whoever cosigned that, and the content that
// entries name by hash. Whoever has a bundle and the log's key needs neither our server nor our word: [Open] and
// [Bundle.Verify] touch nothing but the file. The format is written down in docs/bundle.md, from which another team can
// write a verifier; it has exactly one form, so that no byte of it can change unnoticed.
package bundle

import (
	"fmt"
	"regexp"
	"strings"
)

// Format names the format in a manifest.
const Format = "qingkong.bundle/1"

// Limits of a bundle, in bytes: of all of it, of what is read into memory at once, and of a line of entries.
const (
	MaxSize  = 2 << 30
	MaxText  = 32 << 20
	MaxEntry = 4 << 20
	maxFiles = 200_000
)

// The files that a bundle always has.
const (
	ManifestFile   = "manifest.json" // the first file
	CheckpointFile = "checkpoint"    // signed note of the tree that all is proved in
	EntriesFile    = "entries"       // lines of an index, a space and a leaf
	ProofFile      = "proof"         // lines of a stored hash's number, a space and the hash in base64
	IndexFile      = "index.html"    // for people; proved by the manifest alone
)

// MeasuredFile holds results of hours, where a bundle has any: a line for each hour, as [AppendResults] makes it.
const MeasuredFile = "measured"

// The folders of the others.
const (
	Checkpoints = "checkpoints/" // and a size: earlier signed notes that witnesses cosigned
	Evidence    = "evidence/"    // and 64 hexadecimal digits: content that an entry names by this SHA-256
	Measured    = "measured/"    // and an entry's index: no file; names the results of an hour where they are missing
	Personal    = "personal/"    // and a reference: salt and content of what an entry names by it
)

// Manifest says what a bundle holds. It is the text of a note that the log's key signed.
type Manifest struct {
	Format   string    `json:"format"`
	Origin   string    `json:"origin"` // of the ledger
	Subject  Subject   `json:"subject"`
	MadeAt   string    `json:"made_at"` // RFC 3339 with offset
	Size     int64     `json:"size"`    // of the tree of the checkpoint
	Personal bool      `json:"personal,omitempty"`
	Reason   string    `json:"reason,omitempty"` // why personal content was asked for
	Files    []File    `json:"files"`            // all but the manifest, in their order
	Missing  []Missing `json:"missing,omitempty"`
}

// Subject is what a bundle is about: one of its members is not empty.
type Subject struct {
	Order     string `json:"order,omitempty"`
	Recipient string `json:"recipient,omitempty"`
	Warning   string `json:"warning,omitempty"`
}

// File is a file of a bundle.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // 64 hexadecimal digits
}

// Missing is content that entries name and that the bundle does not hold, by the name that its file would have; results
// of an hour by [Measured] and their entry.
type Missing struct {
	Name string `json:"name"`
	Why  string `json:"why"` // one of the reasons below
}

// The reasons why content is missing.
const (
	NotHeld = "not_held" // here: it lies on another node, or is past its time
	Erased  = "erased"   // an entry of the bundle says when, by whom and why
	Secret  = "secret"   // it is a key of the program
	TooMany = "too_many" // it would make the bundle larger than it may be
	Private = "personal" // it shows people, and the bundle has nothing of them
)

// Difference is the first thing of a bundle that is not as it has to be.
type Difference struct {
	File  string // empty for the zip file itself
	Entry int64  // of the ledger; -1 for none
	Rule  string // which of the rules below is broken
	Say   string // what was found, in English
}

// Error implements error.
func (d *Difference) Error() string {
	where := []string{}
	if d.File != "" {
		where = append(where, d.File)
	}
	if d.Entry >= 0 {
		where = append(where, fmt.Sprintf("entry %d", d.Entry))
	}
	return strings.Join(append(where, d.Rule, d.Say), ": ")
}

// The rules that a bundle may break.
const (
	RuleZip        = "zip"         // the file is no zip file in the one form that bundles have
	RuleName       = "name"        // a file is named as none may be, stands out of order, or is missing
	RuleManifest   = "manifest"    // the manifest is none, or disagrees with the files
	RuleContent    = "content"     // a file does not have the hash that the manifest states
	RuleSignature  = "signature"   // a note is not signed by a key of the ledger
	RuleKey        = "key"         // it is signed, and not by the key that was named
	RuleOrigin     = "origin"      // it is of another ledger
	RuleEntry      = "entry"       // an entry is out of order, or is no leaf
	RuleProof      = "proof"       // entries and proof do not make the root of the checkpoint
	RuleCheckpoint = "checkpoint"  // a checkpoint is none, or is no beginning of the tree
	RuleReference  = "reference"   // content does not have the name that entries call it by, or none does
	RuleMissing    = "missing"     // content that entries name is neither here nor said to be missing
	RuleMeasured   = "measured"    // results are not those that an entry has the root of
	RuleCosigner   = "cosignature" // a cosignature of a witness that was named is wrong
)

func differs(file, rule, format string, args ...any) *Difference {
	return &Difference{File: file, Entry: -1, Rule: rule, Say: fmt.Sprintf(format, args...)}
}

// A name is ASCII, without upward steps, and short.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[a-z0-9]+)?(/[A-Za-z0-9_-]+(\.[a-z0-9]+)?)?$`)

const maxName = 120

func validName(name string) bool { return len(name) <= maxName && nameForm.MatchString(name) }
