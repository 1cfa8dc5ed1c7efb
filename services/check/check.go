// Package check is the diagnosis behind "what is wrong": it goes from this
// computer to a server step by step, times each step, and says at which one it
// fails and at whom that lies. It returns ids and facts, never sentences.
package check

import (
	"context"
	"encoding/json"
	"time"

	"guichet/services/address"
	"guichet/services/connect"
	"guichet/services/fault"
	"guichet/services/task"
)

// Options say how a Target is examined.
type Options struct {
	Network *connect.Network
	// User is the login name; without it the steps login and protocol go as far
	// as a guest gets.
	User string
	// Password gives the secret when, and only when, the connection is safe
	// enough to send it; nil: none. Its error ends the step login.
	Password func(ctx context.Context) (string, error)
	// AllowClear says that the person accepted clear text for this server: its
	// lack of TLS is no fault then. The password is not sent all the same.
	AllowClear bool
	// Online reports whether this computer has a network, nil: a look at its
	// interfaces and routes. Nothing is sent.
	Online func(ctx context.Context) bool
	// Timeout is for one answer; 0: 10 s.
	Timeout time.Duration
}

// StepID names a step.
type StepID string

// The steps, in their order.
const (
	Computer StepID = "computer" // this computer is connected
	Name     StepID = "name"     // the host's name was found
	Connect  StepID = "connect"  // the server accepts a connection
	TLS      StepID = "tls"      // the server shows a valid certificate, or known host key
	Login    StepID = "login"    // name and password are accepted
	Protocol StepID = "protocol" // the server speaks what was expected
)

// State is how a step ended.
type State string

// The states.
const (
	OK      State = "ok"
	Failed  State = "failed"
	Skipped State = "skipped" // not reached, or nothing to do
)

// Blame says at whom a fault lies.
type Blame string

// Those who may be at fault.
const (
	Nobody  Blame = ""
	You     Blame = "you" // this computer, or what was typed
	Network Blame = "network"
	Server  Blame = "server"
)

// Step is one line of the diagnosis. In JSON its time is in milliseconds.
type Step struct {
	ID     StepID        `json:"id"`
	State  State         `json:"state"`
	Took   time.Duration `json:"-"`
	Detail Detail        `json:"detail,omitzero"`
}

// Detail holds the facts of a step; unknown ones are zero.
type Detail struct {
	Host      string     `json:"host,omitempty"`
	Port      int        `json:"port,omitempty"`
	Address   string     `json:"address,omitempty"`   // IP address and port that answered
	Addresses []string   `json:"addresses,omitempty"` // what the name leads to
	Expected  string     `json:"expected,omitempty"`  // protocol: imap, smtp, ftp, ssh, http, tls
	Found     string     `json:"found,omitempty"`     // the protocol that answered, where it is another
	Version   string     `json:"version,omitempty"`   // "TLS 1.3"
	Cipher    string     `json:"cipher,omitempty"`
	Names     []string   `json:"names,omitempty"` // whom the certificate is made out to
	Issuer    string     `json:"issuer,omitempty"`
	From      *time.Time `json:"from,omitempty"`
	To        *time.Time `json:"to,omitempty"`
	Key       string     `json:"key,omitempty"` // fingerprint of certificate or host key
	User      string     `json:"user,omitempty"`
	Said      string     `json:"said,omitempty"` // what the server said, one line
}

// Report is the diagnosis.
type Report struct {
	OK    bool         `json:"ok"`
	Kind  fault.Kind   `json:"kind,omitempty"`
	Check fault.Check  `json:"check,omitempty"`
	Step  StepID       `json:"step,omitempty"` // the one that failed
	Steps []Step       `json:"steps"`
	Fault *fault.Fault `json:"-"`
	Blame Blame        `json:"blame,omitempty"`
}

// MarshalJSON adds the time in milliseconds.
func (s Step) MarshalJSON() ([]byte, error) {
	type plain Step
	return json.Marshal(struct {
		plain
		Milliseconds float64 `json:"milliseconds"`
	}{plain(s), float64(s.Took.Microseconds()) / 1000})
}

// Run examines target. It never takes much longer than the steps' deadlines
// together and ends at once when ctx does; the password is sent under TLS or
// SSH only. A target that is no server is Unsupported.
func Run(ctx context.Context, target address.Target, o Options) Report {
	if o.Network == nil {
		o.Network = connect.New(connect.Params{})
	}
	if o.Online == nil {
		o.Online = online
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	d := &diagnosis{o: o, n: o.Network, steps: map[StepID]*Step{}}
	for _, id := range order {
		d.steps[id] = &Step{ID: id, State: Skipped}
	}
	if err := task.Catch("check", func() error { return d.run(ctx, target) }); err != nil {
		d.fail(fault.From("check", "", err))
	}
	return d.report()
}

var order = []StepID{Computer, Name, Connect, TLS, Login, Protocol}
