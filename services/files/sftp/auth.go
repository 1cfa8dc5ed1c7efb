package sftp

import (
	"context"
	"errors"
	"io"
	"strings"

	"golang.org/x/crypto/ssh"

	"guichet/services/fault"
)

// maxKeys is how many keys are offered: servers count each as a failed try and
// hang up at the sixth.
const maxKeys = 5

// offer is what one login has to show to one server, and how far it got.
type offer struct {
	fs   *FS
	line *line
	hop  hop
	keys bool // offer keys

	agents   []io.Closer
	fault    *fault.Fault // what is wrong with the key file that the person chose
	offered  int          // keys
	used     map[string]bool
	answered bool // the password was given to a question
	password bool // the password was given as such
}

// methods gives the ways to log in, the person's keys first. They are worked
// out only when the server offers them. After a partial success the server says
// what is still missing, and the library goes on with that.
func (o *offer) methods(ctx context.Context) []ssh.AuthMethod {
	var all []ssh.AuthMethod
	if o.keys {
		all = append(all, ssh.PublicKeysCallback(func() ([]ssh.Signer, error) { return o.signers(ctx), nil }))
	}
	if o.hasPassword() {
		all = append(all, ssh.PasswordCallback(func() (string, error) {
			o.password = true
			return o.ask(ctx)
		}))
	}
	if o.hasPassword() || o.fs.p.Ask != nil {
		all = append(all, ssh.KeyboardInteractive(func(_, instruction string, questions []string, echo []bool) ([]string, error) {
			return o.answer(ctx, instruction, questions, echo)
		}))
	}
	return all
}

func (o *offer) hasPassword() bool {
	if o.hop.last {
		return o.fs.p.Password != nil
	}
	return o.fs.p.JumpPassword != nil || o.fs.p.Ask != nil
}

// ask gets the password of the hop's account, and of no other.
func (o *offer) ask(ctx context.Context) (password string, err error) {
	o.line.hurry(0) // a person may be typing
	defer o.line.hurry(loginTimeout)
	defer func() { o.keep(err) }()
	if o.hop.last {
		return o.fs.p.Password(ctx)
	}
	err = &fault.Fault{Kind: fault.Login, Op: "login", Host: o.hop.name, Step: "login"}
	if o.fs.p.JumpPassword != nil {
		if password, err = o.fs.p.JumpPassword(ctx, o.hop.site()); err == nil {
			return password, nil
		}
	}
	if o.fs.p.Ask == nil {
		return "", err
	}
	question := o.hop.user + "@" + o.hop.name + ":"
	answers, err := o.fs.p.Ask(ctx, "", []string{question}, []bool{false})
	if err != nil || len(answers) != 1 {
		return "", errors.Join(err, fault.Newf(fault.Login, "login", o.hop.name, "no password"))
	}
	return answers[0], nil
}

// keep remembers a fault that is more telling than the library's.
func (o *offer) keep(err error) {
	var f *fault.Fault
	if errors.As(err, &f) && f.Kind != fault.Login && f.Kind != fault.NotFound && o.fault == nil {
		o.fault = f
	}
}

// answer answers one round of keyboard-interactive. The password is given by
// itself to a single hidden question, once, and not where a code is asked for;
// all else is a person's.
func (o *offer) answer(ctx context.Context, instruction string, questions []string, echo []bool) ([]string, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	single := len(questions) == 1 && !echo[0] && !o.answered && !o.password && o.hasPassword()
	if single && (o.fs.p.Ask == nil || !wantsCode(instruction+" "+questions[0])) {
		o.answered = true
		p, err := o.ask(ctx)
		if err == nil || o.fs.p.Ask == nil {
			return []string{p}, err
		}
	}
	if o.fs.p.Ask == nil {
		return nil, fault.Newf(fault.Login, "login", o.hop.name, "the server asks %d questions", len(questions))
	}
	clean := make([]string, len(questions))
	for i, q := range questions {
		clean[i] = fault.CleanLine(q)
	}
	o.line.hurry(0)
	defer o.line.hurry(loginTimeout)
	answers, err := o.fs.p.Ask(ctx, fault.CleanLine(instruction), clean, echo)
	o.keep(err)
	if err == nil && len(answers) != len(questions) {
		err = fault.Newf(fault.Internal, "login", o.hop.name, "%d answers to %d questions", len(answers), len(questions))
	}
	return answers, err
}

// wantsCode reports whether a question is for a second factor.
func wantsCode(text string) bool {
	text = strings.ToLower(text)
	for _, word := range []string{"code", "token", "otp", "one-time", "one time", "verification", "authenticator", "second factor"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// tooMany reports whether a failed login is to be tried again without keys: the
// server hung up because of them, before the password had its turn.
func (o *offer) tooMany(err error) bool {
	return o.offered > 0 && !o.password && !o.answered && o.hasPassword() &&
		strings.Contains(strings.ToLower(err.Error()), "too many authentication failures")
}

func (o *offer) close() {
	for _, a := range o.agents {
		_ = a.Close() // only asked, nothing lost
	}
}
