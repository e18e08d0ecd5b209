// Package calls is the interface (contract.md §3) as data: one row a call, with who may make it, its parameters, what
// goes in and what comes out, and its words in both languages. The server, its OpenAPI document, the table of
// permissions and the shell's commands read the rows; package service or package web binds each of them to what carries
// it out.
//
// An input is a struct. A member with the tag `path` or `query` comes from there, one with `body:"raw"` is the whole
// body, and every other one comes from the body's JSON:
//
//	type PlanTry struct {
//		ByID                                             // {id} of the path
//		TimeLimit float64         `query:"time_limit" json:"-" validate:"omitempty,seconds"`
//		Problem   json.RawMessage `json:"problem"`
//	}
//
// The rules of a single member stand in its tag `validate`, see package valid; those of names of their own are in
// rules.go. A transport decodes an input once and checks it then; the code below it takes the struct.
package calls

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
)

// Prefix begins the path of every call that is not at the root.
const Prefix = "/api/v1"

// SignedIn stands for an act that whoever has a valid token or session may do.
const SignedIn = "signed in"

// NearOrSignedIn stands for an act that whoever is signed in may do, and everybody on this machine itself.
const NearOrSignedIn = "signed in, or from this machine"

// Call is one call of the interface.
type Call struct {
	Method  string
	Pattern string   // below Prefix, of http.ServeMux
	Root    bool     // it is not: it stands at the root
	Act     string   // what its caller must be allowed; empty for a public call
	Body    int64    // the most that its body may have, in bytes; 0: it takes none
	Bare    bool     // its body may be left out
	Upload  bool     // its body is a file
	Texts   []string // what the form of that file may have beside it
	Table   int64    // the most that its body may have where it is a table (CSVMedia), in bytes; 0: it takes none
	Piece   bool     // its body is a piece of a file, which it reads by itself
	Tus     bool     // it is a call of tus 1.0: most of what it takes and gives stands in headers
	Headers []Header // that it takes
	Answers []string // headers of its answer
	Spared  bool     // it changes something and no rate of writes holds it: it belongs to a response, or adds nothing
	Kept    bool     // a POST is answered 201 though what it made has no path of its own
	Repeats bool     // it is read again and again, and answered with an ETag
	Ranges  bool     // it is a file of which ranges may be asked for

	Takes, Shows any            // of a body or an answer that is raw JSON: a value of the type that it is described by
	Unwell       bool           // the same answer may come with 503
	Media        string         // of an answer that is no JSON
	Others       []string       // further media, by the parameter format
	Refuses      []refusal.Code // beside what any call may be refused with
	Example      string         // of a body, as contract.md §3 has it
	ZH, EN       string         // what it does

	In, Out reflect.Type              // of input and answer; Out is nil for none
	Created func(answer any) []string // path of what a POST made, below Prefix; nil: it makes nothing
	Query   []Param                   // the parameters that In takes
}

// Header is a header of a request that a call reads.
type Header struct {
	Name   string
	Needed bool
	ZH, EN string
}

// Of is a call together with the types of its input and its answer.
type Of[In, Out any] struct{ *Call }

// at says where what a call made can be read afterwards.
func (c Of[In, Out]) at(path func(Out) []string) Of[In, Out] {
	c.Created = func(answer any) []string { return path(answer.(Out)) }
	return c
}

// None is the input or the answer of a call that has none.
type None struct{}

// ByID is the input of a call that says everything in its path.
type ByID struct {
	ID string `path:"id" json:"-"`
}

// Nothing is the body of a call that says everything in its path: {} or none at all.
type Nothing struct{ ByID }

// Paging is the input of a list: at most Limit items, 100 unless told, after those that Cursor, the next of another
// page, stands for.
type Paging struct {
	Cursor string `query:"cursor" json:"-"`
	Limit  int    `query:"limit" json:"-" validate:"omitempty,limit"`
}

// UsualLimit is how many items a page has unless told.
const UsualLimit = 100

// Most is the limit that was asked for, or the usual one.
func (p Paging) Most() int { return cmp.Or(p.Limit, UsualLimit) }

// The limits of bodies, in bytes. A login, which anybody may send, and a call that says everything in its path are short;
// a text is at most a notice of 20,000 characters; data are those of a day, of a plant or of a list's rows.
const (
	signInBody = 4 << 10
	smallBody  = 4 << 10
	textBody   = 256 << 10
	dataBody   = 1 << 20
	tableBody  = 8 << 20
	FileBody   = 64 << 20
)

type codes = []refusal.Code

// acted are what an act on a revision may be refused with.
var acted = codes{refusal.TransitionRefused, refusal.StaleRevision, refusal.SamePerson}

var rows []*Call

// row adds a call to all calls: its method and pattern, what its caller must be allowed, what it does in both
// languages, and what else there is to say of it.
func row[In, Out any](route, act, zh, en string, c Call) Of[In, Out] {
	c.Method, c.Pattern, _ = strings.Cut(route, " ")
	c.Act, c.ZH, c.EN = act, zh, en
	c.In = reflect.TypeFor[In]()
	if out := reflect.TypeFor[Out](); out != reflect.TypeFor[None]() {
		c.Out = out
	}
	c.Query = queryOf(c.In)
	rows = append(rows, &c)
	return Of[In, Out]{&c}
}

// All are all calls, by path and method.
func All() []*Call {
	return slices.SortedFunc(slices.Values(rows), func(a, b *Call) int {
		return cmp.Or(strings.Compare(a.Path(), b.Path()), strings.Compare(a.Method, b.Method))
	})
}

// Path is the whole path of a call.
func (c *Call) Path() string {
	if c.Root {
		return c.Pattern
	}
	return Prefix + c.Pattern
}

// Name is the call as the record of who read personal data has it: GET /api/v1/orders/{id}.
func (c *Call) Name() string { return c.Method + " " + c.Path() }

// HasBody reports whether a call carries something.
func (c *Call) HasBody() bool { return c.Method == http.MethodPost || c.Method == http.MethodPut }

// ForAnySignedIn reports whether a call is for whoever is signed in, in any role.
func (c *Call) ForAnySignedIn() bool { return c.Act == SignedIn || c.Act == NearOrSignedIn }

// Roles are who may make a call: everybody, whoever is signed in, or roles by name.
func (c *Call) Roles() []string {
	switch c.Act {
	case "":
		return []string{"public"}
	case SignedIn, NearOrSignedIn:
		return []string{c.Act}
	}
	var may []string
	for _, role := range Roles() {
		if Allowed(role, c.Act) {
			may = append(may, string(role))
		}
	}
	return may
}
