package discover

import "strings"

// provider is what is known of a big mail provider without asking anybody. The
// servers are those that the provider's own help pages name.
type provider struct {
	imap, smtp string // host, or host:port+starttls
	domains    string // separated by spaces
	local      bool   // the login is the part before the @
	savesSent  bool
	oauth      bool // passwords are not taken at all
}

var providers = []provider{
	{imap: "imap.gmail.com", smtp: "smtp.gmail.com", domains: "gmail.com googlemail.com", savesSent: true},
	{
		imap: "outlook.office365.com", smtp: "smtp-mail.outlook.com:587", oauth: true, savesSent: true,
		domains: "outlook.com outlook.fr outlook.de hotmail.com hotmail.fr hotmail.co.uk hotmail.de hotmail.it hotmail.es live.com live.fr live.co.uk live.nl msn.com",
	},
	{
		imap: "imap.mail.yahoo.com", smtp: "smtp.mail.yahoo.com",
		domains: "yahoo.com yahoo.fr yahoo.co.uk yahoo.de yahoo.it yahoo.es yahoo.ca yahoo.com.br yahoo.co.in ymail.com rocketmail.com",
	},
	{imap: "imap.aol.com", smtp: "smtp.aol.com", domains: "aol.com aol.fr aol.de aim.com"},
	{imap: "imap.mail.me.com", smtp: "smtp.mail.me.com:587", domains: "icloud.com me.com mac.com"},
	{imap: "imap.orange.fr", smtp: "smtp.orange.fr", domains: "orange.fr wanadoo.fr"},
	{imap: "imap.free.fr", smtp: "smtp.free.fr", domains: "free.fr", local: true},
	{imap: "imap.laposte.net", smtp: "smtp.laposte.net", domains: "laposte.net"},
	{imap: "imap.sfr.fr", smtp: "smtp.sfr.fr", domains: "sfr.fr neuf.fr cegetel.net club-internet.fr"},
	{imap: "imap.bbox.fr", smtp: "smtp.bbox.fr", domains: "bbox.fr"},
	{imap: "imap.gmx.com", smtp: "mail.gmx.com", domains: "gmx.com gmx.fr gmx.co.uk gmx.us"},
	{imap: "imap.gmx.net", smtp: "mail.gmx.net", domains: "gmx.de gmx.net gmx.at gmx.ch"},
	{imap: "imap.web.de", smtp: "smtp.web.de", domains: "web.de"},
	{imap: "imap.mail.com", smtp: "smtp.mail.com", domains: "mail.com email.com usa.com"},
	{imap: "imap.fastmail.com", smtp: "smtp.fastmail.com", domains: "fastmail.com fastmail.fm"},
	{imap: "imap.mailbox.org", smtp: "smtp.mailbox.org", domains: "mailbox.org"},
	{imap: "posteo.de", smtp: "posteo.de", domains: "posteo.de posteo.net posteo.org posteo.eu"},
	{imap: "mail.gandi.net", smtp: "mail.gandi.net", domains: "gandi.net"},
	{imap: "mail.infomaniak.com", smtp: "mail.infomaniak.com", domains: "ik.me ikmail.com etik.com"},
	{imap: "imap.zoho.com", smtp: "smtp.zoho.com", domains: "zoho.com zohomail.com"},
	{imap: "imap.zoho.eu", smtp: "smtp.zoho.eu", domains: "zohomail.eu"},
	{imap: "imap.yandex.com", smtp: "smtp.yandex.com", domains: "yandex.com yandex.ru ya.ru"},
	{imap: "imap.mail.ru", smtp: "smtp.mail.ru", domains: "mail.ru bk.ru list.ru inbox.ru"},
	{imap: "imap.t-online.de", smtp: "securesmtp.t-online.de", domains: "t-online.de"},
	{imap: "imap.1und1.de", smtp: "smtp.1und1.de", domains: "online.de"},
	{imap: "imap.freenet.de", smtp: "mx.freenet.de", domains: "freenet.de"},
	{imap: "imap.skynet.be", smtp: "relay.proximus.be", domains: "skynet.be proximus.be"},
	{imap: "imap.telenet.be", smtp: "smtp.telenet.be", domains: "telenet.be"},
	{imap: "imaps.bluewin.ch", smtp: "smtpauths.bluewin.ch", domains: "bluewin.ch"},
	{imap: "imapmail.libero.it", smtp: "smtp.libero.it", domains: "libero.it inwind.it iol.it"},
	{imap: "in.virgilio.it", smtp: "out.virgilio.it", domains: "virgilio.it"},
	{imap: "imap.wp.pl", smtp: "smtp.wp.pl", domains: "wp.pl"},
	{imap: "imap.poczta.onet.pl", smtp: "smtp.poczta.onet.pl", domains: "onet.pl op.pl"},
	{imap: "imap.seznam.cz", smtp: "smtp.seznam.cz", domains: "seznam.cz email.cz"},
	{imap: "imap.comcast.net", smtp: "smtp.comcast.net:587", domains: "comcast.net xfinity.com"},
	{imap: "imap.163.com", smtp: "smtp.163.com", domains: "163.com"},
	{imap: "imap.qq.com", smtp: "smtp.qq.com", domains: "qq.com foxmail.com"},
}

var byDomain = func() map[string]provider {
	m := map[string]provider{}
	for _, p := range providers {
		for _, d := range strings.Fields(p.domains) {
			m[d] = p
		}
	}
	return m
}()

// byMX knows providers that host other people's domains, by the end of their mail
// exchanger's name.
var byMX = map[string]string{
	"google.com": "gmail.com", "googlemail.com": "gmail.com", "outlook.com": "outlook.com", "messagingengine.com": "fastmail.com",
	"gandi.net": "gandi.net", "infomaniak.ch": "ik.me", "mailbox.org": "mailbox.org", "icloud.com": "icloud.com", "yandex.net": "yandex.com",
	"zoho.com": "zoho.com", "zoho.eu": "zohomail.eu",
}
