package calls

import (
	"encoding/json"
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
		if name := f.Tag.Get("path"); name != "" {
			in.Elem().FieldByIndex(f.Index).SetString(path(name))
		}
	}
	for _, p := range c.Query {
		if query.Has(p.Name) {
			if err := p.read(in.Elem().FieldByIndex(p.Member.Index), query.Get(p.Name)); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range c.Query {
		if p.Needed() && !query.Has(p.Name) {
			return nil, refusal.Wrong(p.Name, "input.required", nil)
		}
	}
	return in.Elem().Interface(), nil
}

func (c *Call) checkQuery(query url.Values) error {
	for name, values := range query {
		if !slices.ContainsFunc(c.Query, func(p Param) bool { return p.Name == name }) {
			return &refusal.Error{Code: refusal.UnknownField, Rule: "input.wrong", Args: refusal.Args{"count": 1},
				Fields: []refusal.Field{{Path: name, Rule: "http.query_unknown", Args: refusal.Args{"name": name}}}}
		}
		if len(values) > 1 {
			return WrongQuery(name, strings.Join(values, ", "), "http.want_once")
		}
	}
	return nil
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

// read sets a member from a parameter that was given.
func (p *Param) read(to reflect.Value, text string) error {
	var value any // nil where the text is none of the member's type
	switch to.Kind() {
	case reflect.Float64:
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			value = n
		}
	case reflect.String:
		value = text
	default:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			value = n
		}
	}
	if err := valid.CheckGiven(p.Member, p.Name, text, value); err != nil {
		return err
	}
	to.Set(reflect.ValueOf(value).Convert(to.Type()))
	return nil
}

// WrongQuery refuses the value of a parameter; want is the rule that says what is expected.
func WrongQuery(name, value, want string) error {
	return refusal.Wrong(name, want, refusal.Args{"name": name, "value": value})
}
