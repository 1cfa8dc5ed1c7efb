package mail

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/mail/discover"
	"guichet/services/mail/mstore"
	"guichet/services/publish"
	"guichet/services/task"
)

// Service is the mail service. Its methods are safe for concurrent use.
type Service struct {
	Accounts    binding.Item[*Accounts]
	Folders     binding.Item[*FolderSnapshot]
	Rows        binding.Item[*RowSnapshot]
	Current     binding.Item[*Message] // nil: nothing selected
	Status      binding.Item[*StatusSnapshot]
	Outbox      binding.Item[*OutboxSnapshot]
	Drafts      binding.Item[*DraftSnapshot]
	UnreadTotal binding.Item[int]
	Notice      binding.Item[*Notice] // nil at first

	p  Params
	db *mstore.DB
	// discovery is how servers are looked for; tests have their own.
	discovery discover.Options
	group     *task.Group

	syncing locks
	opMu    sync.Mutex // held while changes are being sent
	sendMu  locks      // one mail at a time per account

	// unfiled holds the mails that this process sent and has not tried to file yet.
	unfiled sync.Map

	mu       sync.Mutex
	accounts []Account
	statuses map[int64]AccountStatus
	faults   map[int64]*fault.Fault // of mailboxes
	paths    map[int64]folderInfo
	runners  map[int64]*runner
	live     bool
	closed   bool
	view     viewState
	onceShow map[int64]bool // messages whose pictures are allowed once
	fetching map[int64]bool

	viewSlot   *task.Slot
	selectSlot *task.Slot
	actions    chan func(context.Context)
	refresh    *task.Throttle[struct{}]
	wakeOutbox chan struct{}
}

type folderInfo struct {
	path    string
	role    Role
	account int64
}

// New opens the store and publishes what is in it. It makes no connection.
func New(p Params) (*Service, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.UndoDelay == 0 {
		p.UndoDelay = 10 * time.Second
	}
	db, err := mstore.Open(p.DBDir)
	if err != nil {
		return nil, err
	}
	s := &Service{
		p: p, db: db, group: p.Tasks.Child(), discovery: discover.Options{Network: p.Network},
		statuses: map[int64]AccountStatus{}, faults: map[int64]*fault.Fault{}, paths: map[int64]folderInfo{}, runners: map[int64]*runner{},
		onceShow: map[int64]bool{}, fetching: map[int64]bool{},
		actions: make(chan func(context.Context), 256), wakeOutbox: make(chan struct{}, 1),
	}
	s.view.conversations = true
	s.bind()
	s.viewSlot, s.selectSlot = task.NewSlot(s.group), task.NewSlot(s.group)
	s.refresh = task.NewThrottle(3*task.Interval, func(struct{}) { s.goes("mail view", s.publish) })
	ctx := s.group.Context()
	if err := s.loadAccounts(ctx); err != nil {
		return nil, joinClose(err, db)
	}
	if err := s.recoverOutbox(ctx); err != nil {
		return nil, joinClose(err, db)
	}
	s.publish(ctx)
	s.publishOutbox(ctx)
	s.publishDrafts(ctx)
	s.group.Go("mail actions", func(ctx context.Context) {
		for {
			select {
			case f := <-s.actions:
				f(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	return s, nil
}

func joinClose(err error, db *mstore.DB) error {
	if cerr := db.Close(); cerr != nil {
		slog.Error("mail store", "err", cerr)
	}
	return err
}

// set publishes; a binding's Set fails only for bindings of other kinds.
func set[T any](item binding.Item[T], v T) {
	if err := item.Set(v); err != nil {
		slog.Error("mail binding", "err", err)
	}
}

func get[T any](item binding.Item[T]) T {
	v, err := item.Get()
	if err != nil {
		slog.Error("mail binding", "err", err)
	}
	return v
}

func (s *Service) bind() {
	s.Accounts = publish.NewItem(&Accounts{})
	s.Folders = publish.NewItem(&FolderSnapshot{})
	s.Rows = publish.NewItem(&RowSnapshot{})
	s.Current = publish.NewItem[*Message](nil)
	s.Status = publish.NewItem(&StatusSnapshot{})
	s.Outbox = publish.NewItem(&OutboxSnapshot{})
	s.Drafts = publish.NewItem(&DraftSnapshot{})
	s.UnreadTotal = publish.NewItem(0)
	s.Notice = publish.NewItem[*Notice](nil)
}

// goes starts work unless the service is closing; timers may fire after that.
func (s *Service) goes(name string, work func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.group.Go(name, work)
	}
}

func (s *Service) now() time.Time { return s.p.Now() }

// Close ends the live mode and closes the store; the Tasks group is the caller's.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.group.Close(5 * time.Second)
	return s.db.Close()
}

// settings is what account.settings holds.
type settings struct {
	IMAP      Server `json:"imap"`
	SMTP      Server `json:"smtp"`
	SavesSent bool   `json:"saves_sent"`
	Source    string `json:"source"`
}

func (s *Service) loadAccounts(ctx context.Context) error {
	list, err := s.db.Accounts(ctx)
	if err != nil {
		return err
	}
	out := make([]Account, 0, len(list))
	for _, a := range list {
		var st settings
		if err := json.Unmarshal([]byte(a.Settings), &st); err != nil {
			return fault.New(fault.Damaged, "accounts", "", err)
		}
		out = append(out, Account{ID: a.ID, Email: a.Email, Name: a.Name, IMAP: st.IMAP, SMTP: st.SMTP, SavesSent: st.SavesSent, Source: st.Source})
	}
	s.mu.Lock()
	s.accounts = out
	s.mu.Unlock()
	set(s.Accounts, &Accounts{List: out})
	s.publishStatus()
	return nil
}

func (s *Service) accountsFor(id int64) ([]Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == 0 {
		return append([]Account(nil), s.accounts...), nil
	}
	for _, a := range s.accounts {
		if a.ID == id {
			return []Account{a}, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "account", "", "no account %d", id)
}

func (s *Service) account(id int64) (Account, error) {
	list, err := s.accountsFor(id)
	if err != nil {
		return Account{}, err
	}
	if len(list) == 0 {
		return Account{}, fault.Newf(fault.NotFound, "account", "", "there is no account")
	}
	return list[0], nil
}

// status changes an account's state and publishes it.
func (s *Service) status(account int64, change func(*AccountStatus)) {
	s.mu.Lock()
	st, ok := s.statuses[account]
	if !ok {
		st = AccountStatus{Account: account, State: Idle}
	}
	change(&st)
	s.statuses[account] = st
	s.mu.Unlock()
	s.publishStatus()
}

func (s *Service) publishStatus() {
	s.mu.Lock()
	snap := &StatusSnapshot{}
	for _, a := range s.accounts {
		st, ok := s.statuses[a.ID]
		if !ok {
			st = AccountStatus{Account: a.ID, State: Idle}
		}
		snap.Accounts = append(snap.Accounts, st)
	}
	s.mu.Unlock()
	set(s.Status, snap)
}

func (s *Service) notify(n Notice) {
	slog.Warn("mail", "action", n.Action, "count", n.Count, "err", n.Fault)
	set(s.Notice, &n)
}

// folderFault remembers why a mailbox could not be brought up to date.
func (s *Service) folderFault(folder int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.faults, folder)
		return
	}
	s.faults[folder] = fault.From("mailbox", "", err)
}

// refreshSoon publishes mailboxes and rows again, a few times a second at most.
// ids, if not nil, are the only messages that changed.
func (s *Service) refreshSoon(ids []int64) {
	s.mu.Lock()
	s.view.dirty(ids)
	s.mu.Unlock()
	s.refresh.Set(struct{}{})
}
