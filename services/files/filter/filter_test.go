package filter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
)

func TestSkip(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		f    Filter
		skip []string // a slash at the end marks a folder
		keep []string
	}{
		"nothing":            {Filter{}, nil, []string{"a", ".a", "d/", "Thumbs.db"}},
		"a file mask":        {Filter{Exclude: "*.tmp; ~*"}, []string{"a.tmp", "A.TMP", "d/a.tmp", "~x"}, []string{"a.tmp.gz", "tmp", "a.tmp/"}},
		"a folder mask":      {Filter{Exclude: "cache/"}, []string{"cache/", "a/Cache/"}, []string{"cache", "caches/"}},
		"from the top":       {Filter{Exclude: "/build/;docs/*.pdf"}, []string{"build/", "docs/a.pdf"}, []string{"a/build/", "docs/b/a.pdf", "a/docs/a.pdf", "a.pdf"}},
		"any depth":          {Filter{Exclude: "docs/**/*.pdf"}, []string{"docs/a.pdf", "docs/a/b/c.pdf"}, []string{"x/docs/a.pdf", "docs/a.txt"}},
		"only these":         {Filter{Include: "*.jpg;*.png", Exclude: "x*"}, []string{"a.txt", "x.jpg"}, []string{"a.jpg", "B.PNG", "d/", "d/c.png"}},
		"only these folders": {Filter{Include: "photos/"}, []string{"a/", "a/b/"}, []string{"photos/", "photos/2024/", "x.txt", "a/photos/"}},
		"only this path":     {Filter{Include: "/a/b/"}, []string{"c/", "a/c/", "b/"}, []string{"a/", "a/b/", "a/b/c/"}},
		"a semicolon":        {Filter{Exclude: "a;;b"}, []string{"a;b"}, []string{"a", "b"}},
		"a set":              {Filter{Exclude: "[ab]?"}, []string{"a1", "B2"}, []string{"c1", "a"}},
		"hidden":             {Filter{Hidden: true}, []string{".a", ".git/"}, []string{"a.b"}},
		"junk":               {Filter{Junk: true}, []string{".DS_Store", "thumbs.DB", "d/desktop.ini", "__MACOSX/", "._x"}, []string{"_x", ".a", "DS_Store"}},
		"accents":            {Filter{Exclude: "e\u0301t\u00e9*"}, []string{"\u00c9te\u0301.txt", "\xc9t\xe9.txt"}, []string{"ete.txt"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := c.f.Compile()
			require.NoError(t, err)
			skipped := func(path string) bool {
				e := files.Entry{Size: 10, ModTime: now}
				if path[len(path)-1] == '/' {
					e.Type = files.Dir
				}
				return m.Skip(files.ParsePath(path), e)
			}
			for _, path := range c.skip {
				require.True(t, skipped(path), path)
			}
			for _, path := range c.keep {
				require.False(t, skipped(path), path)
			}
		})
	}
}

func TestSizeAndAge(t *testing.T) {
	m, err := Filter{MinSize: 10, MaxSize: 20, MaxAge: time.Hour, MinAge: time.Minute}.Compile()
	require.NoError(t, err)
	e := func(size int64, age time.Duration) files.Entry {
		return files.Entry{Size: size, ModTime: time.Now().Add(-age)}
	}
	a := files.Path{"a"}
	require.False(t, m.Skip(a, e(10, 2*time.Minute)))
	require.False(t, m.Skip(a, e(20, 50*time.Minute)))
	require.True(t, m.Skip(a, e(9, 2*time.Minute)))
	require.True(t, m.Skip(a, e(21, 2*time.Minute)))
	require.True(t, m.Skip(a, e(15, 2*time.Hour)))
	require.True(t, m.Skip(a, e(15, time.Second)))
	require.False(t, m.Skip(a, files.Entry{Size: -1}), "what is unknown passes")
	require.False(t, m.Skip(a, files.Entry{Type: files.Dir, Size: -1, ModTime: time.Now()}), "folders have no size and no age")
}

func TestBadMasks(t *testing.T) {
	for _, text := range []string{"[a", "a/[", "/", "x;[z-"} {
		_, err := Filter{Exclude: text}.Compile()
		require.True(t, fault.Is(err, fault.Unsupported), "%q: %v", text, err)
	}
}

func FuzzMasks(f *testing.F) {
	for _, s := range []string{"*.tmp;cache/", "/a/**/b?;;[x]", "**/**/**/a", "a*b*c*d*e*f"} {
		f.Add(s, "a/b/c.tmp")
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		m, err := Filter{Exclude: text, Include: text, Junk: true}.Compile()
		if err != nil {
			require.True(t, fault.Is(err, fault.Unsupported))
			return
		}
		m.Skip(files.ParsePath(path), files.Entry{})
		m.Skip(files.ParsePath(path), files.Entry{Type: files.Dir})
	})
}
