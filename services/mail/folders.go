package mail

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"guichet/services/mail/mstore"
)

func pathOf(f mstore.Folder) string { return strings.Join(f.Path, "/") }

// roleOrder is the order of the tree.
func roleOrder(r Role) int {
	return slices.Index([]Role{RoleInbox, RoleDrafts, RoleSent, RoleArchive, RoleJunk, RoleTrash}, r)
}

// publish reads mailboxes and rows and publishes them.
func (s *Service) publish(ctx context.Context) {
	if err := s.publishFolders(ctx); err != nil && ctx.Err() == nil {
		slog.Error("mail folders", "err", err)
	}
	s.reloadView()
}

func (s *Service) publishFolders(ctx context.Context) error {
	list, err := s.db.Folders(ctx, 0)
	if err != nil {
		return err
	}
	flagged, err := s.db.CountFlagged(ctx)
	if err != nil {
		return err
	}
	snap := &FolderSnapshot{}
	byAccount := map[int64][]Folder{}
	paths := map[int64]folderInfo{}
	stored := map[int64]int{}
	s.mu.Lock()
	accounts := slices.Clone(s.accounts)
	total := 0
	for _, f := range list {
		info := folderInfo{path: pathOf(f), role: Role(f.Role), account: f.Account}
		paths[f.ID] = info
		stored[f.Account] += f.Total
		byAccount[f.Account] = append(byAccount[f.Account], Folder{
			Ref: FolderRef(f.ID), Account: f.Account, Name: f.Path[len(f.Path)-1], Path: info.path, Role: info.role, Depth: len(f.Path) - 1,
			Selectable: f.Selectable, Unread: f.Unread, Total: f.Total, Fault: s.faults[f.ID],
		})
		if info.role == RoleInbox {
			snap.UnreadTotal += f.Unread
			total += f.Total
		}
	}
	s.paths = paths
	for _, a := range accounts {
		st, ok := s.statuses[a.ID]
		if !ok {
			st = AccountStatus{Account: a.ID, State: Idle}
		}
		st.Stored = stored[a.ID]
		s.statuses[a.ID] = st
	}
	s.mu.Unlock()
	waiting, drafts := len(get(s.Outbox).Items), len(get(s.Drafts).Items)
	snap.Views = []Folder{
		{Ref: AllInboxes, Selectable: true, Unread: snap.UnreadTotal, Total: total},
		{Ref: Flagged, Selectable: true, Total: flagged},
		{Ref: OutboxRef, Selectable: true, Total: waiting},
	}
	if drafts > 0 {
		snap.Views = append(snap.Views, Folder{Ref: DraftsRef, Selectable: true, Total: drafts})
	}
	for _, a := range accounts {
		folders := byAccount[a.ID]
		slices.SortStableFunc(folders, func(x, y Folder) int {
			i, j := roleOrder(x.Role), roleOrder(y.Role)
			if (i < 0) != (j < 0) {
				return j - i
			}
			if i != j {
				return i - j
			}
			return strings.Compare(strings.ToLower(strings.ReplaceAll(x.Path, "/", "\x00")), strings.ToLower(strings.ReplaceAll(y.Path, "/", "\x00")))
		})
		snap.Accounts = append(snap.Accounts, AccountFolders{Account: a, Folders: folders})
	}
	set(s.Folders, snap)
	set(s.UnreadTotal, snap.UnreadTotal)
	s.publishStatus()
	return nil
}

// roleFolder gives an account's mailbox for a role, 0 if it has none.
func (s *Service) roleFolder(account int64, role Role) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, f := range s.paths {
		if f.account == account && f.role == role {
			return id
		}
	}
	return 0
}
