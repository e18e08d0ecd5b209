package desktest

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Says fails a test where a text lacks one of some parts.
func Says(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: no %q in %s", what, p, text)
		}
	}
}

// SaysNot fails a test where a text has one of some parts.
func SaysNot(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) {
			t.Errorf("%s: %q in %s", what, p, text)
		}
	}
}

// Part is the text of the element with an id; empty for none.
func Part(page *html.Node, element, id string) string {
	if n := Find(page, element, "id", id); n != nil {
		return TextOf(n)
	}
	return ""
}

// Posts is what a form to an address would send; nil where the page has none.
func Posts(page *html.Node, path string) url.Values {
	if form := Find(page, "form", "action", path); form != nil {
		return ValuesOf(form, url.Values{})
	}
	return nil
}
