package check

import (
	"context"

	"guichet/services/address"
	"guichet/services/fault"
)

func run(ctx context.Context, target address.Target, o Options) Report {
	f := fault.Newf(fault.Unsupported, "check", target.Shown, "not checked")
	return Report{Kind: f.Kind, Fault: f}
}
