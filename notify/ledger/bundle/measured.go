package bundle

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	strict "github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger"
)

// resultForm is the line that every result begins with as it is hashed; in a bundle none does.
const resultForm = "qingkong.judged/1\n"

// Results are some of the results of an hour, which an entry has the root of, with their proof.
type Results struct {
	Entry  int64       // that has the root, by its index
	Size   int64       // results of that hour
	Places []int64     // of the leaves among them, ascending
	Leaves []string    // as they are hashed, without their first line
	Proof  []tlog.Hash // in the order in which [ledger.RootInOrder] takes them
}

// NewResults takes some of the results of an hour, by their places in ascending order, with their proof in the tree of all
// of them. Errors: places out of order or out of range, a leaf that is not of form qingkong.judged/1, and those of the tree.
func NewResults(entry int64, leaves [][]byte, places []int64, tree tlog.HashReader) (r Results, err error) {
	r = Results{Entry: entry, Size: int64(len(leaves)), Places: places}
	proof, err := ledger.Multiproof(r.Size, places, nil, tree)
	if err != nil {
		return r, err
	}
	for _, i := range places {
		leaf, ok := strings.CutPrefix(string(leaves[i]), resultForm)
		if !ok {
			return r, fmt.Errorf("bundle: result %d of entry %d is of another form than %q", i, entry, resultForm)
		}
		r.Leaves = append(r.Leaves, leaf)
	}
	for _, h := range proof {
		r.Proof = append(r.Proof, h.Hash)
	}
	return r, nil
}

// AppendResults appends the line of an hour to those of [MeasuredFile]: the entry, the size, the places, the hashes one
// behind the other in base64, and the leaves as a JSON list of strings. A line of more than [MaxEntry] bytes without its end is none.
func AppendResults(dst []byte, r Results) []byte {
	dst = append(strconv.AppendInt(dst, r.Entry, 10), ' ')
	dst = append(strconv.AppendInt(dst, r.Size, 10), ' ')
	for i, place := range r.Places {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, place, 10)
	}
	hashes := make([]byte, 0, len(r.Proof)*tlog.HashSize)
	for _, h := range r.Proof {
		hashes = append(hashes, h[:]...)
	}
	dst = append(base64.StdEncoding.AppendEncode(append(dst, ' '), hashes), " ["...)
	for i, leaf := range r.Leaves {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = ledger.AppendString(dst, leaf)
	}
	return append(dst, "]\n"...)
}

// measured proves the results of hours by the roots that entries have of them.
func (v *verification) measured() error {
	for i := range v.files[1:] {
		if name := v.files[i+1].name; strings.HasPrefix(name, Measured) {
			return differs(name, RuleName, "the results of all hours stand in the file %q", MeasuredFile)
		}
	}
	m := v.file(MeasuredFile)
	switch {
	case m == nil:
		return nil
	case m.size == 0:
		return differs(MeasuredFile, RuleMeasured, "it has no line")
	}
	missing := map[string]bool{}
	for _, lost := range v.Manifest.Missing {
		missing[lost.Name] = true
	}
	in, before := v.hours(m), int64(-1)
	defer in.stop()
	for {
		text, err := in.item()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		r, err := parseResults(*text)
		if err != nil {
			return err
		}
		wrong := ""
		switch _, has := v.roots[r.Entry]; {
		case r.Entry <= before:
			wrong = "the hour stands twice or out of order"
		case !has:
			wrong = "it is no entry of the bundle that has a root of results"
		case missing[Measured+strconv.FormatInt(r.Entry, 10)]:
			wrong = "the manifest says that its results are missing"
		default:
			wrong = r.differ(v.roots[r.Entry].Root)
		}
		if wrong != "" {
			return &Difference{MeasuredFile, r.Entry, RuleMeasured, wrong}
		}
		before = r.Entry
	}
}

// differ is why results do not make a root; empty where they do.
func (r *Results) differ(root string) string {
	leaves := make([]ledger.Leaf, len(r.Leaves))
	for i, leaf := range r.Leaves {
		leaves[i] = ledger.Leaf{Index: r.Places[i], Hash: tlog.RecordHash([]byte(resultForm + leaf))}
	}
	got, err := ledger.RootInOrder(r.Size, leaves, r.Proof)
	switch {
	case err != nil:
		return err.Error()
	case base64.StdEncoding.EncodeToString(got[:]) != root:
		return "the results make another root than the entry has"
	}
	return ""
}

// hours reads the lines of a file of results.
func (v *verification) hours(m *member) *feed[[]byte] {
	in := &blockReader{in: m.opened(v.r), name: m.name, size: m.size, rule: RuleMeasured, most: MaxEntry, tooLong: func([]byte) error {
		return differs(MeasuredFile, RuleMeasured, "a line of more than %d bytes", MaxEntry)
	}}
	return newFeed(in, 0, func() parser[[]byte] {
		return func(block []byte, items [][]byte) ([][]byte, error) {
			for len(block) > 0 {
				end := bytes.IndexByte(block, '\n')
				if end > in.most {
					return items, in.tooLong(block)
				}
				items, block = append(items, block[:end]), block[end+1:]
			}
			return items, nil
		}
	})
}

// parseResults reads a line of results. An error is a [*Difference].
func parseResults(line []byte) (r Results, err error) {
	fields := bytes.SplitN(line, []byte{' '}, 5)
	entry, ok := numberOf(fields[0])
	if !ok {
		return r, differs(MeasuredFile, RuleMeasured, "a line begins with %q and not with an index", clip(fields[0]))
	}
	r.Entry = entry
	wrong := func(format string, args ...any) (Results, error) {
		return r, &Difference{MeasuredFile, entry, RuleMeasured, fmt.Sprintf(format, args...)}
	}
	if len(fields) < 5 {
		return wrong("the line has %d fields instead of 5", len(fields))
	}
	if r.Size, ok = numberOf(fields[1]); !ok {
		return wrong("%q is no size", clip(fields[1]))
	}
	for text := range bytes.SplitSeq(fields[2], []byte{','}) {
		place, ok := numberOf(text)
		if !ok {
			return wrong("%q is no place", clip(text))
		}
		r.Places = append(r.Places, place)
	}
	if r.Proof, ok = hashesIn(fields[3]); !ok {
		return wrong("%q are no hashes", clip(fields[3]))
	}
	if err := strict.Unmarshal(fields[4], &r.Leaves); err != nil {
		return wrong("%v", err)
	}
	if len(r.Leaves) != len(r.Places) {
		return wrong("%d results for %d places", len(r.Leaves), len(r.Places))
	}
	return r, nil
}

// hashesIn reads hashes one behind the other in base64, in its only form.
func hashesIn(text []byte) (all []tlog.Hash, ok bool) {
	raw, err := strict64.AppendDecode(nil, text)
	// Characters that base64 passes over, the ends of lines, would give the same hashes another form.
	if err != nil || len(raw)%tlog.HashSize != 0 || strict64.EncodedLen(len(raw)) != len(text) {
		return nil, false
	}
	for ; len(raw) > 0; raw = raw[tlog.HashSize:] {
		all = append(all, tlog.Hash(raw[:tlog.HashSize]))
	}
	return all, true
}
