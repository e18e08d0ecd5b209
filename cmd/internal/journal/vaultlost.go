package journal

import (
	"context"

	"go.etcd.io/bbolt"
)

// countLost counts the entries that blocks name and that the vault neither has nor has erased, for the status:
// comparing the two sides does not find an entry that both have lost. It is called after a comparison, and reads the
// record once.
func (j *Journal) countLost(ctx context.Context) error {
	if j.opt.Shared { // what other nodes put comes with a comparison, not with its block
		if err := j.vault.compare(ctx, false, 0); err != nil {
			return err
		}
	}
	lost := map[string]bool{}
	err := j.eachBlock(ctx, func(tx *bbolt.Tx, raw []byte) {
		for range lostIn(tx, raw, lost) { // which adds them
		}
	})
	if err == nil {
		err = j.View(func(tx *bbolt.Tx) error {
			for ref := range lost {
				if InVault(tx, ref) {
					delete(lost, ref) // it came while the record was read
				}
			}
			return nil
		})
	}
	if err != nil {
		return err
	}
	if n := len(lost); n > 0 {
		j.opt.Log.Error("entries of the vault that the record names are on neither side", "entries", n)
	}
	j.vaultLost.Store(int64(len(lost)))
	j.counted.Store(true)
	return nil
}

// vaultStatus says how the vault is. An entry that one comparison could not read and that a block names is one entry.
func (j *Journal) vaultStatus() TwinStatus {
	s := j.vault.status()
	s.Lost = max(s.Lost, int(j.vaultLost.Load()))
	return s
}
