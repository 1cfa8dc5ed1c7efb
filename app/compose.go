package app

import (
	"guichet/app/activitypanel"
	"guichet/app/panel"
	"guichet/app/settings"
)

// Tabs are what the tabs are made of. Each function makes one panel; the order
// of the rail is theirs.
type Tabs struct {
	Web, Mail, Files func(panel.Host) panel.Panel
	Activity         activitypanel.Params // Host is filled in
	Settings         settings.Params      // Host is filled in
}

// Make gives WindowParams.Panels: the tabs there are, then Activity and
// Settings.
func (t Tabs) Make(h panel.Host) []panel.Panel {
	var all []panel.Panel
	for _, make := range []func(panel.Host) panel.Panel{t.Web, t.Mail, t.Files} {
		if make != nil {
			all = append(all, make(h))
		}
	}
	t.Activity.Host, t.Settings.Host = h, h
	return append(all, activitypanel.New(t.Activity), settings.New(t.Settings))
}
