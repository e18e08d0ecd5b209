package service

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/ledger/bundle"
)

// Limits of what is gathered for a bundle: bytes of entries, and blocks that are read in one transaction.
const (
	mostGathered   = 256 << 20
	gatherAtOnce   = 100
	mostGatherings = 2 // at a time
	gatherWait     = 20 * time.Second
)

// gathering collects the entries that belong to something.
type gathering struct {
	*Service
	ctx context.Context

	found map[int64]journal.Entry // whose leaves are their own
	size  int
	tasks []string
}

// gather collects the entries about a subject: of its orders, of their warnings, of the list that these follow, and of
// the ledger's keys. Errors: not_found, too_large.
func (s *Service) gather(ctx context.Context, of bundle.Subject) (*gathering, error) {
	g := &gathering{Service: s, ctx: ctx, found: map[int64]journal.Entry{}}
	var err error
	switch {
	case of.Order != "":
		err = g.order(of.Order)
	case of.Warning != "":
		err = g.warning(of.Warning)
	default:
		err = g.recipient(of.Recipient)
	}
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(g.tasks); i++ {
		if err := g.read(g.tasks[i], ofTask(g.tasks[i])); err != nil {
			return nil, err
		}
	}
	if err := g.read(namedLedger, func(e *journal.Entry) bool { return strings.HasPrefix(e.Kind, "ledger.") }); err != nil {
		return nil, err
	}
	if err := g.handedIn(); err != nil {
		return nil, err
	}
	return g, g.erasures()
}

// handedIn takes the entries that tell when and by whom the files that others name were handed in: by staff, or by one of
// those who were ordered something. That another enterprise has the same file is told to nobody.
func (g *gathering) handedIn() error {
	hashes, recipients := []string{}, map[string]bool{"": true}
	for _, i := range g.indexes() {
		e := g.found[i]
		var of struct {
			Recipient string `json:"recipient_id"`
		}
		if e.Kind == (&notify.Issued{}).Kind() && json.Unmarshal(e.Data, &of) == nil {
			recipients[of.Recipient] = true
		}
		hashes = append(hashes, bundle.EvidenceOf(e.Data)...)
	}
	slices.Sort(hashes)
	for _, hash := range slices.Compact(hashes) {
		hash = "sha256:" + hash
		err := g.read(hash, func(e *journal.Entry) bool {
			var added compliance.EvidenceAdded
			return e.Kind == added.Kind() && json.Unmarshal(e.Data, &added) == nil && added.Hash == hash && recipients[added.Recipient]
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ofTask reports of an entry whether it is about a task. A draw names all who are visited that day, which is not for
// whoever has one of their bundles.
func ofTask(id string) func(e *journal.Entry) bool {
	return func(e *journal.Entry) bool { return e.Kind != inspect.KindDrawn && names(e.Data, id) }
}

// read takes the entries of the blocks that name an id; wanted, unless nil, says which of those that name it themselves.
func (g *gathering) read(id string, wanted func(e *journal.Entry) bool) error {
	var numbers []uint64
	err := g.J.View(func(tx *bbolt.Tx) error { numbers = slices.Collect(journal.BlocksNaming(tx, id)); return nil })
	for some := range slices.Chunk(numbers, gatherAtOnce) {
		if err = g.ctx.Err(); err != nil {
			return err
		}
		err = g.J.View(func(tx *bbolt.Tx) error {
			for _, number := range some {
				block, err := journal.ParseBlock(journal.ReadBlock(tx, number))
				if err != nil {
					return err
				}
				for _, e := range block.Entries() {
					if wanted == nil && names(e.Data, id) || wanted != nil && wanted(&e) {
						if err := g.take(e); err != nil {
							return err
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return err
}

// names reports whether data name an id, or something of it, at the beginning of a string.
func names(data []byte, id string) bool {
	for needle := []byte(`"` + id); ; {
		i := bytes.Index(data, needle)
		if i < 0 || i+len(needle) >= len(data) {
			return false
		}
		if c := data[i+len(needle)]; c == '"' || c == '-' || c == '/' {
			return true
		}
		data = data[i+len(needle):]
	}
}

func (g *gathering) take(e journal.Entry) error {
	if _, has := g.found[e.Index]; has {
		return nil
	}
	if g.size += len(e.Leaf) + 100; g.size > mostGathered {
		return refusal.New(refusal.TooLarge, "bundle.too_large", refusal.Args{"limit": mostGathered >> 20})
	}
	off := bytes.Index(e.Leaf, e.Data)
	e.Leaf = bytes.Clone(e.Leaf)
	e.Data = e.Leaf[off : off+len(e.Data)]
	g.found[e.Index] = e
	if strings.HasPrefix(e.Kind, "compliance.task") {
		for _, id := range idsNamed(e.Data) {
			if id[0] == 'T' && !slices.Contains(g.tasks, id) {
				g.tasks = append(g.tasks, id)
			}
		}
	}
	return nil
}

// indexes are those of what was found, ascending.
func (g *gathering) indexes() []int64 {
	all := make([]int64, 0, len(g.found))
	for i := range g.found {
		all = append(all, i)
	}
	slices.Sort(all)
	return all
}

// ofWarning reports whether an entry is one of a warning itself: its declaration, its approval, its end.
func ofWarning(e *journal.Entry, warning string) bool {
	return strings.HasPrefix(e.Kind, "alerts.") && bytes.Contains(e.Data, []byte(`"`+warning+`"`))
}

// ofCase reports of an entry whether it is about an order, or about what was found of its recipient under its warning, by
// measuring or on site.
func ofCase(warning, recipient, order string) func(e *journal.Entry) bool {
	found := regexp.MustCompile(`"` + regexp.QuoteMeta(warning+"-"+recipient) + `-F[0-9]+["/]`)
	visited := ofRecipient(warning, recipient)
	return func(e *journal.Entry) bool {
		return names(e.Data, order) || found.Match(e.Data) || e.Kind != inspect.KindDrawn &&
			strings.HasPrefix(e.Kind, "inspection.") && visited(e)
	}
}

// ofRecipient reports of an entry whether it is about any order or finding of a recipient under a warning.
func ofRecipient(warning, recipient string) func(e *journal.Entry) bool {
	found := regexp.MustCompile(`"` + regexp.QuoteMeta(warning+"-"+recipient) + `-F?[0-9]+["/]`)
	return func(e *journal.Entry) bool { return found.Match(e.Data) }
}

func (g *gathering) order(id string) error {
	var o *notify.Order
	if err := g.J.View(func(tx *bbolt.Tx) (err error) { o, err = notify.Get(tx, id); return err }); err != nil {
		return err
	}
	of := ofCase(o.WarningID, o.RecipientID, id)
	err := g.read(o.WarningID, func(e *journal.Entry) bool { return ofWarning(e, o.WarningID) || of(e) })
	if err != nil {
		return err
	}
	return g.activations()
}

func (g *gathering) recipient(id string) error {
	warnings := []string{}
	for cursor, more := "", true; more; more = cursor != "" {
		var page []*notify.Order
		err := g.J.View(func(tx *bbolt.Tx) (err error) {
			page, cursor, err = notify.ListOrders(tx, notify.Filter{Recipient: id}, cursor, notify.MaxPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range page {
			if !slices.Contains(warnings, o.WarningID) {
				warnings = append(warnings, o.WarningID)
			}
		}
	}
	if len(warnings) == 0 {
		return refusal.New(refusal.NotFound, "bundle.no_orders", refusal.Args{"id": refusal.Shown(id)})
	}
	for _, w := range warnings {
		of := ofRecipient(w, id)
		err := g.read(w, func(e *journal.Entry) bool { return ofWarning(e, w) || of(e) })
		if err != nil {
			return err
		}
	}
	return g.activations()
}

// warning takes all of a warning, and the rows of the list that its orders follow.
func (g *gathering) warning(id string) error {
	err := g.J.View(func(tx *bbolt.Tx) error { _, err := alerts.GetWarning(tx, id); return err })
	if err != nil {
		return err
	}
	if err := g.read(id, nil); err != nil {
		return err
	}
	lists := g.listsNamed()
	for i := 0; i < len(lists); i++ {
		err := g.read(lists[i], func(e *journal.Entry) bool {
			if !strings.HasPrefix(e.Kind, "list.") || !names(e.Data, lists[i]) {
				return false
			}
			for _, id := range idsNamed(e.Data) { // what its rows were copied from
				if id[0] == 'L' && !slices.Contains(lists, id) {
					lists = append(lists, id)
				}
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// listsNamed are the versions of the list that orders follow which were found.
func (g *gathering) listsNamed() (lists []string) {
	for _, e := range g.found {
		var issued struct {
			Version string `json:"list_version"`
		}
		if strings.HasPrefix(e.Kind, "notify.") && json.Unmarshal(e.Data, &issued) == nil && issued.Version != "" &&
			!slices.Contains(lists, issued.Version) {
			lists = append(lists, issued.Version)
		}
	}
	slices.Sort(lists)
	return lists
}

// activations takes, of the lists that orders follow, what made them count; not their rows.
func (g *gathering) activations() error {
	kinds := []string{"list.approved", "list.activated", "list.in_force"}
	for _, id := range g.listsNamed() {
		err := g.read(id, func(e *journal.Entry) bool { return slices.Contains(kinds, e.Kind) && names(e.Data, id) })
		if err != nil {
			return err
		}
	}
	return nil
}

// erasures takes the entries that tell of content that was erased and that others name.
func (g *gathering) erasures() error {
	gone := []string{}
	err := g.J.View(func(tx *bbolt.Tx) error {
		for _, e := range g.found {
			refs := bundle.References(e.Data)
			for _, hash := range bundle.EvidenceOf(e.Data) {
				refs = append(refs, journal.ContentRef("sha256:"+hash))
			}
			for _, ref := range refs {
				if journal.InVault(tx, ref) && journal.ReadVault(tx, ref) == nil && !slices.Contains(gone, ref) {
					gone = append(gone, ref)
				}
			}
		}
		return nil
	})
	for _, ref := range gone {
		if err == nil {
			err = g.read(ref, func(e *journal.Entry) bool {
				return e.Kind == journal.VaultErased{}.Kind() && bytes.Contains(e.Data, []byte(`"`+ref+`"`))
			})
		}
	}
	return err
}

// whyGone is why a file is not held here.
func (p *packing) whyGone(name string) (why string, err error) {
	why = bundle.NotHeld
	err = p.J.View(func(tx *bbolt.Tx) error {
		if ref := journal.ContentRef(name); journal.InVault(tx, ref) && journal.ReadVault(tx, ref) == nil {
			why = bundle.Erased
		}
		return nil
	})
	return why, err
}
