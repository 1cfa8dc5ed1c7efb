package imap

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/utf7"
	"golang.org/x/text/encoding/charmap"

	"guichet/services/fault"
)

// mailboxLimit bounds how many mailboxes an account may have.
const mailboxLimit = 20_000

// text gives a field's bytes as they were on the wire.
func text(f any) (string, bool) {
	switch f := f.(type) {
	case nil:
		return "", false
	case imap.Literal:
		s, err := imap.ParseString(f)
		return s, err == nil
	}
	s, err := imap.ParseString(f)
	if err != nil || strings.EqualFold(s, "nil") {
		return "", false
	}
	return rawString(s), true
}

// DecodeName gives a mailbox name as people write it: modified UTF-7 (RFC 3501,
// section 5.1.3) where it is that, else UTF-8, else Latin-1.
func DecodeName(wire string) string {
	ascii := true
	for i := range len(wire) {
		ascii = ascii && wire[i] < 0x80
	}
	if ascii {
		if d, err := utf7.Encoding.NewDecoder().String(wire); err == nil && utf8.ValidString(d) {
			return d
		}
		return wire // "R&D", written by a client that did not know better
	}
	if utf8.ValidString(wire) {
		return wire
	}
	d, err := charmap.Windows1252.NewDecoder().String(wire)
	if err != nil {
		return strings.ToValidUTF8(wire, "�")
	}
	return d
}

func (s *session) encodeName(name string) (string, error) {
	return utf7.Encoding.NewEncoder().String(name)
}

var statusItems = []string{"MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN"}

func (s *session) statusItems() string {
	items := strings.Join(statusItems, " ")
	if s.condstore() {
		items += " HIGHESTMODSEQ"
	}
	return "(" + items + ")"
}

func (s *session) condstore() bool { return s.Has("CONDSTORE") || s.Has("QRESYNC") }

// List asks with everything the server advertises, and with less when it then
// refuses what it advertised.
func (s *session) List(ctx context.Context) ([]Mailbox, error) {
	var forms []string
	if s.Has("LIST-EXTENDED") || s.Has("LIST-STATUS") || s.Has("IMAP4REV2") {
		use := ""
		if s.Has("SPECIAL-USE") {
			use = " SPECIAL-USE"
		}
		if s.Has("LIST-STATUS") {
			forms = append(forms, " RETURN (SUBSCRIBED CHILDREN"+use+" STATUS "+s.statusItems()+")")
		}
		forms = append(forms, " RETURN (SUBSCRIBED CHILDREN"+use+")")
	} else if s.Has("SPECIAL-USE") {
		forms = append(forms, " RETURN (SPECIAL-USE)")
	}
	forms = append(forms, "")
	var list []Mailbox
	var err error
	for _, form := range forms {
		list, err = s.list(ctx, form)
		if err == nil && len(list) > 0 || !s.Alive() {
			break
		}
	}
	return list, err
}

func (s *session) list(ctx context.Context, form string) ([]Mailbox, error) {
	var list []Mailbox
	seen := map[string]int{}
	status := map[string]Status{}
	cmd := &imap.Command{Name: "LIST", Arguments: []any{imap.RawString(`"" "*"` + form)}}
	_, err := s.execute(ctx, "list", 5*shortLimit, cmd, func(name string, fields []any) error {
		switch {
		case name == "LIST" && len(fields) >= 3:
			m, ok := mailbox(fields)
			if _, again := seen[m.Wire]; ok && !again && len(list) < mailboxLimit {
				seen[m.Wire] = len(list)
				list = append(list, m)
			}
		case name == "STATUS" && len(fields) >= 2:
			if wire, ok := text(fields[0]); ok {
				status[wire] = readStatus(fields[1])
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for wire, st := range status {
		i, ok := seen[wire]
		if !ok && strings.EqualFold(wire, "INBOX") {
			for w, j := range seen {
				if strings.EqualFold(w, wire) {
					i, ok = j, true
				}
			}
		}
		if ok {
			list[i].Status = &st
		}
	}
	return list, nil
}

// mailbox reads the fields of a LIST response whatever is in the name.
func mailbox(fields []any) (m Mailbox, ok bool) {
	attributes, isList := fields[0].([]any)
	if !isList && fields[0] != nil {
		return m, false
	}
	for _, a := range attributes {
		if t, ok := text(a); ok && len(m.Attributes) < 50 {
			m.Attributes = append(m.Attributes, strings.ToLower(t))
		}
	}
	delimiter, _ := text(fields[1])
	rest := fields[2:]
	if n := len(rest); n > 1 {
		if _, extended := rest[n-1].([]any); extended { // RFC 5258 extended data
			rest = rest[:n-1]
		}
	}
	var words []string
	for _, f := range rest { // more than one: an unquoted name with spaces
		t, ok := text(f)
		if !ok {
			t = "NIL"
		}
		words = append(words, t)
	}
	m.Wire = strings.Join(words, " ")
	if m.Wire == "" || len(m.Wire) > 4096 {
		return m, false
	}
	name := m.Wire
	if delimiter != "" {
		for _, part := range strings.Split(name, delimiter) {
			if part != "" {
				m.Path = append(m.Path, DecodeName(part))
			}
		}
	} else {
		m.Path = []string{DecodeName(name)}
	}
	if len(m.Path) == 0 {
		m.Path = []string{name}
	}
	if strings.EqualFold(m.Wire, "INBOX") {
		m.Path = []string{"INBOX"}
	}
	return m, true
}

func readStatus(f any) (st Status) {
	fields, _ := f.([]any)
	for i := 0; i+1 < len(fields); i += 2 {
		key, _ := text(fields[i])
		n := number(fields[i+1])
		n32 := uint32(0)
		if n <= 0xFFFFFFFF {
			n32 = uint32(n)
		}
		switch strings.ToUpper(key) {
		case "MESSAGES":
			st.Messages = n32
		case "UNSEEN":
			st.Unseen = n32
		case "UIDNEXT":
			st.UIDNext = n32
		case "UIDVALIDITY":
			st.UIDValidity = n32
		case "HIGHESTMODSEQ":
			st.HighestModSeq = n
		}
	}
	return st
}

// number reads an unsigned number; 0 for nonsense. MODSEQ comes as a list of one.
func number(f any) uint64 {
	if l, ok := f.([]any); ok && len(l) > 0 {
		f = l[0]
	}
	t, _ := text(f)
	var n uint64
	for _, c := range t {
		if c < '0' || c > '9' || n > 1<<62 {
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

func (s *session) Status(ctx context.Context, wire string) (Status, error) {
	var st Status
	found := false
	s.guard.allowed.Store(1)
	defer s.guard.allowed.Store(0)
	cmd := &imap.Command{Name: "STATUS", Arguments: []any{wire, imap.RawString(s.statusItems())}}
	_, err := s.execute(ctx, "list", shortLimit, cmd, func(name string, fields []any) error {
		if name == "STATUS" && len(fields) >= 2 {
			st, found = readStatus(fields[len(fields)-1]), true
		}
		return nil
	})
	if err == nil && !found {
		err = fault.Newf(fault.Protocol, "list", s.host, "no STATUS in the answer")
	}
	return st, err
}

func (s *session) Select(ctx context.Context, wire string) (Status, error) {
	var st Status
	args := []any{wire}
	if s.condstore() {
		args = append(args, imap.RawString("(CONDSTORE)"))
	}
	s.guard.allowed.Store(1)
	defer s.guard.allowed.Store(0)
	status, err := s.execute(ctx, "open mailbox", 5*shortLimit, &imap.Command{Name: "SELECT", Arguments: args}, func(name string, fields []any) error {
		if len(fields) == 0 {
			return nil
		}
		n := number(fields[0])
		n32 := uint32(0)
		if n <= 0xFFFFFFFF {
			n32 = uint32(n)
		}
		switch name {
		case "EXISTS":
			st.Messages = n32
		case "*UIDNEXT":
			st.UIDNext = n32
		case "*UIDVALIDITY":
			st.UIDValidity = n32
		case "*HIGHESTMODSEQ":
			st.HighestModSeq = n
		}
		return nil
	})
	if err != nil {
		return st, err
	}
	st.ReadOnly = strings.EqualFold(string(status.Code), "READ-ONLY")
	return st, nil
}

// Create makes a mailbox, with the delimiter that the server uses.
func (s *session) Create(ctx context.Context, path []string) (string, error) {
	delimiter := "/"
	_, err := s.execute(ctx, "create mailbox", shortLimit, &imap.Command{Name: "LIST", Arguments: []any{imap.RawString(`"" ""`)}},
		func(name string, fields []any) error {
			if name == "LIST" && len(fields) >= 2 {
				if d, ok := text(fields[1]); ok {
					delimiter = d
				}
			}
			return nil
		})
	if err != nil {
		return "", err
	}
	parts := make([]string, len(path))
	for i, p := range path {
		if parts[i], err = s.encodeName(p); err != nil {
			return "", fault.New(fault.Unsupported, "create mailbox", s.host, err)
		}
	}
	wire := strings.Join(parts, delimiter)
	if err := s.simple(ctx, "create mailbox", "CREATE", wire); err != nil {
		return "", err
	}
	// A mailbox that is not subscribed is invisible to some other programs.
	if err := s.simple(ctx, "create mailbox", "SUBSCRIBE", wire); err != nil && !s.Alive() {
		return "", err
	}
	return wire, nil
}
