package mstore

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFound(t *testing.T) {
	db := library(t)
	ctx := t.Context()
	ids, err := db.Search(ctx, ParseQuery("provisoire", now), 0)
	require.NoError(t, err)
	require.Len(t, ids, 2)
	found, err := db.Found(ctx, ids, []string{"provisoire"})
	require.NoError(t, err)
	require.Equal(t, map[int64]string{
		ids[0]: "Le rapport trimestriel provisoire est là. Été indien.", ids[1]: "un rapport provisoire, trimestriel jadis",
	}, found)
	found, err = db.Found(ctx, ids, []string{Fold("ÉTÉ")})
	require.NoError(t, err)
	require.Contains(t, found[ids[0]], "Été indien")
	require.NotContains(t, found, ids[1], "that one has no such word")
	require.NoError(t, db.dropRaw(ctx, ids))
	found, err = db.Found(ctx, ids, []string{"provisoire"})
	require.NoError(t, err)
	require.Empty(t, found, "the text goes with the message")
}

func TestAround(t *testing.T) {
	long := strings.Repeat("avant ", 20) + "le cœur de l'été\n\tcontinue " + strings.Repeat("après ", 40)
	got := around(long, []string{"ete"})
	require.True(t, strings.HasPrefix(got, "… avant"), got)
	require.Contains(t, got, "le cœur de l'été continue après", "one line")
	require.LessOrEqual(t, len([]rune(got)), 165)
	for _, c := range []struct {
		text  string
		words []string
		want  string
	}{
		{"one two", []string{"two"}, "one two"},
		{"one two", []string{"three", "one"}, "one two"},
		{"one two", []string{"three"}, ""},
		{"", []string{"x"}, ""},
	} {
		require.Equal(t, c.want, around(c.text, c.words))
	}
}
