package journal

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"qingkong/alerts/refusal"
)

// A backup is a tar file: its parts, then the manifest that lists them with length and hash, then the manifest's own
// hash. The manifest stands behind the parts because they are written as they are read; a file without one was cut, or
// its backup never finished. Every body is read and written whole, so a part is no longer than partBytes and one row.

// Manifest is what a backup says of itself. Its list of parts is open: a program that does not know the kind of a part
// refuses the file, because it would lose what the part holds.
type Manifest struct {
	Format  string       `json:"format"`
	Version int          `json:"version"`
	Node    string       `json:"node"`
	Program string       `json:"program"`
	At      string       `json:"at"`              // when the last block was read
	First   uint64       `json:"first_block"`     // 1, or the one that follows the backup before
	Last    uint64       `json:"last_block"`      // First-1 where nothing had come since
	Before  string       `json:"before"`          // hash of the block before First, hex; empty before block 1
	Hash    string       `json:"last_hash"`       // of block Last, hex
	Entries int64        `json:"entries"`         // leaves of the tree after Last
	Root    string       `json:"root"`            // of that tree, base64
	Lacks   int          `json:"lacks,omitempty"` // blobs that the record names and that could not be read
	Parts   []BackupPart `json:"parts"`
}

// BackupPart is one part of a backup.
type BackupPart struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Length int64  `json:"length"`
	SHA256 string `json:"sha256"`
}

const (
	backupFormat  = "qingkong-backup"
	backupVersion = 1

	manifestName = "manifest.json"
	manifestSum  = "manifest.sha256"

	// partBytes is from where on a part is full.
	partBytes = 8 << 20
)

// The kinds of parts.
const (
	partBlocks = "blocks" // frames, each a block
	partVault  = "vault"  // frames, each a reference and behind it its row
	partBlob   = "blob"   // a blob, by its hash
	partRefs   = "refs"   // of every vault row and blob that this backup and those before it hold, as rowSum
	partFile   = "file"   // a file beside the record, by its path below the data folder
)

// appendFrame appends a body behind its length.
func appendFrame(dst []byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(body))), body...)
}

// cutFrame takes the first frame off.
func cutFrame(from []byte) (body, rest []byte, err error) {
	if len(from) < 4 {
		return nil, nil, io.ErrUnexpectedEOF
	}
	n := uint64(binary.BigEndian.Uint32(from))
	if uint64(len(from)-4) < n {
		return nil, nil, io.ErrUnexpectedEOF
	}
	return from[4 : 4+n : 4+n], from[4+n:], nil
}

// rowSum names a row of the vault in the state it is in: one that was erased since has another.
type rowSum [16]byte

func sumOf(ref, row []byte) rowSum {
	return rowSum(hashOf(ref, row[:min(1, len(row))]))
}

// blobSum names a blob among the rows.
func blobSum(name string) rowSum { return sumOf([]byte(name), []byte{entryHere}) }

// damagedBackup is the refusal of a backup that is not as it was written.
func damagedBackup(path, part string, why error) error {
	return refusal.New(refusal.Invalid, "backup.damaged", refusal.Args{"file": path, "part": part, "why": why})
}

// eachPart reads a backup from its beginning to its end and calls fn with each body, the manifest and its hash
// included. A body that cannot be read is refused as damaged. With skip it passes over what fn leaves unread, of which
// nothing is proved then.
func eachPart(ctx context.Context, path string, pass *Passphrase, skip bool,
	fn func(name string, body io.Reader) error) error {
	f, err := openBackup(path, pass)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it is only read
	from, err := f.open(skip)
	if err != nil {
		return err
	}
	in := tar.NewReader(from)
	for name := "-"; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			if skip {
				return nil
			}
			return f.proveEnd(from)
		}
		if err != nil {
			return damagedBackup(path, name+" +1", err)
		}
		name = head.Name
		body := &bodyReader{r: in}
		if err := fn(name, body); body.err != nil {
			return damagedBackup(path, name, body.err)
		} else if err != nil {
			return err
		}
	}
}

// bodyReader keeps why a reader could not be read to its end.
type bodyReader struct {
	r   io.Reader
	err error
}

func (n *bodyReader) Read(b []byte) (int, error) {
	got, err := n.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return got, err
}

// proveEnd reads the rest of an encrypted backup behind its last part, so that age proves its last piece too.
func (b *backupFile) proveEnd(from io.Reader) error {
	if !b.encrypted {
		return nil
	}
	if _, err := io.Copy(io.Discard, from); err != nil {
		return damagedBackup(b.path, "age", err)
	}
	return nil
}

// VerifyBackup reads a whole backup and holds every part against its hash. A part that is wrong is refused by its name.
func VerifyBackup(ctx context.Context, path string, pass *Passphrase) (*Manifest, error) {
	var found []BackupPart
	m, err := readParts(ctx, path, pass, false, func(name string, body io.Reader) error {
		part, err := partFrom(name, "", body)
		found = append(found, part)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, want := range m.Parts {
		switch {
		case i >= len(found) || found[i].Name != want.Name:
			return nil, damagedBackup(path, want.Name, errors.New("it is missing"))
		case found[i].Length != want.Length || found[i].SHA256 != want.SHA256:
			return nil, damagedBackup(path, want.Name, errors.New("it does not have the hash that the manifest states"))
		}
	}
	if len(found) > len(m.Parts) {
		return nil, damagedBackup(path, found[len(m.Parts)].Name, errors.New("the manifest does not name it"))
	}
	return m, nil
}

// readParts is eachPart for all but the manifest, which it returns.
func readParts(ctx context.Context, path string, pass *Passphrase, skip bool,
	fn func(name string, body io.Reader) error) (*Manifest, error) {
	texts := map[string][]byte{}
	err := eachPart(ctx, path, pass, skip, func(name string, body io.Reader) (err error) {
		if name != manifestName && name != manifestSum {
			return fn(name, body)
		}
		texts[name], err = io.ReadAll(io.LimitReader(body, manifestMost))
		return err
	})
	if err != nil {
		return nil, err
	}
	return parseManifest(path, texts[manifestName], string(texts[manifestSum]))
}

// sha256Hex is the hash of a body, as a manifest states it.
func sha256Hex(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// partFrom is the part whose body is read, to its end.
func partFrom(name, kind string, body io.Reader) (BackupPart, error) {
	sum := sha256.New()
	n, err := io.Copy(sum, body)
	return BackupPart{Name: name, Kind: kind, Length: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

func parseManifest(path string, text []byte, sum string) (*Manifest, error) {
	if text == nil || sum == "" {
		return nil, damagedBackup(path, manifestName,
			errors.New("it is missing: the file was cut, or its backup never finished"))
	}
	if sha256Hex(text) != sum {
		return nil, damagedBackup(path, manifestName, errors.New("it does not have its hash"))
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, damagedBackup(path, manifestName, err)
	}
	if m.Format != backupFormat || m.Version != backupVersion {
		return nil, refusal.New(refusal.Invalid, "backup.version",
			refusal.Args{"file": path, "version": m.Version, "known": backupVersion})
	}
	for _, p := range m.Parts {
		switch p.Kind {
		case partBlocks, partVault, partBlob, partRefs, partFile:
		default:
			return nil, refusal.New(refusal.Invalid, "backup.kind", refusal.Args{"file": path, "part": p.Name, "kind": p.Kind})
		}
	}
	return m, nil
}

// ReadManifest reads what a backup says of itself, and proves nothing: it passes over the parts.
func ReadManifest(path string, pass *Passphrase) (*Manifest, error) {
	return readRefs(context.Background(), path, pass, nil)
}

// BackupHolds reports whether a backup, or one that it goes on from, holds one of the entries of the vault, or the blob
// that one stands for, as it was before it was erased. It reads what the backup lists of them and passes over the rest.
func BackupHolds(ctx context.Context, path string, pass *Passphrase, refs []string) (holds bool, err error) {
	wanted := map[rowSum]bool{}
	for _, ref := range refs {
		wanted[sumOf([]byte(ref), []byte{entryHere})] = true
		if name, is := contentOf([]byte(ref)); is {
			wanted[blobSum(name)] = true
		}
	}
	_, err = readRefs(ctx, path, pass, func(sum rowSum) { holds = holds || wanted[sum] })
	return holds && err == nil, err
}

// manifestMost bounds a manifest: a backup of 3 TB has one of this length.
const manifestMost = 64 << 20

// readRefs reads the manifest of a backup, and with see each row of the vault that it and those before it hold. What
// see was told counts only where there is no error.
func readRefs(ctx context.Context, path string, pass *Passphrase, see func(rowSum)) (*Manifest, error) {
	sums := map[string]string{}
	m, err := readParts(ctx, path, pass, true, func(name string, body io.Reader) (err error) {
		if see == nil || !strings.HasPrefix(name, partRefs+"/") {
			return nil
		}
		if sums[name], err = eachSum(body, see); err != nil {
			err = damagedBackup(path, name, err)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, p := range m.Parts {
		if p.Kind == partRefs && see != nil && sums[p.Name] != p.SHA256 {
			return nil, damagedBackup(path, p.Name, errors.New("it does not have the hash that the manifest states"))
		}
	}
	return m, nil
}

// eachSum reads a part of refs and returns its hash.
func eachSum(in io.Reader, see func(rowSum)) (string, error) {
	hash := sha256.New()
	from := bufio.NewReaderSize(io.TeeReader(in, hash), 64<<10)
	for {
		var sum rowSum
		_, err := io.ReadFull(from, sum[:])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(hash.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
		see(sum)
	}
}

// partName is the name of a part that is one of several.
func partName(kind string, n int) string { return fmt.Sprintf("%s/%06d", kind, n) }
