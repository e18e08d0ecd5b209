package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/proofs"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/identity"
)

func newVerifyCommand() *cobra.Command {
	var keyFile, lang string
	cmd := &cobra.Command{
		Use:   "verify BUNDLE.zip",
		Short: "离线核验存证包（prove an evidence bundle offline）",
		Long: "不连网络，只读所给的文件：核对存证包的每个字节、签署、证明和见证，并逐条说明。改动一个字节，就以 1 退出，并指出在哪个文件、哪一条。\n" +
			"--key 的文件一行写一个从别处得到的密钥：log 后跟台账的，witness 后跟见证者的；另一台账密钥签署的以 1 退出。不给 --key 时以 0 退出，\n" +
			"但标明 untrusted_key：由随文件而来的密钥签署，谁都能另造一个。文件读不了，以 2 退出。\n" +
			"Touches no network and reads only the files it is given: checks every byte, signature, proof and cosignature of a bundle\n" +
			"and says what each entry means. One byte that differs exits 1, with its file and entry. The file of --key has lines\n" +
			"“log <vkey>” and “witness <vkey>” that you got from another hand; a bundle of another log's key exits 1. Without --key\n" +
			"it exits 0 and is marked untrusted_key: whoever made it could have made the key. A file that cannot be read exits 2.",
		Example: "  qingkong verify W20261124-01-E0003-1.zip --key xiqing.keys\n  qingkong verify W20261124-01-E0003-1.zip --json",
		Args:    oneFile,
	}
	cmd.Flags().StringVar(&keyFile, "key", "",
		"密钥文件，每行 log 或 witness 后跟一个密钥（file of keys, a line of log or witness and a vkey each）")
	cmd.Flags().StringVar(&lang, "lang", "zh-CN", "说明的语言 zh-CN 或 en（language of the report）")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if lang != "zh-CN" && lang != "en" {
			return usage("--lang %q is neither zh-CN nor en", lang)
		}
		keys, err := readKeys(keyFile)
		if err != nil {
			return err
		}
		out := bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
		err = verifyFile(args[0], keys, lang, *asJSON, out)
		return errors.Join(err, out.Flush())
	}
	return cmd
}

// readKeys reads a key file; no name gives no keys.
func readKeys(name string) (keys bundle.Keys, err error) {
	if name == "" {
		return keys, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return keys, wrongUsage{err}
	}
	text, err := io.ReadAll(io.LimitReader(file, mostKeys+1)) // one too many is refused when it is read
	if err = errors.Join(err, file.Close()); err != nil {
		return keys, wrongUsage{err}
	}
	if keys, err = bundle.ParseKeys(text); err != nil {
		return keys, usage("--key %s: %v", name, err)
	}
	if len(keys.Logs)+len(keys.Witnesses) == 0 {
		return keys, usage("--key %s names no key: write a line of log and the ledger's key", name)
	}
	return keys, nil
}

// mostKeys is how many bytes a key file may have.
const mostKeys = 1 << 20

// verifyFile proves a bundle and writes the report. What a bundle has is read in parts, however large it is. Errors: a
// difference, and wrongUsage for a file that cannot be read, since nothing was proved or disproved then.
func verifyFile(name string, keys bundle.Keys, lang string, asJSON bool, out io.Writer) (err error) {
	file, err := os.Open(name)
	if err != nil {
		return wrongUsage{err}
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", name)
	}
	if err != nil {
		return wrongUsage{err}
	}
	b, err := bundle.Open(file, info.Size())
	var report *bundle.Report
	if err == nil {
		report, err = b.Verify(keys)
	}
	var differs *bundle.Difference
	switch {
	case errors.As(err, &differs):
		if asJSON {
			if err := json.NewEncoder(out).Encode(refuted(differs, lang)); err != nil {
				return err
			}
		}
		return errors.New(proofs.Differs(differs, "zh-CN") + " / " + proofs.Differs(differs, "en"))
	case err != nil:
		return wrongUsage{fmt.Errorf("%s: %w", name, err)}
	case asJSON:
		return writeProvedJSON(out, b, report, lang)
	}
	return writeProved(out, b, report, lang)
}

// writeProved writes the report for people: the verdict first, at last the entries and what came with them.
func writeProved(out io.Writer, b *bundle.Bundle, report *bundle.Report, lang string) error {
	if err := proofs.Report(out, report, b.Manifest.Reason, lang); err != nil {
		return err
	}
	fmt.Fprintln(out)
	err := b.Entries(func(index int64, e ledger.Entry) error {
		_, err := fmt.Fprintln(out, proofs.Line(index, e, lang))
		return err
	})
	if err != nil {
		return err
	}
	head := "\n" + refusal.Text("proof.report.contents", lang, nil) + "\n"
	for _, f := range b.Manifest.Files {
		if held := proofs.Held(f, lang); held != "" {
			if _, err := fmt.Fprintln(out, head+held); err != nil {
				return err
			}
			head = ""
		}
	}
	return nil
}

// refutedJSON is what is printed of a bundle that differs.
type refutedJSON struct {
	OK      bool   `json:"ok"`
	File    string `json:"file"`
	Entry   *int64 `json:"entry"` // null for none
	Rule    string `json:"rule"`
	Found   string `json:"found"`
	Message string `json:"message"`
}

func refuted(d *bundle.Difference, lang string) refutedJSON {
	r := refutedJSON{File: d.File, Rule: d.Rule, Found: d.Say, Message: proofs.Differs(d, lang)}
	if d.Entry >= 0 {
		r.Entry = &d.Entry
	}
	return r
}

// provedJSON is what is printed of a bundle that is proved, but for its items.
type provedJSON struct {
	OK          bool             `json:"ok"`
	Untrusted   bool             `json:"untrusted_key"`
	Verdict     string           `json:"verdict"`
	Origin      string           `json:"origin"`
	Subject     bundle.Subject   `json:"subject"`
	MadeAt      string           `json:"made_at"`
	Key         string           `json:"key"`
	Fingerprint string           `json:"fingerprint"`
	Size        int64            `json:"size"`
	Root        string           `json:"root"`
	Checkpoints []checkpointJSON `json:"checkpoints"`
	Lacking     []string         `json:"lacking"`
	Personal    bool             `json:"personal"`
	Reason      string           `json:"reason,omitempty"`
	Missing     []missingJSON    `json:"missing"`
	Files       []bundle.File    `json:"files"`
}

type checkpointJSON struct {
	Size      int64          `json:"size"`
	Root      string         `json:"root"`
	Witnesses []cosignedJSON `json:"witnesses"`
	Unknown   []string       `json:"unknown,omitempty"`
}

type cosignedJSON struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

type missingJSON struct {
	bundle.Missing
	Message string `json:"message"`
}

type itemJSON struct {
	Index   int64  `json:"index"`
	At      string `json:"at"`
	Kind    string `json:"kind"`
	Actor   string `json:"actor"`
	Message string `json:"message"`
}

func provedOf(b *bundle.Bundle, r *bundle.Report, lang string) provedJSON {
	p := provedJSON{OK: true, Untrusted: !r.Trusted, Verdict: proofs.Verdict(r, lang), Origin: r.Origin, Subject: r.Subject, MadeAt: r.MadeAt,
		Key: r.Key, Fingerprint: identity.Fingerprint(r.Key), Size: r.Size, Root: r.Root.String(), Lacking: append([]string{}, r.Lacking...),
		Personal: r.Personal, Reason: b.Manifest.Reason, Missing: []missingJSON{}, Files: b.Manifest.Files}
	for _, c := range r.Signed {
		one := checkpointJSON{Size: c.Size, Root: c.Root.String(), Witnesses: []cosignedJSON{}, Unknown: c.Unknown}
		for _, w := range c.Witnesses {
			one.Witnesses = append(one.Witnesses, cosignedJSON(w))
		}
		p.Checkpoints = append(p.Checkpoints, one)
	}
	for _, m := range r.Missing {
		p.Missing = append(p.Missing, missingJSON{m, proofs.Lacks(m, lang)})
	}
	return p
}

// writeProvedJSON writes one JSON object, whose items are written as they are read.
func writeProvedJSON(out io.Writer, b *bundle.Bundle, report *bundle.Report, lang string) error {
	head, err := json.Marshal(provedOf(b, report, lang))
	if err != nil {
		return err
	}
	between := append(head[:len(head)-1], `,"items":[`...)
	err = b.Entries(func(index int64, e ledger.Entry) error {
		item, err := json.Marshal(itemJSON{index, e.At.Format(ledger.TimeForm), e.Kind, e.Actor, proofs.Say(e.Kind, e.Data, lang)})
		if err == nil {
			_, err = out.Write(append(between, item...))
		}
		between = []byte{','}
		return err
	})
	if err == nil && len(between) > 1 {
		_, err = out.Write(between)
	}
	if err == nil {
		_, err = io.WriteString(out, "]}\n")
	}
	return err
}
