package main

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program itself, so that whole-program tests start, kill and restart a real
// process without building it apart; scripts find it under its name. In the same way it is the nats-server of its
// module, and the program on a machine whose clock is ahead.
func TestMain(m *testing.M) {
	if os.Getenv("QINGKONG_TEST_NATS") == "1" {
		natsServer(os.Args[1:])
		os.Exit(0)
	}
	if os.Getenv("QINGKONG_TEST_RUN") == "1" {
		if lead := os.Getenv("QINGKONG_TEST_CLOCK"); lead != "" {
			wall = clockAhead(lead)
		}
		os.Unsetenv("QINGKONG_TEST_RUN") // the program refuses variables it does not know
		os.Unsetenv("QINGKONG_TEST_CLOCK")
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	testscript.Main(sharing{m}, map[string]func(){"qingkong": main})
}

// sharing gives all tests a folder for what one makes and others use too: SHARED_TEST_FOLDER, gone after the last. Tests
// that are parallel wait for disks and for processes of their own most of the time: four do so at once, however few cores
// there are.
type sharing struct{ *testing.M }

func (m sharing) Run() int {
	flag.Parse()
	dir, err := os.MkdirTemp("", "qingkong-tests-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is in the folder for what is temporary
	if err := os.Setenv("SHARED_TEST_FOLDER", dir); err != nil {
		panic(err)
	}
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", "4"); err != nil {
			panic(err)
		}
	}
	return m.M.Run()
}

// clockAhead is the machine's clock set ahead, or back where lead is negative.
func clockAhead(lead string) func() time.Time {
	d, err := time.ParseDuration(lead)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return time.Now().Add(d) }
}

// natsServer is what the command nats-server does.
func natsServer(args []string) {
	opts, err := server.ConfigureOptions(flag.NewFlagSet("nats-server", flag.ExitOnError), args, nil, nil, nil)
	if err != nil {
		server.PrintAndDie(err.Error())
	}
	s, err := server.NewServer(opts)
	if err != nil {
		server.PrintAndDie(err.Error())
	}
	s.ConfigureLogger()
	if err := server.Run(s); err != nil {
		server.PrintAndDie(err.Error())
	}
	s.WaitForShutdown()
}
