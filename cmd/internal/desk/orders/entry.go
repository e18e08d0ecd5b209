package orders

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/tlog"
)

// leafShown bounds the members of an entry that a page shows; the download has all of them.
const leafShown = 300

// entryView is an entry of the ledger with the proof that it is in the tree of today.
type entryView struct {
	*frame.Chrome
	Entry  int64
	Kind   string
	At     time.Time
	Leaf   []frame.Row // its members, by their paths
	Cut    bool        // Leaf does not hold all of them
	Proof  calls.Inclusion
	Proved bool // leaf, proof and root belong together
}

// entry shows an entry of the ledger as it is hashed, and its proof.
func (d *desk) entry(q *frame.Request) (any, error) {
	n, err := strconv.ParseInt(q.ID(), 10, 64)
	if err != nil || n < 0 {
		return nil, refusal.New(refusal.NotFound, "desk.error.no_page", refusal.Args{"path": q.URL.Path})
	}
	v := &entryView{Chrome: q.Chrome(), Entry: n}
	if v.Proof, err = d.Svc.Proof(q.Context(), q.Ask(), calls.ProofQuery{Entry: n}); err != nil {
		return nil, err
	}
	page, err := d.Svc.Entries(q.Context(), q.Ask(), calls.EntriesQuery{From: n, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(page.Items) != 1 || page.Items[0].Index != n {
		return nil, refusal.New(refusal.NotFound, "http.no_entry", refusal.Args{"entry": n, "size": v.Proof.Size})
	}
	e := page.Items[0]
	v.Title, v.Kind, v.At = q.T("entry", "n", n), e.Kind, e.At
	v.Proved = tlog.RecordHash(e.Leaf) == v.Proof.LeafHash &&
		tlog.CheckRecord(v.Proof.Proof, v.Proof.Size, v.Proof.Root, n, v.Proof.LeafHash) == nil
	v.Leaf, err = membersOf(e.Leaf)
	if v.Cut = len(v.Leaf) > leafShown; v.Cut {
		v.Leaf = v.Leaf[:leafShown]
	}
	return v, err
}

// membersOf are the members of a JSON text in their order, each with its path (data.measures.0.unit) and its value.
func membersOf(text []byte) (rows []frame.Row, err error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		kind := dec.PeekKind()
		token, err := dec.ReadToken()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		in, n := dec.StackIndex(dec.StackDepth())
		if name := in == '{' && n%2 == 1; name || strings.ContainsRune("{}[]", rune(kind)) {
			continue
		}
		path := strings.ReplaceAll(strings.TrimPrefix(string(dec.StackPointer()), "/"), "/", ".")
		rows = append(rows, frame.Row{Label: path, Value: token.String()})
	}
}
