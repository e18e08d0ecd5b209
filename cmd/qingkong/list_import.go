package main

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/reductionlist"
)

func newListImport() *cobra.Command {
	told := showing(calls.ImportList, tellImported)
	told.judges = true
	return remoteCommand{
		use:   "import FILE.xlsx --server URL --token-file FILE",
		short: "把工作簿导入为草稿（import a workbook as a draft）",
		long: "上传工作簿成为草稿，列出全部问题，并说明下一步。有错误的草稿不能启用，返回 1。同一工作簿再次导入不会重复。\n" +
			"Sends a workbook, which becomes a draft, and prints what was found and what to do next. Exits 1 when there are errors.",
		example: "  qingkong list import 清单.xlsx --server http://127.0.0.1:8080 --token-file duty.token",
		check:   files(1),
		left:    map[string]string{"source": "it is the file's name"},
		fill: func(r *request) (err error) {
			r.query.Set("source", filepath.Base(r.args[0]))
			r.file, err = os.ReadFile(r.args[0])
			return err
		},
	}.command(told)
}

// tellImported prints the findings of a workbook and the next step. It fails where the workbook has errors.
func tellImported(out io.Writer, v calls.Imported, _ *request) error {
	if err := printFindings(out, false, v.Findings); err != nil {
		return err
	}
	if n := v.Contacts.Changed; n > 0 {
		tell(out, "list.say_contacts", refusal.Args{"count": n})
	}
	if n := v.Contacts.Kept; n > 0 {
		tell(out, "list.say_contacts_kept", refusal.Args{"count": n})
	}
	n := refusal.Args{"version": v.ID, "count": v.Recipients, "revision": v.Revision, "errors": v.Errors,
		"state": v.State}
	if v.Errors > 0 {
		return newError("list.say_import_bad", n)
	}
	rule := "list.say_imported"
	if v.State != reductionlist.StateDraft {
		rule, n["state"] = "list.say_known", listStatus(v.Status)
	}
	return say(out, rule, n)
}

func newListDiscard() *cobra.Command {
	return remoteCommand{
		use:   "discard VERSION --revision N",
		short: "作废一个草稿（take a draft back）",
		long: "作废一个草稿，记录在案；同一份工作簿可以重新导入。已审批或启用的版本不能作废。\n" +
			"Takes a draft back, on the record. The same workbook can be imported anew. What is approved or activated stays.",
		example: "  qingkong list discard L20161001-3f2a1b --revision 1 --server http://127.0.0.1:8080 --token-file duty.token",
		what:    "version", needs: []string{"revision"},
	}.command(done(calls.DiscardList.Call, "list.say_discarded", "version"))
}

// newListAct is the approval or the activation of a version.
func newListAct[In any](of calls.Of[In, calls.ListDecided], short string) *cobra.Command {
	act := path.Base(of.Pattern)
	return remoteCommand{
		use: act + " VERSION --revision N", short: short,
		example: "  qingkong list " + act +
			" L20161001-3f2a1b --revision 1 --server http://127.0.0.1:8080 --token-file duty.token",
		what: "version", needs: []string{"revision"},
	}.command(showing(of, tellVersion))
}

// tellVersion prints the state of a version after an act, which actors' secrets an administrator has seen, and the live
// warnings whose orders stay as they are.
func tellVersion(out io.Writer, v calls.ListDecided, _ *request) error {
	_, err := fmt.Fprintln(out, bothLanguages("list.say_acted",
		refusal.Args{"version": v.ID, "state": listStatus(v.Status), "revision": v.Revision}))
	for _, a := range []struct {
		act, by string
		seen    *alerts.SecretSeen
	}{
		{"begun", v.BegunBy, v.BegunSeen},
		{"approved", v.ApprovedBy, v.ApprovedSeen},
		{"activated", v.ActivatedBy, v.ActivatedSeen},
	} {
		if s := seenText(a.by, a.seen); s != "" && err == nil {
			_, err = fmt.Fprintf(out, "%s: %s\n", pair(terms.Rule(terms.ListEvent, a.act), nil), plain(s))
		}
	}
	for _, w := range v.Live {
		if err == nil {
			err = say(out, "list.say_live", refusal.Args{"warning": w.ID, "level": named(terms.Level, w.Level),
				"state": named(terms.WarningState, w.State), "version": w.ListVersion})
		}
	}
	return err
}
