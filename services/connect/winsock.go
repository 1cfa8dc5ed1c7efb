package connect

import (
	"errors"
	"syscall"

	"guichet/services/fault"
)

// winsock classes the errors of Windows' sockets, whose numbers (WinError.h,
// 10000 and up) are not those that package syscall names ECONNREFUSED and so
// on there; elsewhere no such number exists. Other errors pass.
func winsock(err error) error {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return err
	}
	kind := fault.Kind("")
	switch number {
	case 10061: // WSAECONNREFUSED
		kind = fault.Refused
	case 10060, 10065: // WSAETIMEDOUT, WSAEHOSTUNREACH
		kind = fault.Timeout
	case 10050, 10051: // WSAENETDOWN, WSAENETUNREACH
		kind = fault.Offline
	default:
		return err
	}
	return fault.New(kind, "connect", "", err)
}
