package web

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/watch"
	"qingkong/notify"
	"qingkong/reductionlist"
)

var (
	//go:embed page.css
	pageStyle string
	//go:embed page.html
	pageSource string

	statusTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(pageStyle) }, // #nosec G203 -- it is embedded
		"zh":    func(rule string) string { return pageText(rule, "zh-CN") },
		"en":    func(rule string) string { return pageText(rule, "en") },
		"name":  watch.NameOf,
		"word":  func(lang, rule string) string { return refusal.Text("watch."+rule, lang, nil) },
		"clock": alerts.StartText,
		"until": alerts.EndText,
	}).Parse(pageSource))
)

// pageText is a word of the page, or one of the vocabulary.
func pageText(rule, lang string) string {
	if !strings.HasPrefix(rule, "name.") {
		rule = "page." + rule
	}
	return refusal.Text(rule, lang, nil)
}

// status is what the page shows.
type status struct {
	Now       time.Time // the record's
	Wall      time.Time // the clock's; zero where it goes with the record
	Health    watch.Report
	Demo      bool
	Warnings  []warningStatus // the live one, the running drill
	Proposals []*alerts.Proposal
	Silent    []alerts.FeedState // sources that have fallen silent
	List      *version
}

type warningStatus struct {
	*alerts.Warning
	Counts []count
}

type count struct {
	Name string // a rule below "page."
	N    int
}

// statusPage is where things stand, for whoever opens the server's address in a browser.
func (s *Server) statusPage(w http.ResponseWriter, r *http.Request) {
	st, err := s.status()
	if err != nil {
		s.problem(w, r, err)
		return
	}
	var b bytes.Buffer
	if err := statusTemplate.Execute(&b, st); err != nil {
		s.problem(w, r, fmt.Errorf("status page: %w", err))
		return
	}
	s.write(w, r, http.StatusOK, "text/html; charset=utf-8", b.Bytes())
}

func (s *Server) status() (*status, error) {
	now := s.svc.J.Now()
	st := &status{Now: now, Wall: watch.Apart(s.opt.Clock(), now), Health: s.opt.Watch.Report()}
	var err error
	if st.Demo, err = s.svc.Demo(); err != nil {
		return nil, err
	}
	return st, s.svc.J.View(func(tx *bbolt.Tx) error {
		for _, live := range []func(*bbolt.Tx, string) (*alerts.Warning, error){alerts.LiveWarning, alerts.LiveDrill} {
			w, err := live(tx, s.svc.Region)
			if err != nil {
				return err
			}
			if w == nil {
				continue
			}
			board, err := notify.Board(tx, w.ID)
			if err != nil {
				return err
			}
			st.Warnings = append(st.Warnings, warningStatus{w, countsOf(board)})
		}
		open, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 10)
		if err != nil {
			return err
		}
		st.Proposals = open.Items
		feeds, err := alerts.Feeds(tx)
		if err != nil {
			return err
		}
		for _, f := range feeds {
			if f.Silent {
				st.Silent = append(st.Silent, f)
			}
		}
		stands, err := reductionlist.StandsAt(tx, now)
		if err != nil || stands.Current.ID == "" {
			return err
		}
		list, err := versionOf(tx, &stands.Current, stands)
		st.List = &list
		return err
	})
}

func countsOf(b *notify.Overview) []count {
	return []count{
		{"orders.total", b.Total},
		{"orders.pending", b.Delivery["pending"] + b.Delivery["sent"]},
		{"orders.received", b.Delivery["delivered"] + b.Delivery["read"]},
		{"name.order_state.failed", b.Delivery["failed"]},
		{"name.order_state.awaiting", b.Answer["awaiting"]},
		{"name.order_state.acknowledged", b.Answer["acknowledged"]},
		{"name.order_state.objected", b.Answer["objected"]},
		{"name.order_state.overdue", b.Answer["overdue"]},
		{"name.order_state.completed", b.Execution["completed"]},
	}
}
