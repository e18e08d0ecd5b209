package bus

import (
	"os"
	"strings"
	"testing"
)

// docs/contract.md §4 names every subject that a role may use, and both streams.
func TestTheContractHasEverySubject(t *testing.T) {
	text, err := os.ReadFile("../../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\n## 4. NATS")
	part, _, _ := strings.Cut(after, "\n## 5.")
	rows := map[string]string{}
	for line := range strings.Lines(part) {
		if cells := strings.Split(line, "|"); len(cells) > 3 {
			for who := range strings.SplitSeq(strings.TrimSpace(cells[1]), ", ") {
				rows[who] += line
			}
		}
	}
	rows[RoleDuty] += rows[RoleViewer]
	rows[RoleApprover], rows[RoleAdmin] = rows[RoleDuty], rows[RoleDuty]
	written := strings.NewReplacer("E0001", "<id>", "MN1", "<its own MN>")
	for _, role := range []string{RoleDuty, RoleApprover, RoleInspector, RoleEnterprise, RoleTown, RoleViewer, RoleFeeder,
		RoleAdmin, RoleNeighbour} {
		p := Permissions(Identity{User: "E0001", Role: role, Recipient: "E0001", MNs: []string{"MN1"}})
		for _, subject := range append(p.Pub.Allow, p.Sub.Allow...) {
			switch {
			case strings.HasPrefix(subject, "$JS."): // of the consumer that the page tells of
			case strings.HasPrefix(subject, "_INBOX."):
			default:
				subject = strings.Replace(subject, "qingkong.drill.", "qingkong.", 1)
				if name := "`" + written.Replace(subject) + "`"; !strings.Contains(rows[role], name) {
					t.Errorf("docs/contract.md lacks %s of %s", name, role)
				}
			}
		}
	}
	for _, name := range []string{StreamEvents, StreamDrill, "QINGKONG_JOURNAL", "_INBOX.<user>", "qingkong.drill."} {
		if !strings.Contains(part, "`"+name) {
			t.Errorf("docs/contract.md §4 lacks %s", name)
		}
	}
}
