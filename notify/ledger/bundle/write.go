package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"qingkong/notify/ledger"
)

// Content is a file on its way into a bundle. Open is called twice, and gives the same bytes each time.
type Content struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Bytes is a content that lies in memory.
func Bytes(name string, text []byte) Content {
	return Content{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
}

// AppendEntry appends the line of an entry to those of [EntriesFile].
func AppendEntry(dst []byte, index int64, leaf []byte) []byte {
	dst = append(strconv.AppendInt(dst, index, 10), ' ')
	return append(append(dst, leaf...), '\n')
}

// AppendProof appends the lines of a proof to those of [ProofFile].
func AppendProof(dst []byte, proof []ledger.Stored) []byte {
	for _, h := range proof {
		dst = append(strconv.AppendInt(dst, h.Index, 10), ' ')
		dst = append(base64.StdEncoding.AppendEncode(dst, h.Hash[:]), '\n')
	}
	return dst
}

// Draft is a bundle whose files are known, and not written yet.
type Draft struct {
	files   []Content
	members []member
}

// Make reads all contents once, has sign sign the manifest over them, and returns what is to be written. The files of m
// are set here. Errors: a name that may not be or stands twice, more files or bytes than a bundle may have
// ([ErrTooLarge]), and those of the contents.
func Make(m Manifest, contents []Content, sign note.Signer) (*Draft, error) {
	contents = slices.Clone(contents)
	slices.SortFunc(contents, func(a, b Content) int { return strings.Compare(a.Name, b.Name) })
	d := &Draft{files: append([]Content{{}}, contents...), members: make([]member, 1, len(contents)+1)}
	m.Format, m.Files = Format, make([]File, 0, len(contents))
	total := int64(0)
	for i, c := range contents {
		if !validName(c.Name) || c.Name == ManifestFile || i > 0 && c.Name == contents[i-1].Name {
			return nil, fmt.Errorf("bundle: %q cannot be a file of it", c.Name)
		}
		f, one, err := measure(c)
		if err != nil {
			return nil, err
		}
		if total += one.size + localLen + centralLen + 2*maxName; total > MaxSize || len(contents) >= min(maxFiles, mostFiles) {
			return nil, ErrTooLarge
		}
		m.Files = append(m.Files, f)
		d.members = append(d.members, one)
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: string(text) + "\n"}, sign)
	if err != nil {
		return nil, err
	}
	if len(signed) > MaxText || total+int64(len(signed)) > MaxSize {
		return nil, ErrTooLarge
	}
	d.files[0] = Bytes(ManifestFile, signed)
	d.members[0] = member{name: ManifestFile, crc: crc32.ChecksumIEEE(signed), size: int64(len(signed))}
	for i := range d.members[1:] {
		d.members[i+1].header = d.members[i].end()
	}
	return d, nil
}

// ErrTooLarge is that a bundle would have more bytes or files than it may have.
var ErrTooLarge = fmt.Errorf("bundle: it would be larger than %d bytes or %d files", int64(MaxSize), mostFiles)

func measure(c Content) (f File, m member, err error) {
	in, err := c.Open()
	if err != nil {
		return f, m, err
	}
	hash, crc := sha256.New(), crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(hash, crc), io.LimitReader(in, MaxSize+1))
	if shut := in.Close(); err == nil {
		err = shut
	}
	return File{Name: c.Name, Size: n, SHA256: hex.EncodeToString(hash.Sum(nil))}, member{name: c.Name, crc: crc.Sum32(), size: n}, err
}

// Size is how many bytes the bundle has.
func (d *Draft) Size() int64 {
	return d.members[len(d.members)-1].end() + int64(len(directory(d.members)))
}

// WriteTo writes the bundle. A content that is not what it was when it was read first is an error: what was written of
// the bundle then is none.
func (d *Draft) WriteTo(w io.Writer) (n int64, err error) {
	put := func(b []byte) error { k, err := w.Write(b); n += int64(k); return err }
	for i, c := range d.files {
		m := &d.members[i]
		if err := put(m.local()); err != nil {
			return n, err
		}
		k, err := copyContent(w, c, m)
		if n += k; err != nil {
			return n, err
		}
	}
	return n, put(directory(d.members))
}

func copyContent(w io.Writer, c Content, m *member) (n int64, err error) {
	in, err := c.Open()
	if err != nil {
		return 0, err
	}
	crc := crc32.NewIEEE()
	n, err = io.Copy(io.MultiWriter(w, crc), io.LimitReader(in, m.size+1))
	if shut := in.Close(); err == nil {
		err = shut
	}
	if err == nil && (n != m.size || crc.Sum32() != m.crc) {
		err = fmt.Errorf("bundle: %s changed while it was written", m.name)
	}
	return n, err
}
