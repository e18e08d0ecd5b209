package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/web/session"
	"qingkong/reductionlist"
)

// The document GET /api/v1/openapi.json is made from the table of routes when the server starts, so that a call cannot be
// there and not in it. Of huma only the schemas and the document's own types are used. Its router is not: a route here
// has already said who may ask, reads strictly and refuses in one vocabulary that NATS shares, and huma would ask,
// validate and word errors a second time in its own way.

// param is a parameter of the query.
type param struct {
	name   string
	schema huma.Schema
	zh, en string
	needed bool
}

func integer(from, to float64) huma.Schema {
	s := huma.Schema{Type: "integer", Minimum: &from}
	if to > 0 {
		s.Maximum = &to
	}
	return s
}

func word(of ...string) huma.Schema {
	s := huma.Schema{Type: "string"}
	for _, w := range of {
		s.Enum = append(s.Enum, w)
	}
	return s
}

var (
	anyText = huma.Schema{Type: "string"}
	aDay    = huma.Schema{Type: "string", Format: "date"}
)

// The parameters.
var (
	limitParam     = param{"limit", integer(1, 1000), "一页最多几条，默认 100", "how many a page has at most; 100 unless told", false}
	cursorParam    = param{"cursor", anyText, "上一页的 next", "next of the page before", false}
	asOfParam      = param{"as_of", anyText, "某日或某时（RFC 3339）生效的清单", "the list in force on a day or at a time (RFC 3339)", false}
	versionParam   = param{"version", anyText, "清单版本编号；与 as_of 二选一", "the id of a list version; instead of as_of", false}
	queryParam     = param{"q", anyText, "编号或名称的一部分", "part of an id or a name", false}
	townParam      = param{"town", anyText, "街镇", "the town", false}
	roleParam      = param{"role", word(words(access.Roles()...)...), "角色", "the role", false}
	warningParam   = param{"warning", anyText, "预警编号", "the id of a warning", false}
	recipientParam = param{"recipient", anyText, "对象编号", "the id of a recipient", false}
	orderParam     = param{"order", anyText, "减排令编号；与 warning 二选一", "the id of an order; instead of warning", false}
	eventParam     = param{eventsParam, anyText, "从哪条消息之后继续", "the message to go on from", false}
	fromDayParam   = param{"from", aDay, "第一天，默认 to 之前 89 天", "the first day; 89 days before to unless told", false}
	toDayParam     = param{"to", aDay, "最后一天，默认今天", "the last day; today unless told", false}
	fromLeafParam  = param{"from", integer(0, 0), "从第几条开始（从 0 起）", "the index to begin with, from 0", false}
	entryParam     = param{"entry", integer(0, 0), "第几条（从 0 起）", "the index of the entry, from 0", true}
	proposalState  = param{"state", word(enums[reflect.TypeFor[alerts.ProposalState]()]...), "状态", "the state", false}
	orderState     = param{"state", word(orderStates()...), "状态、送达、答复、执行或核查结论之一", "a value of state, delivery, answer, execution or verdict", false}
	againstParam   = param{"against", anyText, "与哪个版本比较，默认其所修订的版本或现行版本", "the version to compare with; what it amends or the one in force unless told", false}
	severityParam  = param{"severity", word(reductionlist.SeverityError, reductionlist.SeverityWarning), "error 或 warning", "error or warning", false}
	revisionParam  = param{"revision", integer(1, 0), "看到的修订号", "the revision that was seen", true}
	sourceParam    = param{"source", anyText, "来源说明，默认文件名", "where it comes from; the file's name unless told", false}
)

// orderStates are the words that a list of orders is narrowed by, each of one axis.
func orderStates() []string {
	all := slices.Clone(orderWords["state"])
	for _, name := range []string{"delivery", "answer", "execution", "verdict"} {
		all = append(all, axes[name]...)
	}
	return all
}

// nothing is the body of a call that says everything in its path: {} or none at all.
type nothing struct{}

// theDocument is the document of this program's routes, which do not change.
var theDocument = sync.OnceValue(func() []byte { return document(routes) })

// document writes the OpenAPI document of the routes.
func document(routes []route) []byte {
	made := newSchemas()
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "晴空：重污染天气应急响应接口 · Qingkong HTTP API", Version: "v1",
			Description: describe("区县重污染天气应急响应的接口。时间为带时区的 RFC 3339；出错时按 RFC 9457 返回 application/problem+json，文字为中文（Accept-Language: en 时为英文）。"+
				"列表用 limit 与 cursor 翻页，total 为 -1 表示未计数。POST 可带 Idempotency-Key，重复请求得到同一结果；只显示一次的口令和令牌不再显示，重复时答 conflict。",
				"The interface of a district's response to heavy pollution. Times are RFC 3339 with offset; errors are RFC 9457 problem details in Chinese, or English with Accept-Language: en. "+
					"Lists page by limit and cursor, and a total of -1 was not counted. A POST may carry an Idempotency-Key, under which a repeat has the same answer; secrets are shown once and a repeat is answered conflict.")},
		Servers:    []*huma.Server{{URL: "/"}},
		Paths:      map[string]*huma.PathItem{},
		Components: components(made),
	}
	tags := map[string]bool{}
	for i := range routes {
		r := &routes[i]
		op := operation(made, r)
		if tag := op.Tags[0]; !tags[tag] {
			tags[tag] = true
			doc.Tags = append(doc.Tags, &huma.Tag{Name: tag})
		}
		item := doc.Paths[r.full()]
		if item == nil {
			item = &huma.PathItem{}
			doc.Paths[r.full()] = item
		}
		switch r.method {
		case http.MethodGet:
			item.Get = op
		case http.MethodPost:
			item.Post = op
		case http.MethodPut:
			item.Put = op
		case http.MethodDelete:
			item.Delete = op
		default:
			panic("web: no place in the document for " + r.method)
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		panic(fmt.Sprintf("web: the document of the interface: %v", err)) // it is the same at every start
	}
	return append(text, '\n')
}

// describe puts the Chinese before the English.
func describe(zh, en string) string { return zh + "\n\n" + en }

// components are what operations refer to: schemas, the shared parameters, the problems by status, how to sign in.
func components(made *schemas) *huma.Components {
	problemRef := made.of(problem{}, false)
	c := &huma.Components{
		Schemas: made,
		Parameters: map[string]*huma.Param{
			"IdempotencyKey": {Name: keyHeader, In: "header", Schema: &huma.Schema{Type: "string", Pattern: "^[!-~]{1,200}$"},
				Description: describe("重复请求的键，仅对本人有效", "the key of a request that may be repeated; the caller's own")},
			"Language": {Name: "Accept-Language", In: "header", Schema: &huma.Schema{Type: "string"},
				Description: describe("提示的语言：zh-CN（默认）或 en", "language of messages: zh-CN (default) or en")},
			"IfNoneMatch": {Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: "string"},
				Description: describe("上次回答的 ETag；未变则答 304", "the ETag of an earlier answer; 304 when nothing changed")},
		},
		Responses: map[string]*huma.Response{},
		SecuritySchemes: map[string]*huma.SecurityScheme{
			"token":   {Type: "http", Scheme: "bearer", Description: describe("令牌", "a token")},
			"session": {Type: "apiKey", In: "cookie", Name: session.Cookie, Description: describe("控制台登录", "the console's login")},
		},
	}
	for status, codes := range problemsByStatus() {
		c.Responses[problemName(status)] = &huma.Response{
			Description: http.StatusText(status) + ": " + strings.Join(codes, ", "),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problemRef}},
		}
	}
	return c
}

func problemName(status int) string { return "Problem" + strconv.Itoa(status) }

// problemsByStatus are the codes that go with each status.
func problemsByStatus() map[int][]string {
	by := map[int][]string{}
	for code, status := range statusOf {
		by[status] = append(by[status], string(code))
	}
	for _, status := range statusByRule {
		by[status] = append(by[status], string(refusal.Invalid))
	}
	for _, codes := range by {
		slices.Sort(codes)
	}
	return by
}

// codes are the problems that a route may answer: those of every call, and its own.
func (r *route) codes() []refusal.Code {
	codes := []refusal.Code{refusal.Invalid, refusal.UnknownField, refusal.RateLimited, refusal.NotReady, internal}
	if r.act != "" {
		codes = append(codes, refusal.Unauthenticated)
	}
	if r.act != "" && !anySignedIn(r.act) {
		codes = append(codes, refusal.Forbidden)
	}
	if takesBody(r.method) {
		codes = append(codes, refusal.TooLarge, refusal.UnsupportedMedia)
		if r.act != "" && r.method == http.MethodPost {
			codes = append(codes, refusal.Conflict) // a key that was used for something else
		}
	}
	if r.method != http.MethodGet {
		codes = append(codes, refusal.Forbidden) // from another site's page
	}
	if strings.Contains(r.pattern, "{") {
		codes = append(codes, refusal.NotFound)
	}
	codes = append(codes, r.refuses...)
	slices.Sort(codes)
	return slices.Compact(codes)
}

// roles are who may make a call: everybody, whoever is signed in, or the roles that access names.
func (r *route) roles() []string {
	switch r.act {
	case "":
		return []string{"public"}
	case signedIn, nearOrSignedIn:
		return []string{r.act}
	}
	var roles []string
	for _, role := range access.Roles() {
		if access.Allowed(role, r.act) {
			roles = append(roles, string(role))
		}
	}
	return roles
}

func operation(made *schemas, r *route) *huma.Operation {
	roles := strings.Join(r.roles(), ", ")
	op := &huma.Operation{
		OperationID: r.operationID(), Tags: []string{r.tag()}, Summary: r.zh + " · " + r.en,
		Description: "可用角色 Who: " + roles,
		Parameters:  parameters(r),
		Responses:   responses(made, r),
		Security:    []map[string][]string{},
		Extensions:  map[string]any{"x-roles": r.roles(), "x-problem-codes": r.codes()},
	}
	if r.act != "" {
		op.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	}
	if r.act == nearOrSignedIn {
		op.Security = append(op.Security, map[string][]string{}) // none is needed from this machine
	}
	switch {
	case r.upload:
		op.RequestBody = uploadBody()
	case r.in != nil:
		ref := made.of(r.in, true)
		media := &huma.MediaType{Schema: ref}
		if text := examples[r.method+" "+r.pattern]; text != "" {
			media.Example = json.RawMessage(text)
		}
		op.RequestBody = &huma.RequestBody{Required: len(made.SchemaFromRef(ref.Ref).Required) > 0,
			Content: map[string]*huma.MediaType{"application/json": media}}
	}
	if op.RequestBody != nil {
		op.RequestBody.Description = describe(fmt.Sprintf("最多 %d 字节", r.body), fmt.Sprintf("at most %d bytes", r.body))
	}
	return op
}

func uploadBody() *huma.RequestBody {
	file := &huma.Schema{Type: "string", Format: "binary"}
	form := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"file": file}, Required: []string{"file"}}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		xlsxMedia: {}, "application/octet-stream": {}, "multipart/form-data": {Schema: form}}}
}

func parameters(r *route) []*huma.Param {
	var list []*huma.Param
	for part := range strings.SplitSeq(r.pattern, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			list = append(list, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
		}
	}
	for _, p := range r.query {
		list = append(list, &huma.Param{Name: p.name, In: "query", Required: p.needed, Schema: &p.schema, Description: describe(p.zh, p.en)})
	}
	for _, shared := range []struct {
		name string
		has  bool
	}{{"IdempotencyKey", r.method == http.MethodPost && r.act != ""}, {"IfNoneMatch", r.repeats}, {"Language", true}} {
		if shared.has {
			list = append(list, &huma.Param{Ref: "#/components/parameters/" + shared.name})
		}
	}
	return list
}

func responses(made *schemas, r *route) map[string]*huma.Response {
	answer := &huma.Response{Description: r.zh + " · " + r.en, Headers: map[string]*huma.Header{}}
	switch media := r.media; {
	case media != "":
		answer.Content = map[string]*huma.MediaType{media: {}}
		for _, other := range r.others {
			answer.Content[other] = &huma.MediaType{}
		}
	case r.out != nil:
		answer.Content = map[string]*huma.MediaType{"application/json": {Schema: made.of(r.out, false)}}
	}
	all := map[string]*huma.Response{strconv.Itoa(r.status()): answer}
	if r.created != nil {
		answer.Headers["Location"] = &huma.Header{Schema: &huma.Schema{Type: "string"}, Required: true}
	}
	if r.repeats {
		answer.Headers["ETag"] = &huma.Header{Schema: &huma.Schema{Type: "string"}, Required: true}
		all["304"] = &huma.Response{Description: "自上次以来未变 · nothing changed since"}
	}
	for _, status := range r.problems() {
		all[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + problemName(status)}
	}
	if r.unwell {
		all["503"] = &huma.Response{Description: "现在不能记录任何操作 · nothing can be recorded at present", Content: answer.Content}
	}
	return all
}

// problems are the statuses that a call may be refused with.
func (r *route) problems() []int {
	var statuses []int
	for _, code := range r.codes() {
		statuses = append(statuses, statusOf[code])
	}
	if r.in != nil {
		statuses = append(statuses, http.StatusBadRequest) // no JSON
	}
	slices.Sort(statuses)
	return slices.Compact(statuses)
}

// status is that of a call that was carried out.
func (r *route) status() int {
	switch {
	case r.created != nil, r.kept:
		return http.StatusCreated
	case r.out == nil && r.media == "":
		return http.StatusNoContent
	}
	return http.StatusOK
}

// operationID is the call in one word: post_warnings_id_lift.
func (r *route) operationID() string {
	return strings.ToLower(r.method) + strings.NewReplacer("/", "_", "{", "", "}", "", "-", "_", ".", "_").Replace(r.pattern)
}

// tag is the first part of the path.
func (r *route) tag() string {
	tag, _, _ := strings.Cut(strings.TrimPrefix(r.pattern, "/"), "/")
	return strings.TrimSuffix(tag, ".json")
}

// openapi answers with the document.
func (s *Server) openapi(*request) (any, error) { return s.document, nil }
