package listing

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"guichet/services/files"
)

// kinds are lines of many servers, each of its own kind.
var kinds = []want{
	// Marks, letters and columns of ls.
	{"-rwSr-Sr-T.  1 ada staff 12 Mar  1 08:00 selinux", "selinux", files.File, 12, "2026-03-01 08:00:00"},
	{"-rw-r--r--@  1 ada staff 12 Mar  1 08:00 attributes", "attributes", files.File, 12, "2026-03-01 08:00:00"},
	{"drwxr-xr-x+2048 ada staff 12 Mar  1 08:00 many links", "many links", files.Dir, -1, "2026-03-01 08:00:00"},
	{"drwxr-x   3       20     4096 Mar  1 08:00 short mode", "short mode", files.Dir, -1, "2026-03-01 08:00:00"},
	{"-rw-r--r--   1 ada staff 18446744073709551615 Mar  1 08:00 all bits", "all bits", files.File, -1, "2026-03-01 08:00:00"},
	{"-rw-r--r--   1 ada engineers734003200 Mar  1 08:00 full column", "full column", files.File, -1, "2026-03-01 08:00:00"},
	{"-rw-r--r--                     2048 Mar  1 08:00 no owners", "no owners", files.File, 2048, "2026-03-01 08:00:00"},
	{"-rw-r--r-- ada@host staff@host 2048 Mar  1 08:00 no links", "no links", files.File, 2048, "2026-03-01 08:00:00"},
	{"brw-rw----   1 root disk 8,   1 Mar  1 08:00 sda1", "sda1", files.Other, -1, "2026-03-01 08:00:00"},
	{"crw-------   1 root sys 13,64 Mar  1 08:00 event", "event", files.Other, -1, "2026-03-01 08:00:00"},
	{"prw-------   1 root sys 0 Mar  1 08:00 fifo", "fifo", files.Other, -1, "2026-03-01 08:00:00"},
	{"srwxr-xr-x   1 root sys 0 Mar  1 08:00 socket", "socket", files.Other, -1, "2026-03-01 08:00:00"},
	{"-rw-r--r--   1 ada staff 1,234,567 Mar  1 08:00 commas", "commas", files.File, 1234567, "2026-03-01 08:00:00"},
	{"-rw-r--r--   1 ada staff 1.5G Mar  1 08:00 human", "human", files.File, 1610612736, "2026-03-01 08:00:00"},
	{"drwxr-xr-x   2 ada staff 4096 Mar  1 08:00 slash/", "slash", files.Dir, -1, "2026-03-01 08:00:00"},
	{"lrwxrwxrwx   1 ada staff 5 Mar  1 08:00 a -> b -> c d/e", "a -> b", files.LinkFile, -1, "2026-03-01 08:00:00"},
	{"lrwxrwxrwx   1 ada staff 9 Mar  1 08:00 folder -> /srv/www/", "folder", files.LinkDir, -1, "2026-03-01 08:00:00"},
	{"-rw-r--r--   1 ada staff 7 Mar  1 08:00 2024 Jan 1 10:00 report", "2024 Jan 1 10:00 report", files.File, 7, "2026-03-01 08:00:00"},
	{"-rw-r--r--   1 2024 1000 7 Mar  1 08:00 numeric owner", "numeric owner", files.File, 7, "2026-03-01 08:00:00"},

	// Dates of ls.
	{"-rw-r--r--   1 ada staff 7 Nov 22 12:00 now", "now", files.File, 7, "2026-11-22 12:00:00"},
	{"-rw-r--r--   1 ada staff 7 Nov 24 12:00 last", "last", files.File, 7, "2025-11-24 12:00:00"},
	{"-rw-r--r--   1 ada staff 7 Dec 31 24:00 midnight", "midnight", files.File, 7, "2026-01-01 00:00:00"},
	{"-rw-r--r--   1 ada staff 7 Mar  1  2019 year", "year", files.File, 7, "2019-03-01 00:00:00"},
	{"-rw-r--r--   1 ada staff 7 Mar  1  2019  blank", " blank", files.File, 7, "2019-03-01 00:00:00"},
	{"-rw-r--r--   1 ada staff 7 Mar  1 2019  left", "left", files.File, 7, "2019-03-01 00:00:00"},
	{"-rw-r--r--   1 ada staff 7 2019-03-01  iso day", "", 0, 0, ""},
	{"-rw-r--r--   1 ada staff 7 2019.03.01   dotted", "dotted", files.File, 7, "2019-03-01 00:00:00"},
	{"-rw-r--r--   1 ada staff 7 2019-03-01T08:15:30 iso", "iso", files.File, 7, "2019-03-01 08:15:30"},
	{"-rw-r--r--   1 ada staff 7 01-mar-19 two digits", "two digits", files.File, 7, "2019-03-01 00:00:00"},
	{"-rw-r--r--   1 ada staff 7 1 Mar 08:15 swapped", "swapped", files.File, 7, "2026-03-01 08:15:00"},
	{"-rw-r--r--   1 ada staff 7 13 3 08:15 numbers swapped", "numbers swapped", files.File, 7, "2026-03-13 08:15:00"},
	{"-rw-r--r--   1 ada staff 7 Jan  1 00:0 unpadded", "unpadded", files.File, 7, "2026-01-01 00:00:00"},
	{"-rw-r--r--   1 ada staff 7 Mar 1 2019 15:04 both", "both", files.File, 7, "2019-03-01 15:04:00"},

	// Dates in other languages.
	{"-rw-r--r--   1 ada staff 7 helmi 26 12:22 suomi", "suomi", files.File, 7, "2026-02-26 12:22:00"},
	{"-rw-r--r--   1 ada staff 7 26 févr. 12:22 français", "français", files.File, 7, "2026-02-26 12:22:00"},
	{"-rw-r--r--   1 ada staff 7 márc 15 12:22 magyar", "magyar", files.File, 7, "2026-03-15 12:22:00"},
	{"-rw-r--r--   1 ada staff 7 15 paź 12:22 polski", "polski", files.File, 7, "2026-10-15 12:22:00"},
	{"-rw-r--r--   1 ada staff 7 15 июл 2007 русский", "русский", files.File, 7, "2007-07-15 00:00:00"},
	{"-rw-r--r--   1 ada staff 7 15 Ağu 12:22 türkçe", "türkçe", files.File, 7, "2026-08-15 12:22:00"},
	{"-rw-r--r--   1 ada staff 7 10월 12 10:30 한국어", "한국어", files.File, 7, "2026-10-12 10:30:00"},
	{"-rw-r--r--   1 ada staff 7 12月25日 10:30 日本語", "日本語", files.File, 7, "2025-12-25 10:30:00"},
	{"-rw-r--r--   1 ada staff 7 2005年1月6日 中文", "中文", files.File, 7, "2005-01-06 00:00:00"},
	{"-rw-r--r--   1 ada staff 7 2005년  1월  6일 year first", "year first", files.File, 7, "2005-01-06 00:00:00"},

	// Windows.
	{"10-15-09  00:34AM       <DIR>          hour zero", "hour zero", files.Dir, -1, "2009-10-15 00:34:00"},
	{"10/15/2009  03:34 PM       <DIR>          am apart", "am apart", files.Dir, -1, "2009-10-15 15:34:00"},
	{"10-15-09  03:34PM       <SYMLINKD>     to [C:\\data]", "to", files.LinkDir, -1, "2009-10-15 15:34:00"},
	{"10-15-09  03:34PM       <JUNCTION>     j [D:\\]", "j", files.LinkDir, -1, "2009-10-15 15:34:00"},
	{"10-15-09  03:34PM       <SYMLINK>      l [f.txt]", "l", files.LinkFile, -1, "2009-10-15 15:34:00"},
	{"25/12/2013  15:34                 900 day first", "day first", files.File, 900, "2013-12-25 15:34:00"},
	{"TOOLS           <DIR>           11-21-94        10:17", "TOOLS", files.Dir, -1, "1994-11-21 10:17:00"},
	{"PLAN.DOC          11264 05-11-95        14:20", "PLAN.DOC", files.File, 11264, "1995-05-11 14:20:00"},

	// VMS: columns in any order, no time, no size.
	{"PLAN.TXT;3   [STAFF]    1/3     2-AUG-2006 13:05  (RWE,RWE,RE,)", "PLAN.TXT;3", files.File, 512, "2006-08-02 13:05:00"},
	{"PLAN.TXT;3    2/8    7-JAN-2000    [STAFF,ADA]   (RWED,RWED,RE,)", "PLAN.TXT;3", files.File, 1024, "2000-01-07 00:00:00"},
	{"PLAN.TXT;3 2KB 23-SEP-2005 14:57:07.27", "PLAN.TXT;3", files.File, 2048, "2005-09-23 14:57:07"},
	{"DISK.ISO;2        ******  6-MAY-2008 09:29 [STAFF, ADA] (RE,RWED,RE,RE)", "DISK.ISO;2", files.File, -1, "2008-05-06 09:29:00"},
	{"LETTERS.DIR;1        27/36         16-FEB-1999 10:01:46  [A_VERY_LONG,OWNER$OF                 (RWE,RWE,RE,RE)", "LETTERS", files.Dir, -1, "1999-02-16 10:01:46"},
	{"[STAFF.ADA]LETTERS.DIR;1      1/3          5-MAR-1993 18:09", "LETTERS", files.Dir, -1, "1993-03-05 18:09:00"},

	// z/OS, OS/400, others.
	{"VOL001 3390   2011/08/25  2 ++++  FB     904 18080  PS  TOO.MANY.TRACKS", "TOO.MANY.TRACKS", files.File, -1, "2011-08-25 00:00:00"},
	{"VOL001 3390   2011/08/25  1 ????  FB      80  8053  PS  UNKNOWN.TRACKS", "UNKNOWN.TRACKS", files.File, -1, "2011-08-25 00:00:00"},
	{"ADA1     JOB01906  OUTPUT    3 Spool Files", "JOB01906", files.File, -1, ""},
	{"ADA2     TSU01830 ADA      OUTPUT TSU      ABEND=522 3 spool files", "TSU01830", files.File, -1, ""},
	{"ADA      45056 04/12/14 14:19:31 *STMF day in any order", "day in any order", files.File, 45056, ""},
	{"ADA      45056 28/11/15 14:19:31 *STMF only one", "only one", files.File, 45056, "2015-11-28 14:19:31"},
	{"ADA      45056 18.09.06 14:21:26 *STMF dots", "dots", files.File, 45056, "2006-09-18 14:21:26"},
	{"20.20 07/03/29 1026 d-ewrewr 2650 85920 os9 folder", "os9 folder", files.Dir, -1, "2007-03-29 10:26:00"},
	{" 0.0  07/03/29 1026 ----r-wr 2651 512 os9 file", "os9 file", files.File, 512, "2007-03-29 10:26:00"},
	{"router.cfg       1014196  06/03/04  Thur.  10:20:03", "router.cfg", files.File, 1014196, "2004-06-03 10:20:03"},
	{"NOTES    MEMO     V         65        107          2  3/21/98 11:25:19 ADA", "NOTES.MEMO", files.File, -1, "1998-03-21 11:25:19"},

	// MLSD's lines in LIST.
	{"size=15;type=file;modify=20090722092510;\ttab 2009-07-22 08-25-10", "tab 2009-07-22 08-25-10", files.File, 15, "2009-07-22 09:25:10"},
	{"type=file no last semicolon", "no last semicolon", files.File, -1, ""},
	{"Type=file;Size=;Modify=;Perm=; empty facts", "empty facts", files.File, -1, ""},
}

func TestKinds(t *testing.T) {
	for _, w := range kinds {
		e, ok := ParseLine(w.line, now)
		if w.name == "" {
			require.False(t, ok, "%q became %+v", w.line, e)
			continue
		}
		require.True(t, ok, "%q", w.line)
		at := ""
		if !e.ModTime.IsZero() {
			at = e.ModTime.Format("2006-01-02 15:04:05")
		}
		require.Equal(t, w, want{w.line, e.Name, e.Type, e.Size, at})
	}
}

// TestLegacyMonths writes months as servers from before UTF-8 do.
func TestLegacyMonths(t *testing.T) {
	type encoder interface{ String(string) (string, error) }
	for _, c := range []struct {
		enc  encoder
		date string
		want string
	}{
		{charmap.ISO8859_1.NewEncoder(), "15 déc. 10:30", "2025-12-15 10:30"},
		{charmap.CodePage850.NewEncoder(), "15 août 10:30", "2026-08-15 10:30"},
		{charmap.ISO8859_2.NewEncoder(), "15 paź 10:30", "2026-10-15 10:30"},
		{charmap.Windows1250.NewEncoder(), "15 říj 10:30", "2026-10-15 10:30"},
		{charmap.ISO8859_2.NewEncoder(), "márc 15 10:30", "2026-03-15 10:30"},
		{charmap.KOI8R.NewEncoder(), "15 апр 10:30", "2026-04-15 10:30"},
		{charmap.Windows1251.NewEncoder(), "15 фев 10:30", "2026-02-15 10:30"},
		{charmap.CodePage866.NewEncoder(), "15 мая 10:30", "2026-05-15 10:30"},
		{charmap.ISO8859_9.NewEncoder(), "15 Ağu 10:30", "2026-08-15 10:30"},
		{charmap.ISO8859_1.NewEncoder(), "kesä  15 10:30", "2026-06-15 10:30"},
		{japanese.ShiftJIS.NewEncoder(), "4月 18日 2003年", "2003-04-18 00:00"},
		{japanese.EUCJP.NewEncoder(), "4月 18 10:30", "2026-04-18 10:30"},
		{korean.EUCKR.NewEncoder(), "2003년 4월 18일", "2003-04-18 00:00"},
		{simplifiedchinese.GBK.NewEncoder(), "12月 25 10:30", "2025-12-25 10:30"},
		{traditionalchinese.Big5.NewEncoder(), "12月25日 10:30", "2025-12-25 10:30"},
	} {
		date, err := c.enc.String(c.date)
		require.NoError(t, err)
		e, ok := ParseLine("-rw-r--r--   1 ada staff 7 "+date+" name", now)
		require.True(t, ok, "%s", c.date)
		require.Equal(t, "name", e.Name, "%s", c.date)
		require.Equal(t, c.want, e.ModTime.Format("2006-01-02 15:04"), "%s", c.date)
	}
}

// TestNearTheYearsEnd reads dates without a year around New Year and 29 February.
func TestNearTheYearsEnd(t *testing.T) {
	for _, c := range []struct{ now, date, want string }{
		{"2026-01-01 00:30", "Dec 31 23:50", "2025-12-31 23:50"},
		{"2026-12-31 23:30", "Jan  1 00:15", "2027-01-01 00:15"}, // the server is east of here
		{"2026-01-01 00:30", "Jan  1 00:15", "2026-01-01 00:15"},
		{"2024-03-01 10:00", "Feb 29 10:00", "2024-02-29 10:00"},
		{"2025-01-15 10:00", "Feb 29 10:00", "2024-02-29 10:00"},
		{"2026-06-15 10:00", "Jun 17 10:00", "2025-06-17 10:00"},
	} {
		at, err := time.Parse("2006-01-02 15:04", c.now)
		require.NoError(t, err)
		e, ok := ParseLine("-rw-r--r--   1 ada staff 7 "+c.date+" name", at)
		require.True(t, ok)
		require.Equal(t, c.want, e.ModTime.Format("2006-01-02 15:04"), "%s at %s", c.date, c.now)
	}
}

// TestBadKinds must stay unread: columns run together or are missing, or two
// readings fit.
func TestBadKinds(t *testing.T) {
	for _, line := range []string{
		"-rw-r--r--   1ada      staff    126552 Jan 22  2001 columns in one",
		"----rwxr-x   1 ADA      0  xx        422 Mar 24 14:06 number and word",
		"drwxr-xr-x   2 root     99           4096Feb 23 12:01 size and month",
		"drwxr-xr-x   2 root     root         4096 Aug 26  201 year",
		"drwxr-xr-x 3 ada staff 512 dateless",
		"---------   1 owner    group         1845484 Dec 22 10:20 nine",
		"a [-----F--] ADA                         512 Apr 13 23:52 kind",
		"d [----AF--]          0                  512 10-04-2001 day",
		"    0    rsa    DIR   11-25-97   09:42  lower",
		" 33280      A          1997-02-03  13:49  year first",
		"587823    RSA    DIR   Jan-08-97   13:58  month",
		"25-06-07  01:08PM       <DIR>          day first with pm",
		"06:25:07  01:08PM       <DIR>          colons",
		"10-15-09  00:34PM       <DIR>          pm",
		"A.TXT;1  11/18   2-JUN-1998 08:38:42  [STAFF-1,ADA]    (RWED,RWED,RWED,RE)",
		"A.TXT;1  18/18   1-JUL-1998 08:43:20  [STAFF,ADA]    (RWED2,RWED,RWED,RE)",
		"A.TXT;1  18/18  31-FEB-1998 08:43:20  [STAFF,ADA]    (RWED,RWED,RWED,RE)",
		"A.TXT;1  18/18   1-JUL-1998 08:43:20 PM [STAFF,ADA]    (RWED,RWED,RWED,RE)",
		"A.TXT;1  18/18   1-JUL-98 08:43:20 [STAFF,ADA]    (RWED,RWED,RWED,RE)",
		"A.DIR;1\tNo privilege for attempted operation",
		"ADA               422 03/24 14:06:26 *STMF      day",
		"ADA              6409 04/03/24 30:06:29 *STMF      clock",
		"ADA USR         36864 04/03/24 14:06:34 *DIR       owner/",
		"ADA             3686404/03/24 14:06:47 *DIR       together/",
		"+m825718503,\tneither file nor folder", "+r,s1234,  no tab",
		"MEMBER", "ls: .: Permission denied", "modify=20150806235817;bad;UNIX.owner=0; facts",
	} {
		e, ok := ParseLine(line, now)
		require.False(t, ok, "%q became %+v", line, e)
		_, report := read(t, LIST, line+"\r\n", 1000)
		require.Equal(t, 1, report.Unread, "%q", line)
	}
}

// TestTables reads what only the lines around it make readable.
func TestTables(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"VMS", "\r\nDISK$A:[ADA.LETTERS]\r\n\r\nAPLAINNAME.TXT;1      2   4-NOV-2009 05:59 [ADA] (RWED,RWED,,)\r\n" +
			"AVERYLONGNAMETHATFILLSTHELINE.TXT;12\r\n                 36   4-NOV-2009 05:55 [ADA] (RWE,RWE,,)\r\n" +
			"NOINDENT.TXT;1\r\n10     2-JUL-2003 10:30:08.59  [STAFF,ADA]      (RWED,RWED,RE,)\r\n" +
			"LETTERS.DIR;1        27/36         16-FEB-1999 10:01:46  [STAFF,ADA\r\n      ]            (RWE,RWE,RE,RE)\r\n" +
			"\r\n\r\nTotal of 43 blocks in 3 files.\r\n", []string{"APLAINNAME.TXT;1", "AVERYLONGNAMETHATFILLSTHELINE.TXT;12", "NOINDENT.TXT;1", "LETTERS"}},
		{"empty VMS", "\r\nDISK:[IN]\r\n\r\n*.*;0              <%RMS-E-FNF, file not found>\r\n", nil},
		{"members", " Name     VV.MM   Created       Changed      Size  Init   Mod   Id\r\n" +
			"ONE       01.01 2004/06/22 2004/06/23 16:32   128   128    0 ADA\r\nTWO\r\n$THREE\r\n", []string{"ONE", "TWO", "$THREE"}},
		{"datasets", "Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname\r\n" +
			"VOL001 3390   2011/08/25  2  4  FB     904 18080  PS  A.B\r\nMigrated                                                C.D\r\n", []string{"A.B", "C.D"}},
		{"jobs", "JOBNAME  JOBID    OWNER    STATUS CLASS\r\nADA2     JOB01906 ADA      OUTPUT A        RC=0000 3 spool files\r\n", []string{"JOB01906"}},
		{"total in Korean", "총 12\r\n-rw-r--r-- 1 a b 7 3월 4 10:00 x\r\n", []string{"x"}},
		{"total in bytes", "\xcd\xe2\xb9\xc0 12\r\n-rw-r--r-- 1 a b 7 Mar 4 10:00 x\r\n", []string{"x"}},
		{"facts", "type=cdir;modify=20090722092510; /\r\ntype=pdir; ..\r\ntype=dir; x\r\n", []string{"x"}},
	} {
		all, report := read(t, LIST, c.text, 5)
		require.Zero(t, report.Unread, "%s: %q", c.name, report.Samples)
		var names []string
		for _, e := range all {
			names = append(names, e.Name)
		}
		require.Equal(t, c.want, names, c.name)
	}
	// Without the table's head a word alone is nothing.
	_, report := read(t, LIST, "ONE\r\n", 5)
	require.Equal(t, 1, report.Unread)
	// A VMS name whose rest never comes is not forgotten.
	_, report = read(t, LIST, "A.TXT;1\r\nB.TXT;1  2   4-NOV-2009 05:59 [ADA] (RWED,,,)\r\n", 5)
	require.Equal(t, 1, report.Unread)
}

// TestArrivesAtOnce: entries are handed over with the bytes that complete them.
func TestArrivesAtOnce(t *testing.T) {
	got := 0
	r := NewReader(LIST, now, func(e []files.Entry) error { got += len(e); return nil })
	_, err := r.Write([]byte("-rw-r--r-- 1 a b 7 Jan 1 00:00 one\r\n-rw-r--r-- 1 a b 7 Jan 1 00:00 tw"))
	require.NoError(t, err)
	require.Equal(t, 1, got)
	_, err = r.Write([]byte("o\r\n"))
	require.NoError(t, err)
	require.Equal(t, 2, got)
}

// BenchmarkReader reads 100,000 lines a round; lines/s is the figure.
func BenchmarkReader(b *testing.B) {
	const lines = 100_000
	for _, c := range []struct {
		name string
		kind Kind
		line string
	}{
		{"unix", LIST, "-rw-r--r--    1 1000     1000         4096 Nov 12 10:45 file-00042.txt\r\n"},
		{"dos", LIST, "11-12-26  10:45AM                 4096 file-00042.txt\r\n"},
		{"vms", LIST, "FILE00042.TXT;1  8/8  12-NOV-2026 10:45:33  [STAFF,ADA]  (RWED,RWED,RE,)\r\n"},
		{"mlsd", MLSD, "modify=20261112104533;perm=adfrw;size=4096;type=file;unique=801U2A;UNIX.group=1000;UNIX.groupname=ada;UNIX.mode=0644;UNIX.owner=1000;UNIX.ownername=ada; file-00042.txt\r\n"},
	} {
		text := []byte(strings.Repeat(c.line, lines))
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				r := NewReader(c.kind, now, func(e []files.Entry) error { n += len(e); return nil })
				for rest := text; len(rest) > 0; {
					k := min(32<<10, len(rest))
					if _, err := r.Write(rest[:k]); err != nil {
						b.Fatal(err)
					}
					rest = rest[k:]
				}
				if _, err := r.Close(); err != nil || n != lines {
					b.Fatal(n, err)
				}
			}
			b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
