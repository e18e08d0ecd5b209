package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program itself, so that whole-program tests start, kill and restart a real
// process without building it apart; scripts find it under its name.
func TestMain(m *testing.M) {
	if os.Getenv("QINGKONG_TEST_RUN") == "1" {
		os.Unsetenv("QINGKONG_TEST_RUN") // the program refuses variables it does not know
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	testscript.Main(m, map[string]func(){"qingkong": main})
}
