package layout

type tableModel struct{}
type collapsed struct{}

func (l *layouter) table(b *Box, sp space) result        { return l.flow(b, sp) }
func (l *layouter) tableSizes(b *Box) (float32, float32) { return l.stackSizes(b) }
func (l *layouter) flex(b *Box, sp space) result         { return l.flow(b, sp) }
func (l *layouter) flexSizes(b *Box) (float32, float32)  { return l.stackSizes(b) }
func (l *layouter) grid(b *Box, sp space) result         { return l.flow(b, sp) }
func (l *layouter) gridSizes(b *Box) (float32, float32)  { return l.stackSizes(b) }
func (l *layouter) columns(b *Box, w, h float32) contents {
	return l.stack(b, w, h, &floats{}, 0, 0, false)
}
func (p *painter) collapsedBorders(c *collapsed, x, y float32) {}
