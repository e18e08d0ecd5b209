package hj212

// The CRC of HJ 212 (HJ 212-2017, appendix A). A step takes the high byte of the register, not its low one as Modbus
// does, so the register after a step depends on one byte alone: the high byte before it xor the byte of data. That map
// is linear, and so the high byte after eight bytes is the xor of eight tables. There are 256 values a CRC can have:
// it proves less than its 16 bits promise, and the decoder trusts it only beside a length that fits.
var crcStep, crcAhead = crcTables()

// crcTables are the register after a byte, by high byte xor data, and its high byte after 1 to 8 bytes.
func crcTables() (step [256]uint16, ahead [8][256]uint8) {
	for x := range step {
		r := uint16(x)
		for range 8 {
			low := r & 1
			r >>= 1
			if low == 1 {
				r ^= 0xA001
			}
		}
		step[x] = r
		ahead[0][x] = uint8(r >> 8)
	}
	for n := 1; n < len(ahead); n++ {
		for x := range ahead[n] {
			ahead[n][x] = ahead[0][ahead[n-1][x]]
		}
	}
	return step, ahead
}

// CRC is the check of a data segment as the standard computes it. It is 0xFFFF for no bytes.
func CRC(data []byte) uint16 {
	if len(data) == 0 {
		return 0xFFFF
	}
	last := len(data) - 1
	high, rest := uint8(0xFF), data[:last]
	for len(rest) >= 8 {
		b := rest[:8]
		high = crcAhead[7][high^b[0]] ^ crcAhead[6][b[1]] ^ crcAhead[5][b[2]] ^ crcAhead[4][b[3]] ^
			crcAhead[3][b[4]] ^ crcAhead[2][b[5]] ^ crcAhead[1][b[6]] ^ crcAhead[0][b[7]]
		rest = rest[8:]
	}
	for _, b := range rest {
		high = crcAhead[0][high^b]
	}
	return crcStep[high^data[last]]
}

// ModbusCRC is what some devices send in the place of [CRC].
func ModbusCRC(data []byte) uint16 {
	r := uint16(0xFFFF)
	for _, b := range data {
		r = r>>8 ^ crcStep[uint8(r)^b]
	}
	return r
}

// hexCRC reads four hexadecimal digits of either case.
func hexCRC(b []byte) (crc uint16, ok bool) {
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		crc = crc<<4 | uint16(c)
	}
	return crc, true
}
