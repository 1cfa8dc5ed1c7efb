package words_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/app/words"
	"guichet/assets"
)

// made are beginnings of ids that the source puts together while it runs; a
// test beside each of those places reads them all.
var made = []string{
	"fault.", "command.", "question.", "choice.", "job.",
}

// texts reads the translations of a language: id to its forms.
func texts(t *testing.T, language string) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	names, err := fs.Glob(assets.Translations, "translations/*."+language+".json")
	require.NoError(t, err)
	for _, name := range names {
		data, err := assets.Translations.ReadFile(name)
		require.NoError(t, err)
		var file map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &file), name)
		for id, raw := range file {
			require.NotContains(t, all, id, "%s: an id stands in two files", name)
			var one string
			forms := map[string]string{}
			if json.Unmarshal(raw, &one) == nil {
				forms["other"] = one
			} else {
				require.NoError(t, json.Unmarshal(raw, &forms), "%s: %s", name, id)
			}
			all[id] = forms
		}
	}
	return all
}

var place = regexp.MustCompile(`{{\s*\.(\w+)\s*}}`)

func places(forms map[string]string) []string {
	var all []string
	for _, text := range forms {
		for _, m := range place.FindAllStringSubmatch(text, -1) {
			if m[1] != "Count" { // a form for one may leave the number out
				all = append(all, m[1])
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestLanguagesHoldTheSame(t *testing.T) {
	en := texts(t, "en")
	for _, language := range words.Languages[1:] {
		other := texts(t, language)
		for id, forms := range en {
			if !assertHas(t, other, id, language) {
				continue
			}
			require.Equal(t, places(forms), places(other[id]), "%s: %s has other places", language, id)
			require.Equal(t, len(forms) > 1, len(other[id]) > 1, "%s: %s: plural forms", language, id)
		}
		for id := range other {
			assertHas(t, en, id, "en")
		}
	}
}

func assertHas(t *testing.T, texts map[string]map[string]string, id, language string) bool {
	t.Helper()
	if _, ok := texts[id]; !ok {
		t.Errorf("%s: no sentence %q", language, id)
		return false
	}
	return true
}

func TestPlainWords(t *testing.T) {
	for _, language := range words.Languages {
		for id, forms := range texts(t, language) {
			for _, text := range forms {
				require.NotEmpty(t, strings.TrimSpace(text), "%s: %s", language, id)
				if !strings.HasPrefix(id, "cli.") {
					require.NotContains(t, text, "!", "%s: %s", language, id)
				}
			}
		}
	}
}

// used gives the ids in the source below app and main: every text constant
// handed to words.T, words.N, T or N, and every constant that looks like an id.
func used(t *testing.T) (called, mentioned map[string]string) {
	t.Helper()
	called, mentioned = map[string]string{}, map[string]string{}
	files := token.NewFileSet()
	require.NoError(t, filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if s, ok := text(n); ok {
					mentioned[s] = name
				}
			case *ast.CallExpr:
				if len(n.Args) == 0 {
					return true
				}
				if s, ok := text(n.Args[0]); ok && isWords(n.Fun) {
					called[s] = files.Position(n.Pos()).String()
				}
			}
			return true
		})
		return nil
	}))
	return called, mentioned
}

func isWords(f ast.Expr) bool {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name == "T" || f.Name == "N"
	case *ast.SelectorExpr:
		x, ok := f.X.(*ast.Ident)
		return ok && x.Name == "words" && (f.Sel.Name == "T" || f.Sel.Name == "N")
	}
	return false
}

func text(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func TestSourceAndSentencesAgree(t *testing.T) {
	en := texts(t, "en")
	called, mentioned := used(t)
	require.Greater(t, len(called), 100, "the source is found")
	for id, at := range called {
		if _, ok := en[id]; !ok {
			t.Errorf("%s: no sentence %q", at, id)
		}
	}
	var unused []string
	for id := range en {
		_, said := mentioned[id]
		if !said && !slices.ContainsFunc(made, func(prefix string) bool { return strings.HasPrefix(id, prefix) }) {
			unused = append(unused, id)
		}
	}
	slices.Sort(unused)
	if len(unused) > 0 {
		t.Logf("sentences that the source does not name (perhaps put together while it runs): %s", strings.Join(unused, ", "))
	}
}
