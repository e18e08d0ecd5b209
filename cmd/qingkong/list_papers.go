package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/papers"
	"qingkong/reductionlist"
	"qingkong/seeds"
)

// paperFlags are the flags of list papers.
type paperFlags struct {
	recipients []string
	all        bool
	out        string
	kind       string
	format     string
	bare       bool
	lang       string
	district   string
	watch      string
	publicURL  string
}

func newListPapers() *cobra.Command {
	var p paperFlags
	cmd := &cobra.Command{
		Use:   "papers --recipient ID|--all --out DIR [FILE.xlsx]",
		Short: "由清单生成一厂一策操作方案、公示牌和公示、内部清单（the papers of a list）",
		Long: "由清单文件（不给文件则用内置清单）生成每个对象的操作方案和公示牌；--all 另写公示清单和分街镇的内部清单。运行中的服务请用\n" +
			"GET /api/v1/recipients/{id}/papers/plan 和 GET /api/v1/list/versions/{id}/papers。清单没有载明的内容标为待填写，不作推断。\n" +
			"Makes each recipient's operation plan and gate board from a workbook, or from the embedded list; with --all the public list\n" +
			"and the list by town too. What the list does not say is a marked blank.",
		Example: "  qingkong list papers --recipient E0001 --out 文件\n" +
			"  qingkong list papers --all --out 文件 --format docx --public-url https://qk.example.org 清单.xlsx",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("one file at most, %d given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.check(cmd); err != nil {
				return err
			}
			l, err := seeds.List()
			if len(args) == 1 {
				l, err = goodList(args[0])
			}
			if err != nil {
				return err
			}
			return p.write(cmd.OutOrStdout(), l)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&p.recipients, "recipient", nil, "对象编号，可多次（id of a recipient; may be repeated）")
	f.BoolVar(&p.all, "all", false, "全部对象（every recipient）")
	f.StringVar(&p.out, "out", "", "写到哪个目录（folder to write to）")
	f.StringVar(&p.kind, "kind", "", "plan 或 board，缺省两种都写（plan or board; default both）")
	f.StringVar(&p.format, "format", "", "html 或 docx，缺省两种都写（html or docx; default both）")
	f.BoolVar(&p.bare, "no-contacts", false, "不含联系人和手机（without contacts）")
	f.StringVar(&p.lang, "lang", "zh-CN", "zh-CN 或 en（language of the forms）")
	f.StringVar(&p.district, "district", "", "区县名称（name of the district）")
	f.StringVar(&p.watch, "supervision-phone", "", "监督电话（telephone for complaints）")
	f.StringVar(&p.publicURL, "public-url", "", "公示网址，用于公示牌二维码（address of the public pages, for the QR code）")
	return cmd
}

func (p *paperFlags) check(cmd *cobra.Command) error {
	if err := requireFlags(cmd, "out"); err != nil {
		return err
	}
	_, known := papers.KindOf(p.kind)
	switch {
	case p.all == (len(p.recipients) > 0):
		return usage("%s", bothLanguages("papers.say_one", nil))
	case p.kind != "" && !known:
		return usage("%s", bothLanguages("papers.want_kind", refusal.Args{"value": p.kind}))
	case p.format != "" && p.format != "html" && p.format != "docx":
		return usage("%s", bothLanguages("papers.want_format", refusal.Args{"value": p.format, "allowed": "html, docx"}))
	case p.lang != "zh-CN" && p.lang != "en":
		return usage("--lang is zh-CN or en, not %q", p.lang)
	}
	return nil
}

// facts are the facts in the papers of a recipient of a list.
func (p *paperFlags) facts(list papers.ListFacts, r *reductionlist.Recipient) papers.Facts {
	f := papers.Facts{Recipient: r, List: list, District: p.district, Watch: p.watch, Lang: p.lang}
	if f.Contact = papers.ContactOf(r); p.bare && f.Contact.State == papers.Known {
		f.Contact = papers.Contact{State: papers.Withheld}
	}
	if p.publicURL != "" {
		f.Page = papers.PublicAddress(p.publicURL, r.ID)
	}
	return f
}

func (p *paperFlags) write(out io.Writer, l *reductionlist.List) error {
	var chosen []*reductionlist.Recipient
	if p.all {
		chosen = l.Recipients
	}
	for _, id := range p.recipients { // none with --all
		r, err := l.Find(id)
		if err != nil {
			return err
		}
		chosen = append(chosen, r)
	}
	if err := os.MkdirAll(p.out, 0o700); err != nil {
		return err
	}
	files := 0
	list := papers.ListOf(reductionlist.VersionID(l.EffectiveFrom, l.Hash()), l, false)
	for _, r := range chosen {
		f := p.facts(list, r)
		for _, kind := range papers.Kinds() {
			for _, format := range []papers.Format{papers.HTML, papers.Docx} {
				if p.kind != "" && p.kind != string(kind) || p.format != "" && p.format != string(format) {
					continue
				}
				err := writeNew(filepath.Join(p.out, papers.FileName(kind, format, f)),
					func(w io.Writer) error { return papers.Write(w, kind, format, f) })
				if err != nil {
					return err
				}
				files++
			}
		}
	}
	if p.all {
		n, err := p.rolls(l, list)
		if err != nil {
			return err
		}
		files += n
	}
	err := say(out, "papers.say_written", refusal.Args{"dir": p.out, "files": files, "recipients": len(chosen)})
	if !p.bare {
		err = errors.Join(err, say(out, "papers.say_personal", nil))
	}
	return err
}

// rolls writes the public list and the list by town.
func (p *paperFlags) rolls(l *reductionlist.List, of papers.ListFacts) (files int, err error) {
	of.Example = slices.ContainsFunc(l.Recipients,
		func(r *reductionlist.Recipient) bool { return strings.Contains(r.Note, "示例") })
	roll := papers.Roll{List: of, District: p.district, Watch: p.watch, Lang: p.lang, Contacts: !p.bare}
	rows := rowsOf(l.Recipients)
	var groups []papers.Group
	towns := map[string][]*reductionlist.Recipient{}
	for _, r := range l.Recipients {
		towns[r.Town] = append(towns[r.Town], r)
	}
	for _, town := range sortedKeys(towns) {
		groups = append(groups, papers.Group{Town: town, Rows: rowsOf(towns[town])})
	}
	for name, write := range map[string]func(io.Writer) error{
		"public.html":   func(w io.Writer) error { return roll.PublicHTML(w, rows, "", "", "public.xlsx") },
		"public.xlsx":   func(w io.Writer) error { return roll.PublicWorkbook(w, rows) },
		"internal.html": func(w io.Writer) error { return roll.TownHTML(w, groups) },
		"internal.xlsx": func(w io.Writer) error { return roll.TownWorkbook(w, groups) },
	} {
		if err := writeNew(filepath.Join(p.out, name), write); err != nil {
			return files, err
		}
		files++
	}
	return files, nil
}

func rowsOf(recipients []*reductionlist.Recipient) papers.Rows {
	return func(row func(papers.Row) error) error {
		for _, r := range recipients {
			if err := row(papers.Row{Recipient: r, Contact: papers.ContactOf(r)}); err != nil {
				return err
			}
		}
		return nil
	}
}
