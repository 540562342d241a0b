package columns

// record is an event as numbers of the dictionaries.
type record struct{ shape, class, roles, tags, measures uint32 }

// chunkSize is how many records lie together: growing copies no more than these, and
// a place in a chunk is 16 bits.
const chunkSize = 1 << 14

// chunk is records by column.
type chunk struct {
	shape, roles          []uint32
	class, tags, measures column
}

func (c *chunk) at(i int) record {
	p := uint16(i)
	return record{c.shape[i], c.class.at(p), c.roles[i], c.tags.at(p), c.measures.at(p)}
}

func (c *chunk) set(i int, r record) {
	n := len(c.shape)
	c.shape[i], c.roles[i] = r.shape, r.roles
	c.class.set(i, r.class, n)
	c.tags.set(i, r.tags, n)
	c.measures.set(i, r.measures, n)
}

func (c *chunk) add(r record) {
	n := len(c.shape)
	c.shape, c.roles = append(c.shape, r.shape), append(c.roles, r.roles)
	c.class.add(r.class, n)
	c.tags.add(r.tags, n)
	c.measures.add(r.measures, n)
}

func (c *chunk) cut() {
	n := len(c.shape)
	c.shape, c.roles = c.shape[:n-1], c.roles[:n-1]
	c.class.cut(n)
	c.tags.cut(n)
	c.measures.cut(n)
}

// rows are records in chunks, all full but the last.
type rows struct {
	chunks []*chunk
	n      int
}

func (r *rows) at(i int) record { return r.chunks[i/chunkSize].at(i % chunkSize) }

func (r *rows) set(i int, to record) { r.chunks[i/chunkSize].set(i%chunkSize, to) }

func (r *rows) add(row record) {
	if r.n == len(r.chunks)*chunkSize {
		c := &chunk{}
		if r.n > 0 { // small tables grow as they need
			c.shape, c.roles, c.class.narrow = make([]uint32, 0, chunkSize), make([]uint32, 0, chunkSize), make([]uint16, 0, chunkSize)
		}
		r.chunks = append(r.chunks, c)
	}
	r.chunks[r.n/chunkSize].add(row)
	r.n++
}

// cut takes the last record away.
func (r *rows) cut() {
	r.n--
	r.chunks[r.n/chunkSize].cut()
	if r.n%chunkSize == 0 {
		r.chunks = r.chunks[:r.n/chunkSize]
	}
}

func (r *rows) bytes() int {
	n := 0
	for _, c := range r.chunks {
		n += 4*(cap(c.shape)+cap(c.roles)) + c.class.bytes() + c.tags.bytes() + c.measures.bytes()
	}
	return n
}
