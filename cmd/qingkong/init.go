package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/app"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/valid"
)

func newInitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init --data DIR",
		Short: "建立首个管理员，口令只显示一次（first administrator, shown once）",
		Long: "在数据目录中建立首个管理员账号；口令和令牌只显示这一次。已有账号时拒绝。其他账号由管理员用 account add 新建。\n" +
			"Makes the first administrator of a data folder. Refused where there are accounts already. The administrator adds the\n" +
			"others with account add.",
		Example: "  qingkong init --data ./data\n  qingkong init --data ./data --user zhang --json",
		PreRunE: needs("data", "user"),
	}
	data := cmd.Flags().String("data", "", "数据目录（folder of the record）")
	user := cmd.Flags().String("user", "admin", "用户名（name of the account）")
	return answering(cmd, func(cmd *cobra.Command, _ []string) (calls.Issued, error) {
		return firstAdministrator(cmd, *data, *user)
	}, func(out io.Writer, issued calls.Issued) error {
		printSecrets(out, issued)
		_, err := fmt.Fprintf(out, "%s\n%s\n  qingkong account add zhang --role duty%s\n",
			bothLanguages("cli.shown_once", nil), bothLanguages("cli.init_next", refusal.Args{"data": *data}), exampleAdmin)
		return err
	})
}

func firstAdministrator(cmd *cobra.Command, data, user string) (_ calls.Issued, err error) {
	cfg := config.Default()
	cfg.Data = data
	cfg.Listen.HTTP, cfg.Listen.NATS = "", ""
	a, err := app.New(cmd.Context(), app.Options{Config: cfg})
	if err != nil {
		return calls.Issued{}, err
	}
	defer func() { err = errors.Join(err, a.Stop(context.WithoutCancel(cmd.Context()))) }()
	if n, err := a.Service().CountAccounts(); err != nil || n > 0 {
		if err == nil {
			err = newError("cli.init_accounts", refusal.Args{"data": data, "count": n})
		}
		return calls.Issued{}, err
	}
	in := calls.NewAccount{User: user, Role: string(calls.Admin)}
	if err := valid.Check(in); err != nil {
		return calls.Issued{}, err
	}
	return a.Service().AddAccount(cmd.Context(), service.By("init"), in)
}
