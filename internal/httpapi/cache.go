package httpapi

import (
	"sync/atomic"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"
)

// Cache keeps the answers of one API in memory, each for one revision, up to a number
// of bytes. Keys, headers and what the cache itself needs are counted too.
//
// Answers lie under their canonical query, for each encoding of their body, and what
// clients really wrote leads to them: many ways to write a query are one answer.
type Cache struct {
	answers *otter.Cache[cacheKey, *kept]
	aliases *otter.Cache[string, *alias]
	counted *stats.Counter // of answers, for evictions
	largest int

	hits, misses, joined atomic.Uint64
	waiting              atomic.Int64
	flights              flights
}

// CacheStats are the numbers of a Cache since it was made.
type CacheStats struct {
	Hits      uint64 // answers given from the cache, the 304 among them
	Misses    uint64 // answers that were computed
	Joined    uint64 // answers that another request was computing already
	Waiting   int64  // requests that wait now for an answer that is computed
	Evictions uint64 // answers that made room for others
	Answers   int    // that are kept now
	Bytes     uint64 // that they and their aliases take
}

const (
	// Of the bytes of a cache one part in aliasShare is for aliases, and no answer may
	// take more than one in answerShare.
	aliasShare, answerShare = 8, 8
	// maxAlias is the longest target that is remembered as it was written.
	maxAlias = 2 << 10
	// entryBytes is what an entry takes beside its texts: its struct, the slices of its
	// headers, the nodes of the cache.
	entryBytes = 640
)

// NewCache makes a cache of at most so many bytes; nil, which keeps nothing, for 0 and
// where there is no room for anything.
func NewCache(bytes int64) *Cache {
	if bytes < entryBytes {
		return nil
	}
	c := &Cache{counted: stats.NewCounter(), largest: int(bytes / answerShare)}
	// What makes room runs where the room is taken: the limit holds at every moment.
	here := func(do func()) { do() }
	c.answers = otter.Must(&otter.Options[cacheKey, *kept]{
		MaximumWeight: uint64(bytes - bytes/aliasShare), Executor: here, StatsRecorder: evictions{c.counted},
		Weigher: func(key cacheKey, k *kept) uint32 { return weight(len(key.query), k.bytes()) },
	})
	c.aliases = otter.Must(&otter.Options[string, *alias]{
		MaximumWeight: uint64(bytes / aliasShare), Executor: here,
		Weigher: func(target string, a *alias) uint32 { return weight(len(target), a.bytes()) },
	})
	return c
}

// evictions leaves the counting of hits to the cache, which knows which of them stand.
type evictions struct{ *stats.Counter }

func (evictions) RecordHits(int)   {}
func (evictions) RecordMisses(int) {}

// weight counts a little more than the bytes: the allocator rounds up.
func weight(texts ...int) uint32 {
	sum := entryBytes
	for _, n := range texts {
		sum += n + n/16
	}
	return uint32(min(sum, 1<<31))
}

// Stats gives the numbers of the cache; of nil they are 0.
func (c *Cache) Stats() CacheStats {
	if c == nil {
		return CacheStats{}
	}
	return CacheStats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Joined: c.joined.Load(), Waiting: c.waiting.Load(),
		Evictions: c.counted.Snapshot().Evictions, Answers: c.answers.EstimatedSize(),
		Bytes: c.answers.WeightedSize() + c.aliases.WeightedSize(),
	}
}

// stamp tells for which data something stands.
type stamp struct {
	era      uint64
	revision int64 // the newest there was
	forever  bool  // whatever is written
}

// stands tells whether what has the stamp may be given when now is the newest revision.
func (s stamp) stands(now stamp) bool {
	return s.era == now.era && (s.forever || s.revision == now.revision)
}

// cacheKey is the name of an answer.
type cacheKey struct {
	query    string // operation, canonical query, and for how long clients may keep it
	encoding encoding
}

// kept is an answer that is ready to be sent. It is never changed.
type kept struct {
	stamp
	body []byte
	next string // cursor of the next page
	etag string // without what the encoding appends
	rows int    // events or other items in it

	// Values of headers, as net/http takes them.
	contentType, contentEncoding, contentLength, cacheControl, etags []string
}

func (k *kept) bytes() int { return cap(k.body) + len(k.next) + 3*len(k.etag) + 64 }

// alias is what stands for a target as a client wrote it.
type alias struct {
	stamp
	query string // of the answer's key
	etag  string
	whole bool // link is known; else only that the client's copy stands

	route, gives string // of the operation
	// Values of headers.
	link, cacheControl []string
}

func (a *alias) bytes() int {
	n := len(a.query) + len(a.etag)
	for _, link := range a.link {
		n += len(link)
	}
	return n
}

// answer gives the answer of a key that stands.
func (c *Cache) answer(key cacheKey, now stamp) *kept {
	if k, there := c.answers.GetIfPresent(key); there && k.stands(now) {
		return k
	}
	return nil
}

// keep keeps an answer, unless it is too large or there is a newer one.
func (c *Cache) keep(key cacheKey, k *kept) {
	if len(key.query)+k.bytes() > c.largest {
		return
	}
	if old, there := c.answers.GetEntryQuietly(key); there && old.Value.era == k.era && old.Value.revision > k.revision {
		return
	}
	c.answers.Set(key, k)
}

// remember keeps what a target stands for.
func (c *Cache) remember(target string, a *alias) {
	if len(target) > maxAlias || len(target) == 0 || target[0] != '/' {
		return
	}
	if old, there := c.aliases.GetEntryQuietly(target); there && old.Value.stamp == a.stamp && old.Value.query == a.query && (old.Value.whole || !a.whole) {
		return
	}
	c.aliases.Set(target, a)
}
