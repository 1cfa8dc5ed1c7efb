package imap

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/responses"

	"guichet/services/fault"
	"guichet/services/task"
)

func (s *session) fetch(ctx context.Context, set Set, what string, each func(Item) error) error {
	if set == "" {
		return nil
	}
	cmd := &imap.Command{Name: "UID FETCH", Arguments: []any{imap.RawString(set), imap.RawString(what)}}
	_, err := s.execute(ctx, "fetch", longLimit, cmd, func(name string, fields []any) error {
		if name != "FETCH" || len(fields) < 2 {
			return nil
		}
		it, ok := readItem(fields[1])
		if !ok {
			return nil
		}
		return each(it)
	})
	return err
}

// readItem reads the attributes of a FETCH response in any order; what it does
// not know it skips.
func readItem(f any) (it Item, ok bool) {
	fields, _ := f.([]any)
	for i := 0; i+1 < len(fields); i += 2 {
		key, _ := text(fields[i])
		key = strings.ToUpper(key)
		v := fields[i+1]
		switch {
		case key == "UID":
			if n := number(v); n <= 0xFFFFFFFF {
				it.UID = uint32(n)
			}
		case key == "FLAGS":
			list, _ := v.([]any)
			it.HasFlags = true
			for _, x := range list {
				if t, ok := text(x); ok && len(it.Flags) < 200 && len(t) < 200 {
					it.Flags = append(it.Flags, strings.ToLower(t))
				}
			}
		case key == "INTERNALDATE":
			t, _ := text(v)
			it.InternalDate, _ = time.Parse("_2-Jan-2006 15:04:05 -0700", strings.TrimSpace(t)) // nonsense: the zero time
		case key == "RFC822.SIZE":
			if n := number(v); n < 1<<40 {
				it.Size = int64(n)
			}
		case key == "MODSEQ":
			it.ModSeq = number(v)
		case strings.HasPrefix(key, "BODY[HEADER"):
			it.Header = bytesOf(v)
		case strings.HasPrefix(key, "BODY[]"):
			it.Body = bytesOf(v)
			it.HasBody = it.Body != nil
		}
	}
	return it, it.UID != 0
}

func bytesOf(v any) []byte {
	switch v := v.(type) {
	case *bytes.Buffer:
		return v.Bytes()
	case nil:
		return nil
	}
	if t, ok := text(v); ok {
		return []byte(t)
	}
	return nil
}

func (s *session) Headers(ctx context.Context, set Set, each func(Item) error) error {
	return s.fetch(ctx, set, "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])", each)
}

func (s *session) Flags(ctx context.Context, set Set, since uint64, each func(Item) error) error {
	what := "(UID FLAGS)"
	if since > 0 && s.condstore() {
		what += " (CHANGEDSINCE " + strconv.FormatUint(since, 10) + ")"
	}
	return s.fetch(ctx, set, what, func(it Item) error {
		if !it.HasFlags {
			return nil
		}
		return each(it)
	})
}

func (s *session) Bodies(ctx context.Context, set Set, each func(Item) error) error {
	return s.fetch(ctx, set, "(UID BODY.PEEK[])", func(it Item) error {
		if !it.HasBody {
			return nil
		}
		return each(it)
	})
}

func (s *session) BodySlice(ctx context.Context, uid uint32, offset, length int64) ([]byte, error) {
	var b []byte
	got := false
	what := fmt.Sprintf("(UID BODY.PEEK[]<%d.%d>)", offset, length)
	err := s.fetch(ctx, SetOf([]uint32{uid}), what, func(it Item) error {
		if it.UID == uid && it.HasBody {
			b, got = it.Body, true
		}
		return nil
	})
	if err == nil && !got {
		err = fault.Newf(fault.NotFound, "fetch", s.host, "the server gave no part of message %d", uid)
	}
	if int64(len(b)) > length {
		b = b[:length]
	}
	return b, err
}

// search runs UID SEARCH, with ESEARCH where there is one (RFC 4731).
func (s *session) search(ctx context.Context, criteria ...any) ([]uint32, error) {
	args := criteria
	if s.Has("ESEARCH") {
		args = append([]any{imap.RawString("RETURN (ALL)")}, criteria...)
	}
	var uids []uint32
	s.guard.allowed.Store(1)
	defer s.guard.allowed.Store(0)
	_, err := s.execute(ctx, "search", 5*shortLimit, &imap.Command{Name: "UID SEARCH", Arguments: args}, func(name string, fields []any) error {
		switch name {
		case "SEARCH":
			for _, f := range fields {
				if n := number(f); n > 0 && n <= 0xFFFFFFFF && len(uids) < setLimit {
					uids = append(uids, uint32(n))
				}
			}
		case "ESEARCH":
			for i := 0; i+1 < len(fields); i++ {
				if key, ok := fields[i].(string); ok && strings.EqualFold(key, "ALL") {
					t, _ := text(fields[i+1])
					list, ok := expand(t)
					if !ok {
						return fault.Newf(fault.Protocol, "search", s.host, "a set of UIDs without sense")
					}
					uids = append(uids, list...)
					break
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

func (s *session) All(ctx context.Context) ([]uint32, error) {
	return s.search(ctx, imap.RawString("ALL"))
}

func (s *session) FindMessageID(ctx context.Context, id string) ([]uint32, error) {
	return s.search(ctx, imap.RawString("HEADER Message-ID"), id)
}

func (s *session) Store(ctx context.Context, set Set, add bool, flags []string) error {
	sign := "-"
	if add {
		sign = "+"
	}
	list := make([]any, len(flags))
	for i, f := range flags {
		list[i] = imap.RawString(f)
	}
	cmd := &imap.Command{Name: "UID STORE", Arguments: []any{imap.RawString(set), imap.RawString(sign + "FLAGS.SILENT"), list}}
	_, err := s.execute(ctx, "store", 5*shortLimit, cmd, nil)
	return err
}

// copied reads a COPYUID code (RFC 4315): the old and the new UIDs, in step.
func copied(code string, args []any, into map[uint32]uint32) {
	if !strings.EqualFold(code, "COPYUID") || len(args) < 3 {
		return
	}
	a, _ := text(args[1])
	b, _ := text(args[2])
	from, ok1 := expand(a)
	to, ok2 := expand(b)
	if !ok1 || !ok2 || len(from) != len(to) {
		return
	}
	for i := range from {
		into[from[i]] = to[i]
	}
}

// Move uses MOVE (RFC 6851); without it COPY, and then removes exactly the
// copied messages, which needs UIDPLUS, or leaves them marked as deleted.
func (s *session) Move(ctx context.Context, set Set, wire string) (map[uint32]uint32, error) {
	uids := map[uint32]uint32{}
	verb := "UID COPY"
	if s.Has("MOVE") || s.Has("IMAP4REV2") {
		verb = "UID MOVE"
	}
	s.guard.allowed.Store(1)
	defer s.guard.allowed.Store(0)
	cmd := &imap.Command{Name: verb, Arguments: []any{imap.RawString(set), wire}}
	status, err := s.execute(ctx, "move", 5*shortLimit, cmd, func(name string, fields []any) error {
		copied(strings.TrimPrefix(name, "*"), fields, uids)
		return nil
	})
	if err != nil {
		return nil, err
	}
	copied(string(status.Code), status.Arguments, uids)
	if verb == "UID MOVE" {
		return uids, nil
	}
	return uids, s.Expunge(ctx, set)
}

// Expunge marks messages as deleted and removes exactly them where the server
// can (UID EXPUNGE); a plain EXPUNGE would remove what others marked, so without
// UIDPLUS they stay marked.
func (s *session) Expunge(ctx context.Context, set Set) error {
	if err := s.Store(ctx, set, true, []string{`\Deleted`}); err != nil {
		return err
	}
	if !s.Has("UIDPLUS") && !s.Has("IMAP4REV2") {
		return nil
	}
	_, err := s.execute(ctx, "delete", 5*shortLimit, &imap.Command{Name: "UID EXPUNGE", Arguments: []any{imap.RawString(set)}}, nil)
	return err
}

func (s *session) Append(ctx context.Context, wire string, flags []string, date time.Time, raw []byte) (uid uint32, err error) {
	list := make([]any, len(flags))
	for i, f := range flags {
		list[i] = imap.RawString(f)
	}
	args := []any{wire, list}
	if !date.IsZero() {
		args = append(args, date)
	}
	args = append(args, bytes.NewBuffer(raw))
	s.guard.allowed.Store(2)
	s.guard.pending.Store(true)
	defer func() { s.guard.pending.Store(false); s.guard.allowed.Store(0) }()
	status, err := s.execute(ctx, "append", longLimit, &imap.Command{Name: "APPEND", Arguments: args}, nil)
	if err != nil {
		return 0, err
	}
	if strings.EqualFold(string(status.Code), "APPENDUID") && len(status.Arguments) >= 2 {
		if n := number(status.Arguments[1]); n <= 0xFFFFFFFF {
			uid = uint32(n)
		}
	}
	return uid, nil
}

// idler answers the continuation of IDLE and hears what comes then.
type idler struct {
	handle  responses.HandlerFunc
	replies chan []byte
	ready   chan struct{}
	begun   bool
}

func (i *idler) Replies() <-chan []byte { return i.replies }

func (i *idler) Handle(resp imap.Resp) error {
	if _, ok := resp.(*imap.ContinuationReq); ok {
		if !i.begun {
			i.begun = true
			close(i.ready)
		}
		return nil
	}
	return i.handle(resp)
}

// Idle is IDLE (RFC 2177); a server without it is asked once per call, after
// limit or wake.
func (s *session) Idle(ctx context.Context, limit time.Duration, wake <-chan struct{}) (bool, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	if !s.Has("IDLE") {
		select {
		case <-timer.C:
		case <-wake:
		case <-ctx.Done():
			return false, fault.From("idle", s.host, ctx.Err())
		}
		return true, nil
	}
	heard := make(chan struct{}, 1)
	var failed error
	i := &idler{replies: make(chan []byte, 1), ready: make(chan struct{}), handle: s.handler(func(name string, _ []any) error {
		switch name {
		case "EXISTS", "EXPUNGE", "FETCH", "VANISHED":
			select {
			case heard <- struct{}{}:
			default:
			}
		}
		return nil
	}, &failed)}
	news := false
	s.guard.allowed.Store(1)
	defer s.guard.allowed.Store(0)
	err := s.run(ctx, "idle", limit+stallLimit, limit+2*stallLimit, func() error {
		result := make(chan error, 1)
		go func() { // ends with the command, or with the connection that run closes
			result <- task.Catch("idle", func() error {
				st, err := s.c.Execute(&imap.Command{Name: "IDLE"}, i)
				if err == nil && st.Type != imap.StatusRespOk {
					err = refusal{st}
				}
				return err
			})
		}()
		select {
		case <-i.ready:
		case err := <-result:
			return err
		}
		select {
		case <-heard:
			news = true
		case <-timer.C:
		case <-wake:
		case err := <-result:
			return err
		}
		if err := s.guard.begin(15 * time.Second); err != nil { // DONE is answered soon, or the line is dead
			return err
		}
		i.replies <- []byte("DONE\r\n")
		return <-result
	})
	select {
	case <-heard: // what the server said before it ended the command counts too
		news = true
	default:
	}
	return news, err
}
