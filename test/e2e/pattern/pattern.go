// Package pattern is what the probe writes and the tests expect to read: text
// whose every byte depends on its place, so that a byte that is lost, doubled
// or moved shows.
package pattern

import (
	"bytes"
	"strconv"
)

// Line appends line number i, of size bytes and without a newline, to dst. It
// begins with the number, as far as that fits.
func Line(dst []byte, i, size int) []byte {
	start := len(dst)
	dst = strconv.AppendInt(dst, int64(i), 10)
	if len(dst) > start+size {
		return dst[:start+size]
	}
	for j := len(dst) - start; j < size; j++ {
		dst = append(dst, byte('!'+(i+j+j>>8)%('~'-'!'+1)))
	}
	return dst
}

// Binary is text that is none: every byte value, invalid UTF-8, carriage
// returns, empty lines, blanks at both ends, a long run of zeros, something
// that looks like a frame of the attach stream and like our own prefix, and
// no newline at the end.
func Binary() []byte {
	var b bytes.Buffer
	for i := range 256 {
		if i != '\n' {
			b.WriteByte(byte(i))
		}
	}
	b.WriteString("\n\n\n \t both ends \t \r\n\r\n")
	b.WriteString("\xff\xfe\xc0\x80 not UTF-8 \xed\xa0\x80\n")
	b.Write(make([]byte, 70_000))
	b.WriteString("\n\x01\x00\x00\x00\x00\x00\x00\x0a")
	b.WriteString("\n[err] other: not from there\n")
	b.WriteString("the end, without a newline")
	return b.Bytes()
}
