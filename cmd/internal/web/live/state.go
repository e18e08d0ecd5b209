package live

import (
	"encoding/json"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify"
	"qingkong/notify/ledger"
	"qingkong/reductionlist"
)

// State is where things stand after the entry Index. A nil member is one that the viewer may not see or did not ask
// for.
type State struct {
	Index     int64              `json:"index"`
	Warnings  []WarningState     `json:"warnings,omitzero"` // the live one, the running drill; or the one asked for
	Proposals []*alerts.Proposal `json:"proposals,omitzero"`
	List      any                `json:"list,omitzero"` // the version in force, JSON null for none
	Feeds     []alerts.FeedState `json:"feeds,omitzero"`
	Orders    []*OrderChange     `json:"orders,omitzero"` // the open ones of an enterprise, or the one asked for
}

// WarningState is a warning with its board.
type WarningState struct {
	Warning *alerts.Warning       `json:"warning"`
	Board   *calls.InspectedBoard `json:"board,omitzero"`
}

// size is how many entries the record has.
func size(tx *bbolt.Tx) (int64, error) {
	tree, err := ledger.Load(tx)
	if err != nil {
		return 0, err
	}
	return tree.Size(), nil
}

// snapshot reads the state and the index it holds for in one transaction, so that nothing falls between it and what
// follows. One that many viewers share is read once.
func (h *Hub) snapshot(f Filter) (*Message, error) {
	shared := f.Recipient == "" && f.Order == ""
	if shared {
		h.snapshots.Lock()
		defer h.snapshots.Unlock()
	}
	var m *Message
	err := h.svc.J.View(func(tx *bbolt.Tx) error {
		n, err := size(tx)
		if err != nil {
			return err
		}
		if shared {
			if m = h.snapshots.of[f]; m != nil && m.Index == n-1 {
				return nil
			}
		}
		st, err := h.state(tx, f)
		if err != nil {
			return err
		}
		st.Index = n - 1
		at := place{st.Index, whole}
		m = &Message{Kind: Snapshot, ID: at.id(h.tag), Index: at.index, n: at.n, Value: st}
		return nil
	})
	if err == nil && shared {
		h.snapshots.keep(f, m)
	}
	return m, err
}

// keep holds those of one index.
func (s *snapshots) keep(f Filter, m *Message) {
	if s.at != m.Index || s.of == nil {
		s.at, s.of = m.Index, map[Filter]*Message{}
	}
	s.of[f] = m
}

func (h *Hub) state(tx *bbolt.Tx, f Filter) (*State, error) {
	st := new(State)
	for _, read := range []struct {
		wanted bool
		read   func(*bbolt.Tx, Filter, *State) error
	}{
		{f.Warnings, h.readWarnings},
		{f.Proposals, readProposals},
		{f.Lists, h.readList},
		{f.Feeds, readFeeds},
		{f.Order != "" || f.Orders == OfRecipient, readOrders},
	} {
		if !read.wanted {
			continue
		}
		if err := read.read(tx, f, st); err != nil {
			return nil, err
		}
	}
	return st, nil
}

func (h *Hub) readWarnings(tx *bbolt.Tx, f Filter, st *State) error {
	reads := []func() (*alerts.Warning, error){
		func() (*alerts.Warning, error) { return alerts.LiveWarning(tx, h.svc.Region) },
		func() (*alerts.Warning, error) { return alerts.LiveDrill(tx, h.svc.Region) },
	}
	if f.Warning != "" {
		reads = []func() (*alerts.Warning, error){func() (*alerts.Warning, error) { return alerts.GetWarning(tx, f.Warning) }}
	}
	st.Warnings = []WarningState{}
	for _, read := range reads {
		w, err := read()
		if err != nil {
			return err
		}
		if w == nil {
			continue
		}
		if f.Public {
			w = w.Public()
		}
		ws := WarningState{Warning: w}
		if f.Boards {
			board, err := h.svc.BoardOf(tx, w.ID)
			if err != nil {
				return err
			}
			ws.Board = &board
		}
		st.Warnings = append(st.Warnings, ws)
	}
	return nil
}

func readProposals(tx *bbolt.Tx, _ Filter, st *State) error {
	open, err := alerts.ListProposals(tx, string(alerts.StateOpen), "", 0)
	st.Proposals = open.Items
	return err
}

func (h *Hub) readList(tx *bbolt.Tx, _ Filter, st *State) error {
	v, err := reductionlist.Current(tx, h.svc.J.Wall())
	switch {
	case refusal.CodeOf(err) == refusal.NotFound:
		st.List = json.RawMessage("null")
	case err != nil:
		return err
	default:
		st.List, err = h.opt.Version(tx, &v, h.svc.J.Wall())
		return err
	}
	return nil
}

func readFeeds(tx *bbolt.Tx, _ Filter, st *State) (err error) {
	st.Feeds, err = alerts.Feeds(tx)
	return err
}

func readOrders(tx *bbolt.Tx, f Filter, st *State) error {
	st.Orders = []*OrderChange{}
	if f.Order != "" {
		o, err := notify.Get(tx, f.Order)
		if err == nil {
			st.Orders = append(st.Orders, changeOf(o, ""))
		}
		return err
	}
	if f.Recipient == "" {
		return nil
	}
	find := notify.Filter{Recipient: f.Recipient, Warning: f.Warning, State: notify.StateOpen.String()}
	orders, _, err := notify.ListOrders(tx, find, "", notify.MaxPage)
	for _, o := range orders {
		st.Orders = append(st.Orders, changeOf(o, ""))
	}
	return err
}
