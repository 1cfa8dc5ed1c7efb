package demo

import (
	"bytes"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/client"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/jhillyerd/enmime/v2"
	"github.com/stretchr/testify/require"
)

func dialIMAP(t *testing.T, d *Demo) *client.Client {
	t.Helper()
	c, err := client.DialTLS(address(d.Info().IMAPS), trust(t, d))
	require.NoError(t, err)
	c.Timeout = 10 * time.Second
	t.Cleanup(func() { _ = c.Terminate() })
	require.NoError(t, c.Login(User, Password))
	return c
}

func list(t *testing.T, c *client.Client) map[string]*imap.MailboxInfo {
	t.Helper()
	ch := make(chan *imap.MailboxInfo, 50)
	require.NoError(t, c.List("", "*", ch))
	boxes := map[string]*imap.MailboxInfo{}
	for m := range ch {
		boxes[m.Name] = m
	}
	return boxes
}

func TestMailboxesAndTheirRoles(t *testing.T) {
	c := dialIMAP(t, start(t, Params{}))
	boxes := list(t, c)
	require.Len(t, boxes, len(mailboxes))
	for name, role := range map[string]string{"Sent": "\\Sent", "Drafts": "\\Drafts", "Junk": "\\Junk", "Trash": "\\Trash", "Archive": "\\Archive"} {
		require.Contains(t, boxes[name].Attributes, role)
	}
	require.Contains(t, boxes, "Répétitions")
	total, unseen := uint32(0), uint32(0)
	for name := range boxes {
		status, err := c.Status(name, []imap.StatusItem{imap.StatusMessages, imap.StatusUnseen})
		require.NoError(t, err)
		total += status.Messages
		if name == "INBOX" {
			unseen = status.Unseen
			require.Greater(t, status.Messages, uint32(60))
		}
	}
	require.Equal(t, uint32(300), total)
	require.Greater(t, unseen, uint32(5))
	for _, capability := range []string{"IDLE", "UIDPLUS", "MOVE", "SPECIAL-USE", "LIST-STATUS", "ESEARCH", "APPENDLIMIT=26214400"} {
		ok, err := c.Support(capability)
		require.NoError(t, err)
		require.True(t, ok, capability)
	}
}

func TestWrongPasswordAndClearText(t *testing.T) {
	d := start(t, Params{})
	c, err := client.DialTLS(address(d.Info().IMAPS), trust(t, d))
	require.NoError(t, err)
	defer c.Terminate()
	require.Error(t, c.Login(User, "wrong"))
	require.NoError(t, c.Login("anna", Password), "the part before the @ will do")

	plain, err := client.Dial(address(d.Info().IMAP))
	require.NoError(t, err)
	defer plain.Terminate()
	require.Error(t, plain.Login(User, Password), "no password in clear text")
	require.NoError(t, plain.StartTLS(trust(t, d)))
	require.NoError(t, plain.Login(User, Password))
}

// fetchAll gives the source of every message of a mailbox.
func fetchAll(t *testing.T, c *client.Client, mailbox string) [][]byte {
	t.Helper()
	status, err := c.Select(mailbox, true)
	require.NoError(t, err)
	if status.Messages == 0 {
		return nil
	}
	set := new(imap.SeqSet)
	set.AddRange(1, 0)
	section := &imap.BodySectionName{Peek: true}
	ch := make(chan *imap.Message, status.Messages)
	require.NoError(t, c.UidFetch(set, []imap.FetchItem{imap.FetchUid, imap.FetchFlags, imap.FetchBodyStructure, section.FetchItem()}, ch))
	var out [][]byte
	for m := range ch {
		data, err := io.ReadAll(m.GetBody(section))
		require.NoError(t, err)
		out = append(out, data)
	}
	require.Len(t, out, int(status.Messages), mailbox)
	return out
}

func TestEveryLetterCanBeRead(t *testing.T) {
	d := start(t, Params{})
	c := dialIMAP(t, d)
	ids, threaded, attached, remote := map[string]bool{}, 0, 0, 0
	charsets := map[string]bool{}
	for _, box := range mailboxes {
		for _, data := range fetchAll(t, c, box.name) {
			env, err := enmime.ReadEnvelope(bytes.NewReader(data))
			require.NoError(t, err)
			id := env.GetHeader("Message-Id")
			require.NotEmpty(t, id)
			require.False(t, ids[id], "%s twice", id)
			ids[id] = true
			at, err := mail.ParseDate(env.GetHeader("Date"))
			require.NoError(t, err)
			require.True(t, at.Before(time.Now()), "letters come from the past: %s", id)
			require.NotEmpty(t, env.Text, id)
			require.NotContains(t, env.Text+env.HTML, "{{", id)
			require.NotContains(t, string(data), "<nil>", id)
			if env.GetHeader("References") != "" {
				threaded++
			}
			attached += len(env.Attachments)
			if strings.Contains(env.HTML, d.Info().HTTP+"track/") {
				remote++
			}
			if env.Root.Charset != "" {
				charsets[strings.ToLower(env.Root.Charset)] = true
			}
			for _, line := range bytes.Split(data, []byte("\r\n")) {
				require.LessOrEqual(t, len(line), 998, id)
				require.NotContains(t, string(line), "\n", "bare line feed in %s", id)
			}
		}
	}
	require.Greater(t, threaded, 8)
	require.Greater(t, attached, 15)
	require.Greater(t, remote, 20)
	require.Zero(t, d.Hits("/track/"), "nobody has loaded a tracker")
}

func TestOddCharsets(t *testing.T) {
	letters, err := writeMail(time.Now(), "http://127.0.0.1/")
	require.NoError(t, err)
	find := func(subject string) string {
		for _, l := range letters {
			if l.subject == subject && (l.charset != "" || l.declared != "") {
				return string(l.bytes())
			}
		}
		t.Fatalf("no letter %q", subject)
		return ""
	}
	require.Contains(t, find("Комета над горами"), "\xeb\xcf\xcd\xc5\xd4\xc1", "Комета in KOI8-R")
	require.Contains(t, find("Комета над горами"), "=?koi8-r?b?")
	require.Contains(t, find("演奏会のプログラムについて"), "charset=shift_jis")
	wrong := find("Programme de la semaine")
	require.Contains(t, wrong, "charset=utf-8")
	require.Contains(t, wrong, "Go\xfbt", "Latin-1 that calls itself UTF-8")
	require.NotContains(t, find("Assemblee generale"), "charset")
	require.Contains(t, find("Votre facture d'électricité"), "38,60 \x80")
}

func send(t *testing.T, d *Demo, to []string, text string) error {
	t.Helper()
	c, err := smtp.DialTLS(address(d.Info().SMTPS), trust(t, d))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Auth(sasl.NewPlainClient("", User, Password)))
	return c.SendMail(User, to, strings.NewReader(text))
}

func TestMailToOneselfArrives(t *testing.T) {
	d := start(t, Params{})
	c := dialIMAP(t, d)
	status, err := c.Select("INBOX", false)
	require.NoError(t, err)
	before := status.Messages

	updates := make(chan client.Update, 10)
	c.Updates = updates
	stop, idle := make(chan struct{}), make(chan error, 1)
	go func() { idle <- c.Idle(stop, nil) }()

	require.NoError(t, send(t, d, []string{User}, "Subject: To me\r\nMessage-ID: <one@x>\r\n\r\nHello me\r\n"))
	select {
	case u := <-updates:
		box, ok := u.(*client.MailboxUpdate)
		require.True(t, ok, "%T", u)
		require.Equal(t, before+1, box.Mailbox.Messages)
	case <-time.After(10 * time.Second):
		t.Fatal("IDLE told nothing")
	}
	close(stop)
	require.NoError(t, <-idle)
	c.Updates = nil

	set := new(imap.SeqSet)
	set.AddNum(before + 1)
	section := &imap.BodySectionName{Peek: true}
	ch := make(chan *imap.Message, 5)
	require.NoError(t, c.Fetch(set, []imap.FetchItem{section.FetchItem()}, ch))
	data, err := io.ReadAll((<-ch).GetBody(section))
	require.NoError(t, err)
	require.Contains(t, string(data), "Hello me")
}

func TestWhoCannotBeReached(t *testing.T) {
	d := start(t, Params{})
	for _, to := range []string{"nobody@guichet.example", "somebody@example.org"} {
		err := send(t, d, []string{to}, "Subject: x\r\n\r\nx\r\n")
		var refused *smtp.SMTPError
		require.ErrorAs(t, err, &refused, to)
		require.Equal(t, 550, refused.Code)
	}
	c, err := smtp.DialStartTLS(address(d.Info().SMTP), trust(t, d))
	require.NoError(t, err)
	defer c.Close()
	require.Error(t, c.SendMail(User, []string{User}, strings.NewReader("x")), "not without a login")
	require.Error(t, c.Auth(sasl.NewPlainClient("", User, "wrong")))
	require.NoError(t, c.Auth(sasl.NewLoginClient(User, Password)))
	require.Error(t, c.Mail("marie@orchestra.example", nil), "not in another's name")
}

func TestAnswerKeepsTheThread(t *testing.T) {
	h := mail.Header{"Subject": {"=?utf-8?q?R=C3=A9p=C3=A9tition?="}, "Message-Id": {"<q@guichet.example>"}}
	env, err := enmime.ReadEnvelope(bytes.NewReader(answerTo(h, "marie@orchestra.example", time.Now())))
	require.NoError(t, err)
	require.Equal(t, "Re: Répétition", env.GetHeader("Subject"))
	require.Equal(t, "<q@guichet.example>", env.GetHeader("In-Reply-To"))
	require.Contains(t, env.GetHeader("From"), "Marie Dubois")
}

func TestMoveCopyAppendSearch(t *testing.T) {
	c := dialIMAP(t, start(t, Params{}))
	_, err := c.Select("Club", false)
	require.NoError(t, err)
	set := new(imap.SeqSet)
	set.AddRange(1, 5)
	require.NoError(t, c.UidMove(set, "Archive"))
	criteria := imap.NewSearchCriteria()
	criteria.WithoutFlags = []string{imap.SeenFlag}
	unseen, err := c.UidSearch(criteria)
	require.NoError(t, err)
	require.Len(t, unseen, 3)
	require.NoError(t, c.Append("Drafts", []string{imap.DraftFlag}, time.Now(), bytes.NewBufferString("Subject: d\r\n\r\nd\r\n")))
}

// The client library would wait for ever for leave to send the message, so
// this asks the backend itself.
func TestMailboxLimits(t *testing.T) {
	office := newPostOffice()
	require.NoError(t, office.create("Drafts", ""))
	require.Error(t, office.deliver("Drafts", make([]byte, maxMessage+1), nil, time.Now()))
	require.NoError(t, office.deliver("Drafts", []byte("Subject: x\r\n\r\n"), nil, time.Now()))
	office.bytes = maxMailBytes
	require.ErrorIs(t, office.deliver("Drafts", []byte("x"), nil, time.Now()), errMailFull)
}

func TestCreateRenameDelete(t *testing.T) {
	c := dialIMAP(t, start(t, Params{}))
	require.NoError(t, c.Create("Été"))
	require.NoError(t, c.Create("Été/Lac"))
	require.Error(t, c.Create("Été"))
	require.NoError(t, c.Rename("Été", "Hiver"))
	boxes := list(t, c)
	require.Contains(t, boxes, "Hiver/Lac")
	require.Contains(t, boxes["Hiver"].Attributes, imap.HasChildrenAttr)
	require.NotContains(t, boxes, "Été")
	require.NoError(t, c.Delete("Hiver/Lac"))
	require.Error(t, c.Delete("INBOX"))
	require.Error(t, c.Rename("INBOX", "Other"))
}

func TestSamplesAreWhole(t *testing.T) {
	letters, err := writeMail(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), "http://127.0.0.1/")
	require.NoError(t, err)
	again, err := writeMail(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), "http://127.0.0.1/")
	require.NoError(t, err)
	count := map[string]int{}
	for i := range letters {
		require.Equal(t, letters[i].bytes(), again[i].bytes(), "the same every time")
		count[letters[i].mailbox]++
	}
	require.Len(t, letters, 300, fmt.Sprint(count))
	require.Len(t, count, len(mailboxes))
}
