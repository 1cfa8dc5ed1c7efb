package connect

import (
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

func TestWinsock(t *testing.T) {
	of := func(n uintptr) error {
		return &net.OpError{Op: "dial", Err: os.NewSyscallError("connectex", syscall.Errno(n))}
	}
	for n, kind := range map[uintptr]fault.Kind{10061: fault.Refused, 10060: fault.Timeout, 10065: fault.Timeout, 10051: fault.Offline} {
		require.Equal(t, kind, fault.KindOf(winsock(of(n))))
	}
	require.Equal(t, of(1), winsock(of(1)))
	require.Equal(t, fault.Refused, fault.KindOf(mostTelling([]error{winsock(of(10051)), winsock(of(10061))})))
}
