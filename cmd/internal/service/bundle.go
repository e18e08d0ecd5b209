package service

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/notary"
	"qingkong/cmd/internal/proofs"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
)

// mostHours is how many hours of results a bundle holds, the latest.
const mostHours = 14 * 24

// Bundle gathers the evidence of an order, a recipient or a warning, proved in a checkpoint that covers all of it. With
// personal content who asked, of whom and why is recorded before anything is handed out. Errors: not_found, too_large,
// rate_limited where others are being made, forbidden, and not_ready where nobody signs.
func (s *Service) Bundle(ctx context.Context, a Ask, in calls.BundleQuery) (*bundle.Draft, error) {
	subject := bundle.Subject{Order: in.Order, Recipient: in.Recipient, Warning: in.Warning}
	if err := s.mayBundle(a, in); err != nil {
		return nil, err
	}
	if s.Notary == nil {
		return nil, errUnsigned
	}
	done, err := s.gathers(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	g, err := s.gather(ctx, subject)
	if err != nil {
		return nil, err
	}
	p := packing{gathering: g, measured: map[int64][]byte{},
		manifest: bundle.Manifest{Subject: subject, MadeAt: s.J.Now().In(alerts.Shanghai()).Format(time.RFC3339)}}
	steps := []func() error{p.results, p.evidence}
	if in.Personal == "1" {
		p.manifest.Personal, p.manifest.Reason = true, in.Reason // what the steps go by
		steps = append(steps, func() error { return s.tookPersonal(ctx, a, in, g) }, p.personal)
	}
	for _, step := range append(steps, p.proof, p.index) {
		if err := step(); err != nil {
			return nil, err
		}
	}
	signer, err := p.signer()
	if err != nil {
		return nil, err
	}
	draft, err := bundle.Make(p.manifest, p.files, signer)
	if errors.Is(err, bundle.ErrTooLarge) {
		err = refusal.New(refusal.TooLarge, "bundle.too_large", refusal.Args{"limit": bundle.MaxSize >> 20})
	}
	return draft, err
}

// signer is that of the last key which the bundle's entries tell of: of another one nobody could say that it is the
// ledger's. Where the key was replaced while the bundle was made, it has to be made anew.
func (p *packing) signer() (note.Signer, error) {
	s, key, err := p.Notary.Signer()
	if err != nil {
		return nil, err
	}
	for _, e := range p.found {
		if strings.HasPrefix(e.Kind, "ledger.") && bytes.Contains(e.Data, []byte(`"vkey":"`+key.VKey+`"`)) {
			return s, nil
		}
	}
	return nil, refusal.New(refusal.NotReady, "ledger.no_checkpoint", nil)
}

// errUnsigned is that nothing is signed on this node.
var errUnsigned = refusal.New(refusal.NotReady, "ledger.no_checkpoint", nil)

// mayBundle refuses what no bundle is made of, and personal content to whom it is not for.
func (s *Service) mayBundle(a Ask, in calls.BundleQuery) error {
	named := 0
	for _, id := range []string{in.Order, in.Recipient, in.Warning} {
		if id != "" {
			named++
		}
	}
	switch personal := in.Personal == "1"; {
	case named != 1:
		return refusal.Wrong("order", "bundle.subject", nil)
	case personal && a.Who.Role != calls.Inspector:
		return refusal.New(refusal.Forbidden, "bundle.personal", nil)
	case personal && strings.TrimSpace(in.Reason) == "":
		return refusal.Wrong("reason", "bundle.reason", nil)
	}
	return nil
}

// gathers waits for a place among those who gather; done gives it back.
func (s *Service) gathers(ctx context.Context) (done func(), err error) {
	timer := time.NewTimer(gatherWait)
	defer timer.Stop()
	select {
	case s.gatherings <- struct{}{}:
		return func() { <-s.gatherings }, nil
	case <-timer.C:
		return nil, refusal.New(refusal.RateLimited, "bundle.busy", nil)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// packing is a bundle as it is made.
type packing struct {
	*gathering
	manifest bundle.Manifest
	files    []bundle.Content
	cover    notary.Signed    // in which all is proved
	earlier  []notary.Signed  // that witnesses cosigned, the oldest first
	measured map[int64][]byte // lines of results, by the entry that has the root of each
}

func (p *packing) add(name string, text []byte) { p.files = append(p.files, bundle.Bytes(name, text)) }

func (p *packing) missing(name, why string) {
	p.manifest.Missing = append(p.manifest.Missing, bundle.Missing{Name: name, Why: why})
}

// results puts what was measured of the orders into the bundle, hour by hour, as the record has the root of it. A warning's
// bundle has the roots alone.
func (p *packing) results() error {
	cases := map[[2]string]bool{}
	for _, e := range p.found {
		var judged struct {
			Warning   string `json:"warning_id"`
			Recipient string `json:"recipient_id"`
		}
		if p.manifest.Subject.Warning == "" && (e.Kind == (&notify.Issued{}).Kind() || e.Kind == (&compliance.Judged{}).Kind()) &&
			json.Unmarshal(e.Data, &judged) == nil && judged.Recipient != "" {
			cases[[2]string{judged.Warning, judged.Recipient}] = true
		}
	}
	first, last, err := p.span()
	if err != nil || last.IsZero() {
		return err
	}
	if most := last.Add(-mostHours * time.Hour); first.Before(most) {
		first = most
	}
	for at := first.Truncate(time.Hour); !at.After(last); at = at.Add(time.Hour) {
		if err := p.hour(at, cases); err != nil {
			return err
		}
	}
	var lines []byte
	for _, entry := range slices.Sorted(maps.Keys(p.measured)) {
		lines = append(lines, p.measured[entry]...)
	}
	if len(lines) > 0 {
		p.add(bundle.MeasuredFile, lines)
	}
	return nil
}

// span is from the first order on until the orders ended, or now; zero without an order.
func (p *packing) span() (first, last time.Time, err error) {
	now, open := p.J.Now(), false
	for _, e := range p.found {
		if !strings.HasPrefix(e.Kind, "notify.") {
			continue
		}
		if first.IsZero() || e.At.Before(first) {
			first = e.At
		}
		if e.At.After(last) {
			last = e.At
		}
		var issued struct {
			ID string `json:"id"`
		}
		if e.Kind != (&notify.Issued{}).Kind() {
			continue
		}
		if err := json.Unmarshal(e.Data, &issued); err != nil {
			return first, last, err
		}
		o, err := journal.ReadBy(p.J, notify.Get, issued.ID)
		if err != nil {
			return first, last, err
		}
		open = open || o.State == notify.StateOpen
	}
	if open {
		last = now
	}
	return first, last, nil
}

// hour puts an hour's results of some recipients into the bundle, with the entry that has the root of it.
func (p *packing) hour(at time.Time, cases map[[2]string]bool) error {
	before := len(p.found)
	id := namedHour(at)
	var sum journal.Entry
	err := p.read(id, func(e *journal.Entry) bool {
		is := e.Kind == (&compliance.HourSummed{}).Kind() && bytes.Contains(e.Data, []byte(`"`+id[len("hour "):]+`"`))
		if is {
			sum = *e
		}
		return is
	})
	if err != nil || len(p.found) == before || len(cases) == 0 {
		return err
	}
	name := bundle.Measured + strconv.FormatInt(sum.Index, 10)
	var leaves [][]byte
	if p.Hours != nil {
		if leaves, err = p.Hours(at); err != nil {
			return err
		}
	}
	if len(leaves) == 0 {
		p.missing(name, bundle.NotHeld)
		return nil
	}
	var places []int64
	for i, leaf := range leaves {
		if of := strings.SplitN(string(leaf), "\n", 4); len(of) == 4 && cases[[2]string{of[1], of[2]}] {
			places = append(places, int64(i))
		}
	}
	if len(places) == 0 {
		return nil
	}
	tree, err := compliance.TreeOf(leaves)
	if err != nil {
		return err
	}
	results, err := bundle.NewResults(sum.Index, leaves, places, tree)
	if err != nil {
		return err
	}
	line := bundle.AppendResults(nil, results)
	if len(line) > bundle.MaxEntry {
		p.missing(name, bundle.TooMany)
		return nil
	}
	p.measured[sum.Index] = line
	return nil
}

// evidence puts the files that entries name into the bundle, as far as they are held here and there is room.
func (p *packing) evidence() error {
	var total int64
	seen := map[string]bool{}
	for _, i := range p.byPrivacy() {
		e := p.found[i]
		for _, hash := range bundle.EvidenceOf(e.Data) {
			if seen[hash] {
				continue
			}
			seen[hash] = true
			name := bundle.Evidence + hash
			if showsPeople(&e) && !p.manifest.Personal {
				p.missing(name, bundle.Private)
				continue
			}
			content, err := p.J.OpenContent(p.ctx, "sha256:"+hash)
			switch {
			case errors.Is(err, journal.ErrNoContent):
				why, err := p.whyGone("sha256:" + hash)
				if err != nil {
					return err
				}
				p.missing(name, why)
				continue
			case err != nil:
				return err
			}
			size := content.Size()
			if err := content.Close(); err != nil {
				return err
			}
			if total+size > bundle.MaxSize-2*mostGathered {
				p.missing(name, bundle.TooMany)
				continue
			}
			total += size
			p.files = append(p.files, bundle.Content{Name: name,
				Open: func() (io.ReadCloser, error) { return p.opens("sha256:" + hash) }})
		}
	}
	return nil
}

// showsPeople reports whether what an entry names as evidence shows people, or their signatures: what was photographed on
// site. What enterprises hand in of themselves does not.
func showsPeople(e *journal.Entry) bool { return strings.HasPrefix(e.Kind, "inspection.") }

// byPrivacy are the indexes of the entries, those last whose evidence shows people: a file that others name as well is no
// secret.
func (p *packing) byPrivacy() []int64 {
	all := p.indexes()
	slices.SortStableFunc(all, func(a, b int64) int {
		x, y := p.found[a], p.found[b]
		switch {
		case showsPeople(&x) == showsPeople(&y):
			return 0
		case showsPeople(&y):
			return -1
		}
		return 1
	})
	return all
}

// openWithin bounds how long a file waits to be opened.
const openWithin = 30 * time.Second

// opens opens a file as the bundle is written, which goes on after the time of the act that made it: a reader may be slow.
func (p *packing) opens(name string) (io.ReadCloser, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), openWithin)
	defer cancel()
	return p.J.OpenContent(ctx, name)
}

// secretKinds are the modules whose entries name secrets of the program, and not what somebody wrote.
var secretKinds = []string{"ledger.", "access.", "telemetry.", "journal."}

// personal puts what entries name in the vault into the bundle.
func (p *packing) personal() error {
	seen := map[string]bool{}
	for _, i := range p.indexes() {
		e := p.found[i]
		secret := slices.ContainsFunc(secretKinds, func(prefix string) bool { return strings.HasPrefix(e.Kind, prefix) })
		for _, ref := range bundle.References(e.Data) {
			if seen[ref] {
				continue
			}
			seen[ref] = true
			var text []byte
			var erased bool
			err := p.J.View(func(tx *bbolt.Tx) error { text, erased = journal.ReadSealed(tx, ref); return nil })
			name := bundle.Personal + ref
			switch {
			case err != nil:
				return err
			case secret && !erased:
				p.missing(name, bundle.Secret)
			case erased:
				p.missing(name, bundle.Erased)
			case text == nil:
				p.missing(name, bundle.NotHeld)
			default:
				p.add(name, text)
			}
		}
	}
	return nil
}

// tookPersonal records who takes personal content away, of whom, and why.
func (s *Service) tookPersonal(ctx context.Context, a Ask, in calls.BundleQuery, g *gathering) error {
	recipients := []string{}
	for _, e := range g.found {
		var of struct {
			Recipient string `json:"recipient_id"`
		}
		if json.Unmarshal(e.Data, &of) == nil && of.Recipient != "" && !slices.Contains(recipients, of.Recipient) {
			recipients = append(recipients, of.Recipient)
		}
	}
	slices.Sort(recipients)
	read := calls.PersonalRead{Kind: access.SeenNote, Call: cmp.Or(a.Call, calls.Bundle.Name()), Count: max(1, len(recipients)),
		Recipients: recipients}
	if more := len(recipients) - access.MaxSeen; more > 0 {
		read.Recipients, read.Unnamed = recipients[:access.MaxSeen], more
	}
	var entries []journal.VaultEntry
	read.ReasonRef, _ = s.seal(in.Reason, "", &entries)
	now := s.J.Now()
	_, err := s.J.Submit(ctx, journal.Command{Kind: access.CommandSeen, Actor: a.Who.User, Vault: entries,
		Payload: access.PersonalSeen{User: a.Who.User, From: now, To: now, Reads: []calls.PersonalRead{read}}})
	return err
}

// proof puts entries, proof and checkpoints into the bundle.
func (p *packing) proof() error {
	indexes := p.indexes()
	cover, err := p.Notary.Covering(p.ctx, indexes[len(indexes)-1]+1)
	if err != nil {
		return err
	}
	cosigned, err := p.Notary.Cosigned(p.ctx)
	if err != nil {
		return err
	}
	p.cover = cover
	var cuts []int64
	for _, c := range slices.Backward(cosigned) { // the oldest first
		if c.Origin == cover.Origin && c.N > 0 && c.N < cover.N {
			cuts = append(cuts, c.N)
			p.earlier = append(p.earlier, c)
			p.add(bundle.Checkpoints+strconv.FormatInt(c.N, 10), []byte(c.Note))
		}
	}
	var proof []ledger.Stored
	err = p.J.View(func(tx *bbolt.Tx) (err error) {
		proof, err = ledger.Multiproof(cover.N, indexes, cuts, ledger.Hashes(tx))
		return err
	})
	if err != nil {
		return err
	}
	lines := make([]byte, 0, p.size)
	for _, i := range indexes {
		lines = bundle.AppendEntry(lines, i, p.found[i].Leaf)
	}
	p.add(bundle.CheckpointFile, []byte(cover.Note))
	p.add(bundle.EntriesFile, lines)
	p.add(bundle.ProofFile, bundle.AppendProof(nil, proof))
	p.manifest.Origin, p.manifest.Size = cover.Origin, cover.N
	return nil
}

// index puts the page for people into the bundle.
func (p *packing) index() error {
	key, err := p.Notary.Key()
	if err != nil {
		return err
	}
	f := proofs.Facts{Subject: p.manifest.Subject, Origin: p.cover.Origin, Key: key.VKey, MadeAt: p.J.Now(), Size: p.cover.N,
		Root: p.cover.Hash, Missing: p.manifest.Missing, Personal: p.manifest.Personal, Reason: p.manifest.Reason,
		Cosigned: cosigners(&p.cover)}
	for i := range p.earlier {
		c := &p.earlier[i]
		f.Earlier = append(f.Earlier, bundle.Checkpoint{Size: c.N, Root: c.Hash, Witnesses: cosigners(c)})
	}
	f.Entries = func(yield func(int64, ledger.Entry) bool) {
		for _, i := range p.indexes() {
			if !yield(i, p.found[i].Entry) {
				return
			}
		}
	}
	var page bytes.Buffer
	err = proofs.Index(&page, f)
	p.add(bundle.IndexFile, page.Bytes())
	return err
}

// cosigners are the witnesses of a checkpoint, by what they say of themselves.
func cosigners(s *notary.Signed) (all []bundle.Cosigned) {
	for _, c := range s.Cosignatures {
		all = append(all, bundle.Cosigned{Name: c.Name, At: c.At})
	}
	return all
}

// proved are receipts of entries, and of those which tell of the ledger's keys.
func (s *Service) proved(ctx context.Context, entries, keys []journal.Entry) (calls.Receipts, error) {
	out := calls.Receipts{Keys: []calls.Receipt{}, Items: []calls.Receipt{}}
	if len(entries) == 0 {
		return out, nil
	}
	if s.Notary == nil || len(keys) == 0 {
		return out, errUnsigned
	}
	latest := keys[len(keys)-1]
	cover, err := s.Notary.Covering(ctx, max(entries[len(entries)-1].Index, latest.Index)+1)
	if err != nil {
		return out, err
	}
	key, err := s.Notary.Key()
	if err != nil {
		return out, err
	}
	if !bytes.Contains(latest.Data, []byte(`"vkey":"`+key.VKey+`"`)) { // another may have signed meanwhile
		return out, errUnsigned
	}
	out.Origin, out.VKey, out.Checkpoint, out.Size = cover.Origin, key.VKey, cover.Note, cover.N
	err = s.J.View(func(tx *bbolt.Tx) (err error) {
		if out.Keys, err = receiptsIn(tx, cover.N, keys); err == nil {
			out.Items, err = receiptsIn(tx, cover.N, entries)
		}
		return err
	})
	return out, err
}

// receiptsIn proves entries in the tree of size entries.
func receiptsIn(tx *bbolt.Tx, size int64, entries []journal.Entry) ([]calls.Receipt, error) {
	hashes, out := ledger.Hashes(tx), make([]calls.Receipt, 0, len(entries))
	for _, e := range entries {
		proof, err := tlog.ProveRecord(size, e.Index, hashes)
		if err != nil {
			return nil, err
		}
		out = append(out, calls.Receipt{Index: e.Index, Kind: e.Kind, At: e.At, Leaf: e.Leaf,
			Proof: append([]tlog.Hash{}, proof...)})
	}
	return out, nil
}
