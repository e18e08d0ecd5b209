package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/proofs"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/identity"
)

func newLedgerCommand() *cobra.Command {
	const admin = " --server http://127.0.0.1:8080 --token-file admin.token"
	return group("ledger", "存证：谁签署、谁见证、换密钥、换名称（who signs for the record, and who watches）",
		"  qingkong ledger status"+exampleServer+"\n  qingkong ledger new-origin"+admin+" --reason 恢复了12月1日的备份",
		remoteCommand{use: "status", short: "存证的名称、密钥、检查点和见证方（origin, keys, checkpoint and witnesses）",
			long: "把名称和密钥交给见证方和将来要核对证据包的人，并用电话核对指纹。\n" +
				"Origin and key are what witnesses, and whoever will verify bundles, have to be given; compare the fingerprint by telephone.",
			example: "  qingkong ledger status" + exampleServer}.command(showing(calls.Ledger, tellLedger)),
		remoteCommand{use: "rotate-key", short: "更换存证密钥（have a new key sign）",
			long: "旧密钥为新密钥签名并记入台账；原有的证据包照常可核对。请把新密钥告知见证方。\n" +
				"The old key signs for the new one in the record; bundles that were made stay good. Tell the witnesses the new key.",
			example: "  qingkong ledger rotate-key" + admin}.command(showing(calls.LedgerRotate, tellLedgerKey)),
		remoteCommand{use: "new-origin --reason REASON", short: "丢失过已签署的条目后换名称（go on under a new origin）",
			long: "只在已签署的条目丢失之后用（恢复了较早的备份、检查 ledger 报失败）；没有丢失则拒绝。旧名称不再签署。\n" +
				"Only after entries were lost that had been signed for, as the check ledger says; refused otherwise. Nothing is signed under the\n" +
				"old origin again, and every witness needs the new key.",
			needs:   []string{"reason"},
			example: "  qingkong ledger new-origin" + admin + " --reason 恢复了12月1日的备份"}.command(showing(calls.LedgerMove, tellLedgerKey)))
}

func tellLedger(out io.Writer, s calls.LedgerStatus, r *request) error {
	return printMembers(out, r.answer, words[calls.LedgerStatus]{
		"keys":      func(s calls.LedgerStatus) string { return fmt.Sprint(len(s.Keys)) },
		"witnesses": witnessesText,
	}, s, members{"origin", "vkey", "fingerprint", "keys", "size", "signed", "witnesses"}, "checkpoint")
}

func witnessesText(s calls.LedgerStatus) (text string) {
	for i, w := range s.Witnesses {
		if i > 0 {
			text += "; "
		}
		text += fmt.Sprintf("%s %d", plain(w.Name), w.Size)
		if w.At != nil {
			text += " " + proofs.Time(*w.At)
		}
		if w.Detail != "" {
			text += " (" + plain(w.Detail) + ")"
		}
	}
	return orDash(text)
}

func tellLedgerKey(out io.Writer, k calls.LedgerKey, _ *request) error {
	_, err := fmt.Fprintf(out, "%s\n%s\n%s\n", plain(k.Origin), plain(k.VKey), identity.Fingerprint(k.VKey))
	return err
}

func newOrderReceipts() *cobra.Command {
	return remoteCommand{use: "receipts ID", what: "order", short: "减排令的回执：条目及其证明（receipts of an order）",
		long: "--json 给出条目、证明和检查点，请保存：日后谁改动了记录都能据此证明。企业只见自己的。\n" +
			"Keep what --json prints: entries, proofs and checkpoint show later whether the record was changed. An enterprise sees its own.",
		example: "  qingkong order receipts W20161216-01-E0003-1" + exampleServer + " --json"}.command(showing(calls.OrderReceipts, tellReceipts))
}

func newWarningReceipts() *cobra.Command {
	return remoteCommand{use: "receipts ID", what: "warning", short: "预警的回执：条目及其证明（receipts of a warning）",
		long:    "--json 给出条目、证明和检查点，请保存。\nKeep what --json prints: entries, proofs and checkpoint.",
		example: "  qingkong warning receipts W20161216-01" + exampleServer + " --json"}.command(showing(calls.WarningReceipts, tellReceipts))
}

// tellReceipts lists the entries in words.
func tellReceipts(out io.Writer, r calls.Receipts, _ *request) error {
	for _, e := range r.Items {
		said, err := ledger.ParseEntry(e.Leaf)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, plain(proofs.Line(e.Index, said, "zh-CN"))); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%s  %d\n", plain(r.Origin), r.Size)
	return err
}
