package bench

import "testing"

func TestCompliance(t *testing.T) {
	results, err := Compliance(t.Context(), 12)
	if err != nil {
		t.Fatal(err)
	}
	value := map[string]Result{}
	for _, f := range results {
		value[f.Name] = f
	}
	if f := value["a pass with a new hour of every monitor, p50"]; f.Value <= 0 || f.Raw <= 0 {
		t.Errorf("%+v", f)
	}
	if f, ok := value["monitors without data in the last hour summed"]; !ok || f.Value != 0 {
		t.Errorf("%+v: every monitor has reported", f)
	}
	if f := value["entries of the record, proved"]; f.Value < 12 {
		t.Errorf("%+v", f)
	}
}
