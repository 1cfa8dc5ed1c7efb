package layout

func (l *layouter) grid(b *Box, sp space) result        { return l.flow(b, sp) }
func (l *layouter) gridSizes(b *Box) (float32, float32) { return l.stackSizes(b) }
func (l *layouter) columns(b *Box, w, h float32) contents {
	return l.stack(b, w, h, &floats{}, 0, 0, false)
}
