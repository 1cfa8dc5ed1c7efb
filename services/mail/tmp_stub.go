package mail

import "context"

func (s *Service) recoverOutbox(ctx context.Context) error { return nil }
func (s *Service) publishOutbox(ctx context.Context)       {}
func (s *Service) publishDrafts(ctx context.Context)       {}
func (s *Service) nudgeOutbox()                            {}
func (s *Service) runOutbox(ctx context.Context)           {}
