package calls

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/valid"
)

// Read makes the call's input of the names in its path, its query and its body, and refuses with every wrong place what
// is not in it: parameters it does not have or has twice, members it does not have, values that break their rules.
func (c *Call) Read(path func(name string) string, query url.Values, body []byte) (any, error) {
	if err := c.checkQuery(query); err != nil {
		return nil, err
	}
	in := reflect.New(c.In)
	if c.HasBody() && !c.Upload {
		if err := c.readBody(in, body); err != nil {
			return nil, err
		}
	}
	for _, f := range reflect.VisibleFields(c.In) {
		to := in.Elem().FieldByIndex(f.Index)
		if name := f.Tag.Get("path"); name != "" {
			to.SetString(path(name))
		} else if name, _ := QueryName(f); name != "" && query.Has(name) {
			if err := c.readParam(to, name, query.Get(name)); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range c.Query {
		if p.Needed && !query.Has(p.Name) {
			return nil, refusal.Input([]refusal.Field{{Path: p.Name, Rule: "input.required"}})
		}
	}
	return in.Elem().Interface(), nil
}

func (c *Call) checkQuery(query url.Values) error {
	for name, values := range query {
		if c.param(name) == nil {
			return &refusal.Error{Code: refusal.UnknownField, Rule: "input.wrong", Args: refusal.Args{"count": 1},
				Fields: []refusal.Field{{Path: name, Rule: "http.query_unknown", Args: refusal.Args{"name": name}}}}
		}
		if len(values) > 1 {
			return WrongQuery(name, strings.Join(values, ", "), "http.want_once")
		}
	}
	return nil
}

func (c *Call) param(name string) *Param {
	i := slices.IndexFunc(c.Query, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Query[i]
}

// readBody decodes a body into the input and checks it. A body may be left out of a call that can do without.
func (c *Call) readBody(in reflect.Value, body []byte) error {
	if f, ok := rawBody(c.In); ok {
		in.Elem().FieldByIndex(f.Index).SetBytes(body)
		return nil
	}
	if c.Bare && len(body) == 0 {
		body = []byte("{}")
	}
	if err := refusal.Unmarshal(body, in.Interface()); err != nil {
		return err
	}
	return valid.Check(in.Interface())
}

// rawBody is the member that is the whole body.
func rawBody(in reflect.Type) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(in) {
		if f.Tag.Get("body") == "raw" {
			return f, f.Type == reflect.TypeFor[json.RawMessage]()
		}
	}
	return reflect.StructField{}, false
}

// readParam sets a member from a parameter. One that says what it wants refuses an empty value.
func (c *Call) readParam(to reflect.Value, name, text string) error {
	p := c.param(name)
	switch p.Kind {
	case NumberParam:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !p.holds(n) {
			return WrongQuery(name, text, p.Want, fmt.Sprint(p.To))
		}
		to.SetFloat(n)
		return nil
	case TextParam, DayParam:
		if p.Want != "" && (text == "" || p.Words != nil && !slices.Contains(p.Words, text)) {
			return WrongQuery(name, text, p.Want, p.Words...)
		}
		to.SetString(text)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || !p.holds(float64(n)) {
		return WrongQuery(name, text, p.Want)
	}
	to.SetInt(n)
	return nil
}

func (p *Param) holds(n float64) bool { return n >= p.From && (p.To == 0 || n <= p.To) }

// WrongQuery refuses the value of a parameter; want is the rule that says what is expected, one of the words where it
// has some, or up to a number.
func WrongQuery(name, value, want string, words ...string) error {
	return refusal.Input([]refusal.Field{{Path: name, Rule: want,
		Args: refusal.Args{"name": name, "value": value, "allowed": strings.Join(words, ", "),
			"limit": strings.Join(words, "")}}})
}
