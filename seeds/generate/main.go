// Command generate writes seeds/xiqing.xlsx, the list that comes with the program. Run it from the module's
// root as "go run ./seeds/generate", or through go generate; the same source gives the same bytes.
package main

import (
	"bytes"
	"log"
	"os"
	"path/filepath"

	"qingkong/reductionlist/workbook"
	"qingkong/seeds/xiqing"
)

func main() {
	log.SetFlags(0)
	var buf bytes.Buffer
	if err := workbook.Write(&buf, xiqing.List()); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(target(), buf.Bytes(), 0o644); err != nil { // #nosec G306 -- it writes a file of the source
		log.Fatal(err)
	}
}

// target is seen from the module's root, or from seeds itself under go generate.
func target() string {
	if _, err := os.Stat("seeds"); err == nil {
		return filepath.Join("seeds", "xiqing.xlsx")
	}
	return "xiqing.xlsx"
}
