package kit

// ShowTip shows a button's tip without the wait.
func ShowTip(b *Button) { b.tip.show(b, b.p.Tip) }
