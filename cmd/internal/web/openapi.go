package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"qingkong/cmd/internal/calls"

	"github.com/danielgtaylor/huma/v2"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/web/serve"
	"qingkong/cmd/internal/web/session"
)

// The document GET /api/v1/openapi.json is made from the table of routes when the server starts, so that a call cannot
// be there and not in it. Of huma only the schemas and the document's own types are used. Its router is not: a route
// here has already said who may ask, reads strictly and refuses in one vocabulary that NATS shares, and huma would ask,
// validate and word errors a second time in its own way.

// schemaOf is the schema of a parameter.
func schemaOf(p calls.Param) *huma.Schema {
	s := &huma.Schema{Type: "string"}
	switch p.Member.Type.Kind() {
	case reflect.Int, reflect.Int64:
		s.Type = "integer"
	case reflect.Float64:
		s.Type = "number"
	}
	constrain(s, p.Member)
	return s
}

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
	for _, r := range routes { // what is answered is whole; the same in a body may lack members
		if r.Out != nil {
			made.of(r.answer(), false)
		}
	}
	tags := map[string]bool{}
	for _, r := range routes {
		op := operation(made, r)
		if tag := op.Tags[0]; !tags[tag] {
			tags[tag] = true
			doc.Tags = append(doc.Tags, &huma.Tag{Name: tag})
		}
		item := doc.Paths[r.Path()]
		if item == nil {
			item = &huma.PathItem{}
			doc.Paths[r.Path()] = item
		}
		switch r.Method {
		case http.MethodGet:
			item.Get = op
		case http.MethodPost:
			item.Post = op
		case http.MethodPut:
			item.Put = op
		case http.MethodDelete:
			item.Delete = op
		case http.MethodHead:
			item.Head = op
		case http.MethodPatch:
			item.Patch = op
		case http.MethodOptions:
			item.Options = op
		default:
			panic("web: no place in the document for " + r.Method)
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
	problemRef := made.of(reflect.TypeFor[problem](), false)
	c := &huma.Components{
		Schemas: made,
		Parameters: map[string]*huma.Param{
			"IdempotencyKey": {Name: keyHeader, In: "header", Schema: &huma.Schema{Type: "string", Pattern: "^[!-~]{1,200}$"},
				Description: describe("重复请求的键，仅对本人有效", "the key of a request that may be repeated; the caller's own")},
			"Language": {Name: "Accept-Language", In: "header", Schema: &huma.Schema{Type: "string"},
				Description: describe("提示的语言：zh-CN（默认）或 en", "language of messages: zh-CN (default) or en")},
			"IfNoneMatch": {Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: "string"},
				Description: describe("上次回答的 ETag；未变则答 304", "the ETag of an earlier answer; 304 when nothing changed")},
			"Range": {Name: "Range", In: "header", Schema: &huma.Schema{Type: "string"},
				Description: describe("只要文件的哪几段，如 bytes=0-1023；答 206", "the ranges of the file that are wanted, such as bytes=0-1023; answered with 206")},
		},
		Responses: map[string]*huma.Response{},
		SecuritySchemes: map[string]*huma.SecurityScheme{
			"token": {Type: "http", Scheme: "bearer", Description: describe("令牌", "a token")},
			"session": {Type: "apiKey", In: "cookie", Name: session.Cookie,
				Description: describe("控制台登录", "the console's login")},
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
	for code, status := range serve.StatusOf {
		by[status] = append(by[status], string(code))
	}
	for _, status := range serve.StatusByRule {
		by[status] = append(by[status], string(refusal.Invalid))
	}
	for _, codes := range by {
		slices.Sort(codes)
	}
	return by
}

// codes are the problems that a route may answer: those of every call, and its own.
func (r route) codes() []refusal.Code {
	codes := []refusal.Code{refusal.Invalid, refusal.UnknownField, refusal.RateLimited, refusal.NotReady, serve.Internal}
	if r.Act != "" {
		codes = append(codes, refusal.Unauthenticated)
	}
	if r.Act != "" && !r.ForAnySignedIn() {
		codes = append(codes, refusal.Forbidden)
	}
	if r.HasBody() {
		codes = append(codes, refusal.TooLarge, refusal.UnsupportedMedia)
		if r.Act != "" && r.Method == http.MethodPost {
			codes = append(codes, refusal.Conflict) // a key that was used for something else
		}
	}
	if r.Method != http.MethodGet {
		codes = append(codes, refusal.Forbidden) // from another site's page
	}
	if strings.Contains(r.Pattern, "{") {
		codes = append(codes, refusal.NotFound)
	}
	codes = append(codes, r.Refuses...)
	slices.Sort(codes)
	return slices.Compact(codes)
}

func operation(made *schemas, r route) *huma.Operation {
	roles := strings.Join(r.Roles(), ", ")
	op := &huma.Operation{
		OperationID: r.operationID(), Tags: []string{r.tag()}, Summary: r.ZH + " · " + r.EN,
		Description: "可用角色 Who: " + roles,
		Parameters:  parameters(r),
		Responses:   responses(made, r),
		Security:    []map[string][]string{},
		Extensions:  map[string]any{"x-roles": r.Roles(), "x-problem-codes": r.codes()},
	}
	if r.Act != "" {
		op.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	}
	if r.Act == calls.NearOrSignedIn {
		op.Security = append(op.Security, map[string][]string{}) // none is needed from this machine
	}
	switch {
	case r.Piece:
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{pieceMedia: {}},
			Description: describe(fmt.Sprintf("最多 %d 字节", calls.MostPiece), fmt.Sprintf("at most %d bytes", calls.MostPiece))}
		return op
	case r.Upload:
		op.RequestBody = uploadBody(r.Texts)
	case r.HasBody():
		ref := made.of(r.body(), true)
		media := &huma.MediaType{Schema: ref}
		if r.Example != "" {
			media.Example = json.RawMessage(r.Example)
		}
		op.RequestBody = &huma.RequestBody{Required: len(made.SchemaFromRef(ref.Ref).Required) > 0,
			Content: map[string]*huma.MediaType{"application/json": media}}
		if r.Table > 0 {
			op.RequestBody.Content[calls.CSVMedia] = &huma.MediaType{}
		}
	}
	if op.RequestBody != nil {
		zh, en := fmt.Sprintf("最多 %d 字节", r.Body), fmt.Sprintf("at most %d bytes", r.Body)
		if r.Table > 0 {
			zh, en = zh+fmt.Sprintf("，表格最多 %d 字节", r.Table), en+fmt.Sprintf(", as a table %d", r.Table)
		}
		op.RequestBody.Description = describe(zh, en)
	}
	return op
}

func uploadBody(texts []string) *huma.RequestBody {
	file := &huma.Schema{Type: "string", Format: "binary"}
	form := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"file": file}, Required: []string{"file"}}
	for _, name := range texts {
		form.Properties[name] = &huma.Schema{Type: "string"}
	}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		calls.XLSXMedia: {}, "application/octet-stream": {}, "multipart/form-data": {Schema: form}}}
}

func parameters(r route) []*huma.Param {
	var list []*huma.Param
	for part := range strings.SplitSeq(r.Pattern, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			list = append(list, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true,
				Schema: &huma.Schema{Type: "string"}})
		}
	}
	for _, p := range r.Query {
		list = append(list, &huma.Param{Name: p.Name, In: "query", Required: p.Needed(), Schema: schemaOf(p),
			Description: describe(p.ZH, p.EN)})
	}
	for _, h := range r.Headers {
		list = append(list, &huma.Param{Name: h.Name, In: "header", Required: h.Needed, Schema: &huma.Schema{Type: "string"},
			Description: describe(h.ZH, h.EN)})
	}
	for _, shared := range []struct {
		name string
		has  bool
	}{{"IdempotencyKey", r.Method == http.MethodPost && r.Act != ""}, {"IfNoneMatch", r.Repeats}, {"Range", r.Ranges},
		{"Language", true}} {
		if shared.has {
			list = append(list, &huma.Param{Ref: "#/components/parameters/" + shared.name})
		}
	}
	return list
}

func responses(made *schemas, r route) map[string]*huma.Response {
	answer := &huma.Response{Description: r.ZH + " · " + r.EN, Headers: map[string]*huma.Header{}}
	switch media := r.Media; {
	case media != "":
		answer.Content = map[string]*huma.MediaType{media: {}}
		for _, other := range r.Others {
			answer.Content[other] = &huma.MediaType{}
		}
	case r.Out != nil:
		answer.Content = map[string]*huma.MediaType{"application/json": {Schema: made.of(r.answer(), false)}}
	}
	all := map[string]*huma.Response{strconv.Itoa(r.status()): answer}
	if r.Created != nil {
		answer.Headers["Location"] = &huma.Header{Schema: &huma.Schema{Type: "string"}, Required: true}
	}
	for _, name := range r.Answers {
		answer.Headers[name] = &huma.Header{Schema: &huma.Schema{Type: "string"}}
	}
	if r.Repeats {
		answer.Headers["ETag"] = &huma.Header{Schema: &huma.Schema{Type: "string"}, Required: true}
		all["304"] = &huma.Response{Description: "自上次以来未变 · nothing changed since"}
	}
	if r.Ranges {
		some := maps.Clone(answer.Content)
		some["multipart/byteranges"] = &huma.MediaType{}
		all["206"] = &huma.Response{Description: "文件的一段或几段 · ranges of the file", Content: some}
	}
	for _, status := range r.problems() {
		all[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + problemName(status)}
	}
	if r.Unwell {
		all["503"] = &huma.Response{Description: "现在不能记录任何操作 · nothing can be recorded at present", Content: answer.Content}
	}
	return all
}

// problems are the statuses that a call may be refused with.
func (r route) problems() []int {
	var statuses []int
	for _, code := range r.codes() {
		statuses = append(statuses, serve.StatusOf[code])
	}
	if r.HasBody() && !r.Upload {
		statuses = append(statuses, http.StatusBadRequest) // no JSON
	}
	if r.Tus {
		statuses = append(statuses, http.StatusPreconditionFailed)
	}
	if r.Piece {
		statuses = append(statuses, serve.ChecksumMismatch)
	}
	if r.Ranges {
		statuses = append(statuses, http.StatusRequestedRangeNotSatisfiable)
	}
	slices.Sort(statuses)
	return slices.Compact(statuses)
}

// status is that of a call that was carried out.
func (r route) status() int {
	switch {
	case r.Created != nil, r.Kept:
		return http.StatusCreated
	case r.Out == nil && r.Media == "":
		return http.StatusNoContent
	}
	return http.StatusOK
}

// operationID is the call in one word: post_warnings_id_lift.
func (r route) operationID() string {
	return strings.ToLower(r.Method) + strings.NewReplacer("/", "_", "{", "", "}", "", "-", "_", ".",
		"_").Replace(r.Pattern)
}

// tag is the first part of the path.
func (r route) tag() string {
	tag, _, _ := strings.Cut(strings.TrimPrefix(r.Pattern, "/"), "/")
	return strings.TrimSuffix(tag, ".json")
}

// body is the type that a call's body is described by.
func (r route) body() reflect.Type {
	if r.Takes != nil {
		return reflect.TypeOf(r.Takes)
	}
	return r.In
}

// answer is the type that a call's answer is described by.
func (r route) answer() reflect.Type {
	t := r.Out
	if r.Shows != nil {
		t = reflect.TypeOf(r.Shows)
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

var _ = bind(calls.OpenAPI, func(s *Server, _ *request, _ calls.None) (any, error) { return s.document, nil })
