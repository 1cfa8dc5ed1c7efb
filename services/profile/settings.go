package profile

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"sync"

	"fyne.io/fyne/v2/data/binding"

	"guichet/services/fault"
	"guichet/services/publish"
)

// Values are the settings at one moment. Unknown fields of a newer Guichet are
// lost by a change made with an older one; everything else is in the databases.
type Values struct {
	Language     string                     `json:"language,omitempty"` // BCP 47 tag; "" follows the system
	Theme        string                     `json:"theme,omitempty"`    // light, dark; "" follows the system
	TextSize     float32                    `json:"text_size"`          // 0.85 to 1.75
	SearchEngine string                     `json:"search_engine"`      // URL with {words}
	Downloads    string                     `json:"downloads,omitempty"`
	Proxy        string                     `json:"proxy,omitempty"` // socks5:// or http:// URL; NoProxy; "" follows the system
	LastTab      string                     `json:"last_tab,omitempty"`
	Width        float32                    `json:"width,omitempty"` // of the window, in Fyne's units
	Height       float32                    `json:"height,omitempty"`
	Welcomed     bool                       `json:"welcomed"`         // the first-start screen was answered
	Panels       map[string]json.RawMessage `json:"panels,omitempty"` // each panel's own
}

// NoProxy as Values.Proxy connects directly whatever the system says.
const NoProxy = "direct"

// Defaults are the settings of a new profile.
func Defaults() Values {
	return Values{TextSize: 1, SearchEngine: "https://duckduckgo.com/html/?q={words}"}
}

// Settings keeps the values on the disk and publishes every change.
type Settings struct {
	path    string
	mu      sync.Mutex
	Current binding.Item[*Values]
}

func openSettings(path string) (*Settings, error) {
	v := Defaults()
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fault.From("read settings", "", err)
	default:
		if jerr := json.Unmarshal(data, &v); jerr != nil {
			slog.Error("settings damaged, defaults taken", "err", jerr)
			if err := os.Rename(path, path+".damaged"); err != nil {
				return nil, fault.From("read settings", "", err)
			}
			v = Defaults()
		}
	}
	v.TextSize = min(max(v.TextSize, 0.85), 1.75)
	return &Settings{path: path, Current: publish.NewItem(&v)}, nil
}

// Get gives the values of now; they are never changed.
func (s *Settings) Get() *Values {
	v, err := s.Current.Get()
	if err != nil {
		panic(err) // this item's Get cannot fail
	}
	return v
}

// Change applies change to a copy, writes it and publishes it. The new values
// hold for the running program even when the disk refuses them.
func (s *Settings) Change(change func(*Values)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := *s.Get()
	v.Panels = maps.Clone(v.Panels)
	change(&v)
	if err := s.Current.Set(&v); err != nil {
		return err
	}
	data, err := json.MarshalIndent(&v, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, "write settings", "", err)
	}
	return WriteFile(s.path, append(data, '\n'), 0o600)
}

// Panel reads a panel's own settings into v, which keeps its content where
// there are none.
func (s *Settings) Panel(id string, v any) {
	if data := s.Get().Panels[id]; data != nil {
		if err := json.Unmarshal(data, v); err != nil {
			slog.Warn("settings of a panel not understood", "panel", id, "err", err)
		}
	}
}

// ChangePanel replaces a panel's own settings.
func (s *Settings) ChangePanel(id string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, "write settings", "", err)
	}
	return s.Change(func(vs *Values) {
		if vs.Panels == nil {
			vs.Panels = map[string]json.RawMessage{}
		}
		vs.Panels[id] = data
	})
}
