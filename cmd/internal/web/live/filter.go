package live

import (
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// Scope is whose orders a viewer hears of, and what else is a recipient's.
type Scope int

// The scopes.
const (
	NoOrders    Scope = iota
	OfRecipient       // those of Filter.Recipient
	OfTown            // those of Filter.Town
	AllOrders         // any, but only those of Filter.Order or Filter.Warning: all at once nobody can read
)

// Filter is what a viewer gets. The zero value is nothing.
type Filter struct {
	Warnings, Boards, Proposals, Lists, Feeds bool

	Public bool       // of warnings what is public alone, see alerts.Warning.Public
	Role   calls.Role // whose rights say what is heard of other topics

	Orders    Scope
	Recipient string
	Town      string

	// Warning and Order narrow to what is about one of them: a warning with its board and orders, an order with its
	// warning. Empty they do not.
	Warning, Order string
}

// FilterOf is what a user may see, each kind by the right to read the same by a call. The board of the district is left
// out for those who can do nothing about it: sent to every enterprise it would be most of what is sent.
func FilterOf(p *access.Principal) Filter {
	may := func(act string) bool { return calls.Allowed(p.Role, act) }
	f := Filter{
		Warnings:  may(calls.ActWarningsRead),
		Boards:    may(calls.ActBoardRead) && p.Role != calls.Enterprise && p.Role != calls.Feeder,
		Proposals: may(calls.ActProposalsList),
		Lists:     may(calls.ActListsRead),
		Feeds:     may(calls.ActSkillRead),
		Public:    !service.Decides(p),
		Role:      p.Role,
	}
	if !may(calls.ActOrdersRead) {
		return f
	}
	switch p.Role {
	case calls.Enterprise:
		f.Orders, f.Recipient = OfRecipient, p.Recipient
	case calls.Town:
		f.Orders, f.Town = OfTown, p.Town
	default:
		f.Orders = AllOrders
	}
	return f
}

// OfWarning narrows to one warning.
func (f Filter) OfWarning(id string) Filter {
	f.Warning, f.Proposals, f.Lists, f.Feeds = id, false, false, false
	return f
}

// OfOrder narrows to one order. The caller has looked up that the viewer may see it.
func (f Filter) OfOrder(o *notify.Order) Filter {
	f = f.OfWarning(o.WarningID)
	f.Order, f.Boards = o.ID, false
	return f
}

func (f *Filter) takes(m *Message) bool {
	switch {
	case !f.hears(m):
		return false
	case f.Warning != "" && f.Warning != m.warning, f.Order != "" && m.order != "" && f.Order != m.order:
		return false
	case m.of == "":
		return true
	}
	switch f.Orders {
	case OfRecipient:
		return f.Recipient != "" && f.Recipient == m.of
	case OfTown:
		return f.Town != "" && f.Town == m.town
	case AllOrders:
		return f.Warning != "" || f.Order != "" || m.Kind == Station || m.Kind == Finding || m.Kind == Task ||
			m.Kind == Inspection
	}
	return false
}

// hears says whether the filter has messages of a kind, whosever they are.
func (f *Filter) hears(m *Message) bool {
	switch m.Kind {
	case Warning:
		return f.Warnings
	case Board:
		return f.Boards
	case Proposal:
		return f.Proposals
	case List:
		return f.Lists
	case Feed:
		return f.Feeds
	case Order:
		return f.Orders != NoOrders
	}
	return calls.Allowed(f.Role, m.act)
}
