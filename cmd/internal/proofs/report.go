package proofs

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/identity"
)

// mostMissing is how many pieces of content that is not there are named one by one.
const mostMissing = 200

// Verdict is what a verification without a difference came to, in one line.
func Verdict(r *bundle.Report, lang string) string {
	rule := "proof.report.untrusted"
	if r.Trusted {
		rule = "proof.report.trusted"
	}
	return refusal.Text(rule, lang, refusal.Args{"subject": About(r.Subject, lang)})
}

// Report writes what a bundle proves, for people: the verdict in the first line, then who signed, what was cosigned by whom
// and when, and what is missing and why. Why personal content was asked for stands in the manifest, and comes as reason.
func Report(w io.Writer, r *bundle.Report, reason, lang string) error {
	out := &lines{bufio.NewWriter(w), lang}
	fmt.Fprintln(out, Verdict(r, lang))
	if !r.Trusted {
		fmt.Fprintln(out, out.t("proof.report.compare", nil))
	}
	fmt.Fprintln(out)
	out.row("proof.report.origin", clip(r.Origin))
	out.row("proof.report.key", clip(r.Key))
	out.row("proof.report.fingerprint", identity.Fingerprint(r.Key))
	out.row("proof.report.made_at", clip(r.MadeAt))
	out.row("proof.report.size", fmt.Sprint(r.Size))
	out.row("proof.report.root", r.Root.String())
	out.row("proof.report.entries", out.t("proof.report.from_to", refusal.Args{"count": r.Entries, "first": Time(r.First), "last": Time(r.Last)}))
	for i := range r.Signed {
		out.checkpoint(&r.Signed[i])
	}
	if len(r.Lacking) > 0 {
		out.row("proof.report.lacking", clip(strings.Join(r.Lacking, " ")))
	}
	if r.Personal {
		out.row("proof.report.personal", out.t("proof.report.yes_because", refusal.Args{"reason": clip(reason)}))
	}
	for i, m := range r.Missing {
		if i == mostMissing {
			out.row("proof.report.missing", out.t("proof.report.more", refusal.Args{"count": len(r.Missing) - i}))
			break
		}
		out.row("proof.report.missing", Lacks(m, lang))
	}
	return out.Flush()
}

// Time is a time as it stands in a leaf, to the millisecond in Shanghai; a dash for none.
func Time(at time.Time) string {
	if at.IsZero() {
		return "—"
	}
	return at.In(ledger.Shanghai).Format("2006-01-02 15:04:05.000")
}

// Line is an entry of the shell's report.
func Line(index int64, e ledger.Entry, lang string) string {
	return strings.TrimRight(fmt.Sprintf("%d  %s  %s  %s", index, Time(e.At), Say(e.Kind, e.Data, lang), clip(e.Actor)), " ")
}

// Held says of a file that came with a bundle what it is and how large; empty for those that every bundle has.
func Held(f bundle.File, lang string) string {
	if !strings.Contains(f.Name, "/") || strings.HasPrefix(f.Name, bundle.Checkpoints) {
		return ""
	}
	return refusal.Text("proof.report.bytes", lang, refusal.Args{"what": part(f.Name, lang), "size": f.Size})
}

// lines are the lines of a report in a language.
type lines struct {
	*bufio.Writer
	lang string
}

func (l *lines) t(rule string, args refusal.Args) string { return refusal.Text(rule, l.lang, args) }

func (l *lines) row(rule, value string) { fmt.Fprintf(l, "%s: %s\n", l.t(rule, nil), value) }

func (l *lines) checkpoint(c *bundle.Checkpoint) {
	said := []string{l.t("proof.report.of_size", refusal.Args{"size": c.Size})}
	for _, w := range c.Witnesses {
		said = append(said, l.t("proof.report.cosigned", refusal.Args{"name": clip(w.Name), "at": Time(w.At)}))
	}
	if len(c.Witnesses) == 0 {
		said = append(said, l.t("proof.report.no_witness", nil))
	}
	if len(c.Unknown) > 0 {
		said = append(said, l.t("proof.report.unknown", refusal.Args{"names": clip(strings.Join(c.Unknown, " "))}))
	}
	l.row("proof.report.checkpoint", strings.Join(said, "; "))
}
