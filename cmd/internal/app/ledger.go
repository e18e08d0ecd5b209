package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/local"
	"qingkong/cmd/internal/notary"
	"qingkong/cmd/internal/witness"
)

// openNotary makes what signs for the ledger. Nothing is signed before this node leads.
func (a *App) openNotary() error {
	witnesses, err := witnessesOf(a.opt.Config.Ledger)
	if err != nil {
		return err
	}
	var store notary.Store = &notary.Alone{Rows: local.Rows{Store: a.local, Bucket: notary.Rows}}
	if !a.bus.Embedded() {
		_, js := a.bus.Journal()
		store = &notary.Shared{JS: js}
	}
	a.notary = notary.New(notary.Options{Journal: a.journal, Store: store, Region: a.set.Region, Witnesses: witnesses, Log: a.log})
	a.svc.Notary, a.svc.Hours = a.notary, a.results.Of
	return nil
}

func witnessesOf(c config.Ledger) (all []notary.Witness, err error) {
	for _, w := range c.Witnesses {
		v, err := torchwood.NewCosignatureVerifier(w.Key)
		if err != nil {
			return nil, fmt.Errorf("ledger.witnesses: %s: %w", w.URL, err)
		}
		all = append(all, asked{&witness.Client{URL: w.URL, Verifier: v,
			HTTP: &http.Client{Timeout: witnessWithin, CheckRedirect: noRedirect}}})
	}
	return all, nil
}

// witnessWithin bounds one request to a witness.
const witnessWithin = 10 * time.Second

// noRedirect keeps a witness from sending us somewhere else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// asked is a witness somewhere else.
type asked struct{ *witness.Client }

// Name implements notary.Witness.
func (w asked) Name() string { return w.Verifier.Name() }

// Cosign implements notary.Witness.
func (w asked) Cosign(ctx context.Context, old, _ int64, checkpoint []byte, prove func(int64) (tlog.TreeProof, error)) (string, error) {
	lines, _, err := w.Add(ctx, old, prove, checkpoint)
	var ahead *witness.AheadError
	var other *witness.HistoryError
	switch {
	case errors.As(err, &ahead):
		return "", &notary.AheadError{Size: ahead.Size, Err: err}
	case errors.As(err, &other):
		return "", fmt.Errorf("%w: %w", notary.ErrRefused, err)
	}
	return string(lines), err
}
