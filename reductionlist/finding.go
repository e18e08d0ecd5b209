package reductionlist

import "qingkong/alerts/refusal"

// Severities of a finding.
const (
	SeverityError   = "error"
	SeverityWarning = "warning"
)

// Finding is one thing wrong in a workbook and where. Row is the row number as the spreadsheet program shows
// it, 0 for a whole sheet; a finding about the whole list stands at sheet 基本情况, row 0. Column is the header text.
type Finding struct {
	Severity string       `json:"severity"`
	Sheet    string       `json:"sheet"`
	Row      int          `json:"row"`
	Column   string       `json:"column"`
	Rule     string       `json:"rule"`
	Message  string       `json:"message"` // Chinese; see In for English
	Remedy   string       `json:"remedy"`
	Args     refusal.Args `json:"-"`
}

// In returns the finding worded in "zh-CN" or "en".
func (f Finding) In(lang string) Finding {
	f.Message = refusal.Text(f.Rule, lang, f.Args)
	f.Remedy = refusal.Text(f.Rule+".remedy", lang, f.Args)
	return f
}

// HasErrors reports whether any finding is an error; such a list must not be imported.
func HasErrors(findings []Finding) bool {
	for _, f := range findings {
		if f.Severity == SeverityError {
			return true
		}
	}
	return false
}

// findings collects what is wrong.
type findings []Finding

func (fs *findings) add(severity, sheet string, row int, column, rule string, args refusal.Args) {
	f := Finding{Severity: severity, Sheet: sheet, Row: row, Column: column, Rule: rule, Args: args}
	*fs = append(*fs, f.In("zh-CN"))
}
