# One set of build flags for every step, so that all of them share one build cache.
# Sourced by the other scripts; source it by hand for the same flags in a shell.
#   migrated_fynedo  Fyne's switch for "every call from another goroutine goes through fyne.Do"
#   -DNDEBUG         without it GLFW's copy of 3.3 aborts where a window manager died (glfw issue 2601)
export GOFLAGS="${GOFLAGS_EXTRA:-} -buildvcs=false -trimpath -tags=migrated_fynedo"
export CGO_CFLAGS="${CGO_CFLAGS:--O2 -DNDEBUG}"
