package fault_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

func TestFrom(t *testing.T) {
	read := func(err error) error { return &net.OpError{Op: "read", Net: "tcp", Err: err} }
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"cancelled":      {context.Canceled, fault.Cancelled},
		"deadline":       {read(os.ErrDeadlineExceeded), fault.Timeout},
		"refused":        {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, fault.Refused},
		"reset":          {read(os.NewSyscallError("read", syscall.ECONNRESET)), fault.Protocol},
		"cut":            {fmt.Errorf("body: %w", io.ErrUnexpectedEOF), fault.Protocol},
		"reset before":   {&net.OpError{Op: "close", Err: os.NewSyscallError("shutdown", syscall.ENOTCONN)}, fault.Protocol},
		"full":           {&os.PathError{Op: "write", Err: syscall.ENOSPC}, fault.Full},
		"not TLS":        {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, fault.Protocol},
		"our TLS alert":  {&net.OpError{Op: "local error", Err: errors.New("tls: bad record MAC")}, fault.Protocol},
		"their alert":    {fmt.Errorf("read: %w", &net.OpError{Op: "remote error", Err: errors.New("tls: internal error")}), fault.Protocol},
		"HTTP/2 ping":    {&url.Error{Op: "Get", URL: "https://x/", Err: errors.New("http2: client connection lost")}, fault.Timeout},
		"HTTP/2 goaway":  {errors.New("http2: server sent GOAWAY and closed the connection"), fault.Protocol},
		"HTTP/2 stream":  {errors.New("stream error: stream ID 3; INTERNAL_ERROR; received from peer"), fault.Protocol},
		"header flood":   {errors.New("net/http: server response headers exceeded 1048576 bytes; aborted"), fault.Protocol},
		"a fault stays":  {fmt.Errorf("x: %w", fault.Newf(fault.Busy, "list", "", "later")), fault.Busy},
		"something else": {errors.New("no idea"), fault.Internal},
	} {
		require.Equal(t, c.want, fault.From("read", "example.org", c.err).Kind, name)
	}
	require.Nil(t, fault.From("read", "", nil))
}
