package pack

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
)

func TestTextsComeBack(t *testing.T) {
	noise := make([]byte, 5000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Packer{New(""), New("a21026-Rtd=1.25,a21026-Flag=N;")} {
		for _, text := range [][]byte{nil, []byte("x"), noise, noise[:least], bytes.Repeat([]byte("a21026-Rtd=1;"), 60_000)} {
			b := p.Append([]byte("before"), text)
			got, err := p.Text(b[6:], len(text))
			if err != nil || !bytes.Equal(got, text) || string(b[:6]) != "before" {
				t.Errorf("%d bytes: %v", len(text), err)
			}
			if len(b)-6 > len(text)+1 {
				t.Errorf("%d bytes became %d", len(text), len(b)-6)
			}
			if len(text) > 0 {
				if _, err := p.Text(b[6:], len(text)-1); err == nil {
					t.Errorf("%d bytes are more than is allowed, and are read", len(text))
				}
			}
		}
	}
}

// A few bytes that say to be many, or stand for many, are refused without taking their memory.
func TestWhatUnpacksToMore(t *testing.T) {
	p := New("")
	big := p.in.EncodeAll(bytes.Repeat([]byte("0"), 64<<20), nil)
	for name, b := range map[string][]byte{
		"more than it says":  append([]byte{packed, 100}, big...),
		"says more":          append([]byte{packed, 0xff, 0xff, 0xff, 0xff, 0x0f}, big...),
		"no size":            {packed},
		"an endless size":    append([]byte{packed}, strings.Repeat("\xff", 20)...),
		"nothing":            {},
		"another form":       {7, 1, 2},
		"plain and too long": append([]byte{plain}, make([]byte, 1001)...),
	} {
		allocated := testing.AllocsPerRun(1, func() {
			if text, err := p.Text(b, 1000); err == nil {
				t.Errorf("%s: read as %d bytes", name, len(text))
			}
		})
		if allocated > 100 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}

func FuzzText(f *testing.F) {
	p := New("a21026-Rtd=1.25,a21026-Flag=N;")
	f.Add(p.Append(nil, bytes.Repeat([]byte("a21026-Rtd=1;"), 60)))
	f.Add([]byte{plain, 'x'})
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := p.Text(b, 1<<16)
		if err != nil {
			return
		}
		if len(text) > 1<<16 {
			t.Fatal("more than is allowed")
		}
		if again, err := p.Text(p.Append(nil, text), 1<<16); err != nil || !bytes.Equal(again, text) {
			t.Fatal(err)
		}
	})
}
