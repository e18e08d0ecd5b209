package app

import (
	"path/filepath"

	"qingkong/cmd/internal/local"
	"qingkong/cmd/internal/notary"
)

// localFile is what is of this node alone and may be lost, below the data folder.
const localFile = "local.db"

const feedsRows = "feeds.progress" // feed -> its state, see package feed

// localTenants are the tenants of [localFile]. Data that needs a writer of its own has a file of its own beside it.
func localTenants() []local.Tenant {
	return []local.Tenant{{Name: "feeds", Version: 1, Buckets: []string{feedsRows}, Lost: "local.lost.feeds"},
		{Name: "ledger", Version: 1, Buckets: []string{notary.Rows}, Lost: "local.lost.ledger"}}
}

func (a *App) openLocal() {
	a.local = local.Open(filepath.Join(a.opt.Config.Data, localFile),
		local.Options{Log: a.log, Full: a.room.Full, Clock: a.opt.Clock}, localTenants()...)
	a.onStop("local store", localWithin, a.local.Close)
}
