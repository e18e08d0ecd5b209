package main

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qingkong/cmd/internal/calls"
)

// remoteCommand is a command that makes a call of the interface. Its arguments fill in the call's path and the members
// that args names. Its flags are the other members of the input, described in the words of package calls.
type remoteCommand struct {
	use, short, long, example string

	what  string            // the noun for its one argument, like warning
	args  []string          // members that arguments say, behind the parts of the path
	needs []string          // flags that must be given
	names map[string]string // of flags, by their members, where they are not called like those
	left  map[string]string // members that no flag says, and why
	whole string            // why no flag says any member but those of names
	usual map[string]string // defaults of flags

	check cobra.PositionalArgs // of arguments that are not one id
	flags func(*pflag.FlagSet) // those that say no member
	fill  func(*request) error // adds to the request what flags and arguments alone do not say
}

// unsaid are members that no command has a flag for, and why.
var unsaid = map[string]string{
	"limit":        "a command that lists pages by itself",
	"cursor":       "a command that lists pages by itself",
	"warning_id":   "the path says it",
	"order_id":     "the path says it",
	"list_version": "the server sets it",
	"list_hash":    "the server sets it",
	"time_limit":   "an order's plan is computed in the server's usual time",
}

// reporter is a call with the printer of its answer.
type reporter struct {
	of     *calls.Call
	print  func(io.Writer, *request) error
	judges bool // print fails for a bad answer, whether or not its JSON is what is printed
}

// showing reports the answer of a call by print.
func showing[In, Out any](of calls.Of[In, Out], print func(io.Writer, Out, *request) error) reporter {
	return showingAs(of.Call, print)
}

// showingAs is showing for a call whose answer is raw JSON: Out is the type that describes it.
func showingAs[Out any](of *calls.Call, print func(io.Writer, Out, *request) error) reporter {
	return reporter{of: of, print: func(out io.Writer, r *request) error {
		var got Out
		if err := understand(r.answer, &got); err != nil {
			return err
		}
		return print(out, got, r)
	}}
}

// request is a call that a command makes, and its answer.
type request struct {
	*call
	reporter
	cmd    *cobra.Command
	args   []string
	query  url.Values
	body   map[string]any
	file   []byte // in the place of the body
	answer []byte
	keep   func(json.RawMessage) (bool, error) // which items of a list count; nil for all
}

func newRequest(c *call, t reporter, cmd *cobra.Command, args ...string) *request {
	return &request{call: c, reporter: t, cmd: cmd, args: args, query: url.Values{}, body: map[string]any{}}
}

// command makes the first of these calls, or the one that fill chooses.
func (d remoteCommand) command(made ...reporter) *cobra.Command {
	return d.running((*request).askAndTell, made...)
}

// running is a command that does more with its request than make the call once.
func (d remoteCommand) running(run func(*request) error, made ...reporter) *cobra.Command {
	c := &call{}
	cmd := &cobra.Command{Use: d.use, Short: d.short, Long: d.long, Example: d.example, Args: d.check}
	if d.check == nil && made[0].of.Parts()+len(d.args) > 0 {
		cmd.Args = oneID(d.what)
	}
	c.add(cmd, slices.ContainsFunc(made, func(t reporter) bool { return t.of.Method == http.MethodPost }))
	if d.flags != nil {
		d.flags(cmd.Flags())
	}
	flags := d.bind(cmd, made)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := c.check(cmd, d.needs...); err != nil {
			return err
		}
		r := newRequest(c, made[0], cmd, args...)
		if err := d.read(r, flags); err != nil {
			return err
		}
		return run(r)
	}
	return cmd
}

// memberFlag is a flag that says a member of the body, or a parameter of the query.
type memberFlag struct {
	calls.Param
	flag  string
	query bool
}

// bind adds the flags of these calls' inputs. The command's annotations say which calls it makes, and why a member has
// no flag.
func (d *remoteCommand) bind(cmd *cobra.Command, made []reporter) (flags []memberFlag) {
	cmd.Annotations = map[string]string{}
	for _, t := range made {
		cmd.Annotations["calls"] += t.of.Name() + "\n"
		for i, p := range slices.Concat(t.of.Query, t.of.Members()) {
			name := d.names[p.Name]
			if why := cmp.Or(d.left[p.Name], unsaid[p.Name], d.whole); why != "" && name == "" {
				cmd.Annotations["without "+p.Name] = why
				continue
			}
			if slices.Contains(d.args, p.Name) {
				cmd.Annotations["without "+p.Name] = "an argument says it"
				continue
			}
			usual := strings.ReplaceAll(strings.TrimSuffix(p.Name, "_id"), "_", "-")
			m := memberFlag{p, cmp.Or(name, usual), i < len(t.of.Query)}
			if cmd.Flags().Lookup(m.flag) == nil {
				m.add(cmd.Flags(), d.usual[m.flag])
				flags = append(flags, m)
			}
		}
	}
	return flags
}

func (m *memberFlag) add(to *pflag.FlagSet, usual string) {
	help := m.ZH + "（" + strings.TrimSuffix(m.EN+": "+strings.Join(m.Words, ", "), ": ") + "）"
	switch m.Kind {
	case calls.YesParam:
		to.Bool(m.flag, false, help)
	case calls.IntegerParam:
		to.Int(m.flag, 0, help)
	case calls.ListParam:
		to.StringSlice(m.flag, nil, help)
	default:
		to.String(m.flag, usual, help)
	}
	to.Lookup(m.flag).Annotations = map[string][]string{"member": {m.Name}}
}

// said is the value of a flag, as JSON has it.
func (m *memberFlag) said(flag *pflag.Flag) (any, error) {
	text := flag.Value.String()
	switch m.Kind {
	case calls.MomentParam:
		at, err := readMoment(m.flag, text)
		return at.Format(time.RFC3339), err
	case calls.YesParam:
		return text == "true", nil
	case calls.IntegerParam:
		return strconv.Atoi(text)
	case calls.ListParam:
		return flag.Value.(pflag.SliceValue).GetSlice(), nil
	case calls.JSONParam:
		return readJSON(m.flag, text)
	}
	return text, nil
}

// read puts the command line into a request. Flags that are not given are not sent.
func (d *remoteCommand) read(r *request, flags []memberFlag) error {
	for i, name := range d.args {
		r.body[name] = r.args[r.of.Parts()+i]
	}
	for _, m := range flags {
		flag := r.cmd.Flag(m.flag)
		if !flag.Changed && d.usual[m.flag] == "" {
			continue
		}
		if given := flag.Value.String(); m.query && given != "" {
			r.query.Set(m.Name, given)
		} else if !m.query {
			said, err := m.said(flag)
			if err != nil {
				return err
			}
			r.body[m.Name] = said
		}
	}
	if d.fill != nil {
		return d.fill(r)
	}
	return nil
}

// ask makes the call; a POST under the command's key, or under a random one.
func (r *request) ask() (err error) {
	path, body, key := r.of.To(r.args...), r.file, ""
	if len(r.query) > 0 {
		path += "?" + r.query.Encode()
	}
	if body == nil && r.of.HasBody() {
		if body, err = json.Marshal(r.body); err != nil {
			return err
		}
	}
	if r.of.Method == http.MethodPost {
		key = cmp.Or(r.key, rand.Text())
	}
	r.answer, err = r.send(r.cmd.Context(), r.of, path, key, body)
	return err
}

// askAndTell makes the call and tells its answer: as it came, or in words.
func (r *request) askAndTell() error {
	if err := r.ask(); err != nil {
		return err
	}
	out := r.cmd.OutOrStdout()
	if !r.asJSON {
		return r.print(out, r)
	}
	if err := printAnswer(out, r.answer); err != nil || !r.judges {
		return err
	}
	return r.print(io.Discard, r)
}

// fetch makes a further call, which takes nothing but the parts of its path.
func fetch[Out any](r *request, of *calls.Call, parts ...string) (out Out, err error) {
	further := newRequest(r.call, reporter{of: of}, r.cmd, parts...)
	if err = further.ask(); err == nil {
		err = understand(further.answer, &out)
	}
	return out, err
}

// readJSON reads JSON that a flag gives or names the file of.
func readJSON(flag, text string) (json.RawMessage, error) {
	if name, ok := strings.CutPrefix(text, "@"); ok {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		text = string(data)
	}
	if !json.Valid([]byte(text)) {
		return nil, usage("--%s %q is no JSON; write it like '{\"complete_within_h\":3}', or @FILE", flag, text)
	}
	return json.RawMessage(text), nil
}
