// Package scripts holds the modules of script that pages of several areas load: calls of the interface, and uploads in pieces. An
// area serves them beside its own modules, each under a name that its content gives.
package scripts

import (
	"embed"
	"fmt"
	"regexp"
)

//go:embed *.js
var files embed.FS

// Modules are the names of the modules, each behind those that it imports.
var Modules = []string{"api.js", "tus.js"}

// Read is the text of a module; ok is false where there is none of that name.
func Read(name string) (text string, ok bool) {
	data, err := files.ReadFile(name)
	return string(data), err == nil
}

var loads = regexp.MustCompile(`(?m)^(import |\} from |export .* from )(.*)"\./([\w.-]+\.js)";$`)

// Linked is the text of a module that loads others by the names under which they are served: served gives that of each source.
// It panics where one of them is not there, which is so only in a program that is built wrong.
func Linked(text string, served map[string]string) string {
	return loads.ReplaceAllStringFunc(text, func(line string) string {
		of := loads.FindStringSubmatch(line)
		name, ok := served[of[3]]
		if !ok {
			panic(fmt.Sprintf("scripts: %s is not among the modules in front", of[3]))
		}
		return of[1] + of[2] + `"./` + name + `";`
	})
}
