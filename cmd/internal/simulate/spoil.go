package simulate

import (
	"bytes"
)

// spoil is a frame as a faulty device writes it. What is wrong with its CRC or its length is so once: the device sends
// it again, and then it is good. A message in parts is written once: the answer to a second copy would count for a part
// that did not come.
func (d *device) spoil(frame []byte, number string, part, parts, try int) []byte {
	f := &d.s.c.Faults
	if try == 1 && part == 0 {
		switch {
		case d.chance("crc", number, 0) < f.CRC:
			frame = wrongCRC(frame)
			d.count.Spoiled++
		case d.chance("length", number, 0) < f.Length:
			frame = append([]byte("##9999"), frame[6:]...)
			d.count.Spoiled++
		}
	}
	if parts == 1 && d.chance("twice", number, part) < f.Twice {
		frame = append(bytes.Clone(frame), frame...)
		d.count.Frames++
	}
	if d.chance("garbage", number, part) < f.Garbage {
		frame = append(d.garbage(number), frame...)
	}
	return frame
}

// wrongCRC changes the four digits of a frame's CRC to others.
func wrongCRC(frame []byte) []byte {
	frame = bytes.Clone(frame)
	for i := len(frame) - 6; i < len(frame)-2; i++ {
		if frame[i] == '0' {
			frame[i] = '1'
		} else {
			frame[i] = '0'
		}
	}
	return frame
}

// garbage is up to 40 bytes without a # in them, of which half are no text.
func (d *device) garbage(number string) (out []byte) {
	chance := of(d.s.c.Plant.Seed, "garbage "+d.s.c.MN+number)
	for i := range int64(chance.bits(-1)%40) + 1 {
		c := byte(chance.bits(i))
		if c == '#' {
			c = '?'
		}
		out = append(out, c)
	}
	return out
}

// cut is one write, or the pieces that the line makes of it.
func (d *device) cut(b []byte) (writes [][]byte) {
	if !d.s.c.Faults.Split || len(b) < 2 {
		return [][]byte{b}
	}
	chance := of(d.s.c.Plant.Seed, "cut "+d.s.c.MN)
	for i := int64(0); len(b) > 1; i++ {
		n := 1 + int(chance.bits(int64(len(b))<<8+i)%uint64(len(b)-1))
		writes = append(writes, b[:n:n])
		b = b[n:]
		if i == 2 {
			break
		}
	}
	return append(writes, b)
}
