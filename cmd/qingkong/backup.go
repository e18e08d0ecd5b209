package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/backups"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/journal"
)

func newBackupCommand() *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use:   "backup --data DIR FILE | backup --server URL --token-file FILE",
		Short: "运行中或停止后备份记录（back up the record, while it runs or stopped）",
		Long: "把数据目录的记录写成一个文件（权限 0600）。程序正在运行时由它自己边运行边写，已停止时直接读取目录。\n" +
			"内含：全部数据块、保密库（联系人、口令散列等）、demo-credentials.json、feeds/ 和 erased；不含登录会话、local.db、节点名和数据流。\n" +
			"--since 接着以前的一份备份做增量，恢复时两份都要。已有的文件不会被覆盖。\n" +
			"--passphrase-file 用文件中的一行口令加密（age 格式）；丢了口令谁也恢复不了。\n" +
			"--server 由服务器写到它的 backup.dir，内容不经过网络；等到写完为止，最多等 --wait。" + needsAdmin + "\n" +
			"Writes the record of a data folder to one file of mode 0600: through the program that runs on the folder, or from the\n" +
			"stopped folder. --since goes on from an earlier backup; both are needed to restore. No file is overwritten.\n" +
			"--passphrase-file encrypts it with the one line of that file, as an age file; without it nobody can restore.\n" +
			"--server has the server write one into its backup.dir, and waits for its end; no byte of it comes over the network.\n" +
			"That needs an administrator's token.",
		Example: "  qingkong backup --data ./data /backup/qingkong-0101.tar\n" +
			"  qingkong backup --data ./data --since /backup/qingkong-0101.tar /backup/qingkong-0102.tar\n" +
			"  qingkong backup --data ./data --passphrase-file backup.key /backup/qingkong-0103.tar\n" +
			"  qingkong backup" + exampleAdmin,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.url != "" {
				return f.onServer(cmd, args)
			}
			return f.here(cmd, args)
		},
	}
	f.call.add(cmd, true)
	cmd.Flags().DurationVar(&f.patience, "wait", 30*time.Minute,
		"与 --server 一起：最多等多久（with --server: how long to wait for its end）")
	cmd.Flags().StringVar(&f.data, "data", "", "数据目录（folder of the record）")
	cmd.Flags().StringVar(&f.configFile, "config", "", "配置文件，取其中的磁盘下限（settings file, for its disk limits）")
	cmd.Flags().StringVar(&f.since, "since", "", "接着这份备份做增量（go on from this backup）")
	cmd.Flags().StringVar(&f.passphrase, "passphrase-file", "", passphraseHelp)
	return cmd
}

// #nosec G101 -- it is a help text
const passphraseHelp = "口令文件，一行，权限 0600（file with the passphrase: one line, mode 0600）"

// backupFlags are those of both ways to make a backup: here, or on a server.
type backupFlags struct {
	call
	patience                            time.Duration
	data, configFile, since, passphrase string
}

// here backs up a folder of this machine.
func (f *backupFlags) here(cmd *cobra.Command, args []string) error {
	if err := noneOf(cmd, "without --server",
		append([]string{"token-file", "wait", "idempotency-key"}, trustFlags...)...); err != nil {
		return err
	}
	if err := requireFlags(cmd, "data"); err != nil {
		return err
	}
	if len(args) != 1 {
		return usage("one FILE must be given")
	}
	cfg, err := config.Load(f.configFile, os.Environ())
	if err != nil {
		return err
	}
	cfg.Data = f.data
	req, err := backupRequest(args[0], f.since)
	if err != nil {
		return err
	}
	if req.Passphrase, err = passphraseOf(f.passphrase); err != nil {
		return err
	}
	line := progressLine{w: cmd.ErrOrStderr()}
	done, err := backups.OfFolder(cmd.Context(), cfg, thisBuild().Version, req, func(p journal.BackupProgress) {
		line.print("backup.progress", refusal.Args{"block": p.Block, "of": p.Of, "mb": p.Bytes >> 20})
	})
	if err != nil {
		return err
	}
	if f.asJSON {
		return printJSON(cmd.OutOrStdout(), done)
	}
	tell(cmd.OutOrStdout(), "backup.done", refusal.Args{"file": done.File, "first": done.First,
		"last": done.Last, "kb": (done.Bytes + 1023) >> 10})
	return printKeep(cmd.OutOrStdout(), done.Encrypted)
}

// printKeep says how to keep what was written.
func printKeep(w io.Writer, encrypted bool) error {
	rule := "backup.keep_plain"
	if encrypted {
		rule = "backup.keep_encrypted"
	}
	return say(w, rule, nil)
}

// passphraseOf reads the passphrase of a command line; nil where none is named.
func passphraseOf(file string) (*journal.Passphrase, error) {
	if file == "" {
		return nil, nil
	}
	return journal.ReadPassphrase(file)
}

// noneOf refuses flags that mean nothing the way the command is used.
func noneOf(cmd *cobra.Command, where string, names ...string) error {
	for _, name := range names {
		if cmd.Flag(name).Changed {
			return usage("--%s means nothing %s", name, where)
		}
	}
	return nil
}

// backupRequest names the files by their whole paths: the program that runs has another working directory.
func backupRequest(file, since string) (req folder.BackupRequest, err error) {
	if req.File, err = filepath.Abs(file); err != nil || since == "" {
		return req, err
	}
	req.Since, err = filepath.Abs(since)
	return req, err
}

// progressLine prints how far something is, at most once a second.
type progressLine struct {
	w    io.Writer
	last time.Time
}

func (p *progressLine) print(rule string, args refusal.Args) {
	if time.Since(p.last) < time.Second {
		return
	}
	p.last = time.Now()
	tell(p.w, rule, args)
}

func newRestoreCommand() *cobra.Command {
	f := recordFlags{}
	var erased, passphrase string
	cmd := &cobra.Command{
		Use:   "restore FILE… --data NEW",
		Short: "由备份恢复到新目录（restore backups into a new folder）",
		Long: "先核对每一部分的散列，再逐块重放，全部证明无误才写成可启动的目录。NEW 必须不存在或为空。增量备份按先后与完整备份一起给出。\n" +
			"节点名和登录会话不恢复；数据流由下次启动补齐，对外的预警流从空开始。加密的备份用 --passphrase-file 给出口令文件。\n" +
			"Proves every part by its hash and replays every block before the folder can be started. NEW must be empty or not be\n" +
			"there. Incremental backups are given in order behind the full one they go on from. Encrypted ones need --passphrase-file.",
		Example: "  qingkong restore /backup/qingkong-0101.tar --data ./data-new\n" +
			"  qingkong restore full.tar monday.tar tuesday.tar --data ./data-new --erased ./data-old/erased",
		Args:    cobra.ArbitraryArgs,
		PreRunE: needs("data"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("a FILE must be given")
			}
			pass, err := passphraseOf(passphrase)
			if err != nil {
				return err
			}
			line := progressLine{w: cmd.ErrOrStderr()}
			opt := journal.RestoreOptions{Files: args, Dir: f.data, Registry: registry(), Erased: erased, Passphrase: pass,
				Progress: func(block, of uint64) {
					line.print("backup.restoring", refusal.Args{"block": block, "of": of})
				}}
			if f.url != "" {
				opt.Check = f.emptyStream
			}
			done, err := journal.Restore(cmd.Context(), opt)
			if err != nil {
				return err
			}
			return printRestored(cmd.OutOrStdout(), f, done)
		},
	}
	f.add(cmd, true)
	cmd.Flags().StringVar(&erased, "erased", "",
		"比备份更新的删除清单，即原目录的 erased 文件（a newer list of erasures than the backup's: the file erased of the old folder）")
	cmd.Flags().StringVar(&passphrase, "passphrase-file", "", passphraseHelp)
	return cmd
}

// emptyStream refuses an external server whose stream holds a block: the restored record would fork from it.
func (f *recordFlags) emptyStream(ctx context.Context) (err error) {
	js, shut, err := f.streams(ctx, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	blocks, err := journal.StreamHolds(ctx, js)
	if err == nil && blocks > 0 {
		err = refusal.New(refusal.Conflict, "backup.stream_holds", refusal.Args{"blocks": blocks})
	}
	return err
}

func printRestored(w io.Writer, f recordFlags, done journal.Restoration) error {
	if *f.json {
		return printJSON(w, done)
	}
	tell(w, "backup.restored", refusal.Args{"block": done.Block, "entries": done.Entries,
		"root": done.Root, "vault": done.Vault, "erased": done.Erased, "blobs": done.Blobs, "at": done.BackedAt})
	if done.Damaged > 0 {
		tell(w, "backup.rotten", refusal.Args{"count": done.Damaged})
	}
	if done.NoBlobs > 0 {
		tell(w, "backup.no_blobs", refusal.Args{"count": done.NoBlobs})
	}
	_, err := fmt.Fprintf(w, "%s\n  qingkong serve --data %s\n", bothLanguages("backup.start", nil), f.data)
	return err
}
