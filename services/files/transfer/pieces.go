package transfer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"hash/crc32"
	"slices"

	"guichet/services/fault"
	"guichet/services/files"
)

// A part that comes over several connections has its full length from the
// beginning, and behind it a map of the pieces that are there. It is a part of
// its own kind by being longer than its source; cut to length when all is there,
// it is a part like any other. The map is written after the bytes that it tells
// of have reached the disk, so a kill or a power cut never leaves it saying too
// much.

// span is the bytes from from up to, but without, to.
type span struct{ from, to int64 }

// pieces are the spans of a file of size bytes that are there: in order, apart
// from each other.
type pieces struct {
	size int64
	have []span
}

// newPieces has the first done bytes.
func newPieces(size, done int64) *pieces {
	p := &pieces{size: size}
	p.add(span{0, done})
	return p
}

// add notes a span, which may overlap others.
func (p *pieces) add(s span) {
	if s.from >= s.to {
		return
	}
	p.have = append(p.have, s)
	slices.SortFunc(p.have, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	out := p.have[:1]
	for _, s := range p.have[1:] {
		if last := &out[len(out)-1]; s.from <= last.to {
			last.to = max(last.to, s.to)
		} else {
			out = append(out, s)
		}
	}
	p.have = out
}

// missing are the spans that are not there.
func (p *pieces) missing() (list []span) {
	at := int64(0)
	for _, s := range p.have {
		if s.from > at {
			list = append(list, span{at, s.from})
		}
		at = s.to
	}
	if at < p.size {
		list = append(list, span{at, p.size})
	}
	return list
}

// count is how many bytes are there.
func (p *pieces) count() (n int64) {
	for _, s := range p.have {
		n += s.to - s.from
	}
	return n
}

var mapMagic = []byte("guichet pieces 1")

const mostSpans = 1000

// encode writes the map: magic, size, number of spans, spans, CRC-32 of all
// that; numbers are big-endian.
func (p *pieces) encode() []byte {
	b := append([]byte(nil), mapMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.size))
	b = binary.BigEndian.AppendUint32(b, uint32(len(p.have)))
	for _, s := range p.have {
		b = binary.BigEndian.AppendUint64(b, uint64(s.from))
		b = binary.BigEndian.AppendUint64(b, uint64(s.to))
	}
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// decodePieces reads a map; nil if it is none, or of a file of another size.
func decodePieces(b []byte, size int64) *pieces {
	head := len(mapMagic) + 12
	if len(b) < head+4 || !bytes.HasPrefix(b, mapMagic) || binary.BigEndian.Uint64(b[len(mapMagic):]) != uint64(size) {
		return nil
	}
	n := binary.BigEndian.Uint32(b[head-4:])
	end := head + int(n)*16
	if n > mostSpans || len(b) < end+4 || crc32.ChecksumIEEE(b[:end]) != binary.BigEndian.Uint32(b[end:]) {
		return nil
	}
	p := &pieces{size: size}
	for at := head; at < end; at += 16 {
		s := span{int64(binary.BigEndian.Uint64(b[at:])), int64(binary.BigEndian.Uint64(b[at+8:]))}
		if s.from < 0 || s.to <= s.from || s.to > size {
			return nil
		}
		p.add(s)
	}
	return p
}

// resumePieces reads the map of a part and compares the end of each piece with
// the source; nil to begin anew.
func (j *job) resumePieces(ctx context.Context) (*pieces, error) {
	a, ok := j.dst.(files.Assembler)
	if !ok || !j.dividable() {
		return nil, nil //nolint:nilnil // nil is a plain answer
	}
	file, err := a.Assemble(ctx, j.part)
	if err != nil {
		return nil, err
	}
	b := make([]byte, len(mapMagic)+16+mostSpans*16)
	n, rerr := file.ReadAt(b, j.source.Size)
	if err := file.Close(); err != nil {
		return nil, fault.OrNil("copy", err)
	}
	p := decodePieces(b[:n], j.source.Size)
	if p == nil {
		return nil, nil //nolint:nilnil,nilerr // rerr is the end of a file that is no such part
	}
	_ = rerr // io.EOF: the map is shorter than it might be
	good := &pieces{size: p.size}
	for _, s := range p.have {
		same, err := j.sameTail(ctx, s.to)
		if err != nil {
			return nil, err
		}
		if same {
			good.add(s)
		}
	}
	if len(good.have) == 0 {
		return nil, nil //nolint:nilnil // from the beginning
	}
	return good, nil
}
