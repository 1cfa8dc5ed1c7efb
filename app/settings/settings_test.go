package settings_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"guichet/app/panel"
	"guichet/app/settings"
	"guichet/app/words"
	"guichet/services/address"
	"guichet/services/connect"
	"guichet/services/profile"
	"guichet/widgets/kit"
)

type host struct{ window fyne.Window }

func (h *host) Post(f func())                 {}
func (h *host) Window() fyne.Window           { return h.window }
func (h *host) Open(address.Target)           {}
func (h *host) OpenText(string)               {}
func (h *host) Show(panel.Toast)              {}
func (h *host) Ask(panel.Question)            {}
func (h *host) Trouble(string, error, func()) {}
func (h *host) Changed(panel.Panel)           {}

// parts are the controls of a view.
type parts struct {
	selects []*widget.Select
	sliders []*widget.Slider
	buttons map[string][]*kit.Button
	texts   []string
}

func collect(o fyne.CanvasObject) *parts {
	p := &parts{buttons: map[string][]*kit.Button{}}
	each(o, func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widget.Select:
			p.selects = append(p.selects, o)
		case *widget.Slider:
			p.sliders = append(p.sliders, o)
		case *kit.Button:
			p.buttons[o.Text()] = append(p.buttons[o.Text()], o)
		case *kit.Text:
			p.texts = append(p.texts, o.Text())
		case *kit.Paragraph:
			p.texts = append(p.texts, o.Text())
		}
	})
	return p
}

// each visits an object and all within it.
func each(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	visit(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			each(c, visit)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			each(c, visit)
		}
	}
}

func TestSettings(t *testing.T) {
	test.NewTempApp(t)
	words.SetLanguage("en")
	prof, err := profile.Open(t.TempDir())
	require.NoError(t, err)
	trust := connect.NewTrust()
	require.NoError(t, trust.TrustHostKey(&connect.HostKeyQuestion{Host: "club.example", Port: 22, Fingerprint: "SHA256:x", Key: []byte("k")}))
	h := &host{}
	s := settings.New(settings.Params{
		Host: h, Settings: prof.Settings, Trust: trust, Downloads: prof.Downloads, Folder: func(chosen func(string)) { chosen("/home/anna/Here") },
	})
	h.window = test.NewTempWindow(t, s.Content())
	h.window.Resize(fyne.NewSize(900, 900))
	s.Shown()
	p := collect(h.window.Content())
	now := func() profile.Values { return *prof.Settings.Get() }

	language, theme, engine := p.selects[0], p.selects[1], p.selects[2]
	language.SetSelected("Français")
	require.Equal(t, "fr", now().Language)
	language.SetSelectedIndex(0)
	require.Empty(t, now().Language)
	theme.SetSelectedIndex(2)
	require.Equal(t, "dark", now().Theme)
	require.Equal(t, "DuckDuckGo", engine.Selected)
	engine.SetSelected("Wikipedia")
	require.Contains(t, now().SearchEngine, "wikipedia.org")
	require.Contains(t, now().SearchEngine, "{words}")

	p.sliders[0].OnChanged(120)
	require.InDelta(t, 1, now().TextSize, 0.01, "not while it is being dragged")
	p.sliders[0].SetValue(150)
	require.InDelta(t, 1.5, now().TextSize, 0.01)

	test.Tap(p.buttons["Change"][0])
	require.Equal(t, "/home/anna/Here", now().Downloads)

	require.Contains(t, p.texts, "club.example:22")
	test.Tap(p.buttons["Forget"][0])
	require.Empty(t, trust.List())
	require.NotContains(t, collect(h.window.Content()).texts, "club.example:22")
}

func TestEnginesHaveAPlaceForTheWords(t *testing.T) {
	for _, e := range settings.Engines {
		require.Contains(t, e.URL, "{words}", e.Name)
		require.Contains(t, e.URL, "https://", e.Name)
	}
	require.Equal(t, profile.Defaults().SearchEngine, settings.Engines[0].URL, "the default can be chosen again")
}
