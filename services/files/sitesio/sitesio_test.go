package sitesio

import (
	"context"
	"encoding/hex"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
	"guichet/services/files"
	"guichet/services/files/sites"
)

const managerXML = `<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>
<FileZilla3 version="3.66.5" platform="*nix">
	<Servers>
		<Folder expanded="1">Clients &amp; friends
			<Folder expanded="0">Old
				<Server>
					<Host>files.example.org</Host>
					<Port>21</Port>
					<Protocol>4</Protocol>
					<Type>0</Type>
					<User>ada</User>
					<Pass encoding="base64">c8OpY3JldA==</Pass>
					<Logontype>1</Logontype>
					<TimezoneOffset>-60</TimezoneOffset>
					<PasvMode>MODE_ACTIVE</PasvMode>
					<MaximumMultipleConnections>2</MaximumMultipleConnections>
					<EncodingType>Custom</EncodingType>
					<CustomEncoding>ISO-8859-15</CustomEncoding>
					<BypassProxy>1</BypassProxy>
					<Name>Caf&#xE9;</Name>
					<LocalDir>/home/ada/web</LocalDir>
					<RemoteDir>1 0 3 web 9 my photos 4 été!</RemoteDir>
				</Server>
			</Folder>
		</Folder>
		<Server>
			<Host>ssh.example.org</Host><Port>2222</Port><Protocol>1</Protocol><User>bob</User>
			<Keyfile>/home/bob/.ssh/id</Keyfile><Logontype>5</Logontype><Name>Key</Name>
		</Server>
		<Server>
			<Host>ftp.example.org</Host><Port>21</Port><Protocol>0</Protocol><User>anonymous</User><Logontype>0</Logontype>Old style
		</Server>
		<Server>
			<Host>locked.example.org</Host><Port>21</Port><Protocol>0</Protocol><User>ada</User>
			<Pass encoding="crypt" pubkey="abc">deadbeef</Pass><Logontype>1</Logontype><Name>Locked</Name>
		</Server>
		<Server>
			<Host>https://dav.example.org:8443/remote/dav</Host><Port>443</Port><Protocol>9</Protocol><User>ada</User><Logontype>2</Logontype><Name>Cloud</Name>
		</Server>
		<Server><Host>s3.example.org</Host><Port>443</Port><Protocol>7</Protocol><User>KEY</User><Logontype>2</Logontype><Name>S3</Name></Server>
		<Server><Host>drive.example.org</Host><Protocol>14</Protocol><Name>Drive</Name></Server>
		<Server><Host>bad host -x</Host><Protocol>1</Protocol><Name>Bad</Name></Server>
	</Servers>
</FileZilla3>
`

func byName(t *testing.T, l *List, name string) Entry {
	t.Helper()
	for _, e := range l.Entries {
		if e.Site.Name == name {
			return e
		}
	}
	t.Fatalf("no %q in %v", name, l.Entries)
	return Entry{}
}

func TestFileZilla(t *testing.T) {
	l, err := Parse([]byte(managerXML), "sitemanager.xml")
	require.NoError(t, err)
	require.Equal(t, FileZilla, l.Format)
	require.Len(t, l.Entries, 6)
	require.Equal(t, Entry{Site: files.Site{
		Name: "Clients & friends / Old / Café", Protocol: files.ProtocolFTPES, Host: "files.example.org", User: "ada", Active: true, MaxConns: 2,
		Charset: "iso-8859-15", Proxy: "direct", Folder: "/home/ada/web", Path: files.Path{"web", "my photos", "été!"}, Rooted: true,
		TimeShift: -time.Hour, TimeFixed: true,
	}, Password: "sécret", HasPassword: true}, byName(t, l, "Clients & friends / Old / Café"))
	key := byName(t, l, "Key").Site
	require.Equal(t, files.ProtocolSFTP, key.Protocol)
	require.Equal(t, 2222, key.Port)
	require.Equal(t, "/home/bob/.ssh/id", key.KeyFile)
	old := byName(t, l, "Old style").Site
	require.Empty(t, old.User, "anonymous")
	require.False(t, old.AllowClear, "clear text is asked about anew")
	locked := byName(t, l, "Locked")
	require.True(t, locked.Locked)
	require.False(t, locked.HasPassword)
	cloud := byName(t, l, "Cloud").Site
	require.Equal(t, "davs://ada@dav.example.org:8443/remote/dav", cloud.URL(cloud.Path))
	require.Equal(t, files.ProtocolS3, byName(t, l, "S3").Site.Protocol)
	require.Equal(t, []Skipped{{"Drive", NoProtocol}, {"Bad", NoHost}}, l.Skipped)
	require.Equal(t, 1, l.Passwords())
}

func TestFileZillaPaths(t *testing.T) {
	for text, want := range map[string]string{
		"1 0":                      "/",
		"1 0 4 home 3 web":         "/home/web",
		"1 0 5 a b c":              "/a b c",
		"1 0 3 a 1":                "/a 1",
		"1 0 2 \U0001F600":         "/\U0001F600", // UTF-16 units, from Windows
		"1 0 1 \U0001F600 3 web":   "/\U0001F600/web",
		"8 0 4 data":               "/data",
		"":                         "-",
		"1 0 9 short":              "-",
		"1 0 -1 x":                 "-",
		"1 0 2 ..":                 "-",
		"1 0 3 a/b":                "-",
		"2 4 DISK 3 DIR":           "-",
		"1 0 99999999999999999 a":  "-",
		"1 0 4 homeX3 web":         "-",
		"1 0 1 a 1 b 1 c 1 d 1 e ": "/a/b/c/d/e",
	} {
		p, ok := fzPath(text)
		got := "-"
		if ok {
			got = p.String()
		}
		require.Equal(t, want, got, "%q", text)
	}
	p := files.Path{"été", "a b", "\U0001F600"}
	back, ok := fzPath(writeFZPath(p))
	require.True(t, ok)
	require.Equal(t, p, back)
}

func TestHostileXML(t *testing.T) {
	for name, text := range map[string]string{
		"entities": `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><FileZilla3><Servers><Server><Host>&b;</Host></Server></Servers></FileZilla3>`,
		"outside":  `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><FileZilla3><Servers><Server><Host>&a;</Host></Server></Servers></FileZilla3>`,
		"deep":     `<FileZilla3>` + strings.Repeat("<a>", 100_000),
		"deeper":   `<FileZilla3><Servers><Server>` + strings.Repeat("<a>", 100_000),
		"cut":      managerXML[:len(managerXML)/2],
		"other":    `<html><Server><Host>a</Host></Server></html>`,
	} {
		_, err := Parse([]byte(text), "sitemanager.xml")
		require.Error(t, err, name)
	}
	_, err := Parse(make([]byte, maxFile+1), "x")
	require.True(t, fault.Is(err, fault.TooBig))
}

func TestClearFileZilla(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sitemanager.xml")
	require.NoError(t, os.WriteFile(path, []byte(managerXML), 0o600))
	l, err := ReadFile(path)
	require.NoError(t, err)
	n, err := Clear(l)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(after), "c8OpY3JldA==")
	require.Contains(t, string(after), "deadbeef", "what cannot be read stays")
	want := strings.Replace(managerXML, `<Pass encoding="base64">c8OpY3JldA==</Pass>`, "", 1)
	want = strings.Replace(want, "<Logontype>1</Logontype>\n\t\t\t\t\t<Time", "<Logontype>2</Logontype>\n\t\t\t\t\t<Time", 1)
	require.Equal(t, want, string(after), "the rest is as it was")
	again, err := ReadFile(path)
	require.NoError(t, err)
	require.Zero(t, again.Passwords())
	require.Len(t, again.Entries, 6)
	rest, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, rest, 1, "no other copy")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// disguised writes a password as WinSCP does.
func disguised(password, key string, long bool) string {
	var raw []byte
	put := func(n int) { raw = append(raw, ^byte(n)^disguise) }
	text := key + password
	put(disguiseFlag)
	if long {
		put(disguiseLong)
		put(len(text) >> 8)
	} else {
		put(0)
	}
	put(len(text) & 0xff)
	put(3)
	raw = append(raw, 1, 2, 3)
	for i := range len(text) {
		put(int(text[i]))
	}
	return strings.ToUpper(hex.EncodeToString(append(raw, 9, 9, 9, 9)))
}

func ini() string {
	return "[Configuration\\Interface]\r\nRandomSeedFile=x\r\n" +
		"[Sessions\\Default%20Settings]\r\nHostName=default.example.org\r\n" +
		"[Sessions\\Clients/%EF%BB%BFCaf%C3%A9%20A]\r\nHostName=files.example.org\r\nPortNumber=990\r\nUserName=ada\r\nFSProtocol=5\r\nFtps=1\r\n" +
		"Password=" + disguised("pass wörd", "adafiles.example.org", false) + "\r\nRemoteDirectory=/web/my%20photos\r\nLocalDirectory=C:%5CUsers%5CAda\r\nTimeDifference=-0.0416666666666667\r\nTimeDifferenceAuto=0\r\nFtpPasvMode=0\r\n" +
		"[Sessions\\Inside]\r\nHostName=10.0.0.5\r\nUserName=bob\r\nTunnel=1\r\nTunnelHostName=gate.example.org\r\nTunnelPortNumber=2222\r\nTunnelUserName=jump\r\nPublicKeyFile=C:%5Ckey.ppk\r\n" +
		"Password=" + disguised("long", "bob10.0.0.5", true) + "\r\nProxyMethod=2\r\nProxyHost=proxy.example.org\r\nProxyPort=1080\r\n" +
		"[Sessions\\Work]\r\nIsWorkspace=1\r\nHostName=w\r\n" +
		"[Sessions\\Dav]\r\nHostName=dav.example.org\r\nFSProtocol=6\r\nFtps=1\r\nPortNumber=443\r\n"
}

func TestWinSCP(t *testing.T) {
	l, err := Parse([]byte(ini()), "WinSCP.ini")
	require.NoError(t, err)
	require.Equal(t, WinSCP, l.Format)
	require.Len(t, l.Entries, 3)
	cafe := byName(t, l, "Clients / Café A")
	require.Equal(t, Entry{Site: files.Site{
		Name: "Clients / Café A", Protocol: files.ProtocolFTPS, Host: "files.example.org", User: "ada", Active: true, Folder: `C:\Users\Ada`,
		Path: files.Path{"web", "my photos"}, Rooted: true, TimeShift: -time.Hour, TimeFixed: true,
	}, Password: "pass wörd", HasPassword: true}, cafe)
	in := byName(t, l, "Inside")
	require.Equal(t, "jump@gate.example.org:2222", in.Site.Jump)
	require.Equal(t, "socks5://proxy.example.org:1080", in.Site.Proxy)
	require.Equal(t, `C:\key.ppk`, in.Site.KeyFile)
	require.Equal(t, "long", in.Password)
	require.Equal(t, files.ProtocolDAVS, byName(t, l, "Dav").Site.Protocol)

	master, err := Parse([]byte(ini()+"[Configuration\\Security]\r\nUseMasterPassword=1\r\n"), "WinSCP.ini")
	require.NoError(t, err)
	require.Zero(t, master.Passwords())
	require.True(t, byName(t, master, "Inside").Locked)

	out, n := clearINI([]byte(ini()))
	require.Equal(t, 2, n)
	require.NotContains(t, string(out), "Password=")
	require.Contains(t, string(out), "HostName=10.0.0.5\r\nUserName=bob\r\nTunnel=1")

	_, ok := reveal(disguised("x", "somebody else", false), "adafiles")
	require.False(t, ok, "made for another account")
}

func TestWinSCPRegistryExport(t *testing.T) {
	text := "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software\\Martin Prikryl\\WinSCP 2\\Sessions\\My%20site]\r\n" +
		"\"HostName\"=\"files.example.org\"\r\n\"PortNumber\"=dword:00000016\r\n\"UserName\"=\"ada\"\r\n\"FSProtocol\"=dword:00000002\r\n" +
		"\"PublicKeyFile\"=\"C:\\\\keys\\\\id.ppk\"\r\n\"Password\"=\"" + disguised("pw", "adafiles.example.org", false) + "\"\r\n"
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	l, err := Parse(wide, "export.reg")
	require.NoError(t, err)
	require.Len(t, l.Entries, 1)
	require.Equal(t, Entry{Site: files.Site{Name: "My site", Protocol: files.ProtocolSFTP, Host: "files.example.org", User: "ada", KeyFile: `C:\keys\id.ppk`}, Password: "pw", HasPassword: true}, l.Entries[0])
	require.False(t, l.CanClear)
}

func TestOthers(t *testing.T) {
	l, err := Parse([]byte("machine ftp.example.org login ada password pw\ndefault login anonymous password x@y\nmacdef init\ncd /\n\nmachine b.example.org\n login bob\n"), ".netrc")
	require.NoError(t, err)
	require.Len(t, l.Entries, 2)
	require.Equal(t, "pw", l.Entries[0].Password)
	require.Equal(t, "bob", l.Entries[1].Site.User)

	l, err = Parse([]byte("Include ~/secret\nHost web\n  HostName web.example.org\n  User ada\n  Port 2222\n  IdentityFile ~/.ssh/web\n  ProxyJump bob@gate:22\nHost *\n  User everyone\nMatch exec \"touch /tmp/x\"\n  User evil\nHost a b\n"), "config")
	require.NoError(t, err)
	require.Len(t, l.Entries, 3)
	web := byName(t, l, "web").Site
	require.Equal(t, "web.example.org", web.Host)
	require.Equal(t, "ada", web.User)
	require.Equal(t, 2222, web.Port)
	require.Equal(t, "bob@gate:22", web.Jump)
	require.Equal(t, filepath.Join(homeDir(), ".ssh/web"), web.KeyFile)
	require.Equal(t, "everyone", byName(t, l, "a").Site.User)

	l, err = Parse([]byte("sftp://ada@files.example.org:2222/home/ada%20b My files\nfile:///home/ada\ndavs://cloud.example.org/dav\n"), "bookmarks")
	require.NoError(t, err)
	require.Len(t, l.Entries, 2)
	require.Equal(t, "sftp://ada@files.example.org:2222/home/ada%20b", l.Entries[0].Site.URL(l.Entries[0].Site.Path))
	require.Equal(t, "My files", l.Entries[0].Site.Name)

	l, err = Parse([]byte("club\tftp://ada:pw@club.example.org/web\n"), "bookmarks")
	require.NoError(t, err)
	require.Equal(t, Lftp, l.Format)
	require.Equal(t, "pw", l.Entries[0].Password)
	require.NotContains(t, l.Entries[0].Site.URL(nil), "pw")
}

func TestExportAndBack(t *testing.T) {
	l, err := Parse([]byte(managerXML), "sitemanager.xml")
	require.NoError(t, err)
	var list []files.Site
	for _, e := range l.Entries {
		e.Site.ID, e.Site.AllowClear = "12345678", true
		list = append(list, e.Site)
	}
	list = append(list, files.Site{Name: "Bytes", Protocol: files.ProtocolFTPES, Host: "b.example.org", Path: files.Path{"caf\xe9"}, Rooted: true})
	for _, f := range []Format{Guichet, FileZilla} {
		data, err := Export(list, f)
		require.NoError(t, err)
		require.NotContains(t, string(data), "écret")
		back, err := Parse(data, "list")
		require.NoError(t, err, "%s", data)
		require.Len(t, back.Entries, len(list), f)
		for i, e := range back.Entries {
			want := list[i]
			want.ID, want.AllowClear = "", false
			if f == FileZilla && (want.Name == "Bytes" || want.Region != "") {
				continue // shown letters instead of bytes
			}
			if f == FileZilla && want.Protocol == files.ProtocolSFTP && want.KeyFile == "" {
				continue
			}
			require.Equal(t, want, e.Site, f)
		}
	}
	require.NoError(t, xml.Unmarshal(mustExport(t, list), new(fzOut)))
}

func mustExport(t *testing.T, list []files.Site) []byte {
	data, err := Export(list, FileZilla)
	require.NoError(t, err)
	return data
}

type memory map[string]string

func (m memory) Get(_ context.Context, s, a string) (string, error) {
	if v, ok := m[s+a]; ok {
		return v, nil
	}
	return "", fault.Newf(fault.NotFound, "get", "", "none")
}
func (m memory) Set(_ context.Context, s, a, secret string) error { m[s+a] = secret; return nil }
func (m memory) Delete(_ context.Context, s, a string) error      { delete(m, s+a); return nil }

func TestImport(t *testing.T) {
	store, err := sites.OpenStore(filepath.Join(t.TempDir(), "sites.json"))
	require.NoError(t, err)
	l, err := Parse([]byte(managerXML), "sitemanager.xml")
	require.NoError(t, err)
	keys := memory{}
	added, known, err := Import(t.Context(), store, keys, l.Entries, false)
	require.NoError(t, err)
	require.Equal(t, [2]int{6, 0}, [2]int{added, known})
	require.Empty(t, keys, "no password without a word")
	added, known, err = Import(t.Context(), store, keys, l.Entries, true)
	require.NoError(t, err)
	require.Equal(t, [2]int{0, 6}, [2]int{added, known})
	require.Len(t, keys, 1)
	pw, err := sites.LoadPassword(t.Context(), keys, l.Entries[0].Site)
	require.NoError(t, err)
	require.Equal(t, "sécret", pw)
}

func TestSources(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, ".config", "filezilla", "sitemanager.xml")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(managerXML), 0o000)) // not even readable
	env := func(string) string { return "" }
	require.Equal(t, []Source{{FileZilla, path}}, sources("linux", home, env))
	data := filepath.Join(home, "AppData")
	require.NoError(t, os.MkdirAll(filepath.Join(data, "FileZilla"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "FileZilla", "sitemanager.xml"), []byte("x"), 0o600))
	require.Len(t, sources("windows", home, func(k string) string {
		if k == "APPDATA" {
			return data
		}
		return ""
	}), 1)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(managerXML), "sitemanager.xml")
	f.Add([]byte(ini()), "WinSCP.ini")
	f.Add([]byte("Host a\n HostName b\nMatch x\n"), "config")
	f.Add([]byte("machine a login b password c"), ".netrc")
	f.Add([]byte("x\tftp://a:b@c/d"), "bookmarks")
	f.Add([]byte(`{"format":"guichet-sites","version":1,"sites":[{"protocol":"sftp","host":"a","address":"sftp://a/b"}]}`), "x")
	f.Add([]byte("\xff\xfeW\x00"), "x.reg")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		l, err := Parse(data, name)
		if err != nil {
			return
		}
		for _, e := range l.Entries {
			require.True(t, e.Site.Protocol.Known())
			require.NotEmpty(t, e.Site.Host)
			require.False(t, e.Site.AllowClear)
			for _, name := range e.Site.Path {
				require.NoError(t, files.CheckName(name))
			}
		}
		if l.Format == FileZilla {
			out, n, err := clearFileZilla(data)
			if err == nil && n > 0 {
				if again, err := Parse(out, name); err == nil {
					require.Zero(t, again.Passwords())
				}
			}
		}
	})
}
