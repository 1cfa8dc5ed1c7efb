package mail

import (
	"context"

	"guichet/services/fault"
	"guichet/services/mail/imap"
	"guichet/services/mail/mstore"
)

const (
	opBatch = 500
	opTries = 8 // of a change that the server keeps refusing for now
)

// sendOps tells the server the changes whose time has come, in their order,
// equal neighbours together. What is told twice, after a crash, does no harm:
// flags are set, not turned over, and a message that was moved is not there to be
// moved again.
func (s *Service) sendOps(ctx context.Context, l *link) error {
	for {
		s.opMu.Lock() // an undo waits until what is being sent is sent
		more, err := s.sendSomeOps(ctx, l)
		s.opMu.Unlock()
		if err != nil || !more {
			return err
		}
	}
}

func (s *Service) sendSomeOps(ctx context.Context, l *link) (more bool, err error) {
	now := s.now().Unix()
	due, err := s.db.DueOps(ctx, l.account.ID, now, opBatch)
	if err != nil || len(due) == 0 {
		return false, err
	}
	var batch []mstore.Op
	for _, o := range due {
		if len(batch) > 0 && !alike(batch[0], o) {
			break
		}
		uid, err := s.db.Resolve(ctx, o)
		if err != nil {
			return false, err
		}
		if uid == 0 { // its number comes with the next synchronisation
			if o.Tries >= opTries {
				err = s.db.OpsDone(ctx, []mstore.Op{o}, nil)
			} else {
				err = s.db.OpsLater(ctx, []mstore.Op{o}, now+30)
			}
			if err != nil {
				return false, err
			}
			if len(batch) == 0 {
				return true, nil
			}
			break
		}
		o.UID = uid
		batch = append(batch, o)
	}
	moved, err := s.sendBatch(ctx, l, batch)
	if err == nil {
		return true, s.db.OpsDone(ctx, batch, moved)
	}
	if ctx.Err() != nil || l.sess == nil || !l.sess.Alive() {
		return false, err // the line: they stay for the next connection
	}
	f := fault.From("change", l.account.IMAP.Host, err)
	if f.Kind == fault.Busy && batch[0].Tries < opTries {
		return true, s.db.OpsLater(ctx, batch, now+60)
	}
	s.notify(Notice{Action: batch[0].Kind, Count: len(batch), Fault: f})
	if err := s.db.OpsFailed(ctx, batch); err != nil {
		return false, err
	}
	s.refreshSoon(nil)
	return true, nil
}

func alike(a, b mstore.Op) bool {
	return a.Folder == b.Folder && a.Kind == b.Kind && a.Add == b.Add && a.Del == b.Del && a.Dest == b.Dest
}

func (s *Service) sendBatch(ctx context.Context, l *link, batch []mstore.Op) (map[uint32]uint32, error) {
	first := batch[0]
	f, err := s.db.FolderByID(ctx, first.Folder)
	if err != nil {
		return nil, err
	}
	sess, err := l.open(ctx, f)
	if err != nil {
		return nil, err
	}
	uids := make([]uint32, len(batch))
	for i, o := range batch {
		uids[i] = uint32(o.UID)
	}
	set := imap.SetOf(uids)
	switch first.Kind {
	case "flags":
		if names := mstore.FlagNames(first.Add); len(names) > 0 {
			if err := sess.Store(ctx, set, true, names); err != nil {
				return nil, err
			}
		}
		if names := mstore.FlagNames(first.Del); len(names) > 0 {
			return nil, sess.Store(ctx, set, false, names)
		}
		return nil, nil
	case "expunge":
		return nil, sess.Expunge(ctx, set)
	}
	dest, err := s.db.FolderByID(ctx, first.Dest)
	if err != nil {
		return nil, err
	}
	return sess.Move(ctx, set, dest.Wire)
}
