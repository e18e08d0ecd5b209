package main

import (
	"crypto/rand"
	"errors"
	"path"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// askPause stands between two questions whether a server's backup has ended; each waits there for half a minute.
const askPause = time.Second

// onServer has the server write a backup into its own folder, and waits for its end.
func (f *backupFlags) onServer(cmd *cobra.Command, args []string) error {
	if err := noneOf(cmd, "with --server: the server has its own folder and settings", "data", "config", "since",
		"passphrase-file"); err != nil {
		return err
	}
	if err := f.check(cmd); err != nil {
		return err
	}
	if len(args) > 0 {
		return usage("with --server no FILE is given: the server writes into its backup.dir")
	}
	if f.patience <= 0 {
		return usage("--wait must be more than 0")
	}
	if f.key == "" {
		f.key = rand.Text()
	}
	answer, err := f.awaited(cmd)
	if err != nil {
		return err
	}
	if f.asJSON {
		return printAnswer(cmd.OutOrStdout(), answer)
	}
	var made calls.Backup
	if err := understand(answer, &made); err != nil {
		return err
	}
	tell(cmd.OutOrStdout(), "backup.done_there", refusal.Args{"file": path.Join(made.Folder, made.File),
		"last": made.LastBlock, "root": made.Root, "kb": (made.Bytes + 1023) >> 10})
	return printKeep(cmd.OutOrStdout(), made.Encrypted)
}

// awaited asks for the backup, and again under the same key for as long as it is being written and there is patience.
func (f *backupFlags) awaited(cmd *cobra.Command) ([]byte, error) {
	begin := time.Now()
	for {
		r := newRequest(&f.call, reporter{of: calls.TakeBackup.Call}, cmd)
		err := r.ask()
		var p *serverProblem
		if !errors.As(err, &p) || p.state != calls.BeingWritten {
			return r.answer, err
		}
		waited := time.Since(begin)
		if waited+askPause >= f.patience {
			return nil, newError("backup.still_written",
				refusal.Args{"waited": waited.Round(time.Second), "flags": "--idempotency-key " + f.key})
		}
		tell(cmd.ErrOrStderr(), "backup.waiting", refusal.Args{"waited": waited.Round(time.Second), "limit": f.patience})
		select {
		case <-time.After(askPause):
		case <-cmd.Context().Done():
			return nil, cmd.Context().Err()
		}
	}
}
