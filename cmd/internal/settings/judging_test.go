package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/config"
	"qingkong/cmd/internal/judging"
	"qingkong/notify/compliance/judge"
)

// The documented configuration judges as the package does by itself, and each key counts.
func TestJudgingOfTheConfiguration(t *testing.T) {
	usual := config.Default().Compliance
	if got := Judging(usual); got != judge.Defaults {
		t.Errorf("the documented settings are\n%+v, the package's own\n%+v", got, judge.Defaults)
	}
	if got := Follow(usual); got != judging.Usual {
		t.Errorf("the documented times are\n%+v, the package's own\n%+v", got, judging.Usual)
	}
	v := reflect.ValueOf(&usual).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name == "Holidays" || name == "ResultsDays" || name == "Rank" {
			continue
		}
		other := config.Default().Compliance
		switch f := reflect.ValueOf(&other).Elem().Field(i); {
		case f.CanInt():
			f.SetInt(f.Int() + 1)
		default:
			f.SetFloat(f.Float() + 1)
		}
		if Judging(other) == judge.Defaults && Follow(other) == judging.Usual {
			t.Errorf("%s changes nothing", name)
		}
	}
}

func TestHolidaysOfTheConfiguration(t *testing.T) {
	file := func(text string) config.Compliance {
		name := filepath.Join(t.TempDir(), "holidays.csv")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.Compliance{Holidays: name}
	}
	day := time.Date(2016, 12, 31, 0, 0, 0, 0, time.UTC)
	usual, err := Holidays(config.Compliance{})
	if err != nil {
		t.Fatal(err)
	}
	if class, _ := usual.Class(day); class != judge.RestDay {
		t.Error("New Year's Eve of 2016, a Saturday, is a working day by the table that comes with the program")
	}
	own, err := Holidays(file("日期,假日,放假,来源\n2016-12-31,元旦,否,本区\n"))
	if err != nil {
		t.Fatal(err)
	}
	if class, _ := own.Class(day); class != judge.WorkingDay {
		t.Error("the district's own table does not count")
	}
	_, err = Holidays(file("日期,假日,放假,来源\n2016-12-31,元旦,否,本区\n2016-13-01,元旦,是,本区\n"))
	if err == nil || !strings.Contains(err.Error(), "3") || !strings.Contains(err.Error(), "compliance.holidays") {
		t.Errorf("a row that is wrong: %v", err)
	}
	if _, err = Holidays(config.Compliance{Holidays: t.TempDir()}); err == nil {
		t.Error("a folder is a table")
	}
	if _, err = Holidays(config.Compliance{Holidays: "none.csv"}); err == nil {
		t.Error("a file that is not there is a table")
	}
}
