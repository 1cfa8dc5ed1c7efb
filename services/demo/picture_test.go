package demo

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScenesDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, scene := range scenes {
		data := picture(scene, 1, 64, 36, true)
		require.NotEmpty(t, data, scene)
		if scene != "choir" { // the same stage as the concert
			require.Empty(t, seen[string(data)], scene)
		}
		seen[string(data)] = scene
	}
}
