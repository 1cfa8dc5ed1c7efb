// Package wire speaks version 3 of the SSH file transfer protocol
// (draft-ietf-secsh-filexfer-02) over one channel: requests are sent without
// waiting for one another, each answer finds its request, and a request can be
// given up without harm to the others. What the requests are good for is
// decided by package sftp.
package wire

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Types of packets, section 3 of the draft.
const (
	typeInit          = 1
	typeVersion       = 2
	typeOpen          = 3
	typeClose         = 4
	typeRead          = 5
	typeWrite         = 6
	typeLstat         = 7
	typeFstat         = 8
	typeSetstat       = 9
	typeFsetstat      = 10
	typeOpendir       = 11
	typeReaddir       = 12
	typeRemove        = 13
	typeMkdir         = 14
	typeRmdir         = 15
	typeRealpath      = 16
	typeStat          = 17
	typeRename        = 18
	typeReadlink      = 19
	typeStatus        = 101
	typeHandle        = 102
	typeData          = 103
	typeName          = 104
	typeAttrs         = 105
	typeExtended      = 200
	typeExtendedReply = 201
)

// Status codes, section 7 of the draft.
const (
	StatusOK           = 0
	StatusEOF          = 1
	StatusNoSuchFile   = 2
	StatusPermission   = 3
	StatusFailure      = 4
	StatusBadMessage   = 5
	StatusNoConnection = 6
	StatusLost         = 7
	StatusUnsupported  = 8
)

// Flags of Open, section 6.3 of the draft.
const (
	OpenRead      = 0x01
	OpenWrite     = 0x02
	OpenCreate    = 0x08
	OpenTruncate  = 0x10
	OpenExclusive = 0x20
)

// Flags of Attrs, section 5 of the draft.
const (
	AttrSize  = 0x01
	AttrOwner = 0x02
	AttrMode  = 0x04
	AttrTimes = 0x08
	attrMore  = 0x80000000
)

// StatusError is a server's answer other than OK.
type StatusError struct {
	Code    uint32
	Message string // as the server wrote it, not cleaned
}

// Error gives code and text.
func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %q", e.Code, e.Message) }

// Attrs are a file's attributes; Flags tells which of them are valid.
type Attrs struct {
	Flags    uint32
	Size     uint64
	UID, GID uint32
	Mode     uint32 // as stat(2) has it, with the type in the upper bits
	ATime    uint32 // seconds since 1970
	MTime    uint32
}

// ModTime is the time of the last change, zero where the server did not say it.
func (a Attrs) ModTime() time.Time {
	if a.Flags&AttrTimes == 0 {
		return time.Time{}
	}
	return time.Unix(int64(a.MTime), 0).UTC()
}

// Times are attributes that set both times; the protocol can hold the years
// 1970 to 2106, and others become the nearest of these.
func Times(t time.Time) Attrs {
	s := uint32(min(max(t.Unix(), 0), 1<<32-1))
	return Attrs{Flags: AttrTimes, ATime: s, MTime: s}
}

// Name is one entry of a folder.
type Name struct {
	Name  string
	Long  string // the line that ls -l would print, mostly
	Attrs Attrs
}

// builder puts a packet together; the first four bytes are its length.
type builder []byte

// newPacket begins a packet whose id is entered when it is sent.
func newPacket(kind byte, room int) builder {
	return append(make(builder, 0, 9+room), 0, 0, 0, 0, kind, 0, 0, 0, 0)
}

func (b builder) u32(v uint32) builder { return binary.BigEndian.AppendUint32(b, v) }
func (b builder) u64(v uint64) builder { return binary.BigEndian.AppendUint64(b, v) }

func (b builder) str(s string) builder {
	return append(b.u32(uint32(len(s))), s...)
}

func (b builder) attrs(a Attrs) builder {
	b = b.u32(a.Flags)
	if a.Flags&AttrSize != 0 {
		b = b.u64(a.Size)
	}
	if a.Flags&AttrOwner != 0 {
		b = b.u32(a.UID).u32(a.GID)
	}
	if a.Flags&AttrMode != 0 {
		b = b.u32(a.Mode)
	}
	if a.Flags&AttrTimes != 0 {
		b = b.u32(a.ATime).u32(a.MTime)
	}
	return b
}

// parser reads a packet. After the first thing that is not there all others
// are zero and bad is set.
type parser struct {
	b   []byte
	bad bool
}

func (p *parser) take(n int) []byte {
	if p.bad || n < 0 || n > len(p.b) {
		p.bad = true
		return nil
	}
	v := p.b[:n]
	p.b = p.b[n:]
	return v
}

func (p *parser) u32() uint32 {
	if v := p.take(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (p *parser) u64() uint64 {
	if v := p.take(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (p *parser) str() string { return string(p.take(int(p.u32()))) }

func (p *parser) attrs() Attrs {
	a := Attrs{Flags: p.u32()}
	if a.Flags&AttrSize != 0 {
		a.Size = p.u64()
	}
	if a.Flags&AttrOwner != 0 {
		a.UID, a.GID = p.u32(), p.u32()
	}
	if a.Flags&AttrMode != 0 {
		a.Mode = p.u32()
	}
	if a.Flags&AttrTimes != 0 {
		a.ATime, a.MTime = p.u32(), p.u32()
	}
	if a.Flags&attrMore != 0 {
		for n := p.u32(); n > 0 && !p.bad; n-- {
			p.str()
			p.str()
		}
	}
	return a
}

// names reads the body of SSH_FXP_NAME. An entry takes at least 12 bytes, so
// the count cannot make it allocate more than was sent.
func (p *parser) names() []Name {
	n := int(p.u32())
	if n > len(p.b)/12 {
		p.bad = true
		return nil
	}
	all := make([]Name, 0, n)
	for range n {
		e := Name{Name: p.str(), Long: p.str(), Attrs: p.attrs()}
		if p.bad {
			return nil
		}
		all = append(all, e)
	}
	return all
}

func (p *parser) status() error {
	code := p.u32()
	if p.bad {
		return errShort
	}
	if code == StatusOK {
		return nil
	}
	e := &StatusError{Code: code}
	if len(p.b) > 0 { // some servers leave the text out
		e.Message = p.str()
	}
	return e
}
