package frames

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/internal/pack"
)

const (
	// MaxRaw is how many bytes one thing that came may have.
	MaxRaw = 800 << 10
	// MaxChunk is how many bytes a chunk has at most, packed or not.
	MaxChunk = 900 << 10

	maxText  = 128  // bytes of MN, From and Why each
	maxCount = 8192 // things in a chunk
	overhead = 64   // bytes of the head of a chunk, and of one entry without its texts, at most
	form     = 1    // of a chunk
)

// ErrTooLarge is why a thing is not kept that has more than [MaxRaw] bytes.
var ErrTooLarge = fmt.Errorf("frames: more than %d bytes", MaxRaw)

// packer is part of the form of a chunk: its dictionary never changes.
var packer = pack.New("##0423QN=20260801085857223;ST=31;CN=2051;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP=&&" +
	"DataTime=20260801085800;SampleTime=20260801085800;a34013-Min=0.000,a34013-Max=1.000," +
	"a34013-Avg=2.500,a34013-Cou=0.000," +
	"a34013-ZsMin=0.000,a34013-ZsAvg=0.000,a34013-ZsMax=0.000,a34013-Flag=D;" +
	"a21002-Rtd=12.345,a21002-ZsRtd=23.456,a21002-Flag=N;" +
	"a21026-Rtd=0.000,a21026-ZsRtd=0.000,a21026-Flag=N;a19001-Rtd=6.000,a19001-Flag=N;a01011-Rtd=10.000,a01011-Flag=N;" +
	"a01012-Rtd=50.000,a01012-Flag=N;a01013-Rtd=-0.100,a01013-Flag=N;a01014-Rtd=12.000,a01014-Flag=N;" +
	"a00000-Rtd=100.000,a00000-Flag=N&&1C80")

// chunk is the head of a chunk, and its entries as they are packed.
type chunk struct {
	count  int       // entries
	leaves int       // of them, those that are leaves
	first  time.Time // reception of the first entry; of none a time that reception has passed
	last   time.Time
	body   []byte
}

// IsLeaf reports whether a thing that came is a leaf of its hour: frames and messages are. What is refused or of an
// unknown sender is no evidence of anything, and anybody can send any amount of it.
func IsLeaf(r *telemetry.Received) bool {
	return r.Sort == telemetry.Frame || r.Sort == telemetry.Message
}

// Encode makes chunks of a batch: one, or more where it is large. Texts beside the raw bytes are cut after 128 bytes,
// and what is no text in them becomes a blank; times are those of reception, to the millisecond, each raised to the one
// before. Errors: [ErrTooLarge], a sort that is none.
func Encode(batch []telemetry.Received) (chunks [][]byte, err error) {
	if len(batch) == 0 {
		return nil, nil
	}
	for part, err := range split(raise(batch, batch[0].At)) {
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, encode(part, part[0].At))
	}
	return chunks, nil
}

// split cuts a batch into what fits into a chunk.
func split(batch []telemetry.Received) iter.Seq2[[]telemetry.Received, error] {
	return func(yield func([]telemetry.Received, error) bool) {
		for len(batch) > 0 {
			n, size := 0, overhead
			for ; n < len(batch) && n < maxCount; n++ {
				r := &batch[n]
				if len(r.Raw) > MaxRaw {
					yield(nil, fmt.Errorf("%w: %d bytes of %s from %s", ErrTooLarge, len(r.Raw), hj212.ShownText(r.MN),
						hj212.ShownText(r.From)))
					return
				}
				if r.Sort < telemetry.Frame || r.Sort > telemetry.Unknown {
					yield(nil, fmt.Errorf("frames: a sort %d that is none", r.Sort))
					return
				}
				more := len(r.Raw) + 3*maxText + overhead
				if n > 0 && size+more > MaxChunk {
					break
				}
				size += more
			}
			if !yield(batch[:n], nil) {
				return
			}
			batch = batch[n:]
		}
	}
}

// raise is a batch with times to the millisecond, none of them before that of the one in front, nor before floor.
func raise(batch []telemetry.Received, floor time.Time) []telemetry.Received {
	out := slices.Clone(batch)
	last := max(floor.UnixMilli(), 0)
	for i := range out {
		last = max(last, min(out[i].At.UnixMilli(), maxMilli))
		out[i].At = time.UnixMilli(last).In(hj212.Beijing)
	}
	return out
}

// encode makes one chunk of entries whose times are raised; first is that of the first, or the time of a chunk of none.
func encode(entries []telemetry.Received, first time.Time) []byte {
	size, leaves, last := 0, 0, first
	for i := range entries {
		size += len(entries[i].Raw) + len(entries[i].MN) + len(entries[i].From) + overhead
	}
	body := make([]byte, 0, size)
	for i := range entries {
		r := &entries[i]
		body = append(body, byte(r.Sort))
		body = binary.AppendUvarint(body, uint64(r.At.Sub(last)/time.Millisecond))
		last = r.At
		for _, text := range [...]string{r.MN, r.From, r.Why} {
			text = clean(text)
			body = binary.AppendUvarint(body, uint64(len(text)))
			body = append(body, text...)
		}
		body = binary.AppendUvarint(body, uint64(len(r.Raw)))
		body = append(body, r.Raw...)
		if IsLeaf(r) {
			leaves++
		}
	}
	b := make([]byte, 0, overhead+len(body)/2)
	b = append(b, form)
	b = binary.AppendUvarint(b, uint64(len(entries)))
	b = binary.AppendUvarint(b, uint64(leaves))
	b = binary.AppendVarint(b, first.UnixMilli())
	b = binary.AppendUvarint(b, uint64(last.Sub(first)/time.Millisecond))
	return packer.Append(b, body)
}

// clean is a text of one line.
func clean(s string) string {
	ok := len(s) <= maxText
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] >= ' ' && s[i] < 0x7f
	}
	if ok {
		return s
	}
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == utf8.RuneError {
			return ' '
		}
		return c
	}, s)
	for len(s) > maxText {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// parse reads the head of a chunk.
func parse(b []byte) (c chunk, err error) {
	if len(b) == 0 || b[0] != form {
		return c, errors.New("frames: no chunk, or one of another form")
	}
	r := reader{b: b[1:]}
	c.count, c.leaves = int(min(r.uvarint(), maxCount+1)), int(min(r.uvarint(), maxCount+1))
	first, span := r.varint(), r.uvarint()
	if r.bad || c.count > maxCount || c.leaves > c.count ||
		first < 0 || first > maxMilli || span > uint64(maxMilli-first) {
		return c, errors.New("frames: the head of a chunk is damaged")
	}
	c.first, c.last, c.body = time.UnixMilli(first), time.UnixMilli(first+int64(span)), r.b
	return c, nil
}

// maxMilli is the last time of a chunk, the first being that of 1970; none outside is that of any reception.
var maxMilli = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// entries reads what came.
func (c *chunk) entries() ([]telemetry.Received, error) {
	body, err := packer.Text(c.body, MaxChunk)
	if err != nil {
		return nil, fmt.Errorf("frames: a chunk: %w", err)
	}
	r := reader{b: body}
	out := make([]telemetry.Received, 0, min(c.count, len(body)/6+1))
	at, leaves := c.first, 0
	for range c.count {
		e := telemetry.Received{Sort: telemetry.Sort(r.byte())}
		step := r.uvarint()
		if step > uint64(c.last.Sub(at)/time.Millisecond) {
			return nil, errors.New("frames: an entry of a chunk is later than the chunk")
		}
		at = at.Add(time.Duration(step) * time.Millisecond)
		e.At, e.MN, e.From, e.Why, e.Raw = at.In(hj212.Beijing), r.text(), r.text(), r.text(), r.bytes(MaxRaw)
		if r.bad || e.Sort < telemetry.Frame || e.Sort > telemetry.Unknown {
			return nil, fmt.Errorf("frames: entry %d of a chunk is damaged", len(out))
		}
		if IsLeaf(&e) {
			leaves++
		}
		out = append(out, e)
	}
	if len(r.b) > 0 || leaves != c.leaves || len(out) > 0 && !at.Equal(c.last) {
		return nil, errors.New("frames: the entries of a chunk are not those that its head says")
	}
	return out, nil
}

// Decode reads a chunk. Its raw bytes may share those of b.
func Decode(b []byte) ([]telemetry.Received, error) {
	c, err := parse(b)
	if err != nil {
		return nil, err
	}
	return c.entries()
}

// reader takes values off b; once one is not there it is bad, and gives zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	return took(r, v, n)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	return took(r, v, n)
}

func took[T uint64 | int64](r *reader, v T, n int) T {
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) bytes(most uint64) []byte {
	n := r.uvarint()
	r.bad = r.bad || n > most
	return r.take(n)
}

// text is a text of one line, as clean leaves it.
func (r *reader) text() string {
	s := string(r.bytes(maxText))
	r.bad = r.bad || clean(s) != s
	return s
}
