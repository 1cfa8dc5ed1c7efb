package style

import "guichet/services/html/css"

// vars are the custom properties of an element: its own over its parent's.
type vars struct {
	parent *vars
	own    map[string][]css.Value
}

// maxVars bounds how long a chain of fallbacks and references may be.
const maxVars = 24

func (v *vars) lookup(name string) ([]css.Value, bool) {
	for ; v != nil; v = v.parent {
		if vals, ok := v.own[name]; ok {
			return vals, vals != nil
		}
	}
	return nil, false
}

// variables collects the custom properties that the blocks set.
func (c *cascade) variables(parent *Style, blocks, late []block) *vars {
	var up *vars
	if parent != nil {
		up = parent.vars
	}
	var own map[string][]css.Value
	take := func(b *block, imp bool) {
		for i := range b.decls {
			d := &b.decls[i]
			if d.Prop != css.Custom || d.Important != imp {
				continue
			}
			if own == nil {
				own = map[string][]css.Value{}
			}
			switch d.Wide() {
			case "inherit", "unset", "revert", "revert-layer":
				delete(own, d.Name)
			case "initial":
				own[d.Name] = nil
			default:
				vals := d.Vals
				if vals == nil {
					vals = []css.Value{}
				}
				own[d.Name] = vals
			}
		}
	}
	for i := range blocks {
		take(&blocks[i], false)
	}
	for i := range late {
		take(&late[i], true)
	}
	if own == nil {
		return up
	}
	v := &vars{parent: up, own: own}
	// References are resolved here, so that what is inherited has none left
	// (Variables 1, section 2.2) and cycles are found once.
	for name, vals := range own {
		if css.HasVar(vals) {
			r := resolver{v: v, budget: &c.expand, open: map[string]bool{name: true}}
			out, ok := r.list(vals, 0)
			if !ok {
				out = nil
			}
			own[name] = out
		}
	}
	return v
}

// substitute replaces var() by the variables' values.
func (v *vars) substitute(vals []css.Value, budget *int) ([]css.Value, bool) {
	r := resolver{v: v, budget: budget, open: map[string]bool{}}
	return r.list(vals, 0)
}

type resolver struct {
	v      *vars
	budget *int
	open   map[string]bool
}

func (r *resolver) list(vals []css.Value, depth int) ([]css.Value, bool) {
	if depth > maxVars {
		return nil, false
	}
	out := make([]css.Value, 0, len(vals))
	for _, v := range vals {
		if *r.budget--; *r.budget < 0 || len(out) > 4096 {
			return nil, false
		}
		if v.Kind == css.Function && (v.Text == "var" || v.Text == "env") {
			got, ok := r.one(v, depth)
			if !ok {
				return nil, false
			}
			out = append(out, got...)
			continue
		}
		if v.Kind != css.Ident && len(v.Args) > 0 {
			args, ok := r.list(v.Args, depth+1)
			if !ok {
				return nil, false
			}
			v.Args = args
		}
		out = append(out, v)
	}
	return out, true
}

func (r *resolver) one(v css.Value, depth int) ([]css.Value, bool) {
	args := css.Clean(v.Args)
	if len(args) == 0 || args[0].Kind != css.Ident {
		return nil, false
	}
	name := args[0].Text
	if v.Text == "var" && !r.open[name] {
		if vals, ok := r.v.lookup(name); ok {
			r.open[name] = true
			out, ok := r.list(vals, depth+1)
			delete(r.open, name)
			if ok {
				return out, true
			}
		}
	}
	if len(args) >= 2 && args[1].Kind == css.Comma {
		return r.list(args[2:], depth+1)
	}
	return nil, false
}
