package calls

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The column "who" of contract.md §3. A role that a row names may, every other role may not.
func TestRolesMayWhatTheContractSays(t *testing.T) {
	const every = "duty approver inspector enterprise town viewer feeder admin"
	const seers = "duty approver inspector enterprise town viewer admin"
	contract := map[string]string{
		"forecasts.create": "feeder duty", "observations.create": "feeder",
		// the last is no row of the contract
		"proposals.list": "duty", "proposals.dismiss": "duty", "skill.read": "duty viewer feeder admin",
		"warnings.declare": "duty", "warnings.approve": "approver", "warnings.reject": "approver",
		"warnings.revise": "duty", "warnings.adjust": "duty", "warnings.lift": "duty", "warnings.cancel": "duty",
		"warnings.emergency_approve": "duty", "warnings.relist": "duty", "warnings.read": every, "board.read": every,
		"reports.read": "duty viewer",
		"lists.import": "duty approver admin", "lists.read": "duty approver admin", "lists.approve": "duty approver admin",
		// no rows of the contract
		"lists.town": "duty approver admin town", "papers.read": "duty approver inspector enterprise town admin",
		"personal.read": "admin", "personal.erase": "admin", "backups": "admin",
		"recipients.read": "duty approver inspector admin", "contacts.read": "duty approver admin town", "recipients.credentials": "admin",
		"accounts.create": "admin", "tokens.create": "admin", "accounts.read": "admin", "accounts.credentials": "admin",
		"accounts.disable": "admin", "tokens.revoke": "admin",
		"orders.read": seers, "orders.answer": "enterprise", "orders.objection": "duty", "orders.plan": "duty",
		"orders.call": "duty town", "orders.call_sheet": "duty approver inspector viewer admin town",
		// no rows of the contract
		"figures.read": "duty approver inspector viewer admin enterprise", "figures.write": "duty enterprise",

		"stations": "admin", "telemetry.write": "feeder enterprise", "telemetry.read": seers, "findings.read": seers,
		"findings.explain": "enterprise", "findings.decide": "duty", "tasks.read": "duty approver inspector viewer admin town",
		"tasks.write":      "duty inspector",
		"inspections.read": "duty approver inspector viewer admin enterprise town", "inspections.write": "inspector",
		"inspections.answer": "enterprise", "evidence.create": "inspector enterprise",
		"evidence.read": "duty approver inspector enterprise admin",
		"ledger.read":   "viewer inspector", "ledger.manage": "admin", "allocations": "duty", "indicators.read": every, "region": "duty",
		"events.read": every,
	}
	acts := slices.Sorted(maps.Keys(contract))
	if have := declaredActs(t); !slices.Equal(have, acts) {
		t.Errorf("the package declares the acts %q, the contract has %q", have, acts)
	}
	if have := slices.Sorted(maps.Keys(permissions)); !slices.Equal(have, acts) {
		t.Errorf("the table has the acts %q, the contract has %q", have, acts)
	}
	for act, who := range contract {
		for _, role := range Roles() {
			want := slices.Contains(strings.Fields(who), string(role))
			if got := Allowed(role, act); got != want {
				t.Errorf("Allowed(%s, %s) = %v, want %v", role, act, got, want)
			}
		}
	}
}

// declaredActs reads the constants Act… out of the source: one that the table forgets would be forbidden to all.
func declaredActs(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(gotoken.NewFileSet(), "roles.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Act") {
			return true
		}
		act, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		acts = append(acts, act)
		return false
	})
	slices.Sort(acts)
	return acts
}

func TestUnknownRolesAndActsAreRefused(t *testing.T) {
	for _, c := range []struct {
		role Role
		act  string
	}{{"", ActWarningsRead}, {"root", ActWarningsRead}, {"Duty", ActWarningsDeclare}, {Admin, ""},
		{Admin, "accounts.delete"}} {
		if Allowed(c.role, c.act) {
			t.Errorf("Allowed(%q, %q)", c.role, c.act)
		}
	}
}
