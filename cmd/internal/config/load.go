package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"qingkong/alerts/refusal"
)

// A settings file larger than this is some other file.
const maxFile = 1 << 20

// EnvPrefix begins the name of every environment variable that sets a key.
const EnvPrefix = "QINGKONG_"

// Load returns the defaults, overridden by the file (none when file is empty) and then by the QINGKONG_ variables of
// environ (as os.Environ gives them). It does not judge the values: a caller applies its flags and then calls Validate.
// A text that it cannot read is refused with file and line, or with the variable's name.
func Load(file string, environ []string) (Config, error) {
	c := Default()
	if file != "" {
		text, err := read(file)
		if err != nil {
			return c, err
		}
		if err := decode(filepath.Base(file), text, &c); err != nil {
			return c, err
		}
	}
	return c, override(&c, environ)
}

func read(file string) ([]byte, error) {
	var text []byte
	f, err := os.Open(file)
	if err == nil {
		defer f.Close()
		text, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	}
	if err != nil {
		return nil, refusal.New(refusal.Invalid, "config.unreadable", refusal.Args{"file": file, "why": err.Error()})
	}
	if len(text) > maxFile {
		return nil, refusal.New(refusal.TooLarge, "config.too_large", refusal.Args{"file": file, "limit": maxFile})
	}
	return text, nil
}

// decode reads one YAML document over c; keys that the document leaves out keep their values. name stands in the
// errors.
func decode(name string, text []byte, c *Config) error {
	if isBlank(text) {
		return nil
	}
	err := yaml.Load(text, c, yaml.WithV4Defaults(), yaml.WithKnownFields())
	if err == nil {
		return nil
	}
	var many *yaml.LoadErrors
	if errors.As(err, &many) {
		fields := make([]refusal.Field, len(many.Errors))
		for i, e := range many.Errors {
			fields[i] = place(name, e)
		}
		return refusal.Input(fields)
	}
	var one *yaml.LoadError
	if errors.As(err, &one) {
		return refusal.Input([]refusal.Field{place(name, one)})
	}
	return refusal.Input([]refusal.Field{{Path: name, Rule: "config.malformed", Args: refusal.Args{"why": err.Error()}}})
}

// isBlank reports whether text has no document: the YAML reader takes that for an error, here it changes nothing.
func isBlank(text []byte) bool {
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}

var unknownField = regexp.MustCompile(`^field (.+) not found in type `)

func place(name string, e *yaml.LoadError) refusal.Field {
	f := refusal.Field{Path: name + ":" + strconv.Itoa(e.Mark.Line), Rule: "config.malformed",
		Args: refusal.Args{"why": e.Message}}
	if m := unknownField.FindStringSubmatch(e.Message); m != nil {
		f.Rule, f.Args = "config.unknown_key", refusal.Args{"name": m[1]}
	}
	return f
}

// override sets each scalar key that has a variable. A variable with our prefix that names no key is refused: a
// misspelt one would otherwise leave the old value in force without a word.
func override(c *Config, environ []string) error {
	keys := scalars(reflect.ValueOf(c).Elem(), EnvPrefix[:len(EnvPrefix)-1])
	var fields []refusal.Field
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, EnvPrefix) {
			continue
		}
		key, ok := keys[name]
		if !ok {
			fields = append(fields, refusal.Field{Path: name, Rule: "config.unknown_variable"})
			continue
		}
		if want := set(key, value); want != "" {
			fields = append(fields, refusal.Field{Path: name, Rule: "config.wrong_variable",
				Args: refusal.Args{"value": value, "want": want}})
		}
	}
	return refusal.Input(fields)
}

// scalars maps the variable of every key below v that holds one value to that value.
func scalars(v reflect.Value, prefix string) map[string]reflect.Value {
	keys := map[string]reflect.Value{}
	for i := range v.NumField() {
		name := prefix + "_" + strings.ToUpper(v.Type().Field(i).Tag.Get("yaml"))
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			if f.Type() == reflect.TypeFor[StuckHours]() {
				keys[name] = f
			}
			for n, k := range scalars(f, name) {
				keys[n] = k
			}
		case reflect.Slice:
		default:
			keys[name] = f
		}
	}
	return keys
}

// set parses value into key and returns what was expected instead, or "" when it fits.
func set(key reflect.Value, value string) (want string) {
	switch p := key.Addr().Interface().(type) {
	case *string:
		*p = value
	case *int:
		n, err := strconv.Atoi(value)
		if err != nil {
			return "24"
		}
		*p = n
	case *float64:
		f, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return "12.5"
		}
		*p = f
	case *bool:
		if value != "true" && value != "false" {
			return "true / false"
		}
		*p = value == "true"
	case *StuckHours:
		n, err := strconv.Atoi(value)
		if err != nil {
			return "6"
		}
		p.PM25, p.PM10 = n, n
	case *time.Duration:
		d, err := time.ParseDuration(value)
		if err != nil {
			return "90s / 30m / 1h"
		}
		*p = d
	}
	return ""
}
