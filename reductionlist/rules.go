package reductionlist

import "slices"

// The names of the three marks.
const (
	MarkOperable    = "operable"    // 可操作
	MarkMonitorable = "monitorable" // 可监测
	MarkCheckable   = "checkable"   // 可核查
)

// Rule is one rule that a list is held to. An error is what makes a list unusable, whoever looks at it: what cannot be
// read, contradicts itself, or could never be carried out, watched or judged. A warning may well be right and needs a
// person to look: estimates that disagree, names that are alike, what depends on the trade or the place.
type Rule struct {
	Name     string   `json:"rule"` // of the catalogue; what to do stands under Name + ".remedy"
	Severity string   `json:"severity"`
	Eased    bool     `json:"eased,omitempty"` // a warning where the action can do without
	Marks    []string `json:"marks,omitempty"` // that a measure loses by it
	// Source names the document and how sure it is: [S…] seen, [K] known of the trade, [D] decided here, [?] unsure and so a
	// setting.
	Source string `json:"source"`

	// lost is said of a cell or row that could not be read: what builds on it is not judged then, for it would be told twice.
	lost bool
	// beside are the sheets whose rows of the same recipient the rule looks at, across those whose rows of any.
	beside, across []string
}

const (
	byReading  = "how workbooks are made in practice [D]"
	bySheet    = "contract.md §5"
	byMarks    = "domain.md §3.5 [S13-2020, D]"
	byChecks   = "domain.md §3 [D]"
	bySafety   = "domain.md §3.5 [D]"
	byPersonal = "design.md §2, personal data"
)

var (
	operable    = []string{MarkOperable}
	monitorable = []string{MarkMonitorable}
	checkable   = []string{MarkCheckable}
)

// rules is every rule, by what it is about.
var rules = []Rule{
	// What can be read at all.
	{Name: "list.no_sheet", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.empty_sheet", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.unknown_sheet", Severity: SeverityWarning, Source: bySheet},
	{Name: "list.hidden_sheet", Severity: SeverityWarning, Source: byReading},
	{Name: "list.no_header", Severity: SeverityError, Source: byReading, lost: true},
	{Name: "list.header_again", Severity: SeverityWarning, Source: byReading},
	{Name: "list.stray_row", Severity: SeverityWarning, Source: byReading},
	{Name: "list.hidden_row", Severity: SeverityWarning, Source: byReading},
	{Name: "list.hidden_column", Severity: SeverityWarning, Source: byReading},
	{Name: "list.unnamed_column", Severity: SeverityWarning, Source: byReading},
	{Name: "list.too_wide", Severity: SeverityWarning, Source: byReading},
	{Name: "list.merged_cells", Severity: SeverityWarning, Source: byReading},
	{Name: "list.formula", Severity: SeverityWarning, Source: byReading},
	{Name: "list.formula_empty", Severity: SeverityError, Source: byReading, lost: true},
	{Name: "list.cell_error", Severity: SeverityError, Source: byReading, lost: true},
	{Name: "list.code_scientific", Severity: SeverityError, Source: byReading, lost: true},
	{Name: "list.uscc_scientific", Severity: SeverityError, Source: byReading},
	{Name: "list.code_short", Severity: SeverityWarning, Source: "GB/T 4754-2017"},
	{Name: "list.too_many", Severity: SeverityWarning, Source: byReading},
	{Name: "list.no_column", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.column_twice", Severity: SeverityError, Source: bySheet},
	{Name: "list.no_key", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.no_table", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.no_pollutant", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.no_name", Severity: SeverityError, Source: bySheet},
	{Name: "list.required", Severity: SeverityError, Source: bySheet, lost: true, Marks: operable},
	{Name: "list.enum", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.word_twice", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.number", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.number_range", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.date", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.dates_reversed", Severity: SeverityError, Source: bySheet},
	{Name: "list.range_reversed", Severity: SeverityError, Source: bySheet},
	{Name: "list.region", Severity: SeverityError, Source: "GB/T 2260; " + bySheet},
	{Name: "list.id_form", Severity: SeverityError, Source: "design.md §2: ids stand in subjects and keys", lost: true},
	{Name: "list.control", Severity: SeverityError, Source: byReading, lost: true},
	{Name: "list.id_reserved", Severity: SeverityError, Source: "who acts is named by id in the record"},
	{Name: "list.id_account", Severity: SeverityError, Source: "who acts is named by id in the record"},
	{Name: "list.duplicate", Severity: SeverityError, Source: byChecks, lost: true},
	{Name: "list.period_overlap", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.unknown_recipient", Severity: SeverityError, Source: bySheet, lost: true},
	{Name: "list.empty", Severity: SeverityError, Source: bySheet},
	{Name: "list.phone", Severity: SeverityError, Source: byChecks + " (mobile numbers: 工业和信息化部 11 digits, 13–19) [K]"},
	{Name: "list.phone_in_record", Severity: SeverityError, Source: byPersonal},
	{Name: "list.no_phone", Severity: SeverityWarning, Source: bySheet},

	// 可操作.
	{Name: "list.vague", Severity: SeverityError, Source: byMarks, Marks: operable},
	{Name: "list.no_quantity", Severity: SeverityError, Eased: true, Source: byMarks, Marks: []string{MarkOperable, MarkCheckable}},
	{Name: "list.no_unit", Severity: SeverityError, Source: byMarks, Marks: operable},
	{Name: "list.percent_unit", Severity: SeverityError, Source: bySheet, Marks: operable},
	{Name: "list.percent_small", Severity: SeverityWarning, Source: bySheet + " [D]", Marks: operable},
	{Name: "list.quantity_kind", Severity: SeverityError, Source: bySheet},
	{Name: "list.quantity_unit", Severity: SeverityWarning, Source: byMarks, Marks: operable},
	{Name: "list.no_device", Severity: SeverityWarning, Source: byMarks, Marks: operable},
	{Name: "list.unknown_line", Severity: SeverityWarning, Source: byMarks, Marks: operable, beside: []string{sheetRecipients, sheetLines, sheetUnits, sheetFurnaces}},
	{Name: "list.no_deadline", Severity: SeverityWarning, Source: bySafety, Marks: operable},
	{Name: "list.unsafe_stop", Severity: SeverityWarning, Source: bySafety, Marks: operable, beside: []string{sheetLines}},
	{Name: "list.not_a_post", Severity: SeverityWarning, Source: byPersonal + "; " + byMarks, Marks: operable},

	// 可监测.
	{Name: "list.no_monitor", Severity: SeverityError, Source: byMarks, Marks: monitorable},
	{Name: "list.pairing", Severity: SeverityError, Source: bySheet},
	{Name: "list.no_ref", Severity: SeverityWarning, Source: byMarks, Marks: monitorable},
	{Name: "list.unknown_channel", Severity: SeverityWarning, Source: byMarks, Marks: monitorable, beside: []string{sheetRecipients, sheetLines}},
	{Name: "list.other_meter", Severity: SeverityWarning, Source: byMarks, Marks: monitorable, beside: []string{sheetLines}},
	{Name: "list.no_factor", Severity: SeverityWarning, Source: "HJ 212-2017 App. B [S16]", Marks: monitorable},
	{Name: "list.factor", Severity: SeverityWarning, Source: "HJ 212-2017 App. B, HJ/T 212-2005 [S16, S20]", Marks: monitorable},
	{Name: "list.no_criterion", Severity: SeverityError, Source: bySheet, Marks: monitorable},
	{Name: "list.criterion", Severity: SeverityError, Source: bySheet, Marks: monitorable},
	{Name: "list.criterion_source", Severity: SeverityError, Source: byMarks, Marks: monitorable},
	{Name: "list.criterion_factor", Severity: SeverityWarning, Source: "HJ 212-2017 App. B [S16]; " + byMarks, Marks: monitorable},
	{Name: "list.criterion_loose", Severity: SeverityWarning, Source: byMarks, Marks: monitorable},

	// 可核查.
	{Name: "list.no_evidence", Severity: SeverityError, Source: byMarks, Marks: checkable},
	{Name: "list.evidence_unfit", Severity: SeverityWarning, Source: "domain.md §3.8, evidence [K]", Marks: checkable},

	// Codes and places.
	{Name: "list.uscc", Severity: SeverityError, Source: "GB 32100-2015"},
	{Name: "list.no_uscc", Severity: SeverityWarning, Source: bySheet},
	{Name: "list.permit", Severity: SeverityWarning, Source: "HJ 608-2017 App. A: USCC, three digits, one letter; older certificates differ [K]"},
	{Name: "list.permit_other", Severity: SeverityWarning, Source: "HJ 608-2017"},
	{Name: "list.mn", Severity: SeverityWarning, Source: "HJ 212-2017: 24 hexadecimal digits [S16]; HJ/T 212-2005 had 14 [K]"},
	{Name: "list.code_twice", Severity: SeverityWarning, Source: byChecks, across: []string{sheetRecipients}},
	{Name: "list.meter_twice", Severity: SeverityWarning, Source: byChecks, across: []string{sheetRecipients, sheetLines}},
	{Name: "list.near_name", Severity: SeverityWarning, Source: byChecks + " [D]: near_names"},
	{Name: "list.no_industry", Severity: SeverityWarning, Source: "GB/T 4754-2017"},
	{Name: "list.half_position", Severity: SeverityWarning, Source: bySheet},
	{Name: "list.district_box", Severity: SeverityError, Source: byChecks},
	{Name: "list.outside_district", Severity: SeverityWarning, Source: byChecks + "; the datum is unsure [?]: district_margin_deg"},
	{Name: "list.unknown_town", Severity: SeverityWarning, Source: bySheet, across: []string{sheetRecipients}},

	// Grade and category against measure.
	{Name: "list.no_measures", Severity: SeverityWarning, Source: bySheet, beside: []string{sheetMeasures}},
	{Name: "list.grade_forced", Severity: SeverityWarning, Source: "domain.md §3.4 [K]", beside: []string{sheetRecipients}},
	{Name: "list.no_max_load", Severity: SeverityWarning, Source: "domain.md §3.4, 保障类 [K]"},
	{Name: "list.safeguard_stop", Severity: SeverityWarning, Source: "domain.md §3.4, 保障类 [K]", beside: []string{sheetRecipients}},
	{Name: "list.micro_forced", Severity: SeverityWarning, Source: "domain.md §3.4, 小微涉气 [?]: micro_spared", beside: []string{sheetRecipients}},
	{Name: "list.micro_emission", Severity: SeverityWarning, Source: "domain.md §3.4, 小微涉气 [?]: micro_kg_per_year", beside: []string{sheetLines}},
	{Name: "list.closed_measures", Severity: SeverityWarning, Source: byChecks, beside: []string{sheetMeasures}},

	// Amounts.
	{Name: "list.level_weaker", Severity: SeverityError, Source: byChecks, beside: []string{sheetMeasures}},
	{Name: "list.level_reduces_less", Severity: SeverityWarning, Source: byChecks, beside: []string{sheetMeasures, sheetLines, sheetRecipients}},
	{Name: "list.idle_reduction", Severity: SeverityWarning, Source: byChecks, beside: []string{sheetRecipients, sheetLines}},
	{Name: "list.line_exceeds", Severity: SeverityWarning, Source: byChecks, beside: []string{sheetLines, sheetMeasures}},
	{Name: "list.reduction_exceeds", Severity: SeverityWarning, Source: byChecks, beside: []string{sheetLines, sheetMeasures}},
	{Name: "list.bottom_line", Severity: SeverityWarning, Source: "津政办规〔2023〕9号 [S4]; VOCs of 2017 [S5]; SO2–NOx exchange [K]: bottom_line, so2_nox_exchange",
		across: []string{sheetHead, sheetRecipients, sheetLines, sheetMeasures}},
}

// Rules is the table of rules, for whoever documents them.
func Rules() []Rule { return slices.Clone(rules) }

var ruleByName = func() map[string]*Rule {
	byName := make(map[string]*Rule, len(rules))
	for i := range rules {
		byName[rules[i].Name] = &rules[i]
	}
	return byName
}()

// severityOf is how bad a rule is; one that the table does not have is an error.
func severityOf(rule string) string {
	if r := ruleByName[rule]; r != nil {
		return r.Severity
	}
	return SeverityError
}
