package reductionlist

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist/internal/text"
)

// Severities of a finding.
const (
	SeverityError   = "error"
	SeverityWarning = "warning"
)

// Finding is one thing wrong in a workbook and where. Row is the row number as the spreadsheet program shows
// it, 0 for a whole sheet; a finding about the whole list stands at sheet 基本情况, row 0. Column is the header text.
type Finding struct {
	Severity string `json:"severity"`
	Sheet    string `json:"sheet"`
	Row      int    `json:"row"`
	Column   string `json:"column"`
	// Value is what stands in the cell, fit to be shown and of 80 characters at most; empty for an empty cell, a whole
	// row, and a cell that names a person or may.
	Value string `json:"value,omitempty"`
	// Places are the cells of all rows that have one fault in common, such as an id that stands in several, the finding's
	// own among them and at most [maxPlaces]; nil for a fault of one cell.
	Places  []Cell       `json:"places,omitempty"`
	Rule    string       `json:"rule"`
	Message string       `json:"message"` // Chinese; see In for English
	Remedy  string       `json:"remedy"`
	Args    refusal.Args `json:"-"`
}

// In returns the finding worded in "zh-CN" or "en".
func (f Finding) In(lang string) Finding {
	f.Message, f.Remedy = RuleText(f.Rule, lang, f.Args)
	f.Message += f.placesText(lang)
	return f
}

// RuleText says what is wrong by a rule and what to do about it, in "zh-CN" or "en".
func RuleText(rule, lang string, args refusal.Args) (message, remedy string) {
	return refusal.Text(rule, lang, args), refusal.Text(rule+".remedy", lang, args)
}

// HasErrors reports whether any finding is an error; such a list must not be imported.
func HasErrors(findings []Finding) bool {
	errors, _ := CountFindings(findings)
	return errors > 0
}

// CountFindings counts findings by severity.
func CountFindings(findings []Finding) (errors, warnings int) {
	for _, f := range findings {
		if f.Severity == SeverityError {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

// findingRow is a finding as kept: what its words are made of, so that it can be read in either language.
type findingRow struct {
	Severity string            `json:"severity"`
	Sheet    string            `json:"sheet"`
	Row      int               `json:"row"`
	Column   string            `json:"column"`
	Value    string            `json:"value,omitempty"`
	Places   []Cell            `json:"places,omitempty"`
	Rule     string            `json:"rule"`
	Args     map[string]string `json:"args,omitempty"`
}

// EncodeFindings is findings as they are kept beside the record; [DecodeFindings] reads them.
func EncodeFindings(findings []Finding) []byte {
	kept := make([]findingRow, len(findings))
	for i, f := range findings {
		kept[i] = findingRow{f.Severity, f.Sheet, f.Row, f.Column, f.Value, f.Places, f.Rule, map[string]string{}}
		for k, v := range f.Args {
			kept[i].Args[k] = fmt.Sprint(v)
		}
	}
	return mustJSON(kept)
}

// DecodeFindings reads what EncodeFindings wrote and words it in Chinese.
func DecodeFindings(data []byte) ([]Finding, error) {
	var kept []findingRow
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, fmt.Errorf("reductionlist: stored findings: %w", err)
	}
	found := make([]Finding, len(kept))
	for i, k := range kept {
		f := Finding{Severity: k.Severity, Sheet: k.Sheet, Row: k.Row, Column: k.Column, Value: k.Value, Places: k.Places,
			Rule: k.Rule, Args: refusal.Args{}}
		for name, v := range k.Args {
			f.Args[name] = v
		}
		found[i] = f.In("zh-CN")
	}
	return found, nil
}

// Findings collects what is wrong.
type Findings []Finding

// maxFindings is how many are kept before warnings are left out, and half of how many before errors are: beyond that
// nobody reads them, and a workbook may hold a million rows of one mistake.
const maxFindings = 100_000

// Add words a finding without a value and keeps it; see [Findings.Put].
func (fs *Findings) Add(severity, sheet string, row int, column, rule string, args refusal.Args) {
	fs.Put(Finding{Severity: severity, Sheet: sheet, Row: row, Column: column, Rule: rule, Args: args})
}

// Put words a finding and keeps it. It masks telephone numbers: a cell's value is shown where the fault is, and it may
// have slipped in from another column. Findings are kept beside the record, where nothing is erased, so the value of a
// cell of contacts is not shown at all.
func (fs *Findings) Put(f Finding) {
	switch n := len(*fs); {
	case n == maxFindings:
		f = Finding{Severity: f.Severity, Sheet: SheetHead, Rule: "list.too_many", Args: refusal.Args{"limit": maxFindings}}
	case n > maxFindings && f.Severity == SeverityWarning, n > 2*maxFindings:
		return
	}
	private := ofContacts(f.Sheet, f.Column)
	for k, v := range f.Args {
		text, ok := v.(string)
		switch {
		case ok && private && k == "value":
			f.Args[k] = "***"
		case ok:
			f.Args[k] = MaskPhones(text)
		}
	}
	if f.Value = shownValue(f.Value); private {
		f.Value = ""
	}
	*fs = append(*fs, f.In("zh-CN"))
}

// ofContacts reports whether a column holds whom a recipient is reached by.
func ofContacts(sheet, column string) bool {
	return BaseSheet(sheet) == SheetRecipients &&
		slices.Contains([]string{"联系人", "手机", "备用联系人", "备用手机"}, column)
}

// longestValue is how many characters of a cell a finding shows.
const longestValue = 80

// shownValue is what stands in a cell, as a finding shows it: on one line, with what does not show made visible.
func shownValue(cell string) string {
	if cell == "" {
		return ""
	}
	cell = MaskPhones(strings.ToValidUTF8(cell, "�"))
	if utf8.RuneCountInString(cell) > longestValue {
		cell = string([]rune(cell)[:longestValue]) + "…"
	}
	return strings.NewReplacer("\n", "↵", "\t", "→").Replace(refusal.Visible(cell))
}

// phoneInText finds a mobile number among other text: 13812345678, 138-1234-5678, +86 138 1234 5678. Longer runs of
// digits are codes and meters.
var phoneInText = regexp.MustCompile(`(^|[^0-9])((?:\+?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4})($|[^0-9])`)

// mobileIn looks only at texts with digits enough for a number: few texts of a list have any.
func mobileIn(text string) bool { return enoughDigits(text) && phoneInText.MatchString(text) }

func enoughDigits(text string) bool {
	n := 0
	for i := range len(text) {
		if c := text[i]; c >= '0' && c <= '9' {
			if n++; n == 11 {
				return true
			}
		}
	}
	return false
}

// HoldsPhone reports whether a mobile number stands in a text. The eleven digits of a meter, which the text says they
// are, are none.
func HoldsPhone(text string) bool {
	return enoughDigits(text) && mobileIn(meterInText.ReplaceAllString(text, "${1}"))
}

// meterInText finds the number of a meter by the word before it. A word that says it is a telephone's makes it none.
var meterInText = regexp.MustCompile(`((?:电表|水表|气表|电能表|分表|总表|表计|户号|表号|资产号|资产编号|电表编号|表编号)(?:号码?|编号)?[ ]?(?:[:：#]|[Nn][Oo][.:：]?|为|是)?[ ]?)[0-9]{11}(?:[、/][0-9]{11})*(?:[^0-9]|$)`)

const maskedPhone = "1**********"

// MaskPhones returns text with mobile numbers made unreadable, also one that a spreadsheet turned into 1.38E+10.
func MaskPhones(said string) string {
	if v, err := strconv.ParseFloat(said, 64); err == nil && mobileIn(text.Number(v)) {
		return maskedPhone
	}
	for mobileIn(said) { // again: two numbers may share the character between them
		said = phoneInText.ReplaceAllString(said, "${1}"+maskedPhone+"${3}")
	}
	return said
}
