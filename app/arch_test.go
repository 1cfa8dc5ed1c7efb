package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is the path of the module, the first element of our import paths.
const module = "guichet"

type goPackage struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// ours lists the packages of the module.
func ours(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	require.NoError(t, err)
	var list []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		list = append(list, p)
	}
	require.Greater(t, len(list), 20)
	return list
}

// within reports whether an import path is that of the folder or below it.
func within(path, folder string) bool {
	return path == module+"/"+folder || strings.HasPrefix(path, module+"/"+folder+"/")
}

const (
	fyneRoot    = "fyne.io/fyne/v2"
	fyneDriver  = "fyne.io/fyne/v2/app"
	fyneBinding = "fyne.io/fyne/v2/data/binding"
)

// panels are the tabs; they meet in the window only.
var panels = []string{
	"app/webpanel", "app/mailpanel", "app/filespanel", "app/activitypanel", "app/settings", "app/welcome",
}

// TestImportsPointDownwards keeps the layers of docs/architecture.md.
func TestImportsPointDownwards(t *testing.T) {
	for _, p := range ours(t) {
		all := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		if p.ImportPath != module {
			require.NotContains(t, all, fyneDriver, "%s: only main imports Fyne's driver", p.ImportPath)
		}
		for _, imported := range p.Imports {
			switch {
			case within(p.ImportPath, "services"):
				require.False(t, within(imported, "app") || within(imported, "widgets"),
					"service %s imports %s", p.ImportPath, imported)
				fyne := imported == fyneRoot || strings.HasPrefix(imported, fyneRoot+"/")
				require.False(t, fyne && imported != fyneBinding, "service %s imports %s", p.ImportPath, imported)
			case within(p.ImportPath, "widgets"):
				require.False(t, within(imported, "app"), "widget %s imports %s", p.ImportPath, imported)
				require.False(t, within(imported, "services"), "widget %s imports %s", p.ImportPath, imported)
			case within(p.ImportPath, "assets"):
				require.False(t, strings.HasPrefix(imported, module+"/") && !within(imported, "assets"),
					"%s imports %s", p.ImportPath, imported)
			}
		}
		for _, panel := range panels {
			if !within(p.ImportPath, panel) {
				continue
			}
			for _, other := range panels {
				require.False(t, other != panel && slices.ContainsFunc(p.Imports, func(i string) bool { return within(i, other) }),
					"panel %s imports panel %s", panel, other)
			}
		}
	}
}

// dialers may open connections or speak TLS themselves, each for its reason.
var dialers = map[string]string{
	"services/connect":       "is the one way out",
	"services/demo":          "is made of servers",
	"services/files/vfstest": "is made of servers, for tests",
	"services/files/ftp":     "runs the library's TLS inside connections that connect has made",
	"services/profile":       "talks to the first window through a socket of this computer",
}

// TestConnectionsGoThroughConnect finds code that dials or makes a TLS
// configuration past services/connect.
func TestConnectionsGoThroughConnect(t *testing.T) {
	calls := map[string][]string{
		"net": {"Dial", "DialTimeout", "DialTCP", "DialUDP"},
		"tls": {"Dial", "DialWithDialer", "Client"},
	}
	for _, p := range ours(t) {
		if !within(p.ImportPath, "services") && !within(p.ImportPath, "app") {
			continue
		}
		if slices.ContainsFunc(slices.Collect(maps.Keys(dialers)), func(d string) bool { return within(p.ImportPath, d) }) {
			continue
		}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					if pkg, fn := selector(n.Fun); slices.Contains(calls[pkg], fn) {
						require.Fail(t, "past connect", "%s/%s calls %s.%s", p.ImportPath, name, pkg, fn)
					}
				case *ast.CompositeLit:
					if pkg, typ := selector(n.Type); pkg == "tls" && typ == "Config" {
						require.Fail(t, "past connect", "%s/%s makes a tls.Config", p.ImportPath, name)
					}
				}
				return true
			})
		}
	}
}

// selector splits pkg.Name.
func selector(e ast.Expr) (pkg, name string) {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	return x.Name, s.Sel.Name
}
