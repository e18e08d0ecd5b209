package bus

import (
	"regexp"
	"time"

	"github.com/nats-io/jwt/v2"
)

// Roles as identities carry them: those of contract.md §3, and the neighbouring districts.
const (
	RoleDuty       = "duty"
	RoleApprover   = "approver"
	RoleInspector  = "inspector"
	RoleEnterprise = "enterprise"
	RoleTown       = "town"
	RoleViewer     = "viewer"
	RoleFeeder     = "feeder"
	RoleAdmin      = "admin"
	RoleNeighbour  = "neighbour"
)

// Streams of the public account.
const (
	StreamEvents = "QINGKONG_EVENTS"
	StreamDrill  = "QINGKONG_DRILL"
)

// Identity is who a client is after its secret was found right.
type Identity struct {
	User      string   // name it logged in with; also that of its inbox. A neighbour's is its name in qingkong.region
	Role      string   // one of the Role constants; another one may do nothing
	Recipient string   // enterprise: its recipient id, which is also its User
	MNs       []string // enterprise: stations it may send telemetry for

	// Expires is when the login ends: by then, and less than a second before, the server closes the connection itself.
	// Zero is never.
	Expires time.Time
}

// token is what may stand as one token of a subject: it can be neither a wildcard nor reach beyond its place.
var token = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ValidUser says whether a name can be a user of the bus. Others cannot have an inbox of their own.
func ValidUser(name string) bool { return token.MatchString(name) }

// Permissions are the subjects of contract.md §4 for an identity. What is not named there is refused; an
// identity that is not complete, or whose names are no subject tokens, may do nothing at all.
func Permissions(id Identity) jwt.Permissions {
	var pub, sub []string
	if ValidUser(id.User) {
		pub, sub = allowed(id)
	}
	if len(pub)+len(sub) > 0 {
		sub = append(sub, "_INBOX."+id.User+".>")
	}
	return jwt.Permissions{Pub: only(pub), Sub: only(sub)}
}

// only allows the subjects and nothing else. An empty permission would allow everything.
func only(subjects []string) jwt.Permission {
	if len(subjects) == 0 {
		return jwt.Permission{Deny: jwt.StringList{">"}}
	}
	return jwt.Permission{Allow: subjects}
}

// allowed lists what an identity may publish and subscribe to, its inbox apart.
func allowed(id Identity) (pub, sub []string) {
	switch id.Role {
	case RoleEnterprise:
		if id.Recipient != id.User {
			return nil, nil
		}
		pub = both("answer."+id.Recipient, "pending."+id.Recipient, "receipts."+id.Recipient)
		for _, mn := range id.MNs {
			if token.MatchString(mn) {
				pub = append(pub, "qingkong.telemetry."+mn)
			}
		}
		return pub, both("order."+id.Recipient, "finding."+id.Recipient)
	case RoleFeeder:
		return both("forecast.*", "observation.*", "telemetry.*"), nil
	case RoleViewer, RoleInspector:
		return readStreams(id.User), both("warning.>", "proposal.>", "finding.>")
	case RoleDuty, RoleApprover, RoleAdmin:
		return readStreams(id.User), readSubjects()
	case RoleTown:
		return nil, both("warning.>")
	case RoleNeighbour:
		return both("region." + id.User + ".>"), both("region." + id.User + ".>")
	}
	return nil, nil
}

// readSubjects is what goes out and may be read from the account of those who read the streams.
func readSubjects() []string { return both("warning.>", "proposal.>", "finding.>", "order.>") }

// targets are the accounts that users are placed in; "" is one that the server does not have.
type targets struct{ public, feeders, officers, viewers string }

// of is the account of a role. streams says that a role has the streams there.
func (t targets) of(role string) (account string, streams bool) {
	switch role {
	case RoleDuty, RoleApprover, RoleAdmin:
		return t.reader(t.officers)
	case RoleInspector, RoleViewer:
		return t.reader(t.viewers)
	case RoleFeeder:
		return t.feeders, false
	}
	return t.public, false
}

// reader is the account of those who read the streams. Where the server has none they hear what goes out live in the
// public account, without JetStream.
func (t targets) reader(account string) (string, bool) {
	if account == "" {
		return t.public, false
	}
	return account, true
}

func isReader(role string) bool {
	_, streams := targets{officers: accountOfficers, viewers: accountViewers}.of(role)
	return streams
}

// feedSubject is a subject of feeders: what they publish to, and what comes of it in the public account.
type feedSubject struct{ From, To string }

// feedSubjects are the subjects that feeders publish to.
func feedSubjects() (all []feedSubject) {
	for _, kind := range []string{"forecast", "observation", "telemetry"} {
		for _, drill := range []string{"", "drill."} {
			all = append(all, feedSubject{"qingkong." + drill + kind + ".*", "feed." + drill + kind + ".*"})
		}
	}
	return all
}

// both gives each subject below qingkong. and its twin below qingkong.drill.
func both(subjects ...string) []string {
	out := make([]string, 0, 2*len(subjects))
	for _, s := range subjects {
		out = append(out, "qingkong."+s, "qingkong.drill."+s)
	}
	return out
}

// readStreams lets a user read the public streams through JetStream by one consumer on each, which bears its name, and
// change nothing in them. A name in a subject is literal: with a wildcard one user could take another's consumer over.
func readStreams(user string) []string {
	var pub []string
	for _, s := range []string{StreamEvents, StreamDrill} {
		pub = append(pub,
			"$JS.API.STREAM.INFO."+s,
			"$JS.API.CONSUMER.CREATE."+s+"."+user,
			"$JS.API.CONSUMER.CREATE."+s+"."+user+".>",
			"$JS.API.CONSUMER.INFO."+s+"."+user,
			"$JS.API.CONSUMER.MSG.NEXT."+s+"."+user,
			"$JS.ACK."+s+"."+user+".>")
	}
	return pub
}
