package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"qingkong/cmd/internal/simulate"
	"qingkong/notify/telemetry/hj212"
)

// bareStations is the raw limit of a server of stations: it takes frames by their length, writes what came to a file with one
// fsync for all that waits, and then confirms it. It reads nothing of them but whom to answer, keeps no order among
// stations, and makes nothing of what came.
type bareStations struct {
	ln      net.Listener
	file    *os.File
	arrived chan bareFrame
	ended   chan error
	lines   sync.WaitGroup
}

// bareFrame is a frame that is to be confirmed on a line.
type bareFrame struct {
	text []byte
	line net.Conn
}

// bareBatch is how many frames become durable at once at most.
const bareBatch = 4096

func newBareStations(dir string) (*bareStations, error) {
	file, err := os.Create(filepath.Join(dir, "bare"))
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s := &bareStations{ln: ln, file: file, arrived: make(chan bareFrame, bareBatch), ended: make(chan error, 1)}
	go func() { s.ended <- s.keep() }()
	s.lines.Go(s.accept)
	return s, nil
}

func (s *bareStations) accept() {
	for {
		line, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.lines.Go(func() { s.read(line) })
	}
}

// read takes frames of a line until it ends.
func (s *bareStations) read(line net.Conn) {
	defer func() { _ = line.Close() }()
	for in := bufio.NewReaderSize(line, 32<<10); ; {
		head, err := in.Peek(6)
		if err != nil || string(head[:2]) != "##" {
			return
		}
		n, err := strconv.Atoi(string(head[2:]))
		if err != nil {
			return
		}
		text := make([]byte, 6+n+4+2) // the CRC and the end of the line
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		s.arrived <- bareFrame{text, line}
	}
}

// keep writes what waits, and confirms it, until no line is left. After an error nothing is confirmed any more.
func (s *bareStations) keep() (failed error) {
	var batch []bareFrame
	for first := range s.arrived {
		batch = append(batch[:0], first)
		for more := true; more && len(batch) < bareBatch; {
			select {
			case f, ok := <-s.arrived:
				if more = ok; ok {
					batch = append(batch, f)
				}
			default:
				more = false
			}
		}
		if failed == nil {
			failed = s.confirm(batch)
		}
	}
	return failed
}

func (s *bareStations) confirm(batch []bareFrame) error {
	var text []byte
	answers := map[net.Conn][]byte{}
	for _, f := range batch {
		text = append(text, f.text...)
		answers[f.line] = appendConfirmation(answers[f.line], f.text)
	}
	if _, err := s.file.Write(text); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	for line, answer := range answers {
		_, _ = line.Write(answer) // a line that has ended is told by who reads it
	}
	return nil
}

// appendConfirmation appends the 9014 of a frame.
func appendConfirmation(to, frame []byte) []byte {
	of := func(name string) []byte {
		_, rest, _ := bytes.Cut(frame, []byte(name+"="))
		value, _, _ := bytes.Cut(rest, []byte(";"))
		return value
	}
	data := fmt.Appendf(nil, "QN=%s;ST=91;CN=9014;PW=%s;MN=%s;Flag=8;CP=&&&&", of("QN"), of("PW"), of("MN"))
	return fmt.Appendf(to, "##%04d%s%04X\r\n", len(data), data, hj212.CRC(data))
}

// close ends the server.
func (s *bareStations) close() error {
	err := s.ln.Close()
	s.lines.Wait()
	close(s.arrived)
	return errors.Join(err, <-s.ended, s.file.Close(), os.Remove(s.file.Name()))
}

// bare has all stations report to a server that does no more than it must.
func (b *hj212Bench) bare(ctx context.Context) (perSecond float64, err error) {
	s, err := newBareStations(b.dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	r, _, err := b.load(ctx, simulate.Load{Stations: b.size.stations, Version: hj212.V2025, For: b.size.load},
		s.ln.Addr().String())
	if err == nil && (r.Confirmed == 0 || r.Stray+r.Broken > 0) {
		err = fmt.Errorf("the bare server confirmed %d frames; %d answers to none, %d lines broken: %s", r.Confirmed, r.Stray,
			r.Broken, r.FirstErr)
	}
	return r.PerSecond(), err
}
