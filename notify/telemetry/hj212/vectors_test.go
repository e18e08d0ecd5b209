package hj212

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// vectors are packets from independent implementations, whose length and CRC were computed anew. They stand beside the
// project, in a folder above this one.
const vectors = "shared/data/hj212/vectors.jsonl"

type vector struct {
	Packet   string `json:"packet"`
	Data     string `json:"data_section"`
	Expected string `json:"expected_crc"`
	Modbus   string `json:"crc_modbus"`
	Variant  string `json:"crc_variant"`
	CRLF     bool   `json:"has_crlf"`
	Valid    bool   `json:"valid"`
}

func readVectors(t testing.TB) (out []vector) {
	t.Helper()
	text, err := os.ReadFile("../../../" + vectors)
	for up := "../../../../"; errors.Is(err, os.ErrNotExist) && len(up) < 30; up += "../" {
		text, err = os.ReadFile(up + vectors)
	}
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the packets of other implementations are not there: " + vectors)
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var v vector
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// decode reads all there is.
func decode(t testing.TB, in string, opt Options) (frames []*Frame) {
	t.Helper()
	return decodeFrom(t, strings.NewReader(in), opt)
}

func decodeFrom(t testing.TB, in io.Reader, opt Options) (frames []*Frame) {
	t.Helper()
	frames, err := readAll(in, opt)
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

func readAll(in io.Reader, opt Options) (frames []*Frame, err error) {
	d := NewDecoder(in, opt)
	for f := (Frame{}); ; {
		switch err := d.Next(&f); {
		case err == io.EOF:
			return frames, nil
		case err != nil:
			return frames, err
		}
		frames = append(frames, f.Clone())
	}
}

// refusedVectors is why a row is refused, and what would have it pass.
var refusedVectors = map[int]struct {
	name Name
	fits Tolerance
}{
	7: {Length, ""}, 12: {CRCWrong, ""}, 14: {Length, CRCInLength}, 15: {Length, CRCInLength}, 16: {CRCWrong, Modbus},
	17: {CRCWrong, Modbus}, 18: {Length, ""}, 19: {Length, ""}, 20: {CRCWrong, ""}, 22: {CRCWrong, ""}, 28: {CRCWrong, ""},
	32: {CRCWrong, ""}, 62: {CRCWrong, ModbusSwapped}, 63: {CRCWrong, ModbusSwapped}, 64: {LengthForm, ""},
	65: {LengthForm, ""}, 66: {LengthForm, ""}, 68: {Length, ""}, 69: {NoStart, ""}, 70: {CRCWrong, ""}, 71: {LengthForm, ""},
}

// Every packet gets its verdict, alone and in a stream of all of them.
func TestVectors(t *testing.T) {
	rows := readVectors(t)
	var all bytes.Buffer
	for i, v := range rows {
		if v.Data != "" {
			if got := hexText(CRC([]byte(v.Data))); got != v.Expected {
				t.Errorf("row %d: CRC %s, not %s", i, got, v.Expected)
			}
			continue
		}
		all.WriteString(v.Packet)
		got := decode(t, v.Packet, Options{})
		if len(got) != 1 || (got[0].Fault == nil) != v.Valid {
			t.Errorf("row %d: valid is %v, and there are %d frames, fault %v", i, v.Valid, len(got), got[0].Fault)
			continue
		}
		f, want := got[0], refusedVectors[i]
		if f.Fault == nil {
			if want.name != "" {
				t.Errorf("row %d passes", i)
			}
			if f.Has(NoCRLF) == v.CRLF {
				t.Errorf("row %d: notes %v", i, f.Notes)
			}
			continue
		}
		if f.Fault.Name != want.name || f.Fault.Fits != want.fits {
			t.Errorf("row %d: %s fits %q, not %s", i, f.Fault.Name, f.Fault.Fits, want.name)
		}
		if want.fits == "" {
			continue
		}
		f = decode(t, v.Packet, Options{Tolerate: []Tolerance{want.fits}})[0]
		if f.Fault != nil || !f.Has(Tolerated) {
			t.Errorf("row %d with %s: %v %v", i, want.fits, f.Fault, f.Notes)
		}
	}
	stream := all.String()
	var slow []slowFrame
	for _, f := range decodeFrom(t, &all, Options{}) {
		if f.Fault == nil {
			slow = append(slow, asSlow(f))
		}
	}
	if !reflect.DeepEqual(slow, slowDecode(stream)) {
		t.Error("the slow decoder finds other frames in one stream")
	}
	good, wanted := len(slow), 0
	for _, v := range rows {
		if v.Valid {
			wanted++
		}
	}
	if good != wanted || wanted != 50 {
		t.Errorf("%d good frames of %d in one stream", good, wanted)
	}
}

// What the rows that are odd in a way of their own are read as.
func TestVectorsOfInterest(t *testing.T) {
	rows := readVectors(t)
	first := func(i int) *Frame { return decode(t, rows[i].Packet, Options{})[0] }
	if f := first(4); f.Parts != 2 || f.Part != 1 || !f.Flag.Split() || !f.Flag.NeedsAck() || f.Version != V2017 ||
		f.MN != "WJTHGY91320509703697203A" || !f.DataTime.Equal(time.Date(2020, 10, 29, 12, 10, 0, 0, Beijing)) {
		t.Errorf("row 4: %+v", f)
	}
	if f := first(10); f.Version != V2025 || !f.Flag.NeedsAck() || len(f.Notes) != 0 {
		t.Errorf("row 10: %v", f.Notes)
	}
	if f := first(24); f.HasFlag || f.Version != 0 || f.Parts != 2 || f.Part != 2 {
		t.Errorf("row 24: %+v", f)
	}
	if f := first(31); !f.DataTime.IsZero() || !f.Has(TimeForm) || !f.Has(FieldMissing) {
		t.Errorf("row 31: %v", f.Notes)
	}
	if f := first(43); !f.Has(TimeForm) || f.QN != "1617936069734" {
		t.Errorf("row 43: %v", f.Notes)
	}
	if f := first(58); f.Items[1].Code != "SB1" || f.Items[1].Kind != State || f.Items[1].Number != 1 {
		t.Errorf("row 58: %+v", f.Items)
	}
	f := first(12)
	if f.Fault == nil || f.MN != "7568770259402" || len(f.Items) != 0 {
		t.Errorf("row 12: %+v", f)
	}
}

func hexText(crc uint16) string {
	const hex = "0123456789ABCDEF"
	return string([]byte{hex[crc>>12], hex[crc>>8&15], hex[crc>>4&15], hex[crc&15]})
}
