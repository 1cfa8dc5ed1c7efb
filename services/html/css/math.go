package css

// Metrics are what relative units are relative to, in CSS pixels.
type Metrics struct{ Em, Rem, Ex, Ch, Lh, Vw, Vh float32 }

// Expr is a length that depends on a percentage in a way that px + percent
// cannot say: min, max and clamp.
type Expr struct {
	Op   string // min, max
	Args []Sum
}

// Sum is a length: Px plus Pct hundredths of the base plus, if not nil, Scale
// times Expr.
type Sum struct {
	Px, Pct float32
	Expr    *Expr
	Scale   float32
}

// At evaluates the length for a base.
func (s Sum) At(base float32) float32 {
	v := s.Px + s.Pct*base/100
	if s.Expr != nil {
		v += s.Scale * s.Expr.at(base)
	}
	return v
}

// HasPercent reports whether the length depends on its base.
func (s Sum) HasPercent() bool {
	if s.Pct != 0 {
		return true
	}
	if s.Expr != nil {
		for _, a := range s.Expr.Args {
			if a.HasPercent() {
				return true
			}
		}
	}
	return false
}

func (e *Expr) at(base float32) float32 {
	v := e.Args[0].At(base)
	for _, a := range e.Args[1:] {
		if e.Op == "min" {
			v = min(v, a.At(base))
		} else {
			v = max(v, a.At(base))
		}
	}
	return v
}

// Resolve gives a length as pixels and percent; ok is false where v is none, or
// needs more than that (see ResolveSum).
func Resolve(v Value, m *Metrics) (px, pct float32, ok bool) {
	s, ok := ResolveSum(v, m)
	return s.Px, s.Pct, ok && s.Expr == nil
}

// ResolveSum gives a length or percentage, relative units resolved (Values 4,
// sections 5 and 10).
func ResolveSum(v Value, m *Metrics) (Sum, bool) {
	t, ok := eval(v, m, 0)
	if !ok || t.number && t.sum.Px != 0 {
		return Sum{}, false
	}
	return t.sum, true
}

// ResolveNumber gives a plain number.
func ResolveNumber(v Value) (float32, bool) {
	t, ok := eval(v, &Metrics{}, 0)
	return t.sum.Px, ok && t.number
}

func foldNumber(v Value) (Value, bool) {
	n, ok := ResolveNumber(v)
	return Value{Kind: Number, Num: n}, ok
}

// term is a value inside a calculation: a number (in sum.Px) or a length.
type term struct {
	sum    Sum
	number bool
}

func eval(v Value, m *Metrics, depth int) (term, bool) {
	if depth > maxNesting {
		return term{}, false
	}
	switch v.Kind {
	case Number:
		return term{Sum{Px: v.Num}, true}, true
	case Percent:
		return term{Sum{Pct: v.Num}, false}, true
	case Dimension:
		px, ok := unitPx(v, m)
		return term{Sum{Px: px}, false}, ok
	case Block:
		return evalSum(v.Args, m, depth+1)
	case Ident:
		switch v.Text {
		case "pi":
			return term{Sum{Px: 3.14159265}, true}, true
		case "e":
			return term{Sum{Px: 2.7182818}, true}, true
		}
	case Function:
		switch v.Text {
		case "calc", "-webkit-calc", "-moz-calc":
			return evalSum(v.Args, m, depth+1)
		case "min", "max":
			return evalExtreme(v.Text, Layers(v.Args), m, depth+1)
		case "clamp":
			l := Layers(v.Args)
			if len(l) != 3 {
				return term{}, false
			}
			lo, ok1 := evalSum(l[0], m, depth+1)
			mid, ok2 := evalSum(l[1], m, depth+1)
			hi, ok3 := evalSum(l[2], m, depth+1)
			if !ok1 || !ok2 || !ok3 {
				return term{}, false
			}
			t, ok := extreme("min", []term{mid, hi})
			if !ok {
				return term{}, false
			}
			return extreme("max", []term{lo, t})
		}
	}
	return term{}, false
}

func unitPx(v Value, m *Metrics) (float32, bool) {
	switch v.Unit {
	case Px:
		return v.Num, true
	case Em:
		return v.Num * m.Em, true
	case Rem:
		return v.Num * m.Rem, true
	case Ex:
		return v.Num * m.Ex, true
	case Ch:
		return v.Num * m.Ch, true
	case Lh:
		return v.Num * m.Lh, true
	case Vw:
		return v.Num * m.Vw, true
	case Vh:
		return v.Num * m.Vh, true
	case Vmin:
		return v.Num * min(m.Vw, m.Vh), true
	case Vmax:
		return v.Num * max(m.Vw, m.Vh), true
	}
	return 0, false
}

func evalExtreme(op string, layers [][]Value, m *Metrics, depth int) (term, bool) {
	var terms []term
	for _, l := range layers {
		t, ok := evalSum(l, m, depth)
		if !ok {
			return term{}, false
		}
		terms = append(terms, t)
	}
	return extreme(op, terms)
}

func extreme(op string, terms []term) (term, bool) {
	if len(terms) == 0 {
		return term{}, false
	}
	flat := true
	e := &Expr{Op: op}
	for _, t := range terms {
		if t.number != terms[0].number {
			return term{}, false
		}
		flat = flat && !t.sum.HasPercent()
		e.Args = append(e.Args, t.sum)
	}
	if flat {
		return term{Sum{Px: e.at(0)}, terms[0].number}, true
	}
	return term{Sum{Expr: e, Scale: 1}, false}, true
}

// evalSum reads a + b - c with products inside. The lexer makes "a -2px" of
// "a - 2px" only where the sheet said so, which is invalid and stays so.
func evalSum(vals []Value, m *Metrics, depth int) (term, bool) {
	if len(vals) == 0 || depth > maxNesting {
		return term{}, false
	}
	var acc term
	sign, start := float32(1), 0
	first := true
	for i := 0; i <= len(vals); i++ {
		if i < len(vals) && (vals[i].Kind != Delim || vals[i].Text != "+" && vals[i].Text != "-") {
			continue
		}
		t, ok := evalProduct(vals[start:i], m, depth)
		if !ok {
			return term{}, false
		}
		t.sum = t.sum.times(sign)
		if first {
			acc, first = t, false
		} else {
			if acc.number != t.number {
				return term{}, false
			}
			if acc.sum, ok = acc.sum.plus(t.sum); !ok {
				return term{}, false
			}
		}
		if i < len(vals) {
			sign = 1
			if vals[i].Text == "-" {
				sign = -1
			}
			start = i + 1
		}
	}
	return acc, true
}

func (s Sum) times(f float32) Sum {
	s.Px *= f
	s.Pct *= f
	s.Scale *= f
	return s
}

func (s Sum) plus(o Sum) (Sum, bool) {
	if s.Expr != nil && o.Expr != nil {
		return Sum{}, false
	}
	if s.Expr == nil {
		s.Expr, s.Scale = o.Expr, o.Scale
	}
	s.Px += o.Px
	s.Pct += o.Pct
	return s, true
}

func evalProduct(vals []Value, m *Metrics, depth int) (term, bool) {
	if len(vals)%2 == 0 {
		return term{}, false
	}
	acc, ok := eval(vals[0], m, depth+1)
	if !ok {
		return term{}, false
	}
	for i := 1; i+1 < len(vals); i += 2 {
		t, ok := eval(vals[i+1], m, depth+1)
		if !ok {
			return term{}, false
		}
		switch {
		case vals[i].Kind == Delim && vals[i].Text == "*":
			switch {
			case t.number:
				acc.sum = acc.sum.times(t.sum.Px)
			case acc.number:
				acc = term{t.sum.times(acc.sum.Px), false}
			default:
				return term{}, false
			}
		case vals[i].Kind == Slash:
			if !t.number || t.sum.Px == 0 {
				return term{}, false
			}
			acc.sum = acc.sum.times(1 / t.sum.Px)
		default:
			return term{}, false
		}
	}
	return acc, true
}
