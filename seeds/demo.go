package seeds

import (
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/seeds/example"
)

// Demo is the embedded list with n recipients in all, filled up with invented ones (示例). It refuses an n below
// the number that is embedded. The same n always gives the same list, and so the same hash.
func Demo(n int) (*reductionlist.List, error) {
	l, err := List()
	if err != nil {
		return nil, err
	}
	have := len(l.Recipients)
	if n < have {
		return nil, refusal.New(refusal.Invalid, "seeds.too_few", refusal.Args{"n": n, "have": have})
	}
	if n == have {
		return l, nil
	}
	more := example.Recipients(firstFree(l), n-have, example.Places)
	var added reductionlist.Amounts
	for _, r := range more {
		for _, line := range r.Lines {
			added = added.Add(line.Emission)
		}
	}
	l.Emission = example.Scale(l.Emission.Add(added), 1)
	l.Recipients = append(l.Recipients, more...)
	l.Name += "（示例扩充）"
	l.Sort()
	return l, nil
}

// firstFree is the first number whose example id the list does not use; the embedded ones are numbered without gaps.
func firstFree(l *reductionlist.List) int {
	used := map[string]bool{}
	for _, r := range l.Recipients {
		used[r.ID] = true
	}
	n := 1
	for used[example.ID(n)] {
		n++
	}
	return n
}
