package listing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type want struct {
	line, name string
	kind       files.Type
	size       int64
	at         string // 2006-01-02 15:04:05, UTC
}

var understood = []want{
	{"-rw-r--r--   1 ada  staff   531 Jan 29 03:26 plain", "plain", files.File, 531, "2026-01-29 03:26:00"},
	{"-rw-r--r--   1 ada  staff   531 Dec 29 03:26 last year", "last year", files.File, 531, "2025-12-29 03:26:00"},
	{"-rw-r--r--   1 ada  staff   531 Nov 23 03:26 other zone", "other zone", files.File, 531, "2026-11-23 03:26:00"},
	{"-rw-r--r--   1 ada  staff   531 Feb 29 03:26 leap", "leap", files.File, 531, "2024-02-29 03:26:00"},
	{"dr-xr-xr-x   2 root     other        512 Apr  8  1994 a folder", "a folder", files.Dir, -1, "1994-04-08 00:00:00"},
	{"dr-xr-xr-x   2 root                  512 Apr  8  1994 no group", "no group", files.Dir, -1, "1994-04-08 00:00:00"},
	{"-rw-r--r--   1 ada Domain Users 531 Jan 29 03:26 blanks in group", "blanks in group", files.File, 531, "2026-01-29 03:26:00"},
	{"-rw-r--r--   1 1000 1000 1994 Apr  8 12:00 numbers", "numbers", files.File, 1994, "2026-04-08 12:00:00"},
	{"-rw-r--r--   1 root     other        531 3 29 03:26 month as number", "month as number", files.File, 531, "2026-03-29 03:26:00"},
	{"-r-xr-xr-x   1 root     other        531 09-26 2000 d1", "d1", files.File, 531, "2000-09-26 00:00:00"},
	{"-r-xr-xr-x   1 root     other        531 09-26 13:45 d2", "d2", files.File, 531, "2026-09-26 13:45:00"},
	{"-r-xr-xr-x   1 root     other        531 2005-06-07 21:22 iso", "iso", files.File, 531, "2005-06-07 21:22:00"},
	{"-r-xr-xr-x   1 root     other        531 2005-06-07 21:22:05.123456789 +0200 full", "full", files.File, 531, "2005-06-07 19:22:05"},
	{"-r-xr-xr-x   1 root     other        531 1999/10/12 17:12 slash", "slash", files.File, 531, "1999-10-12 17:12:00"},
	{"-r-xr-xr-x   1 root     other        531 24-04-2003 17:12 day first", "day first", files.File, 531, "2003-04-24 17:12:00"},
	{"-r-xr-xr-x   1 root     other        531 2004.07.15 dots", "dots", files.File, 531, "2004-07-15 00:00:00"},
	{"-rw-r--r--   1 root     other  33.5k Oct 5 21:22 human size", "human size", files.File, 34304, "2026-10-05 21:22:00"},
	{"-rw-r--r--   1 root     other  7 Oct 5 24:00 midnight", "midnight", files.File, 7, "2026-10-06 00:00:00"},
	{"-rw-r--r--   1 root     other  7 Oct 5 21:22:03 2005 bsd", "bsd", files.File, 7, "2005-10-05 21:22:03"},
	{"-rw-r--r--   1 a b 7 Jan 29 03:26  leading", " leading", files.File, 7, "2026-01-29 03:26:00"},
	{"-rw-r--r--   1 a b 7 Jan 29 03:26 trailing ", "trailing ", files.File, 7, "2026-01-29 03:26:00"},
	{"-rw-r--r--   1 a b 7 Jan 29 03:26 a -> b", "a -> b", files.File, 7, "2026-01-29 03:26:00"},
	{"-rw-r--r--+  1 a b 7 Jan 29 03:26 acl", "acl", files.File, 7, "2026-01-29 03:26:00"},
	{"-rw-r--r--   1 a b 7 Jan 29 03:26 \xe9t\xe9", "\xe9t\xe9", files.File, 7, "2026-01-29 03:26:00"},
	{"lrwxrwxrwx   1 root     other          7 Jan 25 00:17 link -> usr/bin", "link", files.LinkFile, -1, "2026-01-25 00:17:00"},
	{"crw-rw-rw-   1 root     root      1,   3 Jan 25 00:17 null", "null", files.Other, -1, "2026-01-25 00:17:00"},
	{"-------r--         326  1391972  1392298 Nov 22  1995 NetPresenz", "NetPresenz", files.File, 1392298, "1995-11-22 00:00:00"},
	{"drwxrwxr-x               folder        2 May 10  1996 NetPresenz dir", "NetPresenz dir", files.Dir, -1, "1996-05-10 00:00:00"},
	{"d [R----F--] supervisor            512       Jan 16 18:53    netware dir", "netware dir", files.Dir, -1, "2026-01-16 18:53:00"},
	{"- [R----F--] rhesus             214059       Oct 20 15:27    netware.txt", "netware.txt", files.File, 214059, "2026-10-20 15:27:00"},
	{"-C--E-----FTP B QUA1I1      18128       41 Aug 12 13:56 QUADTEST", "QUADTEST", files.File, 41, "2026-08-12 13:56:00"},
	{"-rwxr-xr-x    1 user group        9 Oct 08, 2002 09:47 vshell", "vshell", files.File, 9, "2002-10-08 09:47:00"},
	{"dr-xr-xr-x   2 root     other      2235 26. Juli, 20:10 deutsch", "deutsch", files.Dir, -1, "2026-07-26 20:10:00"},
	{"-r-xr-xr-x   2 root     other      2235 2.   Okt.  2003 deutsch", "deutsch", files.File, 2235, "2003-10-02 00:00:00"},
	{"-r-xr-xr-x   2 root     other      2235 18 août   2003 français", "français", files.File, 2235, "2003-08-18 00:00:00"},
	{"-r-xr-xr-x   2 root     other      2235 18 d\xe9c. 14:30 latin1", "latin1", files.File, 2235, "2025-12-18 14:30:00"},
	{"-r-xr-xr-x   2 root     other      2235 мая 18 14:30 русский", "русский", files.File, 2235, "2026-05-18 14:30:00"},
	{"-r-xr-xr-x   2 root     other      2235 4月 18日 2003年 japanese", "japanese", files.File, 2235, "2003-04-18 00:00:00"},
	{"-r-xr-xr-x   2 root     other      2235 8\xb7\xee 17 08:52 euc", "euc", files.File, 2235, "2026-08-17 08:52:00"},

	{"04-27-00  12:09PM       <DIR>          dos dir", "dos dir", files.Dir, -1, "2000-04-27 12:09:00"},
	{"04-06-00  03:47PM                  589 dos file", "dos file", files.File, 589, "2000-04-06 15:47:00"},
	{"04-06-00  12:07AM                  589  lead", " lead", files.File, 589, "2000-04-06 00:07:00"},
	{"2002-09-02  18:48       <DIR>          long year", "long year", files.Dir, -1, "2002-09-02 18:48:00"},
	{"2002-09-02  19:06                9,730 commas", "commas", files.File, 9730, "2002-09-02 19:06:00"},
	{"02.09.2002  19:06                9.730 dots", "dots", files.File, 9730, "2002-09-02 19:06:00"},
	{"05-22-97  12:08p                  5,000,000,000 AUTOEXEC.BAK", "AUTOEXEC.BAK", files.File, 5000000000, "1997-05-22 12:08:00"},

	{"+i8388621.48594,m825718503,r,s280,up755\teplf file", "eplf file", files.File, 280, "1996-03-01 22:15:03"},
	{"+i8388621.50690,m824255907,/,\teplf dir", "eplf dir", files.Dir, -1, "1996-02-13 23:58:27"},
	{"0100644   500  101   12345    123456789       numeric", "numeric", files.File, 12345, "1973-11-29 21:33:09"},
	{"206876  Apr 04, 2000 21:06 vshell old", "vshell old", files.File, 206876, "2000-04-04 21:06:00"},
	{"0  Dec 12, 2002 02:13 vshell dir/", "vshell dir", files.Dir, -1, "2002-12-12 02:13:00"},
	{"36611      A    04-23-103  10:57  os2.txt", "os2.txt", files.File, 36611, "2003-04-23 10:57:00"},
	{" 1123 DIR  A    10-05-100  23:38  os2 dir", "os2 dir", files.Dir, -1, "2000-10-05 23:38:00"},
	{"    0 DIR       02-11-103  16:15  os2 dir", "os2 dir", files.Dir, -1, "2003-02-11 16:15:00"},

	{"vms_dir.DIR;1  1 19-NOV-2001 21:41 [root,root] (RWE,RWE,RE,RE)", "vms_dir", files.Dir, -1, "2001-11-19 21:41:00"},
	{"vms_file.TXT;1       155   2-JUL-2003 10:30:13.64", "vms_file.TXT;1", files.File, 155 * 512, "2003-07-02 10:30:13"},
	{"vms^_blank.TXT;4    2/8    15-JAN-2000 18:42:15 [SYSTEM]  (RWED,RWED,RE,)", "vms blank.TXT;4", files.File, 1024, "2000-01-15 18:42:15"},

	{"QSYS            77824 02/23/00 15:09:55 *DIR       as400 dir/", "as400 dir", files.Dir, -1, "2000-02-23 15:09:55"},
	{"QSYS            77824 23/02/00 15:09:55 *STMF      as400 file", "as400 file", files.File, 77824, "2000-02-23 15:09:55"},
	{"QSYS                                    *MEM       LIB.FILE/A.MBR", "", files.File, -1, ""},
	{"WYOSPT 3420   2003/05/21  1  200  FB      80  8053  PS  MVS.FILE", "MVS.FILE", files.File, -1, "2003-05-21 00:00:00"},
	{"WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  MVS.DATASET", "MVS.DATASET", files.Dir, -1, "2004-03-04 00:00:00"},
	{"NRP004 3390   **NONE**    1   15  NONE     0     0  PO  NEVER.USED", "NEVER.USED", files.Dir, -1, ""},
	{"TSO004 3390   VSAM VSAM.SET", "VSAM.SET", files.File, -1, ""},
	{"Migrated                                                OLD.FILE", "OLD.FILE", files.File, -1, ""},
	{"  MEMBER    01.01 2004/06/22 2004/06/23 16:32   128   128    0 BOBY12", "MEMBER", files.File, -1, "2004-06-23 16:32:00"},
	{`IWTE001           101        16354 18-Mar-09 15:02:18 244,10 "oooo"`, "IWTE001", files.File, 16354, "2009-03-18 15:02:18"},
	{`  nonstop 101 528 6-Apr-07 14:21:18 255, 0 "oooo"`, "nonstop", files.File, 528, "2007-04-06 14:21:18"},
	{"zvmfile  EXEC     V         79         81          1 2013-01-04 15:44:11 ADA", "zvmfile.EXEC", files.File, -1, "2013-01-04 15:44:11"},
	{"zvmdir   DIR      -          -          -          - 2013-01-04 15:44:11 -", "zvmdir", files.Dir, -1, "2013-01-04 15:44:11"},
	{"nortel.wfFtp       1014196  06/03/04  Thu.   10:20:03", "nortel.wfFtp", files.File, 1014196, "2004-06-03 10:20:03"},
	{"    2048    Feb-28-1998  05:23:30   vxworks <DIR>", "vxworks", files.Dir, -1, "1998-02-28 05:23:30"},
}

func TestUnderstood(t *testing.T) {
	for _, w := range understood {
		e, ok := ParseLine(w.line, now)
		require.True(t, ok, "%q", w.line)
		if w.name == "" { // a slash inside: read, then refused by the Reader
			require.Error(t, files.CheckName(e.Name))
			continue
		}
		require.Equal(t, w.name, e.Name, "%q", w.line)
		require.Equal(t, w.kind, e.Type, "%q", w.line)
		require.Equal(t, w.size, e.Size, "%q", w.line)
		require.Equal(t, strings.Contains(w.line, ";") && w.kind == files.File, e.Rounded, "%q: VMS counts blocks", w.line)
		if w.at == "" {
			require.True(t, e.ModTime.IsZero(), "%q", w.line)
			continue
		}
		require.Equal(t, w.at, e.ModTime.Format("2006-01-02 15:04:05"), "%q", w.line)
	}
}

func TestOwners(t *testing.T) {
	e, ok := ParseLine("-rw-r-x--T   1 ada Domain Users 531 Jan 29 03:26 x", now)
	require.True(t, ok)
	require.Equal(t, "ada", e.Owner)
	require.Equal(t, "Domain Users", e.Group)
	require.True(t, e.HasMode)
	require.EqualValues(t, 0o650, e.Mode)
	require.Equal(t, time.Minute, e.Precise)
}

func TestRefused(t *testing.T) {
	for _, line := range []string{
		"drwxr-xr-x   2 root     root         4096 Jam  4 00:03 month",
		"drwxr-xr-x   2 root     99           4096 Feb 23 30:01 hour",
		"drwxr-xr-x   2 root     root         4096 Aug 36 2001 day",
		"-rw-r--r--   1 14       staff       80284 Aug 22  nodate",
		"-rw-r--r--   1 14       staff      119:26 Aug 22  2000 size",
		"-rw-r--r--   1 root     root       190144 2001-04-27 notime",
		"-rw-r--r--   1 root     root       111325 Apr -7 18:79 minute",
		"zrwxr-xr-x   2 root     root         4096 Mar  2 15:13 type",
		"dxrwr-xr-x   2 root     root         4096 Mar  2 15:13 mode",
		"-rw-r--r--   1 a b 7 Jan 29 03:26 ",
		"-rw-r--r--   1 a b 7 Jan 29 03:26",
		"-rw-r--r--   1 a b 99999999999999999999 Jan 29 03:26 huge",
		"20-05-97  03:31PM                  681 .bash_history",
		"04-06-00  13:47PM                  589 hour",
		"04-06-00  03:47PM                  58x size",
		"Directory of nothing", "hello", "226 Transfer complete", "-", "d", "+", "+\t", "+x\tname", ";1",
		"1-JUN.LIS;2              9/9           JUN-2-1998 07:32:04  [GROUP,OWNER]    (RWED,RWED,RWED,RE)",
		"1-JUN.LIS;2              a/9           2-JUN-1998 07:32:04  [GROUP,OWNER]    (RWED,RWED,RWED,RE)",
		"DATA.DIR; 1              1/9           2-JUN-1998 07:32:04  [GROUP,OWNER]    (RWED,RWED,RWED,RE)",
		"PEP              4019 04/03/18 18:58:16 STMF       einladung.zip",
		"MigratedP201.$FTXPBI1.$CF2ITB.$AAB0402.I",
		"-rw-r--r-- 1 a b 7 Jan 29 03:26 nul\x00byte",
	} {
		e, ok := ParseLine(line, now)
		require.False(t, ok, "%q became %+v", line, e)
	}
}

func TestFacts(t *testing.T) {
	for _, c := range []struct {
		line, name, target string
		kind               files.Type
		role               Role
		size               int64
	}{
		{"type=file;size=1500;modify=20260102030405;UNIX.mode=0644; a  b ", "a  b ", "", files.File, Named, 1500},
		{"Type=file;Size=5;Modify=20260102030405.678;  lead", " lead", "", files.File, Named, 5},
		{"type=dir;sizd=4096;modify=191000102030405; old", "old", "", files.Dir, Named, -1},
		{"type=cdir; .", ".", "", files.Dir, Self, -1},
		{"type=pdir; ..", "..", "", files.Dir, Parent, -1},
		{"type=OS.unix=slink:/pub;unique=g; pub", "pub", "/pub", files.LinkFile, Named, -1},
		{"Type=OS.UNIX=symlink; l", "l", "", files.LinkFile, Named, -1},
		{"type=OS.unix=chr-1/3; null", "null", "", files.Other, Named, -1},
		{"type=file; a -> b; c=d", "a -> b; c=d", "", files.File, Named, -1},
	} {
		e, role, ok := ParseFacts(c.line)
		require.True(t, ok, "%q", c.line)
		require.Equal(t, c, struct {
			line, name, target string
			kind               files.Type
			role               Role
			size               int64
		}{c.line, e.Name, e.Target, e.Type, role, e.Size})
	}
	e, _, _ := ParseFacts("type=dir;modify=191000102030405; old")
	require.Equal(t, "2000-01-02 03:04:05", e.ModTime.Format("2006-01-02 15:04:05"))
	for _, bad := range []string{
		"", "name", "size=5; notype", "type=file;size=-1; x", "type=file;size=x; x", "type=file;modify=2026; x",
		"type=file;modify=20261302030405; x", "type=file;", "type=file; ", "type=file; n\x00l",
	} {
		_, _, ok := ParseFacts(bad)
		require.False(t, ok, "%q", bad)
	}
}

func read(t *testing.T, kind Kind, text string, step int) ([]files.Entry, files.Report) {
	t.Helper()
	var all []files.Entry
	r := NewReader(kind, now, func(e []files.Entry) error { all = append(all, e...); return nil })
	for len(text) > 0 {
		n := min(step, len(text))
		_, err := r.Write([]byte(text[:n]))
		require.NoError(t, err)
		text = text[n:]
	}
	report, err := r.Close()
	require.NoError(t, err)
	require.Equal(t, len(all), report.Entries)
	return all, report
}

func TestReader(t *testing.T) {
	text := "total 12\r\n\r\ndrwxr-xr-x 2 a b 0 Jan 1 00:00 .\r\ndrwxr-xr-x 2 a b 0 Jan 1 00:00 ..\r\n" +
		"-rw-r--r-- 1 a b 7 Jan 1 00:00 one\r\nnonsense here\r\n" +
		"-rw-r--r-- 1 a b 7 Jan 1 00:00 ../evil\r\n" + strings.Repeat("x", 20000) + "\r\n" +
		"-rw-r--r-- 1 a b 7 Jan 1 00:00 two"
	for _, step := range []int{1, 7, 1 << 20} {
		all, report := read(t, LIST, text, step)
		require.Len(t, all, 2)
		require.Equal(t, "one", all[0].Name)
		require.Equal(t, "two", all[1].Name)
		require.Equal(t, 3, report.Unread)
		require.Equal(t, "nonsense here", report.Samples[0])
	}
	all, report := read(t, LIST, "Directory DISK$A:[ADA]\r\n\r\nAVERYLONGNAMETHATBREAKSTHELINE.TXT;1\r\n   3  2-JUL-2003 10:30:13 [A,B] (RWED,,,)\r\n\r\nTotal of 1 file, 3 blocks.\r\n", 100)
	require.Zero(t, report.Unread)
	require.Equal(t, "AVERYLONGNAMETHATBREAKSTHELINE.TXT;1", all[0].Name)

	all, report = read(t, MLSD, "type=cdir; .\r\ntype=file;size=1; a\r\ngarbage\r\ntype=dir; b/c\r\n", 3)
	require.Len(t, all, 1)
	require.Equal(t, 2, report.Unread)
}

func TestReaderStopsAtEmitError(t *testing.T) {
	stop := fmt.Errorf("stop")
	r := NewReader(LIST, now, func([]files.Entry) error { return stop })
	var err error
	for i := 0; i < 1000 && err == nil; i++ {
		_, err = r.Write([]byte("-rw-r--r-- 1 a b 7 Jan 1 00:00 x\n"))
	}
	require.ErrorIs(t, err, stop)
}

// TestEndlessListings ends what a server never ends.
func TestEndlessListings(t *testing.T) {
	for name, line := range map[string]string{
		"one line": strings.Repeat("x", 1<<20), "blank lines": strings.Repeat("\r\n", 1<<16), "garbage": strings.Repeat("garbage\r\n", 1<<16), "entries": strings.Repeat("type=file; x\r\n", 1<<16),
	} {
		r := NewReader(MLSD, now, func([]files.Entry) error { return nil })
		var err error
		for range 200 {
			if _, err = r.Write([]byte(line)); err != nil {
				break
			}
		}
		require.True(t, fault.Is(err, fault.TooBig), "%s: %v", name, err)
	}
}

func FuzzLine(f *testing.F) {
	for _, w := range understood {
		f.Add(w.line)
	}
	f.Add("type=file;size=5;modify=20260102030405; x")
	f.Fuzz(func(t *testing.T, line string) {
		e, ok := ParseLine(line, now)
		if ok && (e.Name == "" || e.Size < -1) {
			t.Fatalf("%q became %+v", line, e)
		}
		ParseFacts(line)
		n := 0
		for _, kind := range []Kind{LIST, MLSD} {
			r := NewReader(kind, now, func(es []files.Entry) error {
				for _, e := range es {
					if files.CheckName(e.Name) != nil {
						t.Fatalf("%q let %q through", line, e.Name)
					}
				}
				n += len(es)
				return nil
			})
			if _, err := r.Write([]byte(line)); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
