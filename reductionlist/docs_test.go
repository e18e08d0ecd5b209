package reductionlist_test

import (
	"os"
	"strings"
	"testing"

	"qingkong/reductionlist"
)

// docs/contract.md §5 has the columns of every sheet, in the order in which they are written.
func TestTheContractHasEveryColumn(t *testing.T) {
	text, err := os.ReadFile("../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	sheets := map[string][]string{
		head: append(reductionlist.HeadKeys, reductionlist.KeyBox, reductionlist.TablePollutant, reductionlist.TableEmission),
	}
	add := func(name string, columns []string) {
		if name != recipients {
			columns = append([]string{reductionlist.ColumnOwner}, columns...)
		}
		sheets[name] = columns
	}
	add(recipients, headers(reductionlist.RecipientSheet))
	add(lines, headers(reductionlist.LineSheet))
	add(measures, headers(reductionlist.MeasureSheet))
	add(units, headers(reductionlist.UnitSheet))
	add(furnaces, headers(reductionlist.FurnaceSheet))
	add(pits, headers(reductionlist.PitSheet))
	for sheet, columns := range sheets {
		_, rest, _ := strings.Cut(string(text), "\n* `"+sheet+"`: ")
		rest, _, _ = strings.Cut(rest, "\n")
		for _, column := range columns {
			var there bool
			if _, rest, there = strings.Cut(rest, "`"+column+"`"); !there {
				t.Errorf("docs/contract.md lacks %s of %s, or has it elsewhere", column, sheet)
				break
			}
		}
	}
}

func headers[T any](sheet reductionlist.Sheet[T]) (all []string) {
	for _, c := range sheet.Columns {
		all = append(all, c.Header)
	}
	return all
}
