// Package words holds every sentence that a user reads, in every language of
// Guichet, and writes sizes, dates and numbers as the language does.
package words

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"guichet/assets"
)

// Languages are the complete ones, as BCP 47 tags, the default first.
var Languages = []string{"en", "fr"}

type state struct {
	tag       string
	localizer *i18n.Localizer
}

var (
	current atomic.Pointer[state]
	bundle  = sync.OnceValue(load)
)

func load() *i18n.Bundle {
	b := i18n.NewBundle(language.English)
	b.RegisterUnmarshalFunc("json", json.Unmarshal)
	names, err := fs.Glob(assets.Translations, "translations/*.json")
	if err != nil {
		panic(err) // the pattern is constant
	}
	sort.Strings(names)
	for _, name := range names {
		data, err := assets.Translations.ReadFile(name)
		if err == nil {
			_, err = b.ParseMessageFileBytes(data, path.Base(name))
		}
		if err != nil {
			panic(fmt.Errorf("translations %s: %w", name, err)) // a test reads them all
		}
	}
	return b
}

// SetLanguage chooses the language of all sentences from now on; tag is a BCP
// 47 tag or a POSIX locale such as fr_CA.UTF-8. One that is not known gives
// English. It returns the tag that is in force.
func SetLanguage(tag string) string {
	tag, _, _ = strings.Cut(strings.ReplaceAll(tag, "_", "-"), ".")
	chosen := Languages[0]
	if t, err := language.Parse(tag); err == nil {
		base, _ := t.Base()
		for _, l := range Languages {
			if base.String() == l {
				chosen = l
			}
		}
	}
	current.Store(&state{tag: chosen, localizer: i18n.NewLocalizer(bundle(), chosen)})
	return chosen
}

// Language is the tag in force.
func Language() string { return now().tag }

func now() *state {
	if s := current.Load(); s != nil {
		return s
	}
	SetLanguage(Languages[0])
	return current.Load()
}

// T gives the sentence of that id. args are pairs of name and value for the
// places {{.Name}} in it. An unknown id gives the id itself, and a line in the
// log: a test reads the source for ids that are missing.
func T(id string, args ...any) string { return message(id, nil, args) }

// N is T with the plural form for count, which is {{.Count}} in the sentence.
func N(id string, count int, args ...any) string {
	return message(id, count, append([]any{"Count", Number(int64(count))}, args...))
}

func message(id string, count any, args []any) string {
	data := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	s, err := now().localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: count})
	if s == "" || err != nil {
		slog.Warn("sentence missing", "id", id, "language", Language(), "err", err)
		if s == "" {
			return id
		}
	}
	return s
}
