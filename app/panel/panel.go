// Package panel is the contract between the window and its tabs: what every
// panel offers (Panel, Command, Bar, Status) and what the window offers to
// panels (Host). Menus, bars, context menus and the keyboard are all drawn from
// a panel's one list of commands.
package panel

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/data/binding"

	"guichet/services/address"
)

// Panel is one tab of the window. All methods are called on the UI goroutine
// and return at once.
type Panel interface {
	// ID is the stable name used in settings and translations: web, mail, files,
	// activity, settings.
	ID() string
	Title() string
	Icon() fyne.Resource
	// Content is the panel's view. It is called again after a change of language
	// or text size and then gives a new view of the same state.
	Content() fyne.CanvasObject
	// Bar says what stands beside the address box while the panel is shown.
	Bar() Bar
	// Open shows a target of a kind that the panel accepts.
	Open(address.Target)
	// Accepts reports whether the panel answers that target.
	Accepts(address.Target) bool
	// Shown and Hidden are called when the tab changes: a hidden panel stops
	// animations and gives up the focus.
	Shown()
	Hidden()
	// Commands lists every action of the panel.
	Commands() []Command
	// Status is the panel's part of the status line; Badge the count on its rail
	// button, 0 for none. Both are made once.
	Status() binding.Item[Status]
	Badge() binding.Int
	// Close saves what is unsaved. ctx ends after two seconds.
	Close(ctx context.Context) error
}

// Command is one action: it appears in the menu named Menu, in the bar when Bar
// names it, and answers to Shortcut.
type Command struct {
	ID       string // "mail.reply"; its name is the translation "command.mail.reply"
	Name     string // translated
	Menu     string // translated name of the menu it stands in; "" for none
	Shortcut fyne.Shortcut
	Icon     fyne.Resource
	Enabled  func() bool // nil: always
	Checked  func() bool // nil: not a switch
	Run      func()
	// Separator puts a line before the command in its menu.
	Separator bool
}

// Bar is what the window draws around the address box for a panel.
type Bar struct {
	Left        []string // ids of commands, drawn as icons, left of the address box
	Right       []string // ids of commands, right of it; the last one is the primary button when Primary is set
	Primary     bool
	Placeholder string // of the empty address box
	Address     string // what the address box shows while it has no focus
	Secure      bool   // draws a lock before Address
}

// Level colours a status.
type Level int

// The levels of a status.
const (
	Idle Level = iota
	Good
	Waiting
	Bad
)

// Status is a panel's part of the status line.
type Status struct {
	Level Level
	Text  string // "Connected · encrypted"
	More  string // "Checked 1 minute ago · 48,212 messages on this computer"
}

// Toast is a short message at the window's foot.
type Toast struct {
	Text   string
	Action string // label of its button, "Undo"; "" for none
	Do     func()
	For    time.Duration // 0: 5 s, or 10 s with an action
}

// Choice is one button of a question.
type Choice struct {
	Label   string
	Value   string
	Primary bool // Enter chooses it
	Danger  bool // drawn in the colour for harm
}

// Question is a decision that a person takes in a dialog. Escape gives the
// value "".
type Question struct {
	Title   string
	Text    string
	Details string // folded away under "Details"
	Choices []Choice
	// All, if not "", is the label of a check box "do so for all".
	All string
	// Content, if not nil, stands between text and buttons.
	Content fyne.CanvasObject
	Answer  func(value string, all bool)
}

// Host is what the window offers to panels.
type Host interface {
	// Post runs f on the UI goroutine; in tests at once.
	Post(f func())
	Window() fyne.Window
	// Open routes a target to the panel that answers it.
	Open(address.Target)
	// OpenText is Open for a text as typed.
	OpenText(text string)
	Show(Toast)
	Ask(Question)
	// Trouble shows an error as a toast, or as a dialog if it holds a question
	// (unknown certificate or host key) that a person can answer; retry is called
	// after a yes.
	Trouble(panelID string, err error, retry func())
	// Changed redraws menus, bar and status after a panel's commands or bar
	// changed.
	Changed(p Panel)
	// Language and text size changes call Content of every panel again.
}
