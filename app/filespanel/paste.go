package filespanel

import (
	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/ops"
	"guichet/widgets/kit"
)

// clip remembers what is selected, to be pasted elsewhere.
func (f *Panel) clip(cut bool) {
	s := f.active
	entries := s.selectedEntries()
	f.ops.clip = clipboard{session: s.session, dir: s.listing().Path, entries: entries, cut: cut}
	id := "ops.copied"
	if cut {
		id = "ops.cut"
	}
	f.p.Host.Show(panel.Toast{Text: words.N(id, len(entries))})
	f.p.Host.Changed(f)
}

// paste copies or moves what was remembered into the folder shown: within a
// server by the server, between places through this computer.
func (f *Panel) paste() {
	c, to := f.ops.clip, f.active.session
	if len(c.entries) == 0 || to == nil {
		return
	}
	action := ops.Copy
	if c.cut {
		action = ops.Move
		f.ops.clip = clipboard{}
		f.p.Host.Changed(f)
	}
	place := to.Place(f.active.listing().Path)
	f.operate(c.session, c.dir, c.entries, ops.Job{Action: action}, &place, to)
}

// carryTo asks for the folder of the same place to copy or move into.
func (f *Panel) carryTo(action ops.Action) {
	s := f.active
	entries, session, dir := s.selectedEntries(), s.session, s.listing().Path
	if len(entries) == 0 {
		return
	}
	entry := kit.NewEntry("")
	entry.SetText(s.pathText(dir))
	label, verb := words.N("ops.copy_to", len(entries)), words.T("ops.copy_yes")
	if action == ops.Move {
		label, verb = words.N("ops.move_to", len(entries)), words.T("ops.move_yes")
	}
	f.p.Host.Ask(panel.Question{
		Title: label, Text: words.T("ops.folder"), Content: entry,
		Choices: []panel.Choice{{Label: words.T("files.cancel")}, {Label: verb, Value: "yes", Primary: true}},
		Answer: func(value string, _ bool) {
			if p, ok := s.textPath(entry.Text); ok && value == "yes" {
				place := session.Place(p)
				f.operate(session, dir, entries, ops.Job{Action: action}, &place)
			}
		},
	})
	f.p.Host.Window().Canvas().Focus(entry)
}

// pathText writes a folder as a person would: as the system does on this
// computer, with slashes on a server.
func (s *side) pathText(p files.Path) string {
	if s.local {
		return s.session.SystemPath(p)
	}
	return "/" + joined(display(p))
}

func joined(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += "/"
		}
		out += n
	}
	return out
}

// textPath is the reverse of pathText, for what a person typed.
func (s *side) textPath(text string) (files.Path, bool) {
	if text == "" {
		return nil, false
	}
	shown := s.listing().Path
	if text == s.pathText(shown) {
		return shown, true // its names may be bytes that a text cannot hold
	}
	if s.local {
		return localPath(text)
	}
	var p files.Path
	if text[0] != '/' {
		p = append(p, shown...)
	}
	for _, name := range files.ParsePath(text) {
		p = append(p, s.session.Name(name))
	}
	return p, true
}
