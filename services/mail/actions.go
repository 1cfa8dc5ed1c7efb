package mail

import (
	"context"
	"time"

	"guichet/services/fault"
	"guichet/services/mail/mstore"
)

// Undo takes an action back. It is returned at once, before the action is stored.
type Undo struct {
	Action string    // "archive", "delete", "move", "junk", "unjunk", "read", "unread", "flag", "unflag"
	Count  int       // rows
	Until  time.Time // when it is sent to the server; Undo works on afterwards where the server allows

	s      *Service
	done   chan struct{}
	err    error
	ops    []mstore.Op
	undone bool
}

// Wait waits until the action is in the store.
func (u *Undo) Wait(ctx context.Context) error {
	select {
	case <-u.done:
		return u.err
	case <-ctx.Done():
		return fault.From(u.Action, "", ctx.Err())
	}
}

// Undo takes the action back. What the server has heard already is reversed
// there; what was deleted for ever and sent stays deleted.
func (u *Undo) Undo(ctx context.Context) error {
	if err := u.Wait(ctx); err != nil {
		return err
	}
	u.s.opMu.Lock() // not while it is being sent
	defer u.s.opMu.Unlock()
	if u.undone {
		return nil
	}
	if err := u.s.db.Revert(ctx, u.ops, u.s.now().Unix()); err != nil {
		return err
	}
	u.undone = true
	u.s.refreshSoon(nil)
	u.s.wakeFor(u.ops)
	return nil
}

// act carries a change out in the order of the calls.
func (s *Service) act(action string, ids []int64, hold bool, prepare func(context.Context) (mstore.Change, error)) *Undo {
	s.mu.Lock()
	view := s.view.store()
	s.mu.Unlock()
	ids = append([]int64(nil), ids...)
	at := s.now()
	if hold {
		at = at.Add(s.p.UndoDelay)
	}
	u := &Undo{Action: action, Count: len(ids), Until: at, s: s, done: make(chan struct{})}
	work := func(ctx context.Context) {
		defer close(u.done)
		change, err := prepare(ctx)
		if err == nil {
			change.NotBefore = at.Unix()
			u.ops, err = s.db.Apply(ctx, ids, view, change)
		}
		if err != nil {
			u.err = fault.From(action, "", err)
			s.notify(Notice{Action: action, Count: len(ids), Fault: fault.From(action, "", err)})
			return
		}
		if change.Kind == "flags" {
			s.refreshSoon(ids)
		}
		s.refreshSoon(nil)
		s.wakeFor(u.ops)
	}
	select {
	case s.actions <- work:
	case <-s.group.Context().Done():
		u.err = fault.Newf(fault.Cancelled, action, "", "the program ends")
		close(u.done)
	}
	return u
}

func (s *Service) mark(action string, ids []int64, add, del int) *Undo {
	return s.act(action, ids, false, func(context.Context) (mstore.Change, error) {
		return mstore.Change{Kind: "flags", Add: add, Del: del}, nil
	})
}

// MarkRead marks messages as read or unread.
func (s *Service) MarkRead(ids []int64, read bool) *Undo {
	if read {
		return s.mark("read", ids, mstore.Seen, 0)
	}
	return s.mark("unread", ids, 0, mstore.Seen)
}

// Flag sets or takes away the flag.
func (s *Service) Flag(ids []int64, on bool) *Undo {
	if on {
		return s.mark("flag", ids, mstore.Flagged, 0)
	}
	return s.mark("unflag", ids, 0, mstore.Flagged)
}

// Archive moves messages to the archive.
func (s *Service) Archive(ids []int64) *Undo { return s.toRole("archive", ids, RoleArchive, "move") }

// Delete moves messages to the trash; from the trash and junk it deletes forever.
func (s *Service) Delete(ids []int64) *Undo { return s.toRole("delete", ids, RoleTrash, "trash") }

// Junk moves messages to the junk mailbox, or with false back to the inbox.
func (s *Service) Junk(ids []int64, junk bool) *Undo {
	if junk {
		return s.toRole("junk", ids, RoleJunk, "move")
	}
	return s.toRole("unjunk", ids, RoleInbox, "move")
}

// Move moves messages to a mailbox of the same account.
func (s *Service) Move(ids []int64, folder int64) *Undo {
	return s.act("move", ids, true, func(ctx context.Context) (mstore.Change, error) {
		f, err := s.db.FolderByID(ctx, folder)
		if err != nil {
			return mstore.Change{}, err
		}
		if !f.Selectable {
			return mstore.Change{}, fault.Newf(fault.Unsupported, "move", "", "%s takes no messages", pathOf(f))
		}
		return mstore.Change{Kind: "move", DestFor: func(account int64) int64 {
			if account == f.Account {
				return folder
			}
			return 0
		}}, nil
	})
}

func (s *Service) toRole(action string, ids []int64, role Role, kind string) *Undo {
	return s.act(action, ids, true, func(ctx context.Context) (mstore.Change, error) {
		accounts, err := s.db.AccountsOf(ctx, ids)
		if err != nil {
			return mstore.Change{}, err
		}
		dest := map[int64]int64{}
		for _, a := range accounts {
			if dest[a], err = s.ensureRole(ctx, a, role); err != nil {
				return mstore.Change{}, err
			}
		}
		return mstore.Change{Kind: kind, DestFor: func(account int64) int64 { return dest[account] }}, nil
	})
}

// roleNames are the mailboxes that are made when a server has none for a role.
var roleNames = map[Role]string{RoleArchive: "Archive", RoleTrash: "Trash", RoleJunk: "Junk", RoleSent: "Sent", RoleDrafts: "Drafts"}

// ensureRole gives an account's mailbox for a role and makes one on the server if
// there is none.
func (s *Service) ensureRole(ctx context.Context, account int64, role Role) (int64, error) {
	if id := s.roleFolder(account, role); id != 0 {
		return id, nil
	}
	if role == RoleArchive { // Gmail's way: everything stays in "All Mail"
		if id := s.roleFolder(account, RoleAll); id != 0 {
			return id, nil
		}
	}
	a, err := s.account(account)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	l := s.link(a)
	defer l.close(ctx)
	sess, err := l.session(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := sess.Create(ctx, []string{roleNames[role]}); err != nil && !fault.Is(err, fault.Exists) {
		return 0, err
	}
	list, err := sess.List(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := s.db.SetFolders(ctx, account, assignRoles(list), s.now().Unix()); err != nil {
		return 0, err
	}
	if err := s.publishFolders(ctx); err != nil {
		return 0, err
	}
	if id := s.roleFolder(account, role); id != 0 {
		return id, nil
	}
	return 0, fault.Newf(fault.NotFound, "mailbox", a.IMAP.Host, "there is no mailbox for %s", role)
}
