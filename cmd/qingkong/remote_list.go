package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// listing is a list that is paged through, and the form in which a command prints it.
type listing struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`  // to go on from, empty at the end
	Total int               `json:"total"` // -1: not known

	limit int
}

func (l *listing) add(f *pflag.FlagSet) {
	f.IntVar(&l.limit, "limit", 50, "最多几条（how many at most）")
	f.StringVar(&l.Next, "cursor", "", "从这里接着列，即上次 --json 的 next（go on from here: next of the list before）")
}

func (l *listing) check() error {
	if l.limit < 1 {
		return usage("--limit is 1 or more, not %d", l.limit)
	}
	return nil
}

// pageSize is how many items are asked for at once; a thousand orders would make a large answer.
const pageSize = 200

// read follows the cursors of a request for a list until the limit or the end.
func (l *listing) read(r *request) error {
	if err := l.check(); err != nil {
		return err
	}
	whole := l.Next == ""
	l.Items, l.Total = []json.RawMessage{}, -1
	for more := true; more && len(l.Items) < l.limit; more = l.Next != "" {
		size := pageSize
		if r.keep == nil {
			size = min(size, l.limit-len(l.Items))
		}
		got, err := r.page(l.Next, size)
		if err != nil {
			return err
		}
		for i, item := range got.Items {
			if r.keep != nil {
				if ok, err := r.keep(item); err != nil {
					return err
				} else if !ok {
					continue
				}
			}
			l.Items = append(l.Items, item)
			if len(l.Items) == l.limit && i+1 < len(got.Items) { // the cursor behind this one
				if got, err = r.page(l.Next, i+1); err != nil {
					return err
				}
				break
			}
		}
		l.Next = got.Next
		if r.keep == nil {
			l.Total = got.Total
		}
	}
	if whole && l.Next == "" {
		l.Total = len(l.Items)
	}
	return nil
}

// seek says where a page begins, "" at the beginning, and how many items it has at most.
func (r *request) seek(cursor string, size int) {
	r.query.Set("limit", strconv.Itoa(size))
	if cursor != "" {
		r.query.Set("cursor", cursor)
	}
}

// page asks for a page of a list.
func (r *request) page(cursor string, size int) (got listing, err error) {
	one := *r
	one.query = maps.Clone(r.query)
	one.seek(cursor, size)
	if err = one.ask(); err == nil {
		err = understand(one.answer, &got)
	}
	return got, err
}

// listOf is a command that lists the items of a call, with a column for each of these members.
func listOf[In, T any](d remoteCommand, of calls.Of[In, alerts.Page[T]], say words[T], columns members) *cobra.Command {
	return listAs(d, of.Call, say, columns)
}

// listAs is for a list of raw JSON, of the type by which it is described.
func listAs[T any](d remoteCommand, of *calls.Call, say words[T], columns members) *cobra.Command {
	return d.listing(of, func(out io.Writer, l *listing) error {
		rows := [][]string{headOf(columns...)}
		for _, item := range l.Items {
			var v T
			if err := understand(item, &v); err != nil {
				return err
			}
			var row []string
			for _, member := range columns {
				row = append(row, orDash(say.of(v, member)))
			}
			rows = append(rows, row)
		}
		if len(l.Items) > 0 {
			printTable(out, "", rows)
		}
		args := refusal.Args{"count": len(l.Items), "total": l.Total}
		end := bothLanguages("cli.shown", args)
		if l.Total >= 0 {
			end += "，" + bothLanguages("cli.shown_of", args)
		}
		if l.Next != "" {
			end += "；" + bothLanguages("cli.shown_more", args)
		}
		_, err := fmt.Fprintln(out, end)
		return err
	})
}

// listing is a command that pages through a list and prints it in its own way, or as JSON.
func (d remoteCommand) listing(of *calls.Call, print func(io.Writer, *listing) error) *cobra.Command {
	var l listing
	more := d.flags
	d.flags = func(f *pflag.FlagSet) {
		l.add(f)
		if more != nil {
			more(f)
		}
	}
	return d.running(func(r *request) error {
		if err := l.read(r); err != nil {
			return err
		}
		if r.asJSON {
			return printJSON(r.cmd.OutOrStdout(), l)
		}
		return print(r.cmd.OutOrStdout(), &l)
	}, reporter{of: of})
}
