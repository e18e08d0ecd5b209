package journal

import "go.etcd.io/bbolt"

// ViewDir reads the state below dir as it is, while no program runs on it.
func ViewDir(dir string, reg *Registry, fn func(tx *bbolt.Tx) error) error {
	db, err := openExisting(dir, reg)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return db.View(fn)
}
