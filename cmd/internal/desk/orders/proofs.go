package orders

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"
)

// proofsView is what is in the ledger of something, and who signs and watches.
type proofsView struct {
	*frame.Chrome
	Query   string
	Status  calls.LedgerStatus
	Found   []foundWarning
	Order   string // whose entries are shown; or
	Warning string // whose
	Rows    []proofRow
	Size    int64  // of the checkpoint that proves them
	Bundle  string // the address of the evidence; empty for none
	Person  bool   // the reader may take personal data along
	Unsaid  bool   // nobody signs now
}

// foundWarning is a warning that was looked for.
type foundWarning struct {
	ID, Document, Level string
	At                  time.Time
}

// proofRow is an entry with its proof.
type proofRow struct {
	Entry int64
	At    time.Time
	What  string
}

// mostFound bounds the warnings that a search finds, and how many it looks at.
const (
	mostFound  = 20
	mostLooked = 5000
)

// proofs shows what the ledger holds of an order or a warning, which is looked for by id or by the number of a document.
func (d *desk) proofs(q *frame.Request) (any, error) {
	v := &proofsView{Chrome: q.Chrome(), Query: strings.TrimSpace(q.URL.Query().Get("q")), Person: q.Who.Role == calls.Inspector}
	err := d.proved(q, v)
	if err == nil { // after the proofs, so that it tells of the checkpoint that was made for them
		v.Status, err = d.Svc.LedgerStatus(q.Context(), q.Ask(), calls.None{})
	}
	if v.Unsaid = refusal.CodeOf(err) == refusal.NotReady; err != nil && !v.Unsaid {
		return nil, err
	}
	return v, nil
}

// proved finds what is asked for, and its entries with their proofs.
func (d *desk) proved(q *frame.Request, v *proofsView) (err error) {
	values := q.URL.Query()
	v.Order, v.Warning = values.Get("order"), values.Get("warning")
	if v.Query != "" {
		if err := v.look(q); err != nil {
			return err
		}
	}
	if v.Order == "" && v.Warning == "" {
		return nil
	}
	var r calls.Receipts
	of := "order=" + url.QueryEscape(v.Order)
	if v.Order != "" {
		v.Warning = ""
		r, err = d.Svc.OrderReceipts(q.Context(), q.Ask(), calls.ByID{ID: v.Order})
	} else {
		of = "warning=" + url.QueryEscape(v.Warning)
		r, err = d.Svc.WarningReceipts(q.Context(), q.Ask(), calls.ByID{ID: v.Warning})
	}
	if err != nil {
		return err
	}
	v.Size, v.Bundle = r.Size, "/api/v1/ledger/bundle?"+of
	for _, e := range slices.Backward(r.Items) {
		v.Rows = append(v.Rows, proofRow{e.Index, e.At, terms.Name(terms.Entry, e.Kind, q.Lang)})
	}
	return nil
}

// look finds an order by its id, and warnings by theirs or by the number of their document.
func (v *proofsView) look(q *frame.Request) error {
	return q.View(func(tx *bbolt.Tx) error {
		switch _, err := notify.Get(tx, v.Query); {
		case err == nil:
			v.Order = v.Query
			return nil
		case refusal.CodeOf(err) != refusal.NotFound:
			return err
		}
		looked := 0
		for cursor, more := "", true; more && looked < mostLooked && len(v.Found) < mostFound; more = cursor != "" {
			page, err := alerts.ListWarnings(tx, cursor, 200)
			if err != nil {
				return err
			}
			for _, w := range page.Items {
				if looked++; len(v.Found) < mostFound && (w.ID == v.Query || strings.Contains(w.DocumentNo, v.Query)) {
					v.Found = append(v.Found, foundWarning{w.ID, w.DocumentNo, terms.Name(terms.Level, w.Level, q.Lang), w.DeclaredAt})
				}
			}
			cursor = page.Next
		}
		if len(v.Found) == 1 && v.Order == "" && v.Warning == "" {
			v.Warning = v.Found[0].ID
		}
		return nil
	})
}
