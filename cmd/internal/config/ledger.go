package config

import (
	"net/url"
	"strings"

	"qingkong/alerts/refusal"
)

// Ledger is who watches that what was recorded is not rewritten.
type Ledger struct {
	Witnesses []Witness `yaml:"witnesses"`
}

// Witness is a server that cosigns checkpoints (C2SP tlog-witness).
type Witness struct {
	URL string `yaml:"url"` // to which /add-checkpoint is added
	Key string `yaml:"key"` // vkey of its cosignatures: name+8 hexadecimal digits+base64
}

// mostWitnesses bounds whom each checkpoint goes to.
const mostWitnesses = 20

// ledger asks for witnesses that can be asked, each once.
func (k *checker) ledger(c Ledger) {
	k.that(len(c.Witnesses) <= mostWitnesses, "ledger.witnesses", "config.witnesses_most", len(c.Witnesses), refusal.Args{"most": mostWitnesses})
	seen := map[string]bool{}
	for _, w := range c.Witnesses {
		u, err := url.Parse(w.URL)
		ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.User == nil
		k.that(ok, "ledger.witnesses.url", "config.witness_url", w.URL, nil)
		name, _, _ := strings.Cut(w.Key, "+")
		k.that(strings.Count(w.Key, "+") >= 2 && name != "" && !seen[name], "ledger.witnesses.key", "config.witness_key", w.Key, nil)
		seen[name] = true
	}
}
