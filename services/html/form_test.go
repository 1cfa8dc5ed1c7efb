package html

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guichet/services/fault"
)

const formPage = `<form action="/find?old=1#f" id=f><input name=q value="a b&c"><input name=off disabled value=x><input value=nameless>
<input type=checkbox name=c checked><input type=checkbox name=d value=5><input type=radio name=r value=1 checked><input type=radio name=r value=2>
<select name=s><option>One<option value=2 selected>Two</select><select name=m multiple><option selected>x<option selected>y</select>
<textarea name=t>
line 1
line 2</textarea><input type=hidden name=h value=1><input type=submit name=go value=Go><button name=other value=1>Other</button></form>`

func document(t *testing.T, page, address string) *Document {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	d, err := Parse(t.Context(), []byte("<!DOCTYPE html>"+page), Options{URL: u})
	require.NoError(t, err)
	return d
}

// id finds a control by its name, the n-th of that name.
func id(t *testing.T, d *Document, name string, n int) int {
	t.Helper()
	for i, c := range d.controls {
		if c.name == name {
			if n == 0 {
				return i
			}
			n--
		}
	}
	t.Fatalf("no control %s", name)
	return -1
}

func read(t *testing.T, s Submission) string {
	t.Helper()
	r, err := s.Body()
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	if s.Length >= 0 {
		require.Len(t, b, int(s.Length))
	}
	return string(b)
}

func TestSubmit_Get(t *testing.T) {
	d := document(t, formPage, "https://example.org/a/b")
	d.SetValue(id(t, d, "d", 0), FormValue{Checked: true})
	d.SetValue(id(t, d, "r", 1), FormValue{Checked: true})
	d.SetValue(id(t, d, "off", 0), FormValue{Text: "changed"})
	s, err := d.Submit(id(t, d, "q", 0))
	require.NoError(t, err)
	require.Equal(t, "GET", s.Method)
	require.Equal(t, "https://example.org/find?q=a+b%26c&c=on&d=5&r=2&s=2&m=x&m=y&t=line+1%0D%0Aline+2&h=1&go=Go", s.URL)
	require.Nil(t, s.Body)
	s, err = d.Submit(id(t, d, "other", 0))
	require.NoError(t, err)
	require.Contains(t, s.URL, "&other=1")
	require.NotContains(t, s.URL, "go=")

	d.Reset(id(t, d, "q", 0))
	require.False(t, d.Value(id(t, d, "d", 0)).Checked)
	require.True(t, d.Value(id(t, d, "r", 0)).Checked)
}

func TestSubmit_Post(t *testing.T) {
	d := document(t, `<form method=POST action=send><input name="é" value="ü"><input type=submit></form>`, "https://example.org/dir/x")
	s, err := d.Submit(0)
	require.NoError(t, err)
	require.Equal(t, "https://example.org/dir/send", s.URL)
	require.Equal(t, "application/x-www-form-urlencoded", s.ContentType)
	require.Equal(t, "%C3%A9=%C3%BC", read(t, s))
	require.False(t, s.Consent)

	d = document(t, `<form method=post enctype=text/plain action="http://example.org/"><input name=a value=1></form>`, "https://example.org/")
	s, err = d.Submit(0)
	require.NoError(t, err)
	require.Equal(t, "a=1\r\n", read(t, s))
	require.True(t, s.Consent, "clear text from a safe page")
}

func TestSubmit_Multipart(t *testing.T) {
	d := document(t, `<form method=post enctype=multipart/form-data><input name=a value="x"><input type=file name=f multiple><input type=file name=g></form>`, "http://example.org/up")
	open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("data")), nil }
	d.SetValue(1, FormValue{Files: []File{{Name: `a"b.txt`, MediaType: "text/plain", Size: 4, Open: open}, {Name: "c.bin", Size: 4, Open: open}}})
	s, err := d.Submit(0)
	require.NoError(t, err)
	_, boundary, _ := strings.Cut(s.ContentType, "boundary=")
	body := read(t, s)
	require.Equal(t, body, read(t, s), "the body can be read again")
	for _, part := range []string{
		"--" + boundary + "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n",
		"name=\"f\"; filename=\"a%22b.txt\"\r\nContent-Type: text/plain\r\n\r\ndata\r\n",
		"filename=\"c.bin\"\r\nContent-Type: application/octet-stream\r\n\r\ndata\r\n",
		"name=\"g\"; filename=\"\"\r\n", "--" + boundary + "--\r\n",
	} {
		require.Contains(t, body, part)
	}
}

func TestSubmit_Validation(t *testing.T) {
	for page, want := range map[string]InvalidReason{
		`<input required>`:                                  InvalidMissing,
		`<input type=checkbox required>`:                    InvalidMissing,
		`<input type=email value=nope>`:                     InvalidEmail,
		`<input type=email value=a@b.example>`:              "",
		`<input type=number value=x>`:                       InvalidNumber,
		`<input type=number max=5 value=6>`:                 InvalidRange,
		`<input type=url value=nope>`:                       InvalidURL,
		`<input pattern=[0-9]+ value=a1>`:                   InvalidPattern,
		`<input pattern=[0-9]+ value=11>`:                   "",
		`<input required disabled>`:                         "",
		`<select required><option value="">choose</select>`: InvalidMissing,
	} {
		d := document(t, "<form><label>Name "+page+"</label><input type=submit></form>", "http://example.org/")
		_, err := d.Submit(len(d.controls) - 1)
		var bad *Invalid
		if want == "" {
			require.NoError(t, err, page)
			continue
		}
		require.True(t, errors.As(err, &bad), page)
		require.Equal(t, want, bad.Reason, page)
		require.Contains(t, bad.Name, "Name")
	}
	d := document(t, `<form novalidate><input required></form><input name=alone>`, "http://example.org/")
	_, err := d.Submit(0)
	require.NoError(t, err)
	_, err = d.Submit(1)
	require.True(t, fault.Is(err, fault.NotFound))
	_, err = document(t, `<form action="javascript:alert(1)"><input></form>`, "http://example.org/").Submit(0)
	require.True(t, fault.Is(err, fault.Unsupported))
}

func TestView_Controls(t *testing.T) {
	d := document(t, formPage+`<label for=z>Zip</label><input id=z name=zip placeholder=12345 maxlength=5><details><summary>more</summary><p id=in>inside</p></details>`, "http://example.org/")
	v, err := d.Layout(t.Context(), Viewport{Width: 600})
	require.NoError(t, err)
	byName := map[string]Control{}
	for _, c := range v.Controls() {
		byName[c.Name] = c
		require.Greater(t, c.Rect.W, float32(5), c.Name)
		h := v.Hit(c.Rect.X+c.Rect.W/2, c.Rect.Y+c.Rect.H/2)
		require.NotNil(t, h.Control, c.Name)
		require.Equal(t, c.ID, h.Control.ID, c.Name)
	}
	require.NotContains(t, byName, "h", "hidden ones are not shown")
	require.Equal(t, "Zip", byName["zip"].Label)
	require.Equal(t, 5, byName["zip"].MaxLength)
	require.True(t, byName["s"].Options[1].Selected)
	label := v.Rects(v.Find("Zip")[0])[0]
	require.Equal(t, byName["zip"].ID, v.Hit(label.X+2, label.Y+2).Control.ID, "a label leads to its control")

	require.Empty(t, v.Find("inside"))
	for _, c := range v.Controls() {
		if c.Kind == ControlSummary {
			d.SetValue(c.ID, FormValue{Checked: true})
		}
	}
	v, err = d.Layout(t.Context(), Viewport{Width: 600})
	require.NoError(t, err)
	require.NotEmpty(t, v.Find("inside"))
}
