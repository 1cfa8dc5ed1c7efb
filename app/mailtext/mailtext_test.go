package mailtext

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func body(text string) string {
	_, b, _ := strings.Cut(HTML(text), "<body>")
	return strings.TrimSuffix(b, "</body></html>")
}

func TestHTML(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\n\nc":                   "<p>a\nb</p><p>c</p>",
		"<script>":                    "<p>&lt;script&gt;</p>",
		"> one\n>> two\nthree":        "<blockquote><p>one</p><blockquote><p>two</p></blockquote></blockquote><p>three</p>",
		"see www.example.org.":        `<p>see <a href="https://www.example.org">www.example.org</a>.</p>`,
		"https://e.org/a?b=1&c=2, ok": `<p><a href="https://e.org/a?b=1&amp;c=2">https://e.org/a?b=1&amp;c=2</a>, ok</p>`,
		"write to anna@example.org!":  `<p>write to <a href="mailto:anna@example.org">anna@example.org</a>!</p>`,
		"":                            "",
	} {
		require.Equal(t, want, body(in), in)
	}
}

func FuzzHTML(f *testing.F) {
	f.Add("> > a\nhttps://x.y/<b>\x00")
	f.Fuzz(func(t *testing.T, s string) {
		b := body(s)
		require.Equal(t, strings.Count(b, "<blockquote>"), strings.Count(b, "</blockquote>"))
		require.NotContains(t, strings.ToLower(b), "<script")
	})
}
