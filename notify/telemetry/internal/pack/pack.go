// Package pack makes stored rows shorter: it holds a text as it is or compressed by zstd (RFC 8878), whichever is less,
// and never makes more of it than the reader allows.
package pack

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

const (
	plain  byte = 0
	packed byte = 1

	least  = 128     // bytes below which nothing is won
	window = 1 << 20 // bytes; the most that a text may have
)

// Packer packs what is like its dictionary. It may be used from any goroutine.
type Packer struct {
	in  *zstd.Encoder
	out *zstd.Decoder
}

// New makes a packer with a dictionary, which is part of the format of what it packs; "" is none.
func New(dictionary string) *Packer {
	in := []zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2),
		zstd.WithWindowSize(window), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true)}
	out := []zstd.DOption{zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(window), zstd.WithDecoderLowmem(true)}
	if dictionary != "" {
		in = append(in, zstd.WithEncoderDictRaw(1, []byte(dictionary)))
		out = append(out, zstd.WithDecoderDictRaw(1, []byte(dictionary)))
	}
	var p Packer
	var err, wrong error
	p.in, err = zstd.NewWriter(nil, in...)
	p.out, wrong = zstd.NewReader(nil, out...)
	if err := errors.Join(err, wrong); err != nil {
		panic("pack: " + err.Error()) // options that do not fit each other
	}
	return &p
}

// Append appends text, at most a megabyte of it, as Text reads it.
func (p *Packer) Append(dst, text []byte) []byte {
	start := len(dst)
	if len(text) >= least && len(text) <= window {
		dst = append(dst, packed)
		dst = binary.AppendUvarint(dst, uint64(len(text)))
		if dst = p.in.EncodeAll(text, dst); len(dst)-start <= len(text) {
			return dst
		}
	}
	return append(append(dst[:start], plain), text...)
}

// Text is what was packed, which has at most the given bytes; it may share them with b. Errors: what nothing packs to.
func (p *Packer) Text(b []byte, most int) ([]byte, error) {
	if len(b) == 0 {
		return nil, errors.New("pack: nothing")
	}
	switch b[0] {
	case plain:
		if len(b)-1 > most {
			return nil, fmt.Errorf("pack: %d bytes, where at most %d may be", len(b)-1, most)
		}
		return b[1:], nil
	case packed:
		size, n := binary.Uvarint(b[1:])
		if n <= 0 || size > uint64(min(most, window)) {
			return nil, fmt.Errorf("pack: a size of %d, where at most %d may be", size, min(most, window))
		}
		text, err := p.out.DecodeAll(b[1+n:], make([]byte, 0, size))
		if err == nil && uint64(len(text)) != size {
			err = fmt.Errorf("pack: %d bytes, where %d are said", len(text), size)
		}
		return text, err
	}
	return nil, fmt.Errorf("pack: a form %d that is not known", b[0])
}
