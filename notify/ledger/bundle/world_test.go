package bundle_test

import (
	"bytes"
	"testing"

	"qingkong/notify/ledger/bundle"
)

func open(t testing.TB, raw []byte) *bundle.Bundle {
	t.Helper()
	b, err := bundle.Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// verified is the report of a bundle, or why there is none.
func verified(raw []byte, keys bundle.Keys) (*bundle.Report, error) {
	b, err := bundle.Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, err
	}
	return b.Verify(keys)
}

func keysOf(t testing.TB, text string) bundle.Keys {
	t.Helper()
	k, err := bundle.ParseKeys([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
