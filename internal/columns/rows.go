package columns

// record is an event as numbers of the dictionaries.
type record struct{ shape, class, roles, tags, measures uint32 }

// chunkSize is how many records lie together: growing copies no more than these, and
// a place in a chunk is 16 bits.
const chunkSize = 1 << 14

// chunk is records by column. Most data have few tags and measures: these columns are
// nil where no record of the chunk has any.
type chunk struct {
	shape, class, roles, tags, measures []uint32
}

func (c *chunk) at(i int) record {
	r := record{shape: c.shape[i], class: c.class[i], roles: c.roles[i]}
	if c.tags != nil {
		r.tags = c.tags[i]
	}
	if c.measures != nil {
		r.measures = c.measures[i]
	}
	return r
}

func (c *chunk) set(i int, r record) {
	c.shape[i], c.class[i], c.roles[i] = r.shape, r.class, r.roles
	rare(&c.tags, r.tags, len(c.shape))
	rare(&c.measures, r.measures, len(c.shape))
	if c.tags != nil {
		c.tags[i] = r.tags
	}
	if c.measures != nil {
		c.measures[i] = r.measures
	}
}

// rare makes a column of n when the first value comes that is not 0.
func rare(column *[]uint32, value uint32, n int) {
	if *column == nil && value != 0 {
		*column = make([]uint32, n, max(2*n, 16))
	}
}

func (c *chunk) add(r record) {
	rare(&c.tags, r.tags, len(c.shape))
	rare(&c.measures, r.measures, len(c.shape))
	c.shape, c.class, c.roles = append(c.shape, r.shape), append(c.class, r.class), append(c.roles, r.roles)
	if c.tags != nil {
		c.tags = append(c.tags, r.tags)
	}
	if c.measures != nil {
		c.measures = append(c.measures, r.measures)
	}
}

func (c *chunk) cut() {
	last := len(c.shape) - 1
	c.shape, c.class, c.roles = c.shape[:last], c.class[:last], c.roles[:last]
	if c.tags != nil {
		c.tags = c.tags[:last]
	}
	if c.measures != nil {
		c.measures = c.measures[:last]
	}
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
			c.shape, c.class, c.roles = make([]uint32, 0, chunkSize), make([]uint32, 0, chunkSize), make([]uint32, 0, chunkSize)
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
		n += 4 * (cap(c.shape) + cap(c.class) + cap(c.roles) + cap(c.tags) + cap(c.measures))
	}
	return n
}
