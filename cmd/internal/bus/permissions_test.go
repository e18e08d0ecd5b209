package bus

import (
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"pgregory.net/rapid"
)

// maySubscribe asks the real server. The client reads the refusal before the flush returns.
func maySubscribe(t rapid.TB, nc *nats.Conn, subject string) bool {
	t.Helper()
	before := nc.LastError()
	sub, err := nc.SubscribeSync(subject)
	if err != nil {
		t.Fatalf("subscribe %q: %v", subject, err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	return flushed(t, nc, before)
}

func mayPublish(t rapid.TB, nc *nats.Conn, subject string) bool {
	t.Helper()
	before := nc.LastError()
	if err := nc.Publish(subject, []byte("{}")); err != nil {
		t.Fatalf("publish %q: %v", subject, err)
	}
	return flushed(t, nc, before)
}

func flushed(t rapid.TB, nc *nats.Conn, before error) bool {
	t.Helper()
	if err := nc.Flush(); err != nil {
		t.Fatalf("flush: %v", err)
	}
	after := nc.LastError()
	if after == before { //nolint:errorlint // the very same value means that no new one came
		return true
	}
	if !strings.Contains(strings.ToLower(after.Error()), "permissions violation") {
		t.Fatalf("unexpected error: %v", after)
	}
	return false
}

// reserved are subjects that no outside user may touch in any way.
var reserved = []string{
	"$SYS.REQ.USER.AUTH", "$SYS.REQ.USER.INFO", "$SYS.REQ.SERVER.PING", "$SYS.>", "$SYS.ACCOUNT.PUBLIC.CONNECT",
	"$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST", "$JS.API.STREAM.CREATE.X",
	"$JS.API.STREAM.INFO.QINGKONG_JOURNAL",
	"$JS.API.STREAM.DELETE.QINGKONG_EVENTS", "$JS.API.STREAM.PURGE.QINGKONG_EVENTS",
	"$JS.API.STREAM.UPDATE.QINGKONG_DRILL",
	"$JS.API.STREAM.MSG.DELETE.QINGKONG_EVENTS", "$JS.API.CONSUMER.CREATE.QINGKONG_JOURNAL.x",
	"$JS.API.CONSUMER.DELETE.QINGKONG_EVENTS.x",
	"$JS.API.DIRECT.GET.QINGKONG_JOURNAL.x", "$JS.ACK.QINGKONG_JOURNAL.c.1.1.1.1.0",
	"$JS.API.>", "$JS.>", "$KV.vault.x", "$KV.>", "$O.x", "mirror.api.CONSUMER.CREATE.QINGKONG_EVENTS", "mirror.deliver.x",
	"qingkong.journal", "journal.1", ">", "*", "*.>", "qingkong.>", "qingkong.*.*", "qingkong.drill.>",
	"qingkong.drill.*.*",
	"_INBOX.>", "_INBOX.*.x", "_INBOX.E0002.x", "_INBOX.E0002.>", "_INBOX.E00.x", "_INBOX.E0001x.y", "_INBOX.>.x", "_R_.x",
	"_REPLY_.x",
	"qingkong.order.*", "qingkong.order.>", "qingkong.order.E0002", "qingkong.order.E0001.x", "qingkong.order",
	"qingkong.drill.order.E0002",
	"qingkong.finding.*", "qingkong.finding.E0002", "qingkong.answer.*", "qingkong.answer.E0002",
	"qingkong.answer.E0001.x", "qingkong.answer.>",
	"qingkong.drill.answer.E0002", "qingkong.pending.E0002", "qingkong.pending.*",
	"qingkong.receipts.E0002", "qingkong.receipts.*", "qingkong.receipts.E0001.x", "qingkong.drill.receipts.E0002",
	"qingkong.region.>", "qingkong.region.*.notice", "qingkong.region.wuqing.notice", "Qingkong.order.E0001",
	"qingkong.drill.drill.order.E0001",
}

func TestPermissionsOnTheServer(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	outgoing := []string{"qingkong.warning.declared", "qingkong.warning.>", "qingkong.proposal.*", "qingkong.finding.>",
		"qingkong.drill.warning.lifted", "qingkong.drill.proposal.red", "qingkong.drill.finding.>"}
	consumer := func(name string) []string {
		return []string{"$JS.API.STREAM.INFO.QINGKONG_EVENTS", "$JS.API.STREAM.INFO.QINGKONG_DRILL",
			"$JS.API.CONSUMER.CREATE.QINGKONG_EVENTS." + name,
			"$JS.API.CONSUMER.CREATE.QINGKONG_EVENTS." + name + ".qingkong.warning.>",
			"$JS.API.CONSUMER.INFO.QINGKONG_DRILL." + name,
			"$JS.API.CONSUMER.MSG.NEXT.QINGKONG_EVENTS." + name, "$JS.ACK.QINGKONG_EVENTS." + name + ".1.1.1.1.0"}
	}
	streams := slices.Concat(consumer("c"), consumer("duty"), consumer("viewer"), consumer("viewer2"),
		[]string{"$JS.API.CONSUMER.CREATE.QINGKONG_EVENTS", "$JS.FC.QINGKONG_EVENTS.x"})
	orders := []string{"qingkong.order.E0001", "qingkong.order.*", "qingkong.order.>", "qingkong.order.E0002",
		"qingkong.drill.order.>", "qingkong.drill.order.E0002",
		"qingkong.order.E0001.x"}
	for _, c := range []struct {
		user     string
		sub, pub []string
	}{
		{"E0001",
			[]string{"qingkong.order.E0001", "qingkong.finding.E0001", "qingkong.drill.order.E0001",
				"qingkong.drill.finding.E0001", "_INBOX.E0001.>", "_INBOX.E0001.a.b"},
			[]string{"qingkong.answer.E0001", "qingkong.pending.E0001", "qingkong.drill.answer.E0001",
				"qingkong.drill.pending.E0001", "qingkong.receipts.E0001", "qingkong.drill.receipts.E0001",
				"qingkong.telemetry.MN0001", "qingkong.telemetry.MN0002"}},
		{"feeder", []string{"_INBOX.feeder.>"},
			[]string{"qingkong.forecast.tianjin-emc", "qingkong.observation.1017A", "qingkong.telemetry.MN0001",
				"qingkong.telemetry.MN0003",
				"qingkong.forecast.x", "qingkong.observation.x", "qingkong.drill.forecast.x", "qingkong.drill.observation.x",
				"qingkong.drill.telemetry.x"}},
		{"viewer", append([]string{"_INBOX.viewer.>"}, outgoing...), consumer("viewer")},
		{"inspector", append([]string{"_INBOX.inspector.>"}, outgoing...), consumer("inspector")},
		{"duty", slices.Concat([]string{"_INBOX.duty.>"}, outgoing, orders), consumer("duty")},
		{"approver", slices.Concat([]string{"_INBOX.approver.>"}, outgoing, orders), consumer("approver")},
		{"admin", slices.Concat([]string{"_INBOX.admin.>"}, outgoing, orders), consumer("admin")},
		{"town", []string{"qingkong.warning.declared", "qingkong.warning.>", "qingkong.drill.warning.lifted",
			"_INBOX.town.>"}, nil},
		{"jinghai", []string{"qingkong.region.jinghai.notice", "qingkong.region.jinghai.>", "qingkong.drill.region.jinghai.>",
			"_INBOX.jinghai.>"},
			[]string{"qingkong.region.jinghai.consultation", "qingkong.region.jinghai.notice",
				"qingkong.drill.region.jinghai.handover"}},
		{"stranger", nil, nil},
		{"E9", nil, nil}, // its user is not its recipient id
	} {
		t.Run(c.user, func(t *testing.T) {
			nc := connect(t, b.Addr(), c.user)
			all := slices.Concat(reserved, outgoing, streams, orders,
				[]string{"qingkong.telemetry.MN0001", "qingkong.telemetry.MN0003", "qingkong.telemetry.*", "qingkong.forecast.x",
					"qingkong.observation.x",
					"qingkong.answer.E0001", "qingkong.pending.E0001", "qingkong.receipts.E0001", "qingkong.region.jinghai.notice",
					"_INBOX." + c.user,
					"_INBOX.*", "_INBOX.*.>"},
				c.sub, c.pub)
			slices.Sort(all)
			for _, subject := range slices.Compact(all) {
				if got, want := maySubscribe(t, nc, subject), coveredBy(c.sub, subject); got != want {
					t.Errorf("subscribe %s: allowed %v, want %v", subject, got, want)
				}
				if strings.ContainsAny(subject, "*>") {
					continue // a message goes to one subject; the server refuses wildcards there anyway
				}
				if got, want := mayPublish(t, nc, subject), slices.Contains(c.pub, subject); got != want {
					t.Errorf("publish %s: allowed %v, want %v", subject, got, want)
				}
			}
			if c.user == "E0001" {
				if maySubscribeQueue(t, nc, "qingkong.order.E0002") || maySubscribeQueue(t, nc, "qingkong.order.*") {
					t.Error("a queue group reaches another's orders")
				}
			}
		})
	}
}

func maySubscribeQueue(t rapid.TB, nc *nats.Conn, subject string) bool {
	before := nc.LastError()
	sub, err := nc.QueueSubscribeSync(subject, "q")
	if err != nil {
		t.Fatalf("subscribe %q: %v", subject, err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	return flushed(t, nc, before)
}

// coveredBy is the obvious matcher: token by token, a pattern's wildcard taking the other's wildcards too.
func coveredBy(patterns []string, subject string) bool {
	s := strings.Split(subject, ".")
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		p := strings.Split(pattern, ".")
		for i := range p {
			switch {
			case p[i] == ">":
				return len(s) > i
			case i >= len(s) || s[i] == ">":
				return false
			case p[i] != "*" && p[i] != s[i]:
				return false
			}
		}
		return len(p) == len(s)
	})
}

// TestARecipientReachesItsOwnSubjectsOnly tries subjects made of the words that matter against the rule written out.
func TestARecipientReachesItsOwnSubjectsOnly(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	nc := connect(t, b.Addr(), "E0001")
	words := []string{"qingkong", "drill", "order", "finding", "answer", "pending", "receipts", "telemetry", "E0001",
		"E0002", "MN0001", "MN0003", "_INBOX", "$JS", "API", "x"}
	sub := append(both("order.E0001", "finding.E0001"), "_INBOX.E0001.>")
	pub := append(both("answer.E0001", "pending.E0001", "receipts.E0001"), "qingkong.telemetry.MN0001",
		"qingkong.telemetry.MN0002")
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOfN(rapid.SampledFrom(words), 1, 4).Draw(t, "tokens")
		if rapid.Bool().Draw(t, "near") {
			tokens = strings.Split(rapid.SampledFrom(slices.Concat(sub[:4], pub, []string{"_INBOX.E0001.x"})).Draw(t,
				"base"), ".")
		}
		literal := strings.Join(tokens, ".")
		if got, want := mayPublish(t, nc, literal), coveredBy(pub, literal); got != want {
			t.Fatalf("publish %s: allowed %v, want %v", literal, got, want)
		}
		i := rapid.IntRange(0, len(tokens)-1).Draw(t, "at")
		wild := slices.Clone(tokens)
		if wild[i] = rapid.SampledFrom([]string{"*", ">", wild[i]}).Draw(t, "wildcard"); wild[i] == ">" {
			wild = wild[:i+1]
		}
		subject := strings.Join(wild, ".")
		if got, want := maySubscribe(t, nc, subject), coveredBy(sub, subject); got != want {
			t.Fatalf("subscribe %s: allowed %v, want %v", subject, got, want)
		}
	})
}

func TestPermissionsOfIncompleteIdentities(t *testing.T) {
	for _, id := range []Identity{
		{},
		{User: "a"},
		{User: "a", Role: "Duty"},
		{User: "*", Role: RoleAdmin},
		{User: ">", Role: RoleFeeder},
		{User: "a.b", Role: RoleViewer},
		{User: "a b", Role: RoleViewer},
		{User: "值班", Role: RoleDuty},
		{User: "", Role: RoleEnterprise, Recipient: ""},
		{User: "E0001", Role: RoleEnterprise},
		{User: "E0001", Role: RoleEnterprise, Recipient: "E0002"},
	} {
		p := Permissions(id)
		if len(p.Pub.Allow)+len(p.Sub.Allow) > 0 || !slices.Equal(p.Pub.Deny, []string{">"}) ||
			!slices.Equal(p.Sub.Deny, []string{">"}) || p.Resp != nil {
			t.Errorf("%+v may do something: %+v", id, p)
		}
	}
	p := Permissions(Identity{User: "E0001", Role: RoleEnterprise, Recipient: "E0001",
		MNs: []string{"*", ">", "MN.x", "", "MN1"}})
	if want := []string{"qingkong.answer.E0001", "qingkong.drill.answer.E0001", "qingkong.pending.E0001",
		"qingkong.drill.pending.E0001", "qingkong.receipts.E0001", "qingkong.drill.receipts.E0001",
		"qingkong.telemetry.MN1"}; !slices.Equal(p.Pub.Allow, want) {
		t.Errorf("stations that are no tokens: %v, want %v", p.Pub.Allow, want)
	}
}
