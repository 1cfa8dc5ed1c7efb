package layout

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/html/css"
	"guichet/services/html/dom"
	"guichet/services/html/style"
	"guichet/services/html/text"
)

// bare is a document that refers to nothing.
type bare struct{}

func (bare) Picture(string) PictureState { return PictureState{} }
func (bare) ImageURL(dom.ID) string      { return "" }
func (bare) Absolute(ref string) string  { return ref }
func (bare) Control(dom.ID) *Control     { return nil }
func (bare) Open(dom.ID) bool            { return false }

var fonts = text.NewFonts()

func built(t *testing.T, page string) (*dom.Document, *Box) {
	t.Helper()
	d, err := dom.Parse(t.Context(), []byte("<!DOCTYPE html><style></style>"+page), dom.Limits{Nodes: 10_000, Depth: 200})
	require.NoError(t, err)
	env := style.Env{Fonts: fonts}
	env.Media.Width, env.Media.Height, env.Media.Scale = 400, 300, 1
	tree, err := style.New(nil, []style.Source{{Sheet: css.Parse("body{margin:0}", 100)}}).Style(t.Context(), d, &env)
	require.NoError(t, err)
	root, err := Build(t.Context(), d, tree, bare{})
	require.NoError(t, err)
	require.NotNil(t, root)
	return d, root
}

// TestAnonymousBoxes: where blocks and lines are siblings, the lines get a box
// (CSS 2.1, section 9.2.1), and parts of a table get the rest of it (17.2.1).
func TestAnonymousBoxes(t *testing.T) {
	for _, c := range []struct{ page, want string }{
		{"<div>a<p>b</p>c</div>", "flow flow flow flow text flow text flow text"},
		{"<div> <p>b</p> </div>", "flow flow flow flow text"},
		{"<p>a<b>b</b></p>", "flow flow flow text inline text"},
		{"<div style=display:table-cell>x</div>", "flow flow table row-group row cell text"},
	} {
		_, root := built(t, c.page)
		var b bytes.Buffer
		require.NoError(t, root.Dump(&b))
		var kinds []string
		for line := range strings.Lines(b.String()) {
			kinds = append(kinds, strings.Fields(line)[0])
		}
		require.Equal(t, c.want, strings.Join(kinds, " "), c.page)
	}
}

func TestLayoutEndsWithItsContext(t *testing.T) {
	d, root := built(t, strings.Repeat("<table><tr><td>cell", 40)+strings.Repeat("<p>word word word", 500))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Layout(ctx, root, Params{Width: 400, Height: 300, Scale: 1, Fonts: fonts, Doc: d})
	require.ErrorIs(t, err, context.Canceled)
}

func TestDistribute(t *testing.T) {
	for _, c := range []struct {
		how            string
		free           float32
		n              int
		reverse        bool
		first, between float32
	}{
		{"flex-start", 60, 3, false, 0, 0},
		{"flex-end", 60, 3, false, 60, 0},
		{"flex-end", -60, 3, false, -60, 0},
		{"center", -60, 3, false, -30, 0},
		{"end", 60, 3, true, 0, 0},
		{"start", 60, 3, true, 60, 0},
		{"space-between", 60, 3, false, 0, 30},
		{"space-between", 60, 1, false, 0, 0},
		{"space-between", -60, 3, false, 0, 0},
		{"space-around", 60, 3, false, 10, 20},
		{"space-evenly", 60, 3, false, 15, 15},
	} {
		first, between := distribute(c.how, c.free, c.n, c.reverse)
		require.Equal(t, []float32{c.first, c.between}, []float32{first, between}, "%+v", c)
	}
}

func TestCounters(t *testing.T) {
	c := counterSet{}
	value := func() int { l := c["x"]; return l[len(l)-1].value }
	c.reset("x", 1, 5)
	c.increment("x", 2, 2)
	require.Equal(t, 7, value())
	c.reset("x", 3, 0) // nested
	c.increment("x", 4, 1)
	require.Len(t, c["x"], 2)
	require.Equal(t, 1, value())
	c.leave(2) // what node 2's descendants made ends
	require.Equal(t, 7, value())
	c.increment("new", 9, 4)
	require.Equal(t, 4, c["new"][0].value, "one that nobody has reset begins at 0")
	for n := range 10 * maxCounters {
		c.reset("deep", dom.ID(n+10), 0)
	}
	require.LessOrEqual(t, len(c["deep"]), maxCounters)
}

func TestMix(t *testing.T) {
	out := make([]float32, 2)
	mix(out, []float32{10, 20}, []float32{30, 20}, 30, 50, 40)
	require.Equal(t, []float32{20, 20}, out)
	mix(out, []float32{10, 20}, []float32{10, 20}, 30, 30, 40)
	require.Equal(t, []float32{10, 20}, out, "nothing to share out")
}
