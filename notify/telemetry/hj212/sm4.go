package hj212

import (
	"bytes"
	"crypto/cipher"
	"encoding/hex"

	"github.com/emmansun/gmsm/sm4"

	"qingkong/alerts/refusal"
)

// Mode is how the bytes of an encrypted CP are written.
type Mode string

// The modes. Nothing of it has been tried against devices.
const (
	None Mode = "none"
	Raw  Mode = "raw" // bytes as they are
	Hex  Mode = "hex" // two hexadecimal digits a byte, for what is encrypted alone
)

// Modes are those there are.
func Modes() []Mode { return []Mode{None, Raw, Hex} }

// Cipher is SM4 as HJ 212-2025 has it: ECB without padding over what stands between CP=&& and &&, of which whole groups
// of 16 bytes are encrypted and the rest stays. The CRC is that of the plain text; the length counts what is sent.
type Cipher struct {
	mode  Mode
	block cipher.Block
}

// NewCipher is nil for [None]. Errors: a mode that is none, a key that has not 16 bytes.
func NewCipher(mode Mode, key []byte) (*Cipher, error) {
	switch mode {
	case None:
		return nil, nil
	case Raw, Hex:
	default:
		return nil, refusal.New(refusal.Invalid, "hj212.sm4_mode", refusal.Args{"value": refusal.Shown(string(mode))})
	}
	if len(key) != sm4.BlockSize {
		return nil, refusal.New(refusal.Invalid, "hj212.key_length", refusal.Args{"length": len(key)})
	}
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &Cipher{mode, block}, nil
}

// goesEncrypted reports whether a command goes encrypted on the internet: 2000 to 2999, 1014 and 3020.
func goesEncrypted(cn string) bool {
	return len(cn) == 4 && cn[0] == '2' && digits(cn) || cn == "1014" || cn == "3020"
}

// within is where the content of a data segment's CP begins and ends.
func within(data []byte) (from, to int, ok bool) {
	open := []byte("CP=&&")
	if from = len(open); !bytes.HasPrefix(data, open) {
		from = bytes.Index(data, []byte(";CP=&&")) + 1 + len(open)
	}
	to = len(data) - 2
	return from, to, (from > len(open) || bytes.HasPrefix(data, open)) && to >= from && string(data[to:]) == "&&"
}

// open appends a data segment in clear to dst. It is false where there is nothing encrypted in it.
func (c *Cipher) open(dst, data []byte) ([]byte, bool) {
	from, to, ok := within(data)
	if !ok {
		return dst, false
	}
	dst = append(dst, data[:from]...)
	content, size := data[from:to], sm4.BlockSize
	if c.mode == Hex {
		size *= 2
	}
	if len(content) < size {
		return dst, false
	}
	var group [sm4.BlockSize]byte
	for len(content) >= size {
		if c.mode == Raw {
			copy(group[:], content)
		} else if _, err := hex.Decode(group[:], content[:size]); err != nil {
			return dst, false
		}
		content = content[size:]
		c.block.Decrypt(group[:], group[:])
		dst = append(dst, group[:]...)
	}
	dst = append(dst, content...)
	return append(dst, "&&"...), true
}

// seal appends a data segment with its CP encrypted to dst.
func (c *Cipher) seal(dst, data []byte) []byte {
	from, to, ok := within(data)
	if !ok {
		return append(dst, data...)
	}
	dst = append(dst, data[:from]...)
	content := data[from:to]
	var group [sm4.BlockSize]byte
	for len(content) >= len(group) {
		c.block.Encrypt(group[:], content[:len(group)])
		content = content[len(group):]
		if c.mode == Raw {
			dst = append(dst, group[:]...)
		} else {
			dst = append(dst, bytes.ToUpper(hex.AppendEncode(nil, group[:]))...)
		}
	}
	dst = append(dst, content...)
	return append(dst, "&&"...)
}
