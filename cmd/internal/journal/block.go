package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger"
)

// A block is text, one JSON value to a line: a header, then for each command a line {"cmd":…} followed by its
// events {"kind":…}, then a last line with the hash of all before. An event's line without its newline is the
// leaf. Commands stand in the block so that `journal reconcile` can submit those of a losing branch again.

// maxBlock keeps a block under the bus's 1 MiB message limit with room for headers.
const maxBlock = 900 << 10

// timeForm is the form of every time in the record.
const timeForm = ledger.TimeForm

// Header is what a block says of itself.
type Header struct {
	Version int    `json:"v"`
	Number  uint64 `json:"number"` // the first block is 1
	Tree    int64  `json:"tree"`   // leaves before it
	Root    string `json:"root"`   // of those leaves, base64
	Prev    string `json:"prev"`   // hash of the block before, hex
	At      string `json:"at"`
	Wall    string `json:"wall,omitempty"` // what the clock said, where that was not At
	Node    string `json:"node"`
}

// Entry is one recorded event: what its leaf says, and where it stands.
type Entry struct {
	ledger.Entry
	Index int64 // of its leaf
	Pos   Pos
	Leaf  []byte
}

// BlockCommand is a command as its block keeps it. Result stands there only for a command with a key.
type BlockCommand struct {
	Kind    string          `json:"cmd"`
	Key     string          `json:"key,omitempty"`
	Actor   string          `json:"actor,omitempty"`
	Proof   Proof           `json:"proof,omitzero"`
	Payload json.RawMessage `json:"payload"`
	Result  json.RawMessage `json:"result,omitempty"`
}

// Block is a parsed block.
type Block struct {
	Header
	Time  time.Time
	Clock time.Time // Wall, or Time
	Hash  [sha256.Size]byte
	Raw   []byte
	Parts []Part
}

// Part is one command and what it led to.
type Part struct {
	Command BlockCommand
	Entries []Entry
}

// builder writes a block as its commands are accepted.
type builder struct {
	head   Header
	at     time.Time
	buf    []byte
	sum    hash.Hash // of buf[:summed]
	summed int
}

func newBuilder(buf []byte, number uint64, treeSize int64, root tlog.Hash, prev [32]byte, now Moment,
	node string) *builder {
	b := &builder{at: now.At, sum: sha256.New()}
	b.head = Header{Version: 1, Number: number, Tree: treeSize, Root: root.String(),
		Prev: hex.EncodeToString(prev[:]), At: now.At.Format(timeForm), Node: node}
	if !now.Wall.Equal(now.At) {
		b.head.Wall = now.Wall.Format(timeForm)
	}
	line, err := json.Marshal(b.head)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	b.buf = append(append(buf, line...), '\n')
	return b
}

func (b *builder) command(c BlockCommand) {
	member := func(name, value string) { b.buf = ledger.AppendString(append(b.buf, name...), value) }
	member(`{"cmd":`, c.Kind)
	if c.Key != "" {
		member(`,"key":`, c.Key)
	}
	if c.Actor != "" {
		member(`,"actor":`, c.Actor)
	}
	if c.Proof != (Proof{}) {
		member(`,"proof":{"ref":`, c.Proof.Ref)
		b.buf = append(b.buf, `,"step":`...)
		b.buf = strconv.AppendUint(b.buf, c.Proof.Step, 10)
		b.buf = append(b.buf, '}')
	}
	b.buf = append(b.buf, payloadMark...)
	b.buf = append(b.buf, c.Payload...)
	if c.Result != nil {
		b.buf = append(b.buf, `,"result":`...)
		b.buf = append(b.buf, c.Result...)
	}
	b.buf = append(b.buf, "}\n"...)
}

// event appends an event's line and returns its leaf and where its data lies.
func (b *builder) event(actor string, ev Event) (leaf []byte, pos Pos, err error) {
	start, off := len(b.buf), 0
	b.buf, err = ledger.AppendEntry(b.buf, ev.Kind(), b.at, actor, func(dst []byte) ([]byte, error) {
		off = len(dst)
		return appendJSON(dst, ev)
	})
	if err != nil {
		return nil, Pos{}, err
	}
	end := len(b.buf)
	b.buf = append(b.buf, '\n')
	pos = Pos{Block: b.head.Number, Off: uint32(off), Len: uint32(end - 1 - off)}
	return b.buf[start:end:end], pos, nil
}

// hash hashes what was written so far. It stays in the block.
func (b *builder) hash() {
	_, _ = b.sum.Write(b.buf[b.summed:]) // a hash never fails to write
	b.summed = len(b.buf)
}

func (b *builder) finish() (raw []byte, hash [32]byte) {
	b.hash()
	b.sum.Sum(hash[:0])
	b.buf = append(b.buf, hashMark...)
	b.buf = hex.AppendEncode(b.buf, hash[:])
	b.buf = append(b.buf, '\n')
	return b.buf, hash
}

const (
	// No JSON string holds it: a quotation mark inside one is escaped.
	payloadMark = `,"payload":`

	hashMark = "sha256:"
	tailLen  = len(hashMark) + 64 + 1
)

func appendJSON(dst []byte, v any) ([]byte, error) {
	if a, ok := v.(interface{ AppendJSON([]byte) []byte }); ok {
		return a.AppendJSON(dst), nil
	}
	text, err := json.Marshal(v)
	return append(dst, text...), err
}

// openBlock reads a block's header and checks its hash; what is between is not looked at.
func openBlock(raw []byte) (b *Block, rest []byte, err error) {
	if len(raw) < tailLen || !bytes.HasPrefix(raw[len(raw)-tailLen:], []byte(hashMark)) || raw[len(raw)-1] != '\n' {
		return nil, nil, errors.New("block has no hash line")
	}
	body := raw[:len(raw)-tailLen]
	b = &Block{Raw: raw, Hash: sha256.Sum256(body)}
	if string(raw[len(raw)-65:len(raw)-1]) != hex.EncodeToString(b.Hash[:]) {
		return nil, nil, errors.New("block does not have the hash it states")
	}
	head, rest, ok := bytes.Cut(body, []byte{'\n'})
	if !ok {
		return nil, nil, errors.New("block has no header line")
	}
	if err := json.Unmarshal(head, &b.Header); err != nil {
		return nil, nil, fmt.Errorf("block header: %w", err)
	}
	if b.Version != 1 {
		return nil, nil, fmt.Errorf("block has version %d; this program reads version 1", b.Version)
	}
	if b.Time, err = time.Parse(timeForm, b.At); err != nil {
		return nil, nil, fmt.Errorf("block header: %w", err)
	}
	if b.Clock = b.Time; b.Wall != "" {
		if b.Clock, err = time.Parse(timeForm, b.Wall); err != nil {
			return nil, nil, fmt.Errorf("block header: %w", err)
		}
	}
	return b, rest, nil
}

// ParseBlock reads a block and checks its hash. It checks nothing against other blocks.
func ParseBlock(raw []byte) (*Block, error) {
	b, rest, err := openBlock(raw)
	if err == nil {
		err = b.parse(rest)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// parse reads what stands between the header and the hash.
func (b *Block) parse(rest []byte) error {
	index := b.Tree
	for off := len(b.Raw) - tailLen - len(rest); len(rest) > 0; {
		line, after, ok := bytes.Cut(rest, []byte{'\n'})
		if !ok {
			return errors.New("block ends inside a line")
		}
		if bytes.HasPrefix(line, []byte(`{"cmd":`)) {
			c, err := parseCommand(line)
			if err != nil {
				return fmt.Errorf("block %d: command: %w", b.Number, err)
			}
			b.Parts = append(b.Parts, Part{Command: c})
		} else {
			said, err := ledger.ParseEntry(line)
			if err != nil || len(b.Parts) == 0 {
				return fmt.Errorf("block %d: entry %d: %v", b.Number, index, err)
			}
			dataOff := len(line) - 1 - len(said.Data)
			e := Entry{Entry: said, Index: index, Leaf: line,
				Pos: Pos{Block: b.Number, Off: uint32(off + dataOff), Len: uint32(len(said.Data))}}
			index++
			last := &b.Parts[len(b.Parts)-1]
			last.Entries = append(last.Entries, e)
		}
		off += len(line) + 1
		rest = after
	}
	return nil
}

// parseCommand reads a command's line. The block's hash has been checked, so that a payload is not read again here.
func parseCommand(line []byte) (c BlockCommand, err error) {
	at := bytes.Index(line, []byte(payloadMark))
	if at < 0 || line[len(line)-1] != '}' {
		return c, errors.New("a line without a payload")
	}
	if err := json.Unmarshal(append(line[:at:at], '}'), &c); err != nil {
		return c, err
	}
	if c.Key != "" { // a result may stand behind the payload
		return c, json.Unmarshal(line, &c)
	}
	c.Payload = line[at+len(payloadMark) : len(line)-1]
	return c, nil
}

// Entries lists the block's events in order.
func (b *Block) Entries() []Entry {
	var all []Entry
	for i := range b.Parts {
		all = append(all, b.Parts[i].Entries...)
	}
	return all
}

// follows says why b cannot stand on a record that ends with the given number, hash and tree, or nil.
func (b *Block) follows(number uint64, hash [32]byte, size int64, root tlog.Hash) error {
	switch {
	case b.Number != number+1:
		return fmt.Errorf("block %d does not follow block %d", b.Number, number)
	case b.Prev != hex.EncodeToString(hash[:]):
		return fmt.Errorf("block %d names another block before it than the %d we hold", b.Number, number)
	case b.Tree != size || b.Root != root.String():
		return fmt.Errorf("block %d stands on another tree (%d leaves, %s) than ours (%d, %s)", b.Number, b.Tree, b.Root,
			size, root)
	}
	return nil
}
