//go:build realservers

package browse

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"fyne.io/fyne/v2/data/binding"
	"github.com/stretchr/testify/require"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sites"
	"guichet/services/task"
)

// BenchmarkFirstRows tells when the first rows of a large folder of a real server
// are published after it was asked for, and when all are there in order. The
// folder's address is GUICHET_LARGE, its password GUICHET_PASSWORD.
func BenchmarkFirstRows(b *testing.B) {
	address, password := os.Getenv("GUICHET_LARGE"), os.Getenv("GUICHET_PASSWORD")
	if address == "" {
		b.Skip("GUICHET_LARGE names no folder")
	}
	site, err := files.ParseURL(address)
	require.NoError(b, err)
	site.AllowClear = true
	large := site.Path
	site.Path = nil
	trust := connect.NewTrust()
	dialer := sites.NewDialer(sites.Params{Network: connect.New(connect.Params{Trust: trust}), Password: &password})
	_, err = dialer.Dial(b.Context(), site)
	var f *fault.Fault
	if errors.As(err, &f) {
		if q, ok := f.Question.(*connect.HostKeyQuestion); ok {
			require.NoError(b, trust.TrustHostKey(q))
		}
	}
	group := task.NewGroup(context.Background())
	defer group.Cancel()
	e := New(Params{Group: group, Dialer: dialer}).Open(site, nil)
	changed := make(chan struct{}, 1)
	e.Listing().AddListener(binding.NewDataListener(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}))
	wait := func(fits func(l *Listing) bool) *Listing {
		for l := e.Current(); ; l = e.Current() {
			require.NoError(b, l.Fault)
			if fits(l) {
				return l
			}
			<-changed
		}
	}
	wait(func(l *Listing) bool { return l.State == Ready && !l.Loading })
	var first, all time.Duration
	n := 0
	for b.Loop() {
		began := time.Now()
		e.Go(large)
		wait(func(l *Listing) bool { return l.Path.Equal(large) && len(l.Entries) > 0 })
		first += time.Since(began)
		l := wait(func(l *Listing) bool { return l.Path.Equal(large) && !l.Loading })
		all += time.Since(began)
		n = len(l.Entries)
		b.StopTimer()
		e.Up()
		wait(func(l *Listing) bool { return !l.Loading && !l.Path.Equal(large) })
		b.StartTimer()
	}
	b.ReportMetric(float64(first.Milliseconds())/float64(b.N), "ms/first")
	b.ReportMetric(float64(all.Milliseconds())/float64(b.N), "ms/all")
	b.ReportMetric(float64(n), "entries")
}
