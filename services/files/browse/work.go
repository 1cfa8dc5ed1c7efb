package browse

import (
	"context"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/ops"
	"guichet/services/files/sitesio"
	"guichet/services/files/transfer"
)

// Act runs an action on the file system after those before it, publishes that
// it runs and what came of it, and lists the folder again; done reports how many
// things are done. Session.Stop cancels it.
func (e *Session) Act(op string, do func(ctx context.Context, f files.FS, done func(n int)) error) {
	e.act(op, do)
}

// Connected gives the session's file system, connecting if need be. It waits,
// and belongs to the session: nobody else closes it.
func (e *Session) Connected(ctx context.Context) (files.FS, error) { return e.connected(ctx) }

// Place is a folder of the session as a job keeps it.
func (e *Session) Place(dir files.Path) transfer.Place {
	site := e.Current().Site
	if site.Protocol == files.ProtocolLocal {
		return transfer.NewPlace(site, e.SystemPath(dir), nil)
	}
	return transfer.NewPlace(site, "", dir)
}

// Operate makes a job of an operation on entries of a folder of the session. to
// is the target's folder for copies and moves, nil otherwise.
func (s *Service) Operate(ctx context.Context, from *Session, dir files.Path, entries []files.Entry, j ops.Job, to *transfer.Place) (int64, error) {
	if s.p.Jobs == nil {
		return 0, fault.Newf(fault.Unsupported, string(j.Action), "", "no job list")
	}
	j.From, j.Items, j.To = from.Place(dir), ops.Items(entries), to
	return ops.Add(ctx, s.p.Jobs, j)
}

// Import saves servers of another program's list; see sitesio.Import.
func (s *Service) Import(ctx context.Context, entries []sitesio.Entry, passwords bool) (added, known int, err error) {
	return sitesio.Import(ctx, s.p.Sites, s.p.Secrets, entries, passwords)
}
