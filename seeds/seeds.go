// Package seeds is the data that comes with the program: Xiqing's list, its towns, the criteria by which levels follow from the air,
// and real episodes. Nothing here is read from anywhere but the program itself.
package seeds

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds/towns"
)

//go:generate go run ./generate

//go:embed xiqing.xlsx
var xiqingWorkbook []byte

//go:embed episodes/*.csv episodes/SOURCES.md
var episodes embed.FS

//go:embed criteria
var criteria embed.FS

// Workbook is the embedded list as the file it is. The caller must not change it.
func Workbook() []byte { return xiqingWorkbook }

// List reads the embedded list. Every call gives a list of its own.
func List() (*reductionlist.List, error) {
	read, err := workbook.ReadBytes(xiqingWorkbook)
	if err != nil {
		return nil, err
	}
	s := rules.DefaultSettings()
	s.Towns = towns.Names
	for _, f := range rules.Judge(read, s) {
		if f.Severity == reductionlist.SeverityError {
			return nil, fmt.Errorf("seeds: %s row %d column %s: %s", f.Sheet, f.Row, f.Column, f.In("en").Message)
		}
	}
	return read.List, nil
}

// Episode is the daily CSV of a real episode, like "tianjin-2016-12"; an unknown name is a not_found refusal.
func Episode(name string) ([]byte, error) {
	data, err := episodes.ReadFile("episodes/" + name + ".csv")
	if err != nil {
		return nil, refusal.New(refusal.NotFound, "seeds.no_episode",
			refusal.Args{"name": name, "have": strings.Join(Episodes(), "、")})
	}
	return data, nil
}

// Episodes lists the names Episode knows.
func Episodes() []string {
	entries, _ := fs.Glob(episodes, "episodes/*.csv")
	for i, e := range entries {
		entries[i] = strings.TrimSuffix(strings.TrimPrefix(e, "episodes/"), ".csv")
	}
	return entries
}

// Criteria holds one JSON file for each set of criteria, like national-2024.json.
func Criteria() fs.FS {
	sub, err := fs.Sub(criteria, "criteria")
	if err != nil {
		panic("seeds: " + err.Error()) // the name is constant and valid
	}
	return sub
}
