// Package s3 is files.FS over the S3 protocol, for Amazon and the many that
// speak like it. The first name of a path is the bucket. S3 has no folders:
// they are what the names of objects have in common up to a slash, and an
// object with a name that ends in a slash and no content stands for an empty
// one, as the makers' own programs do it.
//
// Times are those of the last change at the server, for List and Stat alike:
// S3 cannot be told another, and a listing does not say what else is kept with
// an object. The time of the original goes along as x-amz-meta-mtime, for
// programs that ask (rclone's form: seconds with a fraction).
package s3

import (
	"context"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7/pkg/s3utils"

	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/files"
)

// Params are what a connection is made of.
type Params struct {
	Network *connect.Network
	Site    files.Site
	// Password gives the secret key of the access key Site.User. Without a user
	// requests are not signed, which public buckets allow.
	Password func(ctx context.Context) (string, error)
}

// FS is what an access key opens. It is safe for concurrent use.
type FS struct {
	p      Params
	host   string
	secret string
	wire   *wire

	mu      sync.Mutex
	clients map[string]client // by region
	regions map[string]string // by bucket
	folders map[string]bool   // known to be there, by bucket and prefix
}

var (
	_ files.FS        = (*FS)(nil)
	_ files.Ranger    = (*FS)(nil)
	_ files.Copier    = (*FS)(nil)
	_ files.Replacer  = (*FS)(nil)
	_ files.Connected = (*FS)(nil)
)

// Dial asks for the folder of the site's path. Faults: those of connect; Login;
// NotFound; Unsupported with a *files.ClearTextQuestion when the address has no
// encryption and Site.AllowClear is not set.
func Dial(ctx context.Context, p Params) (*FS, error) {
	host := p.Site.Host
	if err := p.Site.CheckClear(); err != nil {
		return nil, err
	}
	f := &FS{p: p, host: host, clients: map[string]client{}, regions: map[string]string{}, folders: map[string]bool{}}
	f.wire = newWire(p)
	if p.Site.User != "" && p.Password != nil {
		secret, err := p.Password(ctx)
		if err != nil {
			return nil, err
		}
		f.secret = secret
	}
	if err := f.begin(ctx); err != nil {
		_ = f.Close() // nothing runs yet
		return nil, err
	}
	return f, nil
}

// begin makes sure that there is something to begin with.
func (f *FS) begin(ctx context.Context) error {
	start := f.p.Site.Path
	if len(start) == 0 {
		_, err := f.buckets(ctx)
		return err
	}
	e, err := f.Stat(ctx, start)
	if err != nil {
		return err
	}
	if !e.Type.IsDir() {
		f.p.Site.Path = start.Dir() // the address of a file
	}
	return nil
}

// Caps implements files.FS. No checksums are offered: an ETag is the MD5 of some
// objects on some servers, which is known only of what was just uploaded (see
// files.Proven).
func (f *FS) Caps(context.Context) (files.Caps, error) {
	return files.Caps{AtomicReplace: true, ServerCopy: true, TimePrecision: time.Second, MaxConns: 8}, nil
}

// Home implements files.FS.
func (f *FS) Home(context.Context) (files.Path, error) { return f.p.Site.Path, nil }

// place is a path as S3 knows it.
type place struct {
	bucket string
	key    string // without a slash at the end; "" the bucket itself
}

// folder is the beginning of the names below.
func (p place) folder() string {
	if p.key == "" {
		return ""
	}
	return p.key + "/"
}

// place checks a path. Names are UTF-8 here, and the protocol has no way to
// write others; the root is an empty place.
func (f *FS) place(op string, p files.Path) (place, error) {
	refuse := func(err error) (place, error) { return place{}, fault.New(fault.Permission, op, f.host, err) }
	for _, name := range p {
		if err := files.CheckName(name); err != nil {
			return refuse(err)
		}
	}
	if len(p) == 0 {
		return place{}, nil
	}
	if err := s3utils.CheckValidBucketName(p[0]); err != nil {
		return refuse(err)
	}
	at := place{bucket: p[0], key: strings.Join(p[1:], "/")}
	if at.key == "" {
		return at, nil
	}
	if err := s3utils.CheckValidObjectName(at.folder()); err != nil {
		return refuse(err)
	}
	return at, nil
}

// SetTime implements files.FS: see the package's documentation.
func (f *FS) SetTime(context.Context, files.Path, time.Time) error {
	return fault.Newf(fault.Unsupported, "settime", f.host, "S3 sets no times")
}

// Chmod implements files.FS.
func (f *FS) Chmod(context.Context, files.Path, fs.FileMode) error {
	return fault.Newf(fault.Unsupported, "chmod", f.host, "S3 knows no modes")
}

// URL implements files.FS.
func (f *FS) URL(p files.Path) string { return f.p.Site.URL(p) }

// Conn implements files.Connected.
func (f *FS) Conn() files.Conn {
	c := f.wire.conn()
	c.Protocol, c.Secure = f.p.Site.Protocol, f.p.Site.Protocol.Encrypted()
	return c
}

// Transcript implements files.Connected.
func (f *FS) Transcript() string { return "" }

// Close implements files.FS.
func (f *FS) Close() error {
	f.wire.base.CloseIdleConnections()
	return nil
}

func endpoint(s files.Site) string {
	if s.Port != 0 && s.Port != s.Protocol.DefaultPort() {
		return net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	}
	if strings.Contains(s.Host, ":") {
		return "[" + s.Host + "]"
	}
	return s.Host
}
