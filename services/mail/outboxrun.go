package mail

import (
	"context"
	"log/slog"
	"time"

	"guichet/services/fault"
	"guichet/services/mail/mstore"
)

// Unsend takes a Held, Queued or Failed mail out of the outbox, back to a draft.
// Exists: it is too late.
func (s *Service) Unsend(ctx context.Context, id int64) (Draft, error) {
	m, err := s.db.MailByID(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	now := s.now().Unix()
	draftID, err := s.db.DropMail(ctx, id, m.Draft, m.Account, now, string(Held), string(Queued), string(Failed))
	if err != nil {
		return Draft{}, err
	}
	s.publishOutbox(ctx)
	s.publishDrafts(ctx)
	return readDraft(mstore.SavedDraft{ID: draftID, Account: m.Account, Saved: now, Data: m.Draft})
}

// Retry sends a Held, Queued or Failed mail now.
func (s *Service) Retry(ctx context.Context, id int64) error {
	m, err := s.db.MailByID(ctx, id)
	if err != nil {
		return err
	}
	switch SendState(m.State) {
	case Held, Queued, Failed:
	default:
		return fault.Newf(fault.Exists, "retry", "", "mail %d is %s", id, m.State)
	}
	m.Due, m.Fault = s.now().Unix(), ""
	if err := s.step(ctx, &m, Queued); err != nil {
		return err
	}
	s.nudgeOutbox()
	return nil
}

// Discard throws a Held, Queued, Failed or MaybeSent mail away.
func (s *Service) Discard(ctx context.Context, id int64) error {
	if _, err := s.db.DropMail(ctx, id, "", 0, 0, string(Held), string(Queued), string(Failed), string(MaybeSent)); err != nil {
		return err
	}
	s.publishOutbox(ctx)
	return nil
}

// AnswerMaybeSent answers for a MaybeSent mail: it arrived (it is filed), or it did
// not (it is sent).
func (s *Service) AnswerMaybeSent(ctx context.Context, id int64, arrived bool) error {
	m, err := s.db.MailByID(ctx, id)
	if err != nil {
		return err
	}
	if SendState(m.State) != MaybeSent {
		return fault.Newf(fault.Exists, "answer", "", "mail %d is %s", id, m.State)
	}
	to := Queued
	if arrived {
		to = SentUnfiled
	}
	m.Due, m.Fault = s.now().Unix(), ""
	if err := s.step(ctx, &m, to); err != nil {
		return err
	}
	s.nudgeOutbox()
	return nil
}

func (s *Service) nudgeOutbox() {
	select {
	case s.wakeOutbox <- struct{}{}:
	default:
	}
}

// runOutbox sends what is due, as long as the service is live.
func (s *Service) runOutbox(ctx context.Context) {
	asked := map[int64]time.Time{} // MaybeSent mails whose Sent was looked at
	for ctx.Err() == nil {
		next := s.now().Add(time.Hour)
		for _, it := range get(s.Outbox).Items {
			switch it.State {
			case Held, Queued, SentUnfiled:
				if it.Due.After(s.now()) {
					if it.Due.Before(next) {
						next = it.Due
					}
					continue
				}
				m, err := s.advance(ctx, it.ID)
				if err != nil && ctx.Err() == nil {
					slog.Info("mail outbox", "mail", it.ID, "err", fault.From("send", "", err))
				}
				if at := time.Unix(m.Due, 0); SendState(m.State) != Filed && at.Before(next) {
					next = at
				}
			case Sending:
				if it.Due.After(s.now()) {
					if it.Due.Before(next) {
						next = it.Due
					}
					continue
				}
				if err := s.recoverOutbox(ctx); err != nil && ctx.Err() == nil {
					slog.Error("mail outbox", "err", err)
				}
				s.publishOutbox(ctx)
				next = s.now()
			case MaybeSent:
				if s.now().Sub(asked[it.ID]) > 10*time.Minute {
					asked[it.ID] = s.now()
					if err := s.lookForSent(ctx, it.ID); err != nil && ctx.Err() == nil {
						slog.Info("mail outbox", "mail", it.ID, "err", fault.From("send", "", err))
					}
				}
			}
		}
		t := time.NewTimer(max(next.Sub(s.now()), 100*time.Millisecond))
		select {
		case <-t.C:
		case <-s.wakeOutbox:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// lookForSent settles a MaybeSent mail where the server shows it in Sent. Only a
// person may have it sent again.
func (s *Service) lookForSent(ctx context.Context, id int64) error {
	m, err := s.db.MailByID(ctx, id)
	if err != nil {
		return err
	}
	a, err := s.account(m.Account)
	if err != nil {
		return err
	}
	l := s.link(a)
	defer l.close(ctx)
	found, err := s.appendSent(ctx, l, &m, false)
	if err != nil || !found {
		return err
	}
	return s.AnswerMaybeSent(ctx, id, true)
}

// drainOutbox takes an account's mails as far as they can go now; what hinders
// them stays with them.
func (s *Service) drainOutbox(ctx context.Context, account int64) {
	for _, it := range get(s.Outbox).Items {
		if it.Account != account {
			continue
		}
		if it.State == MaybeSent {
			if err := s.lookForSent(ctx, it.ID); err != nil {
				slog.Info("mail outbox", "mail", it.ID, "err", fault.From("send", "", err))
			}
		}
		for range 4 { // held, queued, sent, filed
			m, err := s.advance(ctx, it.ID)
			if err != nil || m.Due > s.now().Unix() || SendState(m.State) == Filed {
				if err != nil && !fault.Is(err, fault.NotFound) {
					slog.Info("mail outbox", "mail", it.ID, "err", fault.From("send", "", err))
				}
				break
			}
		}
	}
}
