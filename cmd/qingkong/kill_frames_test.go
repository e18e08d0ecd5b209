package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// Stations of the test, frames that each has to send in a round, and how many confirmations a round waits for at least.
const (
	framesStations = 4
	framesEach     = 5000
	framesRounds   = 4
	framesSeen     = 400
)

// beijing is the zone of every time in a frame (HJ 212-2025).
var beijing = time.FixedZone("UTC+8", 8*3600)

// frameCRC is the checksum of HJ 212-2025, appendix A: CRC-16 of the polynomial A001, each byte into the high one.
func frameCRC(data string) uint16 {
	reg := uint16(0xFFFF)
	for _, b := range []byte(data) {
		reg = reg>>8 ^ uint16(b)
		for range 8 {
			out := reg & 1
			if reg >>= 1; out == 1 {
				reg ^= 0xA001
			}
		}
	}
	return reg
}

// minuteFrame is the n-th minute of a station, whose value is n.
func minuteFrame(mn string, from time.Time, n int) string {
	at := from.Add(time.Duration(n) * time.Minute).In(beijing).Format("20060102150405")
	data := fmt.Sprintf("QN=%s000;ST=31;CN=2051;PW=123456;MN=%s;Flag=9;CP=&&DataTime=%s;a21026-Avg=%d,a21026-Flag=N&&", at, mn, at, n)
	return fmt.Sprintf("##%04d%s%04X\r\n", len(data), data, frameCRC(data))
}

// confirmedQN is the number of the message that a 9014 of a station confirms.
var confirmedQN = regexp.MustCompile(`QN=(\d{14})\d{3};.*CN=9014;.*MN=(\w+);`)

// confirmations are the minutes that the program has said it keeps, of each station.
type confirmations struct {
	mu   sync.Mutex
	of   map[string]map[time.Time]bool
	n    int
	more chan struct{}
}

func (c *confirmations) take(t *testing.T, line string) {
	m := confirmedQN.FindStringSubmatch(line)
	if m == nil {
		return // a question of the server, or what the kill cut off
	}
	at, err := time.ParseInLocation("20060102150405", m[1], beijing)
	if err != nil {
		t.Errorf("%q confirms no message", line)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[m[2]] == nil {
		c.of[m[2]] = map[time.Time]bool{}
	}
	c.of[m[2]][at.UTC()] = true
	c.n++
	select {
	case c.more <- struct{}{}:
	default:
	}
}

func (c *confirmations) seen() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// The whole program is killed under frames of its stations, again and again. Every frame that a station was told is kept
// is a reading with its value afterwards, and the record is whole. It takes all the machine has, and so runs alone.
func TestKilledUnderFrames(t *testing.T) {
	p := start(t, t.TempDir()+"/data", "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--hj212-listen", "127.0.0.1:0")
	p.env = []string{"QINGKONG_HJ212_FRAMES_PER_S=100000"}
	p.stop()
	p.again()
	recipient := p.accounts["enterprise"].Recipient
	from := time.Now().Add(-20 * 24 * time.Hour).Truncate(time.Hour)
	for i := range framesStations {
		p.must("admin", "POST", "/stations", map[string]any{"mn": stationMN(i), "password": "123456", "name": "示例排口",
			"recipient_id": recipient, "st": "31", "version": "2017", "minute_min": 1,
			"outlets": []any{map[string]any{"name": "示例", "factors": []any{"a21026"}}}}, nil)
	}
	told := &confirmations{of: map[string]map[time.Time]bool{}, more: make(chan struct{}, 1)}
	for round := range framesRounds {
		all := p.sendFrames(told, from, round*framesEach)
		told.await(t, (round+1)*framesSeen)
		p.kill()
		all.Wait()
		p.again()
	}
	for mn, minutes := range told.of {
		p.hasMinutes(mn, from, minutes)
	}
	p.stop()
	var report struct {
		OK bool `json:"ok"`
	}
	if err := json.Unmarshal(command(t, "journal", "check", "--json", "--data", p.data), &report); err != nil || !report.OK {
		t.Errorf("the record after the kills: %v, %v", report, err)
	}
	t.Logf("%d frames were confirmed in %d runs that were killed", told.n, framesRounds)
}

func stationMN(i int) string { return fmt.Sprintf("12011117WHOLE%03d", i) }

// sendFrames lets each station send its next frames, and hear what is said to it, until the program is gone.
func (p *program) sendFrames(told *confirmations, from time.Time, first int) *sync.WaitGroup {
	all := new(sync.WaitGroup)
	for i := range framesStations {
		c, err := net.Dial("tcp", p.addr.HJ212)
		if err != nil {
			p.t.Fatal(err)
		}
		all.Go(func() {
			for n := range framesEach {
				if _, err := io.WriteString(c, minuteFrame(stationMN(i), from, first+n)); err != nil {
					return
				}
			}
		})
		all.Go(func() {
			defer func() { _ = c.Close() }()
			for lines := bufio.NewScanner(c); lines.Scan(); {
				told.take(p.t, lines.Text())
			}
		})
	}
	return all
}

// await returns once at least n confirmations came.
func (c *confirmations) await(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(time.Minute)
	for c.seen() < n {
		select {
		case <-c.more:
		case <-deadline:
			t.Fatalf("%d of %d confirmations came within a minute", c.seen(), n)
		}
	}
}

// hasMinutes fails the test where a minute that was confirmed is not read with its value.
func (p *program) hasMinutes(mn string, from time.Time, confirmed map[time.Time]bool) {
	p.t.Helper()
	values := map[time.Time]float64{}
	stamp := func(at time.Time) string { return strings.ReplaceAll(at.Format(time.RFC3339), "+", "%2B") }
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				At    time.Time `json:"at"`
				Value *float64  `json:"value"`
			} `json:"items"`
			Next string `json:"next"`
		}
		p.must("admin", "GET", "/telemetry/"+mn+".a21026?step=1m&limit=10000&from="+stamp(from)+"&to="+
			stamp(from.Add(framesRounds*framesEach*time.Minute))+"&cursor="+cursor, nil, &page)
		for _, k := range page.Items {
			if k.Value != nil {
				values[k.At.UTC()] = *k.Value
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for at := range confirmed {
		if want := at.Sub(from).Minutes(); values[at] != want {
			p.t.Errorf("%s: the minute %s was confirmed with %v and reads %v", mn, at.In(beijing), want, values[at])
		}
	}
}
