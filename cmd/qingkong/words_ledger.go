package main

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"cli.member.vkey":        {"密钥", "key"},
		"cli.member.fingerprint": {"密钥指纹", "fingerprint"},
		"cli.member.keys":        {"用过的密钥数", "keys it has had"},
		"cli.member.size":        {"台账条数", "entries"},
		"cli.member.signed":      {"已签署条数", "signed for"},
		"cli.member.witnesses":   {"见证方", "witnesses"},
	})
}
