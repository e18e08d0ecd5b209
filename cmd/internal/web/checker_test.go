package web

import (
	"bytes"
	"fmt"
	"mime"
	"strconv"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi/datamodel"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checker validates against the document that the server gives, by the rules of JSON Schema 2020-12, which OpenAPI 3.1
// takes over whole. A validator of requests and answers by OpenAPI was tried (pb33f/libopenapi-validator); building it
// takes longer than all tests here together.
type checker struct {
	t        *testing.T
	doc      map[string]any
	compiler *jsonschema.Compiler
}

const (
	documentURL = "https://qingkong.invalid/openapi.json"
	officialURL = "https://spec.openapis.org/oas/3.1/schema/2022-10-07"
)

func newChecker(t *testing.T) *checker {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document(routes)))
	if err != nil {
		t.Fatal(err)
	}
	c := &checker{t: t, doc: doc.(map[string]any), compiler: jsonschema.NewCompiler()}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(documentURL, doc); err != nil {
		t.Fatal(err)
	}
	return c
}

// schema compiles the schema at a place of the document; nil when there is nothing at it. That it does not compile is
// an error of the document.
func (c *checker) schema(at ...string) *jsonschema.Schema {
	c.t.Helper()
	at = c.place(at)
	if c.at(at...) == nil {
		return nil
	}
	pointer := ""
	for _, name := range at {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	}
	s, err := c.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		c.t.Fatalf("%s: %v", pointer, err)
	}
	return s
}

// answer finds what in an answer is not as the document says of the call.
func (c *checker) answer(r route, res reply) error {
	status := strconv.Itoa(res.StatusCode)
	op := []string{"paths", r.Path(), strings.ToLower(r.Method), "responses", status}
	if c.at(op...) == nil {
		return fmt.Errorf("status %s is not in the document", status)
	}
	content, _ := c.at(append(op, "content")...).(map[string]any)
	if res.body == "" && len(content) == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || content[media] == nil {
		return fmt.Errorf("media type %q is not in the document, which has %v", media, content)
	}
	if !strings.HasSuffix(media, "json") {
		return nil
	}
	return c.matches(res.body, append(op, "content", media, "schema")...)
}

// request finds what in a request's body is not as the document says of the call.
func (c *checker) request(r route, body string) error {
	if !r.HasBody() || r.Upload || body == "" {
		return nil
	}
	return c.matches(body, "paths", r.Path(), strings.ToLower(r.Method), "requestBody", "content", "application/json",
		"schema")
}

func (c *checker) matches(body string, at ...string) error {
	s := c.schema(at...)
	if s == nil {
		return fmt.Errorf("no schema at %v", at)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

func (c *checker) at(names ...string) (v any) {
	v = c.doc
	for _, name := range c.place(names) {
		in, _ := v.(map[string]any)
		v = in[name]
	}
	return v
}

// place is a place of the document with what it goes through by reference ("$ref": "#/components/responses/…")
// followed.
func (c *checker) place(names []string) (place []string) {
	var v any = c.doc
	for i, name := range names {
		in, _ := v.(map[string]any)
		v = in[name]
		place = append(place, name)
		next, _ := v.(map[string]any)
		if ref, ok := next["$ref"].(string); ok && i < len(names)-1 {
			return c.place(append(strings.Split(strings.TrimPrefix(ref, "#/"), "/"), names[i+1:]...))
		}
	}
	return place
}

// structure finds what is wrong with the document as such: by the schema that the OpenAPI Initiative publishes of
// OpenAPI 3.1 documents, and in what that schema cannot say.
func (c *checker) structure() (wrong []string) {
	rules, err := jsonschema.UnmarshalJSON(strings.NewReader(datamodel.OpenAPI31SchemaData))
	if err == nil {
		err = c.compiler.AddResource(officialURL, rules)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	official, err := c.compiler.Compile(officialURL)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := official.Validate(c.doc); err != nil {
		wrong = append(wrong, err.Error())
	}
	ids := map[any]bool{}
	paths, _ := c.at("paths").(map[string]any)
	for path, item := range paths {
		for method, op := range item.(map[string]any) {
			op, _ := op.(map[string]any)
			where := method + " " + path
			if id := op["operationId"]; id == nil || ids[id] {
				wrong = append(wrong, where+": its operationId is missing or not its own")
			} else {
				ids[id] = true
			}
			wrong = append(wrong, c.parameters(where, path, op)...)
		}
	}
	schemas, _ := c.at("components", "schemas").(map[string]any)
	for name := range schemas {
		c.schema("components", "schemas", name)
	}
	return wrong
}

// parameters compares the parameters of a path template with those that are declared: each is there, and required.
func (c *checker) parameters(where, path string, op map[string]any) (wrong []string) {
	declared := map[string]bool{}
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		p, _ := p.(map[string]any)
		if ref, ok := p["$ref"].(string); ok {
			p, _ = c.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(map[string]any)
		}
		name, _ := p["name"].(string)
		if p["in"] == "path" {
			declared[name] = true
			if p["required"] != true || !strings.Contains(path, "{"+name+"}") {
				wrong = append(wrong, where+": path parameter "+name+" is not required or not in the path")
			}
		}
	}
	if n := strings.Count(path, "{"); n != len(declared) {
		wrong = append(wrong, fmt.Sprintf("%s: %d path parameters declared, %d in the path", where, len(declared), n))
	}
	return wrong
}
