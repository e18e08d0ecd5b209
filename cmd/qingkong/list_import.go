package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
)

// versionAnswer is what these commands look at of a version as the server shows it.
type versionAnswer struct {
	ID         string                  `json:"id"`
	State      string                  `json:"state"`
	Status     string                  `json:"status"`
	Revision   int                     `json:"revision"`
	Recipients int                     `json:"recipients"`
	Errors     int                     `json:"errors"`
	Findings   []reductionlist.Finding `json:"findings"`
	Contacts   struct {
		Changed int `json:"changed"`
		Kept    int `json:"kept"`
	} `json:"contacts"`

	BegunBy       string             `json:"begun_by"`
	ApprovedBy    string             `json:"approved_by"`
	ActivatedBy   string             `json:"activated_by"`
	BegunSeen     *alerts.SecretSeen `json:"begun_secret_seen"`
	ApprovedSeen  *alerts.SecretSeen `json:"approved_secret_seen"`
	ActivatedSeen *alerts.SecretSeen `json:"activated_secret_seen"`
}

func newListImport() *cobra.Command {
	var c call
	cmd := &cobra.Command{
		Use:   "import FILE.xlsx --server URL --token-file FILE",
		Short: "把工作簿导入为草稿（import a workbook as a draft）",
		Long: "上传工作簿成为草稿，列出全部问题，并说明下一步。有错误的草稿不能启用，返回 1。同一工作簿再次导入不会重复。\n" +
			"Sends a workbook, which becomes a draft, and prints what was found and what to do next. Exits 1 when there are errors.",
		Example: "  qingkong list import 清单.xlsx --server http://127.0.0.1:8080 --token-file duty.token",
		Args:    files(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			workbook, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			c.media, c.wait = "application/octet-stream", 6*time.Minute // the server's own bound is less
			if c.key == "" {
				c.key = rand.Text()
			}
			answer, err := c.send(cmd.Context(), http.MethodPost, "/list/imports?source="+url.QueryEscape(filepath.Base(args[0])), c.key, workbook)
			if err != nil {
				return err
			}
			var v versionAnswer
			if err := understand(answer, &v); err != nil {
				return err
			}
			if c.asJSON {
				err = printAnswer(cmd.OutOrStdout(), answer)
			} else {
				err = printFindings(cmd.OutOrStdout(), false, v.Findings)
			}
			if err != nil {
				return err
			}
			for rule, count := range map[string]int{"list.say_contacts": v.Contacts.Changed, "list.say_contacts_kept": v.Contacts.Kept} {
				if count > 0 && !c.asJSON {
					if _, err := fmt.Fprintln(cmd.OutOrStdout(), bothLanguages(rule, refusal.Args{"count": count})); err != nil {
						return err
					}
				}
			}
			n := refusal.Args{"version": v.ID, "count": v.Recipients, "revision": v.Revision, "errors": v.Errors, "state": v.State}
			if v.Errors > 0 {
				return errors.New(bothLanguages("list.say_import_bad", n))
			}
			if !c.asJSON {
				rule := "list.say_imported"
				if v.State != reductionlist.StateDraft {
					rule, n["state"] = "list.say_known", named(terms.ListStatus, v.Status)
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), bothLanguages(rule, n))
			}
			return err
		},
	}
	c.add(cmd, true)
	return cmd
}

func newListDiscard() *cobra.Command {
	var c call
	var revision int
	cmd := &cobra.Command{
		Use:   "discard VERSION --revision N",
		Short: "作废一个草稿（take a draft back）",
		Long: "作废一个草稿，记录在案；同一份工作簿可以重新导入。已审批或启用的版本不能作废。\n" +
			"Takes a draft back, on the record. The same workbook can be imported anew. What is approved or activated stays.",
		Example: "  qingkong list discard L20161001-3f2a1b --revision 1 --server http://127.0.0.1:8080 --token-file duty.token",
		Args:    oneID("version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd, "revision"); err != nil {
				return err
			}
			answer, err := c.end(cmd.Context(), "/list/versions/"+url.PathEscape(args[0])+"?revision="+strconv.Itoa(revision))
			if err != nil {
				return err
			}
			if c.asJSON {
				return printAnswer(cmd.OutOrStdout(), answer)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), bothLanguages("list.say_discarded", refusal.Args{"version": args[0]}))
			return err
		},
	}
	c.add(cmd, false)
	cmd.Flags().IntVar(&revision, "revision", 0, "看到的修订号（the revision that was seen）")
	return cmd
}

// newListAct is the approval or the activation of a version.
func newListAct(act string) *cobra.Command {
	var c call
	var revision int
	var replaces, otp string
	short := map[string]string{"approve": "审批一个草稿，须由导入人以外的人（consent to a draft, by a second person）",
		"activate": "启用一个版本，自其生效日期起有效（make a version count）"}
	cmd := &cobra.Command{
		Use:     act + " VERSION --revision N",
		Short:   short[act],
		Example: "  qingkong list " + act + " L20161001-3f2a1b --revision 1 --server http://127.0.0.1:8080 --token-file duty.token",
		Args:    oneID("version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd, "revision"); err != nil {
				return err
			}
			body := map[string]any{"revision": revision}
			if replaces != "" {
				body["replaces"] = replaces
			}
			if otp != "" {
				body["otp"] = otp
			}
			answer, err := c.act(cmd.Context(), "/list/versions/"+url.PathEscape(args[0])+"/"+act, body)
			if err != nil {
				return err
			}
			if c.asJSON {
				return printAnswer(cmd.OutOrStdout(), answer)
			}
			var v versionAnswer
			if err := understand(answer, &v); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), bothLanguages("list.say_acted", refusal.Args{"version": v.ID, "state": named(terms.ListStatus, v.Status), "revision": v.Revision}))
			for _, a := range []struct {
				act, by string
				seen    *alerts.SecretSeen
			}{{"begun", v.BegunBy, v.BegunSeen}, {"approved", v.ApprovedBy, v.ApprovedSeen}, {"activated", v.ActivatedBy, v.ActivatedSeen}} {
				if s := seenText(a.by, a.seen); s != "" && err == nil {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", pair(terms.Rule(terms.ListEvent, a.act), nil), plain(s))
				}
			}
			return err
		},
	}
	c.add(cmd, true)
	cmd.Flags().StringVar(&otp, otpMember.flag, "", otpMember.help)
	cmd.Flags().IntVar(&revision, "revision", 0, "看到的修订号（the revision that was seen）")
	if act == "activate" {
		cmd.Flags().StringVar(&replaces, "replaces", "", "同日生效、被替换的版本（the active version of the same day that it replaces）")
	}
	return cmd
}
