// Package rules is what a reduction list is held to: every rule is a function over the list, wherever the list comes
// from.
//
// [Judge] finds what is wrong in a list that was read from a file, by sheet, row and column; [MarksOf] says of one
// measure whether it is 可操作, 可监测 and 可核查, and an [Assessor] scores a list by that. [Settings] are what a city decides. [Amend] and [AmendRecipient] change one row of a list and refuse what the
// rules hold against that row, or what the change makes wrong elsewhere; rows that an older version has and that nobody
// touches are as they are.
package rules

import (
	"slices"

	list "qingkong/reductionlist"
)

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
	// Source names the document and how sure it is: [S…] seen, [K] known of the trade, [D] decided here, [?] unsure and so
	// a setting.
	Source string `json:"source"`

	// lost is said of a cell or row that could not be read: what builds on it is not judged then, for it would be told
	// twice.
	lost bool
	// private is said of a cell that names a person or may: its value is not shown.
	private bool
	// beside are the columns without which the rule may find what is none: of rows of the same recipient; across, of any.
	// A column without a header is a row that is missing.
	beside, across []list.SheetColumn
}

// columns are some of a sheet; see [Rule].
func columns(sheet string, headers ...string) []list.SheetColumn {
	all := make([]list.SheetColumn, len(headers))
	for i, h := range headers {
		all[i] = list.SheetColumn{Sheet: sheet, Header: h}
	}
	return all
}

const aRow = "" // the header of a row that is missing

var (
	category   = columns(list.SheetRecipients, "管控类别")
	lineNames  = columns(list.SheetLines, aRow, "编号", "名称")
	lineMasses = columns(list.SheetLines, "SO2日排放(吨)", "NOx日排放(吨)", "PM日排放(吨)", "VOCs日排放(吨)")
	idleLines  = append(columns(list.SheetLines, "长期停运"), lineNames...)
	reductions = columns(list.SheetMeasures, aRow, "措施编号", "级别", "SO2日减排(吨)", "NOx日减排(吨)", "PM日减排(吨)",
		"VOCs日减排(吨)")
)

// How bad a rule is; see [Rule].
const (
	mistake = list.SeverityError
	doubt   = list.SeverityWarning
)

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
	{Name: "list.no_sheet", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.empty_sheet", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.unknown_sheet", Severity: doubt, Source: bySheet},
	{Name: "list.hidden_sheet", Severity: doubt, Source: byReading},
	{Name: "list.no_header", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.header_again", Severity: doubt, Source: byReading},
	{Name: "list.stray_row", Severity: doubt, Source: byReading},
	{Name: "list.hidden_row", Severity: doubt, Source: byReading},
	{Name: "list.hidden_column", Severity: doubt, Source: byReading},
	{Name: "list.unnamed_column", Severity: doubt, Source: byReading},
	{Name: "list.too_wide", Severity: doubt, Source: byReading},
	{Name: "list.merged_cells", Severity: doubt, Source: byReading},
	{Name: "list.formula", Severity: doubt, Source: byReading},
	{Name: "list.formula_empty", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.cell_error", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.cell_date", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.cell_time", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.cell_hidden", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.cell_unit", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.ditto", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.code_scientific", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.uscc_scientific", Severity: mistake, Source: byReading},
	{Name: "list.code_short", Severity: doubt, Source: "GB/T 4754-2017"},
	{Name: "list.too_many", Severity: doubt, Source: byReading},
	{Name: "list.no_column", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.column_twice", Severity: mistake, Source: bySheet},
	{Name: "list.no_key", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.no_table", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.no_pollutant", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.no_name", Severity: mistake, Source: bySheet},
	{Name: "list.required", Severity: mistake, Source: bySheet, lost: true, Marks: operable},
	{Name: "list.enum", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.word_twice", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.number", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.number_range", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.date", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.dates_reversed", Severity: mistake, Source: bySheet},
	{Name: "list.range_reversed", Severity: mistake, Source: bySheet},
	{Name: "list.region", Severity: mistake, Source: "GB/T 2260; " + bySheet},
	{Name: "list.id_form", Severity: mistake, Source: "design.md §2: ids stand in subjects and keys",
		lost: true},
	{Name: "list.control", Severity: mistake, Source: byReading, lost: true},
	{Name: "list.id_reserved", Severity: mistake, Source: "who acts is named by id in the record"},
	{Name: "list.id_account", Severity: mistake, Source: "who acts is named by id in the record"},
	{Name: "list.duplicate", Severity: mistake, Source: byChecks, lost: true},
	{Name: "list.period_overlap", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.unknown_recipient", Severity: mistake, Source: bySheet, lost: true},
	{Name: "list.empty", Severity: mistake, Source: bySheet},
	{Name: "list.phone", Severity: mistake,
		Source: byChecks + " (mobile numbers: 工业和信息化部 11 digits, 13–19) [K]"},
	{Name: "list.phone_in_record", Severity: mistake, Source: byPersonal, private: true},
	{Name: "list.no_phone", Severity: doubt, Source: bySheet},

	// 可操作.
	{Name: "list.no_text", Severity: mistake, Source: byMarks, Marks: operable},
	{Name: "list.text_quantity", Severity: mistake, Source: byMarks, Marks: operable},
	{Name: "list.vague", Severity: mistake, Eased: true, Source: byMarks, Marks: operable},
	{Name: "list.no_quantity", Severity: mistake, Eased: true, Source: byMarks,
		Marks: []string{MarkOperable, MarkCheckable}},
	{Name: "list.no_unit", Severity: mistake, Source: byMarks, Marks: operable},
	{Name: "list.percent_unit", Severity: mistake, Source: bySheet, Marks: operable},
	{Name: "list.percent_small", Severity: mistake, Source: bySheet + " [D]", Marks: operable},
	{Name: "list.quantity_kind", Severity: mistake, Source: bySheet},
	{Name: "list.quantity_unit", Severity: doubt, Source: byMarks, Marks: operable},
	{Name: "list.no_device", Severity: doubt, Source: byMarks, Marks: operable},
	{Name: "list.unknown_line", Severity: doubt, Source: byMarks, Marks: operable,
		beside: slices.Concat(lineNames, columns(list.SheetUnits, "名称"), columns(list.SheetFurnaces, "名称"))},
	{Name: "list.no_deadline", Severity: doubt, Source: bySafety, Marks: operable},
	{Name: "list.unsafe_stop", Severity: doubt, Source: bySafety, Marks: operable},
	{Name: "list.deadline_long", Severity: mistake, Source: bySafety + ": 72 h, or the safe stop of the line",
		Marks:  operable,
		beside: append(columns(list.SheetLines, "安全停产时间(小时)"), lineNames...)},
	{Name: "list.person_named", Severity: mistake, Source: byPersonal + "; post_words", Marks: operable,
		private: true},
	{Name: "list.not_a_post", Severity: doubt, Source: byPersonal + "; " + byMarks, Marks: operable,
		private: true},

	// 可监测.
	{Name: "list.no_monitor", Severity: mistake, Source: byMarks, Marks: monitorable},
	{Name: "list.pairing", Severity: mistake, Source: bySheet},
	{Name: "list.no_ref", Severity: doubt, Source: byMarks, Marks: monitorable},
	{Name: "list.unknown_channel", Severity: doubt, Source: byMarks, Marks: monitorable,
		beside: append(columns(list.SheetRecipients, "监测站点MN", "电表编号"), columns(list.SheetLines, "分表编号")...)},
	{Name: "list.other_meter", Severity: doubt, Source: byMarks, Marks: monitorable,
		beside: slices.Concat(columns(list.SheetRecipients, "电表编号"), columns(list.SheetLines, "分表编号"), lineNames)},
	{Name: "list.no_factor", Severity: doubt, Source: "HJ 212-2017 App. B [S16]", Marks: monitorable},
	{Name: "list.factor", Severity: doubt, Source: "HJ 212-2017 App. B, HJ/T 212-2005 [S16, S20]",
		Marks: monitorable},
	{Name: "list.no_criterion", Severity: mistake, Source: bySheet, Marks: monitorable},
	{Name: "list.criterion", Severity: mistake, Source: bySheet, Marks: monitorable},
	{Name: "list.criterion_source", Severity: mistake, Source: byMarks, Marks: monitorable},
	{Name: "list.criterion_stopped", Severity: mistake, Source: byMarks, Marks: monitorable},
	{Name: "list.criterion_factor", Severity: doubt, Source: "HJ 212-2017 App. B [S16]; " + byMarks,
		Marks: monitorable},
	{Name: "list.criterion_loose", Severity: doubt, Source: byMarks, Marks: monitorable},

	// 可核查.
	{Name: "list.no_evidence", Severity: mistake, Source: byMarks, Marks: checkable},
	{Name: "list.evidence_unfit", Severity: doubt, Source: "domain.md §3.8, evidence [K]",
		Marks: checkable},

	// Codes and places.
	{Name: "list.uscc", Severity: mistake, Source: "GB 32100-2015"},
	{Name: "list.no_uscc", Severity: doubt, Source: bySheet},
	{Name: "list.permit", Severity: doubt,
		Source: "HJ 608-2017 App. A: USCC, three digits, one letter; older certificates differ [K]"},
	{Name: "list.permit_other", Severity: doubt, Source: "HJ 608-2017"},
	{Name: "list.mn", Severity: doubt,
		Source: "HJ 212-2017: 24 hexadecimal digits [S16]; HJ/T 212-2005 had 14 [K]"},
	{Name: "list.code_twice", Severity: doubt, Source: byChecks},
	{Name: "list.meter_twice", Severity: doubt, Source: byChecks},
	{Name: "list.near_name", Severity: doubt, Source: byChecks + " [D]: near_names"},
	{Name: "list.industry", Severity: mistake, Source: "GB/T 4754-2017"},
	{Name: "list.name_long", Severity: mistake, Source: "[D]: 100 characters"},
	{Name: "list.no_industry", Severity: doubt, Source: "GB/T 4754-2017"},
	{Name: "list.half_position", Severity: doubt, Source: bySheet},
	{Name: "list.district_box", Severity: mistake, Source: byChecks},
	{Name: "list.outside_district", Severity: doubt,
		Source: byChecks + "; the datum is unsure [?]: district_margin_deg"},
	{Name: "list.far_outside", Severity: mistake, Source: byChecks + " [D]: 0.3°"},
	{Name: "list.unknown_town", Severity: mistake, Eased: true, Source: bySheet +
		"; towns: a warning of a town that the register has and the list has not"},

	// Grade and category against measure.
	{Name: "list.no_measures", Severity: doubt, Source: bySheet,
		beside: append(columns(list.SheetMeasures, aRow), category...)},
	{Name: "list.grade_forced", Severity: doubt, Source: "domain.md §3.4 [K]",
		beside: category},
	{Name: "list.no_max_load", Severity: doubt, Source: "domain.md §3.4, 保障类 [K]"},
	{Name: "list.safeguard_stop", Severity: doubt, Source: "domain.md §3.4, 保障类 [K]"},
	{Name: "list.micro_forced", Severity: doubt, Source: "domain.md §3.4, 小微涉气 [?]: micro_spared",
		beside: columns(list.SheetRecipients, "绩效分级")},
	{Name: "list.micro_emission", Severity: doubt, Source: "domain.md §3.4, 小微涉气 [?]: micro_kg_per_year"},
	{Name: "list.closed_measures", Severity: doubt, Source: byChecks},

	// Amounts.
	{Name: "list.level_weaker", Severity: mistake, Source: byChecks},
	{Name: "list.level_reduces_less", Severity: doubt, Source: byChecks,
		beside: slices.Concat(reductions, idleLines, category)},
	{Name: "list.idle_reduction", Severity: doubt, Source: byChecks,
		beside: lineNames},
	{Name: "list.line_exceeds", Severity: doubt, Source: byChecks,
		beside: append(columns(list.SheetLines, "长期停运"), lineMasses...)},
	{Name: "list.over_district", Severity: mistake, Source: byChecks},
	{Name: "list.reduction_exceeds", Severity: doubt, Source: byChecks,
		beside: slices.Concat(lineMasses, idleLines, category)},
	{Name: "list.bottom_line", Severity: doubt,
		Source: "津政办规〔2023〕9号 [S4]; VOCs of 2017 [S5]; SO2–NOx exchange [K]: bottom_line, so2_nox_exchange",
		across: slices.Concat(columns(list.SheetHead, aRow, list.TableEmission), reductions, idleLines, category,
			columns(list.SheetRecipients, aRow, "编号"))},
}

var ruleByName = func() map[string]*Rule {
	byName := make(map[string]*Rule, len(rules))
	for i := range rules {
		byName[rules[i].Name] = &rules[i]
	}
	return byName
}()

// marksBy are the marks that a measure loses by a rule.
func marksBy(rule string) []string {
	if r := ruleByName[rule]; r != nil {
		return r.Marks
	}
	return nil
}

// severityOf is how bad a rule is; one that the table does not have is an error.
func severityOf(rule string) string {
	if r := ruleByName[rule]; r != nil {
		return r.Severity
	}
	return mistake
}
