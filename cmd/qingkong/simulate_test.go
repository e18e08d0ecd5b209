package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func runIn(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return out.String(), errs.String(), code
}

// What a simulation captures is read by hj212 decode: the same bytes for the same seed, with the faults that were asked
// for and no other.
func TestSimulatedStationsAreDecoded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "capture.bin")
	captured := func(args ...string) []byte {
		out, errs, code := runIn(t, append([]string{"simulate", "station", "--capture", file, "--n", "3", "--edition", "2025",
			"--from", "2026-03-01 00:00", "--until", "2026-03-01 04:00"}, args...)...)
		if code != exitOK || !strings.Contains(out, "确认") {
			t.Fatalf("%d %s %s", code, out, errs)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	faults := func() (ok, bad int) {
		out, errs, code := runIn(t, "hj212", "decode", file)
		if code != exitOK {
			t.Fatal(errs)
		}
		for line := range strings.Lines(out) {
			var f decoded
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				t.Fatal(err)
			}
			if f.OK {
				ok++
			} else if bad++; *f.Error != "crc" {
				t.Errorf("%s", line)
			}
			if f.OK && len(f.Deviations) > 0 {
				t.Errorf("%s", line)
			}
		}
		return ok, bad
	}
	one := captured("--seed", "5", "--fault", "crc=0.05,split")
	ok, bad := faults()
	if ok < 800 || bad < 20 || bad > ok/10 {
		t.Errorf("%d good, %d bad", ok, bad)
	}
	if string(captured("--seed", "5", "--fault", "crc=0.05,split")) != string(one) {
		t.Error("the same seed makes other bytes")
	}
	if string(captured("--seed", "6")) == string(one) {
		t.Error("another seed makes the same bytes")
	}
	if ok, bad := faults(); ok < 800 || bad != 0 {
		t.Errorf("%d good, %d bad without faults", ok, bad)
	}
}

// What a server registers simulated stations with.
func TestSimulatedStationsAreRegistered(t *testing.T) {
	for _, args := range [][]string{{"station", "--mn", "A1,A2", "--password", "654321", "--kind", "waste"},
		{"load", "--n", "2"}} {
		out, errs, code := runIn(t, append(append([]string{"simulate"}, args...), "--register", "--json")...)
		var got struct {
			Registered []registered `json:"registered"`
		}
		if err := json.Unmarshal([]byte(out), &got); code != exitOK || err != nil || len(got.Registered) != 2 {
			t.Fatalf("%v: %d %s %s", args, code, out, errs)
		}
		for _, r := range got.Registered {
			if r.MN == "" || r.Password == "" || r.ST == "" || r.Version != 2017 || len(r.Outlets) != 1 ||
				len(r.Outlets[0].Factors) == 0 {
				t.Errorf("%+v", r)
			}
		}
	}
}

// A load and a station report to whoever listens, and say what came of it.
func TestSimulateReports(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	go func() { // it confirms nothing
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if _, err := bufio.NewReader(c).ReadString('\n'); err == nil {
				_ = c.Close()
			}
		}
	}()
	out, errs, code := runIn(t, "simulate", "load", "--to", ln.Addr().String(), "--n", "1", "--frames", "3")
	if code != exitFailed || !strings.Contains(errs, "LOAD") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	out, errs, code = runIn(t, "simulate", "station", "--to", ln.Addr().String(), "--for", "100ms", "--json")
	var count struct{ Connected, Confirmed int }
	if err := json.Unmarshal([]byte(out), &count); code != exitOK || err != nil || count.Connected < 1 ||
		count.Confirmed != 0 {
		t.Errorf("%d %s %s", code, out, errs)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	if out, errs, code := runIn(t, "simulate", "station", "--to", addr, "--for", "50ms"); code != exitFailed ||
		!strings.Contains(errs, addr) {
		t.Errorf("nobody listens: %d %s %s", code, out, errs)
	}
}

func TestSimulateRefusals(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"station", "--to must be given"},
		{"station --to nowhere", "host:port"},
		{"station --to 127.0.0.1:1 --n 2001", "--n is from 1 to 2000"},
		{"station --to 127.0.0.1:1 --fault crc", "write it like one of"},
		{"station --to 127.0.0.1:1 --obey perhaps", "none of obey, half, ignore"},
		{"station --to 127.0.0.1:1 --order now/later/0.5/4h", "write it like"},
		{"station --to 127.0.0.1:1 --order 2026-03-01T00:00:00+08:00/2026-03-02T00:00:00+08:00/1.5/4h", "from 0 to 1"},
		{"station --to 127.0.0.1:1 --speed 60", "needs --from"},
		{"station --to 127.0.0.1:1 --from yesterday", "no time like"},
		{"station --to 127.0.0.1:1 --from 2026-03-01T00:00:00+08:00", "--from goes with"},
		{"station --to 127.0.0.1:1 --kind wood", "kinds of plants"},
		{"station --to 127.0.0.1:1 --edition 2018", "editions"},
		{"station --to 127.0.0.1:1 --ca ca.pem", "go with --tls"},
		{"load", "--to must be given"},
		{"load --to 127.0.0.1:1", "ends after"},
		{"load --to 127.0.0.1:1 --for 1s --n 0", "has stations"},
		{"load --to nowhere --for 1s", "host:port"},
	} {
		if _, errs, code := runIn(t, append([]string{"simulate"}, strings.Fields(c.args)...)...); code != exitUsage ||
			!strings.Contains(errs, c.want) {
			t.Errorf("%s: %d %s", c.args, code, errs)
		}
	}
}
