package main

import (
	"encoding/json"
	"io"
	"net/url"

	"github.com/spf13/cobra"
)

// shown is a command that shows one thing of the server by its id.
type shown struct {
	use, short, long, example string
	what                      string // that the id is of
	path                      string // of all such things
	print                     func(out io.Writer, answer []byte) error
}

func (s shown) command() *cobra.Command {
	var c call
	cmd := &cobra.Command{
		Use: s.use, Short: s.short, Long: s.long, Example: s.example,
		Args: oneID(s.what),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			answer, err := c.get(cmd.Context(), s.path+"/"+url.PathEscape(args[0]))
			if err != nil {
				return err
			}
			if c.asJSON {
				return printAnswer(cmd.OutOrStdout(), answer)
			}
			return s.print(cmd.OutOrStdout(), answer)
		},
	}
	c.add(cmd, false)
	return cmd
}

// into reads an answer into v for the caller to put into words. There is no more to say where the call failed, and where JSON
// was asked for, which it prints.
func (c *call) into(out io.Writer, answer []byte, failed error, v any) (more bool, err error) {
	switch {
	case failed != nil:
		return false, failed
	case c.asJSON:
		return false, printAnswer(out, answer)
	}
	err = understand(answer, v)
	return err == nil, err
}

// listed reads a list from the server and prints it; see [listing.read] for keep, printList for head and row.
func (c *call) listed(cmd *cobra.Command, l *listing, path string, query url.Values, keep func(json.RawMessage) (bool, error),
	head []string, row func(json.RawMessage) ([]string, error)) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	if err := l.check(); err != nil {
		return err
	}
	if err := l.read(cmd.Context(), c, path, query, keep); err != nil {
		return err
	}
	return printList(cmd.OutOrStdout(), c.asJSON, l, head, row)
}

// queryOf are the flags that were given something, as parameters of the same names.
func queryOf(cmd *cobra.Command, flags ...string) url.Values {
	query := url.Values{}
	for _, name := range flags {
		if given := cmd.Flag(name).Value.String(); given != "" {
			query.Set(name, given)
		}
	}
	return query
}
