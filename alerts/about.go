package alerts

// Subject is what an event concerns: what it is, which one, and what the event did to it where how it stands does not
// say so.
type Subject = struct{ Kind, ID, Change string }

// The kinds of things that events of this package concern.
const (
	AboutWarning  = "warning"
	AboutProposal = "proposal"
	AboutFeed     = "feed"
)

// Quiet lists the kinds of events that concern nobody: what follows from a forecast or an observation is an event of
// its own.
func Quiet() []string { return []string{ForecastReceived{}.Kind(), ObservationReceived{}.Kind()} }

// About says whom an event of another kind concerns.
func About(ev Event) []Subject {
	switch ev := ev.(type) {
	case interface{ warningID() string }:
		return []Subject{{Kind: AboutWarning, ID: ev.warningID()}}
	case ProposalRaised:
		return []Subject{{Kind: AboutProposal, ID: ev.Proposal.ID}}
	case ProposalUpdated:
		return []Subject{{Kind: AboutProposal, ID: ev.Proposal.ID}}
	case ProposalAccepted:
		return []Subject{{Kind: AboutProposal, ID: ev.ID}}
	case ProposalDismissed:
		return []Subject{{Kind: AboutProposal, ID: ev.ID}}
	case ProposalWithdrawn:
		return []Subject{{Kind: AboutProposal, ID: ev.ID}}
	case FeedSilence:
		return []Subject{{Kind: AboutFeed, ID: ev.Feed}}
	}
	return nil
}
