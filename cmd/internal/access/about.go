package access

import "qingkong/cmd/internal/journal"

// AboutUser is what events of this package concern: a user, whose rights may have changed.
const AboutUser = "user"

// Quiet are the kinds that concern nobody.
func Quiet() []string { return []string{LoginKeyMade{}.Kind()} }

// About says whom an event of another kind concerns.
func About(ev journal.Event) []journal.Subject {
	of := func(user string) []journal.Subject { return []journal.Subject{{Kind: AboutUser, ID: user}} }
	switch ev := ev.(type) {
	case AccountAdded:
		return of(ev.User)
	case CredentialsIssued:
		return of(ev.Recipient)
	case AccountRenewed:
		return of(ev.User)
	case CredentialsRevoked:
		return of(ev.Recipient)
	case PasswordChanged:
		return of(ev.User)
	case TokenAdded:
		return of(ev.User)
	case TokenRevoked:
		return of(ev.User)
	case TokenExpired:
		return of(ev.User)
	case Disabled:
		return of(ev.User)
	case Enabled:
		return of(ev.User)
	case SessionsEnded:
		return of(ev.User)
	case PhoneChanged:
		return of(ev.User)
	case FactorEnrolled:
		return of(ev.User)
	case FactorReset:
		return of(ev.User)
	case CodeUsed:
		return of(ev.User)
	case PersonalSeen:
		return of(ev.User)
	}
	return nil
}
