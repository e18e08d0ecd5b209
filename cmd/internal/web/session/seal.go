package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

var b64 = base64.RawURLEncoding

// sealed is a text that whoever has the key knows again as its own. It hides nothing.
func sealed(key, text []byte) string {
	return b64.EncodeToString(text) + "." + b64.EncodeToString(mac(key, text))
}

// open is the text of [sealed]; false for any other. No key opens nothing.
func open(key []byte, value string) (text []byte, ok bool) {
	body, proof, found := strings.Cut(value, ".")
	if len(key) == 0 || !found {
		return nil, false
	}
	text, err := b64.DecodeString(body)
	if err != nil {
		return nil, false
	}
	got, err := b64.DecodeString(proof)
	return text, err == nil && hmac.Equal(got, mac(key, text))
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text) // never fails
	return h.Sum(nil)
}
