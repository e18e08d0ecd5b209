package bundle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A bundle is a zip file that its names and contents determine altogether: each file stored, without times, extra
// fields, comments, flags or attributes, the directory in the order of the files, nothing before, between or behind.
// So the file can be rebuilt from what it holds, and is refused where that gives other bytes.

const (
	localMark   = 0x04034b50
	centralMark = 0x02014b50
	endMark     = 0x06054b50
	localLen    = 30
	centralLen  = 46
	endLen      = 22
	zipVersion  = 10 // what a reader needs to know: nothing is compressed
)

// member is a file of a zip file.
type member struct {
	name   string
	crc    uint32
	size   int64
	header int64 // offset of its local header
}

func (m *member) content() int64 { return m.header + localLen + int64(len(m.name)) }

func (m *member) end() int64 { return m.content() + m.size }

var le = binary.LittleEndian

// common appends what both headers of a file have in common.
func (m *member) common(b []byte) []byte {
	b = le.AppendUint16(b, zipVersion)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // flags, stored, time, date
	b = le.AppendUint32(b, m.crc)
	b = le.AppendUint32(b, uint32(m.size)) // #nosec G115 -- at most MaxSize
	b = le.AppendUint32(b, uint32(m.size)) // #nosec G115
	b = le.AppendUint16(b, uint16(len(m.name)))
	return le.AppendUint16(b, 0) // no extra field
}

func (m *member) local() []byte {
	b := m.common(le.AppendUint32(nil, localMark))
	return append(b, m.name...)
}

func (m *member) central() []byte {
	b := le.AppendUint32(nil, centralMark)
	b = le.AppendUint16(b, zipVersion)
	b = m.common(b)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)                    // comment, disk, attributes
	return append(le.AppendUint32(b, uint32(m.header)), m.name...) // #nosec G115
}

// directory is the directory of all files, and the end of the zip file.
func directory(all []member) []byte {
	var b []byte
	for i := range all {
		b = append(b, all[i].central()...)
	}
	from := int64(0)
	if n := len(all); n > 0 {
		from = all[n-1].end()
	}
	end := le.AppendUint32(nil, endMark)
	end = append(end, 0, 0, 0, 0)
	end = le.AppendUint16(end, uint16(len(all))) // #nosec G115 -- at most 65,535
	end = le.AppendUint16(end, uint16(len(all))) // #nosec G115
	end = le.AppendUint32(end, uint32(len(b)))   // #nosec G115
	end = le.AppendUint32(end, uint32(from))     // #nosec G115
	return append(append(b, end...), 0, 0)
}

// mostFiles is how many files a zip file of this form holds.
const mostFiles = 1<<16 - 1

// readZip lists the files of a zip file in the form above. Contents are not read; their sums of 32 bits are checked by
// whoever reads them.
func readZip(r io.ReaderAt, size int64) (all []member, err error) {
	if size > MaxSize {
		return nil, differs("", RuleZip, "%d bytes are more than the %d that a bundle has at most", size, int64(MaxSize))
	}
	head := make([]byte, localLen+maxName)
	at := int64(0)
	for {
		n, err := r.ReadAt(head, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if n < 4 || le.Uint32(head) != localMark {
			break
		}
		m, ok := readLocal(head[:n], at)
		switch {
		case !ok:
			return nil, differs("", RuleZip, "the header of the file at byte %d is not in the form of bundles", at)
		case m.end() > size:
			return nil, differs(m.name, RuleZip, "it ends behind the end of the bundle")
		case len(all) == mostFiles:
			return nil, differs("", RuleZip, "more files than a bundle may have")
		}
		all = append(all, m)
		at = m.end()
	}
	if size-at > int64(len(all))*(centralLen+maxName)+endLen {
		return nil, differs("", RuleZip, "something else than a directory follows byte %d", at)
	}
	rest := make([]byte, size-at)
	if _, err := r.ReadAt(rest, at); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	want := directory(all)
	if !bytes.Equal(rest, want) {
		k := 0
		for k < min(len(rest), len(want)) && rest[k] == want[k] {
			k++
		}
		return nil, differs("", RuleZip, "byte %d of the directory behind the files is not what they make it", at+int64(k))
	}
	return all, nil
}

// readLocal reads a local header; false where it is not what its own name, size and sum make it.
func readLocal(head []byte, at int64) (m member, ok bool) {
	if len(head) < localLen {
		return m, false
	}
	name := int(le.Uint16(head[26:]))
	if name > maxName || len(head) < localLen+name {
		return m, false
	}
	m = member{name: string(head[localLen : localLen+name]), crc: le.Uint32(head[14:]), size: int64(le.Uint32(head[22:])), header: at}
	return m, validName(m.name) && bytes.Equal(m.local(), head[:localLen+name])
}

// opened is the content of a file; reading it to its end checks its sum.
func (m *member) opened(r io.ReaderAt) io.Reader {
	return &summed{r: io.NewSectionReader(r, m.content(), m.size), m: m, sum: crc32.NewIEEE()}
}

type summed struct {
	r   io.Reader
	m   *member
	sum interface {
		io.Writer
		Sum32() uint32
	}
}

func (s *summed) Read(p []byte) (n int, err error) {
	n, err = s.r.Read(p)
	_, _ = s.sum.Write(p[:n]) // a hash never fails to write
	if errors.Is(err, io.EOF) && s.sum.Sum32() != s.m.crc {
		return n, differs(s.m.name, RuleZip, "its header states another sum (CRC-32) than its content has")
	}
	return n, err
}
