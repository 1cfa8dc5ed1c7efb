package settings

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"guichet/app/words"
	"guichet/services/profile"
	"guichet/widgets/kit"
)

// The values of the choice; the last two take an address.
const (
	proxySystem = ""
	proxyNone   = profile.NoProxy
	proxySOCKS  = "socks5"
	proxyHTTP   = "http"
)

// proxy is the way to the Internet: as the system says, direct, or through a
// server that the person names.
func (s *Panel) proxy(v *profile.Values) fyne.CanvasObject {
	kind, where := v.Proxy, ""
	if u, err := url.Parse(v.Proxy); err == nil && u.Host != "" {
		kind, where = u.Scheme, u.Host
	}
	address := kit.NewEntry(words.T("settings.proxy.example"))
	address.SetText(where)
	wrong := kit.NewParagraph("", kit.TextStyle{Size: kit.SizeSmall, Color: kit.ColorWarningText})
	own := kit.Column(4, address, wrong)
	show := func() {
		if kind == proxySOCKS || kind == proxyHTTP {
			own.Show()
		} else {
			own.Hide()
		}
		if s.page != nil {
			s.page.Refresh()
		}
	}
	// An unfinished address changes nothing: the way of before stays in force.
	save := func() {
		value, text := kind, ""
		if kind == proxySOCKS || kind == proxyHTTP {
			host, ok := hostAndPort(address.Text)
			switch {
			case !ok && strings.TrimSpace(address.Text) != "":
				text = words.T("settings.proxy.wrong")
				fallthrough
			case !ok:
				wrong.SetText(text)
				return
			}
			value = (&url.URL{Scheme: kind, Host: host}).String()
		}
		wrong.SetText("")
		if value != s.p.Settings.Get().Proxy {
			s.change(func(v *profile.Values) { v.Proxy = value })
		}
	}
	address.OnSubmitted = func(string) { save() }
	address.OnFocus = func(on bool) {
		if !on {
			save()
		}
	}
	sel := choice(
		[]string{words.T("settings.proxy.system"), words.T("settings.proxy.none"), words.T("settings.proxy.socks"), words.T("settings.proxy.http")},
		[]string{proxySystem, proxyNone, proxySOCKS, proxyHTTP}, kind,
		func(value string) { kind = value; show(); save() })
	show()
	return kit.Column(6, sel, own)
}

// hostAndPort reads "proxy.club.example:1080"; both parts must be there.
func hostAndPort(text string) (string, bool) {
	host, port, err := net.SplitHostPort(strings.TrimSpace(text))
	n, perr := strconv.Atoi(port)
	if err != nil || perr != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, "/@ ") {
		return "", false
	}
	return net.JoinHostPort(host, port), true
}
