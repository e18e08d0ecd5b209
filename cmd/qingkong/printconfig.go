package main

import (
	"github.com/spf13/cobra"

	"qingkong/cmd/internal/config"
)

// withPrintConfig gives cmd the flag --print-config: it writes the documented settings file and does nothing else.
func withPrintConfig(cmd *cobra.Command) *cobra.Command {
	printIt := cmd.Flags().Bool("print-config", false, "输出带说明的全部配置项后退出（print every setting, explained, and exit）")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *printIt {
			return config.WriteDefault(cmd.OutOrStdout())
		}
		return run(cmd, args)
	}
	return cmd
}
