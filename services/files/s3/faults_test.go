package s3

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/vfstest"
)

// before answers some requests itself; take reports whether it did.
func before(take func(w http.ResponseWriter, r *http.Request) bool) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !take(w, r) {
				h.ServeHTTP(w, r)
			}
		})
	}
}

func TestServersFaults(t *testing.T) {
	code, status := "", 0
	f := open(t, before(func(w http.ResponseWriter, _ *http.Request) bool {
		if code == "" {
			return false
		}
		vfstest.S3Error(w, status, code)
		return true
	}))
	for _, c := range []struct {
		status int
		code   string
		want   fault.Kind
	}{
		{404, "NoSuchKey", fault.NotFound},
		{403, "AccessDenied", fault.Permission},
		{403, "SignatureDoesNotMatch", fault.Login},
		{403, "InvalidAccessKeyId", fault.Login},
		{403, "RequestTimeTooSkewed", fault.Clock},
		{503, "SlowDown", fault.Busy},
		{403, "QuotaExceeded", fault.Full},
		{507, "SomethingNew", fault.Full},
		{500, "InternalError", fault.Protocol},
		{501, "NotImplemented", fault.Unsupported},
		{400, "SomethingNew", fault.Protocol},
	} {
		code, status = c.code, c.status
		_, _, err := vfstest.List(t.Context(), f, files.Path{"album"})
		var fa *fault.Fault
		require.ErrorAs(t, err, &fa, c.code)
		require.Equal(t, c.want, fa.Kind, c.code)
		require.Contains(t, fa.Said, c.code)
		require.Equal(t, "127.0.0.1", fa.Host)
		require.NotContains(t, err.Error(), vfstest.Password)
	}
}

// A server that always says that there is more is not asked for ever.
func TestListsWithoutAnEnd(t *testing.T) {
	token := func(int64) string { return "again" }
	content := ""
	var asked atomic.Int64
	f := open(t, before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("list-type") != "2" || r.URL.Query().Get("prefix") == "" {
			return false
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>%s</ListBucketResult>",
			token(asked.Add(1)), content)
		return true
	}))
	for name, set := range map[string]func(){
		"one token":            func() {},
		"one token and a name": func() { content = "<Contents><Key>2026/a.jpg</Key><Size>1</Size></Contents>" },
		"new tokens":           func() { token = func(n int64) string { return fmt.Sprint(n) } },
	} {
		asked.Store(0)
		set()
		_, _, err := vfstest.List(t.Context(), f, files.Path{"album", "2026"})
		require.True(t, fault.Is(err, fault.Protocol), "%s: %v", name, err)
		require.LessOrEqual(t, asked.Load(), int64(maxBarren+2), name)
		content, token = "", func(int64) string { return "again" }
	}
	_, err := f.Stat(t.Context(), files.Path{"album", "2026"})
	require.True(t, fault.Is(err, fault.Protocol), "%v", err)
}

// Keys of people who run a bucket for others see no other bucket.
func TestBucketsThatMayNotBeListed(t *testing.T) {
	s := vfstest.StartS3(t, false, before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/" {
			return false
		}
		vfstest.S3Error(w, http.StatusForbidden, "AccessDenied")
		return true
	}))
	_, err := Dial(t.Context(), Params{Network: s.Network, Password: password, Site: site(s)})
	require.True(t, fault.Is(err, fault.Permission), "%v", err)
	f, err := Dial(t.Context(), Params{Network: s.Network, Password: password, Site: site(s, s.Bucket)})
	require.NoError(t, err)
	all, _, err := vfstest.List(t.Context(), f, nil)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, s.Bucket, all[0].Name)
	home, err := f.Home(t.Context())
	require.NoError(t, err)
	require.Equal(t, files.Path{s.Bucket}, home)
}

// A server that has its own name for where it is.
func TestRegionIsLearnt(t *testing.T) {
	var asked atomic.Int32
	s := vfstest.StartS3(t, false, before(func(w http.ResponseWriter, r *http.Request) bool {
		asked.Add(1)
		if strings.Contains(r.Header.Get("Authorization"), "/garage/s3/") {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`<Error><Code>AuthorizationHeaderMalformed</Code><Region>garage</Region></Error>`))
		return true
	}))
	for _, start := range []files.Path{nil, {s.Bucket}} {
		f, err := Dial(t.Context(), Params{Network: s.Network, Password: password, Site: site(s, start...)})
		require.NoError(t, err)
		require.NoError(t, vfstest.Put(t.Context(), f, files.Path{s.Bucket, "x"}, []byte("x"), files.WriteOptions{}))
		n := asked.Load()
		_, err = f.Stat(t.Context(), files.Path{s.Bucket, "x"})
		require.NoError(t, err)
		require.Equal(t, n+1, asked.Load(), "known by then")
	}
}

func TestHostileListing(t *testing.T) {
	answer := ""
	f := open(t, before(func(w http.ResponseWriter, r *http.Request) bool {
		if answer == "" || !r.URL.Query().Has("list-type") {
			return false
		}
		_, _ = w.Write([]byte(answer))
		return true
	}))
	key := func(name string) string {
		return "<Contents><Key>" + name + "</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>5</Size></Contents>"
	}
	wrap := func(s string) string { return "<ListBucketResult><Name>album</Name>" + s + "</ListBucketResult>" }
	answer = wrap(key("dir/good") + key("dir/") + key("dir/..") + key("dir/.") + key("other/x") + key("dir/a/b") + key("dir/both") + key("dir//") +
		"<CommonPrefixes><Prefix>dir/sub/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>dir/both/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>dir/../</Prefix></CommonPrefixes>")
	all, report, err := vfstest.List(t.Context(), f, files.Path{"album", "dir"})
	require.NoError(t, err)
	var names []string
	for _, e := range all {
		names = append(names, e.Name)
	}
	require.Equal(t, []string{"both", "good", "sub"}, names)
	require.Equal(t, 7, report.Unread, "nothing is deleted where names are missing")

	for _, bad := range []string{"not xml", wrap("<Contents>"), wrap("<IsTruncated>true</IsTruncated>" + key("dir/x")), strings.Repeat(" ", maxAnswer+1)} {
		answer = bad
		_, _, err := vfstest.List(t.Context(), f, files.Path{"album", "dir"})
		var fa *fault.Fault
		require.ErrorAs(t, err, &fa)
		require.Contains(t, []fault.Kind{fault.Protocol, fault.TooBig, fault.Unsupported}, fa.Kind, "%v", err)
	}
}

func TestListingInPages(t *testing.T) {
	f := open(t, nil)
	const n = 1203
	for i := range n {
		at, err := f.place("write", files.Path{"album", fmt.Sprintf("f%04d", i)})
		require.NoError(t, err)
		require.NoError(t, f.do(t.Context(), "write", at.bucket, func(c client) error {
			_, err := c.PutObject(t.Context(), at.bucket, at.key, strings.NewReader(""), 0, "", "", minio.PutObjectOptions{})
			return err
		}))
	}
	parts := 0
	report, err := f.List(t.Context(), files.Path{"album"}, func(e []files.Entry) error { parts++; return nil })
	require.NoError(t, err)
	require.Equal(t, files.Report{Entries: n}, report)
	require.Greater(t, parts, 3)
}

func TestIgnoredRangeIsRefused(t *testing.T) {
	f := open(t, before(func(_ http.ResponseWriter, r *http.Request) bool {
		r.Header.Del("Range")
		return false
	}))
	p := files.Path{"album", "f"}
	require.NoError(t, vfstest.Put(t.Context(), f, p, vfstest.Bytes(900), files.WriteOptions{}))
	_, err := f.Read(t.Context(), p, 10)
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
	_, err = f.ReadRange(t.Context(), p, 10, 20)
	require.True(t, fault.Is(err, fault.Unsupported), "%v", err)
}

func TestBucketNames(t *testing.T) {
	f := open(t, nil)
	for _, bad := range []string{"Album", "a", "10.0.0.1", "my_album", "my album", "-x-x", strings.Repeat("x", 64)} {
		err := f.Mkdir(t.Context(), files.Path{bad})
		require.True(t, fault.Is(err, fault.Permission), "%s: %v", bad, err)
	}
	require.NoError(t, f.Mkdir(t.Context(), files.Path{"second"}))
	require.True(t, fault.Is(f.Mkdir(t.Context(), files.Path{"second"}), fault.Exists))
	require.NoError(t, vfstest.Put(t.Context(), f, files.Path{"second", "x"}, nil, files.WriteOptions{}))
	require.True(t, fault.Is(f.RemoveDir(t.Context(), files.Path{"second"}), fault.Exists))
	require.NoError(t, f.Copy(t.Context(), files.Path{"second", "x"}, files.Path{"album", "x"}, false))
	require.NoError(t, f.Rename(t.Context(), files.Path{"second", "x"}, files.Path{"album", "y"}, false))
	require.NoError(t, f.RemoveDir(t.Context(), files.Path{"second"}))
	require.True(t, fault.Is(f.Copy(t.Context(), files.Path{"album", "x"}, files.Path{"album", "y"}, false), fault.Exists))
}

func TestChecksums(t *testing.T) {
	f := open(t, nil)
	w, err := f.Write(t.Context(), files.Path{"album", "f"}, files.WriteOptions{Size: 5})
	require.NoError(t, err)
	_, err = w.Write([]byte("hello"))
	require.NoError(t, err)
	require.NoError(t, w.Commit(t.Context()))
	algo, sum := w.(files.Proven).Proof()
	require.Equal(t, "md5 5d41402abc4b2a76b9719d911017c592", algo+" "+sum)
	_, ok := md5Of("5d41402abc4b2a76b9719d911017c592-3", nil)
	require.False(t, ok)
	_, ok = md5Of("5d41402abc4b2a76b9719d911017c592", http.Header{"X-Amz-Server-Side-Encryption": {"aws:kms"}})
	require.False(t, ok)
}

// A large file whose final name is known needs no copy on the server, and is
// seen there only when it is whole.
func TestFinalName(t *testing.T) {
	copies := atomic.Int32{}
	f := open(t, before(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("X-Amz-Copy-Source") != "" {
			copies.Add(1)
		}
		return false
	}))
	data := vfstest.Bytes(partSize + 10)
	to := files.Path{"album", "final"}
	write := func() files.Finisher {
		w, err := f.Write(t.Context(), files.Path{"album", "part"}, files.WriteOptions{Size: int64(len(data)), Final: to})
		require.NoError(t, err)
		_, err = w.Write(data)
		require.NoError(t, err)
		return w.(files.Finisher)
	}
	w := write()
	_, err := f.Stat(t.Context(), to)
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	require.NoError(t, w.CommitAs(t.Context(), to, false))
	got, err := vfstest.Get(t.Context(), f, to, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	data[0]++
	require.True(t, fault.Is(write().CommitAs(t.Context(), to, false), fault.Protocol), "to be begun again")
	require.NoError(t, write().CommitAs(t.Context(), to, true))
	got, err = vfstest.Get(t.Context(), f, to, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	all, _, err := vfstest.List(t.Context(), f, files.Path{"album"})
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Zero(t, copies.Load())
}

// A small file goes up under its final name by one request.
func TestCommitAs(t *testing.T) {
	var puts atomic.Int32
	f := open(t, before(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			puts.Add(1)
		}
		return false
	}))
	write := func(data string) files.Finisher {
		w, err := f.Write(t.Context(), files.Path{"album", "part"}, files.WriteOptions{Size: int64(len(data))})
		require.NoError(t, err)
		_, err = w.Write([]byte(data))
		require.NoError(t, err)
		finisher, ok := w.(files.Finisher)
		require.True(t, ok)
		return finisher
	}
	to := files.Path{"album", "final"}
	require.NoError(t, write("one").CommitAs(t.Context(), to, false))
	require.EqualValues(t, 1, puts.Load())
	require.True(t, fault.Is(write("two").CommitAs(t.Context(), to, false), fault.Exists))
	got, err := vfstest.Get(t.Context(), f, files.Path{"album", "part"}, 0)
	require.NoError(t, err)
	require.Equal(t, "two", string(got), "kept for another decision")
	require.NoError(t, write("three").CommitAs(t.Context(), to, true))
	got, err = vfstest.Get(t.Context(), f, to, 0)
	require.NoError(t, err)
	require.Equal(t, "three", string(got))
}

func TestBrokenUpload(t *testing.T) {
	fail := false
	f := open(t, before(func(w http.ResponseWriter, r *http.Request) bool {
		if fail && r.URL.Query().Has("partNumber") {
			vfstest.S3Error(w, http.StatusServiceUnavailable, "SlowDown")
			return true
		}
		return false
	}))
	fail = true
	w, err := f.Write(t.Context(), files.Path{"album", "big"}, files.WriteOptions{Size: 3 * partSize})
	require.NoError(t, err)
	_, err = w.Write(vfstest.Bytes(3 * partSize))
	if err == nil {
		err = w.Commit(t.Context())
	} else {
		err = errors.Join(err, w.Abort(true))
	}
	require.True(t, fault.Is(err, fault.Busy), "%v", err)
	_, err = f.Stat(t.Context(), files.Path{"album", "big"})
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

func TestMtimeForm(t *testing.T) {
	require.Equal(t, "1614834367", mtime(time.Unix(1614834367, 0)))
	require.Equal(t, "1614834367.000000042", mtime(time.Unix(1614834367, 42)))
}

func TestClearTextNeedsConsent(t *testing.T) {
	_, err := Dial(t.Context(), Params{Site: files.Site{Protocol: files.ProtocolS3Clear, Host: "127.0.0.1"}})
	var fa *fault.Fault
	require.ErrorAs(t, err, &fa)
	require.IsType(t, &files.ClearTextQuestion{}, fa.Question)
}
