package message

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	nethtml "golang.org/x/net/html"
)

// remoteLimit bounds the references that Remote reports.
const remoteLimit = 2000

var cssURL = regexp.MustCompile(`(?i)(?:url\(\s*["']?|@import\s+["'])(https?://[^"')\s]{1,900})`)

// trackerPattern knows the addresses of the common counters of opened mails.
var trackerPattern = regexp.MustCompile(`(?i)(/wf/open|/track(ing)?/open|/open(\.aspx|\.php|\.gif|\.png|track|/|\?)|/o\.gif|/e/o/|/pixel|[./]pixel\.|/beacon|` +
	`/imp\?|/1x1|/spacer\.gif\?|/blank\.gif\?|list-manage\.com/track|mailtrack|yesware|bananatag|getnotify|sidekickopen|mandrillapp\.com/track|` +
	`sendgrid\.net/|mailgun\.org/o/|sparkpostmail|google-analytics\.com|doubleclick\.net|hubspotemail|mixmax\.com/api/track|` +
	`emltrk\.com|sendibt\d|mjt\.lu/oo|exct\.net/open|rs6\.net/on\.jsp|createsend\d*\.com/t/|superhuman\.com|awstrack\.me|convertkit-mail)`)

// Remote lists what the HTML would load from the network, each once, trackers
// left out, and counts the trackers: pictures of at most 1 by 1 pixel or hidden
// ones, and addresses of known counters.
func Remote(source string) (urls []string, trackers int) {
	seen := map[string]bool{}
	add := func(ref string, tracker bool) {
		ref = strings.TrimSpace(ref)
		if strings.HasPrefix(ref, "//") {
			ref = "https:" + ref
		}
		u, err := url.Parse(ref)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || seen[ref] || len(seen) >= remoteLimit {
			return
		}
		seen[ref] = true
		if tracker || trackerPattern.MatchString(ref) {
			trackers++
			return
		}
		urls = append(urls, ref)
	}
	z := nethtml.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(1 << 20)
	style := false
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return urls, trackers
		case nethtml.TextToken:
			if style {
				for _, m := range cssURL.FindAllStringSubmatch(string(z.Raw()), -1) {
					add(m[1], false)
				}
			}
		case nethtml.EndTagToken:
			style = false
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			t := z.Token()
			style = t.Data == "style"
			tracker := t.Data == "img" && invisible(t)
			for _, a := range t.Attr {
				switch a.Key {
				case "src", "background", "poster", "data":
					add(a.Val, tracker)
				case "href":
					if t.Data == "link" || t.Data == "image" || t.Data == "use" {
						add(a.Val, false)
					}
				case "srcset":
					for _, c := range strings.Split(a.Val, ",") {
						if f := strings.Fields(c); len(f) > 0 {
							add(f[0], tracker)
						}
					}
				case "style":
					for _, m := range cssURL.FindAllStringSubmatch(a.Val, -1) {
						add(m[1], false)
					}
				}
			}
		}
	}
}

var hiddenStyle = regexp.MustCompile(`(?i)display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\s*;|\s*$)|(?:max-)?(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|!|$)`)

// invisible reports whether a picture is made not to be seen.
func invisible(t nethtml.Token) bool {
	for _, a := range t.Attr {
		switch a.Key {
		case "width", "height":
			if n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(a.Val), "px"), 64); err == nil && n <= 1 {
				return true
			}
		case "style":
			if hiddenStyle.MatchString(a.Val) {
				return true
			}
		}
	}
	return false
}
