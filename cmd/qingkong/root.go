package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
)

// Exit codes (contract.md §2).
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// execute runs one command line. Every error leaves through here: one line on stderr, and the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(commands())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	var failed failure
	if errors.As(err, &failed) {
		fmt.Fprintln(stderr, "error:", explain(failed.error))
		return exitFailed
	}
	help := refusal.Args{"command": cmd.CommandPath()}
	fmt.Fprintln(stderr, "error:", oneLine(err.Error()), "—", bothLanguages("cli.see_help", help))
	return exitUsage
}

// failure marks an error of a command itself. All other errors are cobra's own: the command line was wrong.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// wrongUsage is for a command that finds its flags or arguments wrong: exit 2, with the way to its help.
type wrongUsage struct{ error }

func usage(format string, args ...any) error { return wrongUsage{fmt.Errorf(format, args...)} }

func newRoot(subcommands []*cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use:           "qingkong",
		Short:         "晴空：重污染天气应急响应（response to heavy-pollution weather）",
		Example:       "  qingkong serve --demo\n  qingkong agent --help",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(subcommands...)
	prepare(root)
	return root
}

// prepare gives cmd and all below it the same manners: a leaf takes no arguments unless it says which, a group wants a
// subcommand, and a command's own error is marked as a failure.
func prepare(cmd *cobra.Command) {
	if cmd.HasSubCommands() {
		cmd.SuggestionsMinimumDistance = 2
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("a command is missing")
			}
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return usage("unknown command %q, did you mean %s?", args[0], strings.Join(near, ", "))
			}
			return usage("unknown command %q", args[0])
		}
		cmd.RunE = func(*cobra.Command, []string) error { return nil } // Args has refused already
	} else if cmd.Args == nil {
		cmd.Args = cobra.NoArgs
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if wrong := (wrongUsage{}); err == nil || errors.As(err, &wrong) {
			return err
		}
		return failure{err}
	}
	for _, sub := range cmd.Commands() {
		prepare(sub)
	}
}

// group is a command that has subcommands and does nothing itself.
func group(use, short, example string, subcommands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example}
	cmd.AddCommand(subcommands...)
	return cmd
}

// answering has cmd do work and print its result for people or, with --json, as JSON.
func answering[T any](cmd *cobra.Command, work func(*cobra.Command, []string) (T, error),
	print func(io.Writer, T) error) *cobra.Command {
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		result, err := work(cmd, args)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), result)
		}
		return print(cmd.OutOrStdout(), result)
	}
	return cmd
}

func jsonFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "输出 JSON（print JSON）")
}

// needs is requireFlags as a step before a command runs.
func needs(names ...string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error { return requireFlags(cmd, names...) }
}

// requireFlags refuses a command line that leaves out one of these flags, or gives it empty; a number is left out as 0.
func requireFlags(cmd *cobra.Command, names ...string) error {
	var missing []string
	for _, name := range names {
		if flag := cmd.Flag(name); flag.Value.String() == "" || flag.Value.Type() == "int" && !flag.Changed {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return usage("%s must be given", strings.Join(missing, ", "))
	}
	return nil
}

// oneFile takes the one argument of a command that reads a file.
func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("one file is wanted, %d were given", len(args))
	}
	return nil
}

// explain puts an error into one line, a refusal in both languages with every place it names.
func explain(err error) string {
	var e *refusal.Error
	if !errors.As(err, &e) {
		return oneLine(err.Error())
	}
	if len(e.Fields) == 0 {
		return oneLine(bothLanguages(e.Rule, e.Args))
	}
	places := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		places[i] = strings.TrimPrefix(f.Path+": ", ": ") + bothLanguages(f.Rule, f.Args)
	}
	return oneLine(strings.Join(places, "; "))
}

// say prints words of the catalogue in both languages.
func say(w io.Writer, rule string, args refusal.Args) error {
	_, err := fmt.Fprintln(w, bothLanguages(rule, args))
	return err
}

// tell is say for all lines but the last, whose error is that of all.
func tell(w io.Writer, rule string, args refusal.Args) { fmt.Fprintln(w, bothLanguages(rule, args)) }

// newError is an error in words of the catalogue.
func newError(rule string, args refusal.Args) error { return errors.New(bothLanguages(rule, args)) }

func bothLanguages(rule string, args refusal.Args) string {
	return refusal.Text(rule, "zh-CN", args) + " / " + refusal.Text(rule, "en", args)
}

func oneLine(text string) string { return plain(strings.Join(strings.Fields(text), " ")) }
