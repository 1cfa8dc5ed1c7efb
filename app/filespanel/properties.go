package filespanel

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"guichet/app/panel"
	"guichet/app/words"
	"guichet/services/files"
	"guichet/services/files/browse"
	"guichet/services/files/checksum"
	"guichet/services/files/ops"
	"guichet/services/task"
	"guichet/widgets/kit"
)

// properties is the dialog about what is selected.
type properties struct {
	f       *Panel
	s       *side
	session *browse.Session
	dir     files.Path
	entries []files.Entry
	folders bool // one of them is a folder
	stop    context.CancelFunc

	size    *kit.Text
	boxes   []*widget.Check // owner, group, others: read, write, open
	inside  *widget.Check
	octal   *kit.Text
	owner   *kit.Entry
	group   *kit.Entry
	content *fyne.Container
	sum     *kit.Entry
}

// properties shows the dialog.
func (f *Panel) properties() {
	s := f.active
	entries := s.selectedEntries()
	if s.session == nil || len(entries) == 0 {
		return
	}
	p := &properties{f: f, s: s, session: s.session, dir: slices.Clone(s.listing().Path), entries: entries}
	for _, e := range entries {
		p.folders = p.folders || e.Type == files.Dir
	}
	var ctx context.Context
	ctx, p.stop = context.WithCancel(f.p.Tasks.Context())
	title := words.N("ops.properties.many", len(entries))
	if len(entries) == 1 {
		title = shorten(entries[0].Display, 50)
	}
	changeable := p.build(ctx)
	choices := []panel.Choice{{Label: words.T("ops.properties.close"), Primary: !changeable}}
	if changeable {
		choices = append(choices, panel.Choice{Label: words.T("ops.properties.apply"), Value: "yes", Primary: true})
	}
	f.p.Host.Ask(panel.Question{Title: title, Content: p.content, Choices: choices, Answer: func(value string, _ bool) {
		p.stop()
		if value == "yes" {
			p.apply()
		}
	}})
	if p.folders {
		p.measure(ctx)
	}
}

// build fills the dialog and reports whether something can be changed in it.
func (p *properties) build(ctx context.Context) bool {
	p.content = kit.Column(8)
	line := func(id string, o fyne.CanvasObject) {
		label := kit.Least(146, 0, kit.NewText(words.T(id), kit.TextStyle{Size: 13, Color: kit.ColorQuiet}))
		p.content.Add(kit.Row(8, 1, label, o))
	}
	text := func(id, t string) {
		if t != "" {
			line(id, kit.NewText(t, kit.TextStyle{Shrink: true}))
		}
	}
	text("ops.properties.place", p.s.pathText(p.dir))
	p.size = kit.NewText(p.sizeText(), kit.TextStyle{Shrink: true})
	line("files.column.size", p.size)
	owner, group := p.entries[0].Owner, p.entries[0].Group
	for _, e := range p.entries {
		if e.Owner != owner {
			owner = ""
		}
		if e.Group != group {
			group = ""
		}
	}
	if len(p.entries) == 1 {
		e := p.entries[0]
		text("files.column.changed", words.DateTime(e.ModTime, p.f.p.Now()))
		text("ops.properties.target", files.Display(e.Target))
	}
	caps := p.s.listing().Caps
	_, canOwn := p.session.FS().(files.Owner)
	if canOwn && caps.Chmod {
		p.owner, p.group = kit.NewEntry(""), kit.NewEntry("")
		p.owner.Text, p.group.Text = owner, group
		line("ops.properties.owner", container.NewGridWithColumns(2, p.owner, p.group))
	} else {
		text("ops.properties.owner", strings.Trim(owner+" · "+group, " ·"))
	}
	if caps.Chmod && p.known() {
		p.permissions(line)
	}
	if len(p.entries) == 1 && p.entries[0].Type == files.File {
		p.checksum(ctx, line)
	}
	return p.boxes != nil || p.owner != nil
}

// known reports whether the permissions of everything selected are known.
func (p *properties) known() bool {
	for _, e := range p.entries {
		if !e.HasMode || e.Type != files.File && e.Type != files.Dir {
			return false
		}
	}
	return true
}

// sizeText is the size as far as the rows tell it.
func (p *properties) sizeText() string {
	if p.folders {
		return words.T("ops.properties.counting")
	}
	total := int64(0)
	for _, e := range p.entries {
		total += max(0, e.Size)
	}
	return p.exact(total)
}

// exact writes a size in words and in bytes.
func (p *properties) exact(n int64) string {
	if n < 1000 {
		return words.Size(n)
	}
	return words.T("ops.properties.bytes", "Size", words.Size(n), "Bytes", words.Number(n))
}

// measure counts what is in folders while the dialog is open.
func (p *properties) measure(ctx context.Context) {
	var targets []ops.Target
	for _, e := range p.entries {
		targets = append(targets, ops.Target{Path: p.dir.Join(e.Name), Entry: e})
	}
	say := func(r ops.Result, ended bool) {
		text := words.T("ops.properties.sum", "Size", words.Size(r.Bytes), "Files", words.N("ops.files", r.Files), "Folders", words.N("ops.folders", r.Folders))
		switch {
		case !ended:
			text += " …"
		case r.Failed > 0:
			text += " · " + words.N("ops.properties.unread", r.Failed)
		}
		p.size.SetText(text)
	}
	p.f.p.Tasks.Go("measure", func(context.Context) {
		fs, err := p.session.Connected(ctx)
		if err != nil {
			return // the pane says so
		}
		throttle := task.NewThrottle(task.Interval, func(r ops.Result) { p.f.p.Host.Post(func() { say(r, false) }) })
		r, err := ops.Measure(ctx, fs, targets, throttle.Set)
		throttle.Stop()
		if ctx.Err() == nil {
			p.f.p.Host.Post(func() {
				say(r, true)
				if err != nil && r.Failed == 0 {
					p.size.SetText(words.Fault(err, p.f.ID()).Title)
				}
			})
		}
	})
}

// bits are those of the boxes, in their order.
var bits = [...]fs.FileMode{0o400, 0o200, 0o100, 0o040, 0o020, 0o010, 0o004, 0o002, 0o001}

// permissions are nine boxes: who may read, write and open.
func (p *properties) permissions(line func(string, fyne.CanvasObject)) {
	open := "ops.properties.run"
	if p.folders {
		open = "ops.properties.enter"
	}
	who := []string{"ops.properties.user", "ops.properties.class", "ops.properties.others"}
	for row := range who {
		grid := container.NewGridWithColumns(3)
		for column, id := range []string{"ops.properties.read", "ops.properties.write", open} {
			bit := bits[3*row+column]
			box := widget.NewCheck(words.T(id), func(bool) { p.sayOctal() })
			all, none := true, true
			for _, e := range p.entries {
				if e.Mode&bit != 0 {
					none = false
				} else {
					all = false
				}
			}
			box.Checked, box.Partial = all, !all && !none
			p.boxes = append(p.boxes, box)
			grid.Add(box)
		}
		line(who[row], grid)
	}
	p.octal = kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Mono: true})
	p.sayOctal()
	foot := []fyne.CanvasObject{kit.NewBox(kit.BoxStyle{}), p.octal}
	if p.folders {
		p.inside = widget.NewCheck(words.T("ops.properties.inside"), nil)
		foot = []fyne.CanvasObject{p.inside, p.octal}
	}
	p.content.Add(kit.Row(8, 0, foot...))
}

// wanted is what the boxes say.
func (p *properties) wanted() (b ops.Bits) {
	for i, box := range p.boxes {
		switch {
		case box.Partial:
		case box.Checked:
			b.Set |= bits[i]
		default:
			b.Clear |= bits[i]
		}
	}
	return b
}

func (p *properties) sayOctal() {
	if p.octal == nil {
		return
	}
	text := ""
	if b := p.wanted(); b.Set|b.Clear == fs.ModePerm {
		text = fmt.Sprintf("%03o", uint32(b.Set))
	}
	p.octal.SetText(text)
}

// checksum computes on demand, because it may have to read the whole file.
func (p *properties) checksum(ctx context.Context, line func(string, fyne.CanvasObject)) {
	p.sum = kit.NewEntry("")
	note := kit.NewText("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorQuiet, Shrink: true})
	where := p.dir.Join(p.entries[0].Name)
	size := p.entries[0].Size
	var button *kit.Button
	fill := func(text, under string) {
		p.sum.SetText(text)
		note.SetText(under)
	}
	var value string
	button = kit.NewButton(kit.ButtonParams{Text: words.T("ops.properties.compute"), Small: true, OnTapped: func() {
		if value != "" {
			fyne.CurrentApp().Clipboard().SetContent(value)
			p.f.p.Host.Show(panel.Toast{Text: words.T("ops.properties.copied")})
			return
		}
		button.SetEnabled(false)
		p.f.p.Tasks.Go("checksum", func(context.Context) {
			throttle := task.NewThrottle(task.Interval, func(done int64) {
				p.f.p.Host.Post(func() { note.SetText(words.T("job.of", "Done", words.Size(done), "Size", words.Size(size))) })
			})
			fs, err := p.session.Connected(ctx)
			var c checksum.Sum
			if err == nil {
				c, err = checksum.Of(ctx, fs, where, "sha256", throttle.Set)
			}
			throttle.Stop()
			if ctx.Err() != nil {
				return
			}
			p.f.p.Host.Post(func() {
				button.SetEnabled(true)
				if err != nil {
					note.SetText(words.Fault(err, p.f.ID()).Title)
					return
				}
				value = c.Hex
				under := words.T("ops.properties.sum_here")
				if c.There {
					under = words.T("ops.properties.sum_there")
				}
				fill(c.Hex, under)
				button.SetText(words.T("ops.properties.copy"))
			})
		})
	}})
	line("ops.properties.checksum", kit.Row(6, 0, p.sum, button))
	p.content.Add(note)
}

// apply carries out what was changed: at once where it is about the selected
// things alone, as a job where it goes down into folders.
func (p *properties) apply() {
	b := p.wanted()
	c := ops.Change{Files: b, Folders: b, Inside: p.inside != nil && p.inside.Checked}
	if p.owner != nil {
		c.Owner, c.Group = strings.TrimSpace(p.owner.Text), strings.TrimSpace(p.group.Text)
	}
	if c.Inside {
		// Whoever may read a file need not be able to start it.
		c.Files.Set &^= 0o111
		c.Files.Clear &^= 0o111
		p.f.operate(p.session, p.dir, p.entries, ops.Job{Action: ops.Permissions, Change: c}, nil)
		return
	}
	p.session.Act("chmod", func(ctx context.Context, fs files.FS, done func(int)) error {
		var targets []ops.Target
		for _, e := range p.entries {
			targets = append(targets, ops.Target{Path: p.dir.Join(e.Name), Entry: e})
		}
		_, err := ops.SetPermissions(ctx, fs, targets, c, ops.Options{Progress: func(n, _ int) { done(n) }})
		return err
	})
}
