package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// feed reads each new change once for all followers of this instance. It asks for the
// newest revision while there are followers, and at once after a write of its own
// instance; Postgres need not be able to notify.
//
// Followers that fall behind are taken out, and read the store themselves until they
// have caught up: a slow one costs the others nothing.
type feed struct {
	store Store
	log   *slog.Logger
	wakes chan struct{}
	turns chan struct{} // holds one for each follower that reads the store itself
	most  int           // followers

	mu        sync.Mutex
	followers map[chan batch]struct{}
	head      timeline.ChangePosition // everything up to here has been handed out
	stop      context.CancelFunc      // of the reader; nil: there is none
}

const (
	pollEvery      = 250 * time.Millisecond
	feedPage       = 250 // changes that are read at once
	followerBuffer = 4   // batches that wait for a follower
	maxCatchUps    = 4   // reads at once of those that catch up
)

func newFeed(store Store, log *slog.Logger, most int) *feed {
	return &feed{
		store: store, log: log, most: most, wakes: make(chan struct{}, 1), turns: make(chan struct{}, maxCatchUps),
		followers: map[chan batch]struct{}{},
	}
}

// wake tells that this instance has written.
func (f *feed) wake() {
	select {
	case f.wakes <- struct{}{}:
	default:
	}
}

// follow hands out every batch from now on. The channel is closed when its reader is
// too slow. Whoever reads the changes up to the newest after follow has returned, and
// then the batches, misses none.
func (f *feed) follow(ctx context.Context) (batches <-chan batch, leave func(), err error) {
	newest, _, err := f.store.Revision(ctx)
	if err != nil {
		return nil, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.followers) >= f.most {
		return nil, nil, &timeline.Error{
			Kind: timeline.KindBusy, Message: "Too many clients follow the changes here; try again later, or ask /v1/changes from time to time.", RetryAfter: time.Minute,
		}
	}
	if f.stop == nil {
		reading, stop := context.WithCancel(context.Background())
		f.head, f.stop = timeline.ChangePosition{Revision: newest}, stop
		go f.read(reading)
	}
	c := make(chan batch, followerBuffer)
	f.followers[c] = struct{}{}
	return c, func() { f.leave(c) }, nil
}

// followed is the number of followers.
func (f *feed) followed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.followers)
}

func (f *feed) leave(c chan batch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remove(c)
}

// remove takes a follower out; the last one ends the reader.
func (f *feed) remove(c chan batch) {
	if _, there := f.followers[c]; !there {
		return
	}
	delete(f.followers, c)
	close(c)
	if len(f.followers) == 0 {
		f.stop()
		f.stop = nil
	}
}

// read hands out new changes until the last follower has left.
func (f *feed) read(ctx context.Context) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-f.wakes:
		}
		err := f.handOut(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			f.log.Error("new changes cannot be read; trying on", "cause", err)
		}
		failing = err != nil
	}
}

func (f *feed) handOut(ctx context.Context) error {
	newest, _, err := f.store.Revision(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	from := f.head
	f.mu.Unlock()
	for from.Before(timeline.ChangePosition{Revision: newest}) {
		page, err := f.store.Changes(ctx, from, feedPage)
		if err != nil {
			return err
		}
		b := newBatch(from, page)
		f.mu.Lock()
		if err := ctx.Err(); err != nil { // another reader may have begun
			f.mu.Unlock()
			return err
		}
		from, f.head = b.to, b.to
		for c := range f.followers {
			select {
			case c <- b:
			default:
				f.remove(c)
			}
		}
		f.mu.Unlock()
	}
	return nil
}

// page reads changes for one follower, a few followers at a time.
func (f *feed) page(ctx context.Context, from timeline.ChangePosition) (timeline.ChangePage, error) {
	select {
	case f.turns <- struct{}{}:
		defer func() { <-f.turns }()
	case <-ctx.Done():
		return timeline.ChangePage{}, ctx.Err()
	}
	return f.store.Changes(ctx, from, feedPage)
}

// batch is a page of changes as server-sent events, shared by all that get it.
type batch struct {
	from, to timeline.ChangePosition
	text     []byte
	messages []message
}

// message is the place of one change, and where its text begins.
type message struct {
	at    timeline.ChangePosition
	start int
}

// newBatch writes a page as server-sent events. The id is the revision, and stands only
// on the last message of a revision: who resumes behind it has all of that revision.
func newBatch(from timeline.ChangePosition, page timeline.ChangePage) batch {
	b := batch{from: from, to: timeline.ChangePosition{Revision: page.Revision}}
	if page.Next != nil {
		b.to = *page.Next
	}
	for i := range page.Changes {
		c := &page.Changes[i]
		b.messages = append(b.messages, message{timeline.ChangePosition{Revision: c.Revision, ID: c.EventID}, len(b.text)})
		last := i+1 == len(page.Changes)
		whole := last && b.to.ID == "" || !last && page.Changes[i+1].Revision != c.Revision
		if whole {
			b.text = fmt.Appendf(b.text, "id: %d\n", c.Revision)
		}
		b.text = append(b.text, "data: "...)
		b.text = timeline.AppendChange(b.text, c) // JSON of one line
		b.text = append(b.text, "\n\n"...)
	}
	return b
}

// after gives the text of the messages behind a place, and how many they are.
func (b *batch) after(p timeline.ChangePosition) (text []byte, messages int) {
	i := sort.Search(len(b.messages), func(i int) bool { return p.Before(b.messages[i].at) })
	if i == len(b.messages) {
		return nil, 0
	}
	return b.text[b.messages[i].start:], len(b.messages) - i
}
