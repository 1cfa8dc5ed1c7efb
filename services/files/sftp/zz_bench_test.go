package sftp

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"guichet/services/connect"
	"guichet/services/files"
	"guichet/services/files/local"
	"guichet/services/files/transfer"
)

func cpu() float64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(0, &r)
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}

func TestZZ(t *testing.T) {
	what := os.Getenv("ZZ")
	if what == "" {
		t.Skip()
	}
	port, _ := strconv.Atoi(os.Getenv("ZPORT"))
	trust := connect.NewTrust()
	n := connect.New(connect.Params{Trust: trust, KnownHosts: []string{os.Getenv("ZKNOWN")}})
	f, err := Dial(context.Background(), Params{Network: n, AgentSocket: "none", KeyDir: t.TempDir(),
		Site:     files.Site{Protocol: files.ProtocolSFTP, Host: "127.0.0.1", Port: port, User: os.Getenv("ZUSER")},
		Password: func(context.Context) (string, error) { return os.Getenv("ZPASS"), nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	t.Log(f.Conn(), f.client.maxRead, f.client.maxWrite, f.client.caps)
	out := os.Getenv("ZOUT")
	began, c0 := time.Now(), cpu()
	report := func(s string) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		status, _ := os.ReadFile("/proc/self/status")
		i := 0
		for k := range status {
			if string(status[k:min(len(status), k+5)]) == "VmHWM" {
				i = k
			}
		}
		fmt.Printf("%s: %.2f s, cpu %.2f, %s\n", s, time.Since(began).Seconds(), cpu()-c0, status[i:i+22])
		began, c0 = time.Now(), cpu()
	}
	ctx := context.Background()
	switch what {
	case "down":
		r, err := f.Read(ctx, files.ParsePath(os.Getenv("ZFILE")), 0)
		if err != nil {
			t.Fatal(err)
		}
		o, _ := os.Create(out)
		n, err := io.Copy(o, struct{ io.Reader }{r})
		_ = o.Close()
		_ = r.Close()
		report(fmt.Sprint("down ", n, err))
	case "up":
		i, err := os.Open(os.Getenv("ZFILE"))
		if err != nil {
			t.Fatal(err)
		}
		w, err := f.Write(ctx, files.ParsePath(out), files.WriteOptions{Size: -1})
		if err != nil {
			t.Fatal(err)
		}
		n, err := w.(io.ReaderFrom).ReadFrom(i)
		report(fmt.Sprint("up ", n, err, w.Commit(ctx)))
	case "list":
		first := time.Duration(0)
		n := 0
		_, err := f.List(ctx, files.ParsePath(os.Getenv("ZFILE")), func(e []files.Entry) error {
			if n == 0 {
				first = time.Since(began)
			}
			n += len(e)
			return nil
		})
		report(fmt.Sprint("list ", n, err, " first ", first))
	case "treedown", "treeup":
		l, _ := local.New("/", local.Options{})
		var src, dst files.FS = f, l
		if what == "treeup" {
			src, dst = l, f
		}
		res, err := transfer.CopyTree(ctx, src, files.ParsePath(os.Getenv("ZFILE")), dst, files.ParsePath(out), transfer.TreeOptions{Connections: 32})
		report(fmt.Sprint(what, " ", res, err))
	}
}
