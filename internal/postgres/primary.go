package postgres

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// primary is where the database answers writes. An address with several hosts leads to
// another one when they have changed their parts. A machine that died says nothing to
// those who wait for it, for as long as they are willing to wait; so what is under way
// there ends when the database was found elsewhere.
type primary struct {
	follows bool // the address has several hosts

	mu    sync.Mutex
	here  string          // the place where it was found last
	lives map[string]life // of what is under way, by the place that it is under way at
}

// life is that of the connections to a place.
type life struct {
	ctx context.Context
	end context.CancelFunc
}

// during gives a context that also ends when the primary is found elsewhere than at the
// other end of a connection. stop must be called.
func (p *primary) during(ctx context.Context, conn *pgxpool.Conn) (limited context.Context, stop func()) {
	if !p.follows {
		return ctx, func() {}
	}
	place := placeOfConn(conn.Conn())
	p.mu.Lock()
	at, known := p.lives[place]
	if !known {
		if p.lives == nil {
			p.lives = map[string]life{}
		}
		at.ctx, at.end = context.WithCancel(context.Background())
		p.lives[place] = at
	}
	p.mu.Unlock()
	limited, cancel := context.WithCancel(ctx)
	forget := context.AfterFunc(at.ctx, cancel)
	return limited, func() { forget(); cancel() }
}

// found notes where the primary is, and tells whether something was under way elsewhere.
func (p *primary) found(conn *pgx.Conn) (moved bool) {
	if !p.follows {
		return false
	}
	here := placeOfConn(conn)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.here = here
	for place, at := range p.lives {
		if place != here {
			at.end()
			delete(p.lives, place)
			moved = true
		}
	}
	return moved
}

// prefer lets a new connection begin with the host where the primary was found last:
// another one that is dead costs each connection the time in which it is waited for.
func (p *primary) prefer(ctx context.Context, config *pgx.ConnConfig) error {
	p.mu.Lock()
	here := p.here
	p.mu.Unlock()
	if here == "" {
		return nil
	}
	all := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	slices.SortStableFunc(all, func(a, b *pgconn.FallbackConfig) int {
		return cmp.Compare(leadsElsewhere(ctx, config, a, here), leadsElsewhere(ctx, config, b, here))
	})
	config.Host, config.Port, config.TLSConfig, config.Fallbacks = all[0].Host, all[0].Port, all[0].TLSConfig, all[1:]
	return nil
}

// leadsElsewhere is 0 for a host that leads to a place, else 1.
func leadsElsewhere(ctx context.Context, config *pgx.ConnConfig, host *pgconn.FallbackConfig, place string) int {
	addresses := []string{host.Host}
	if net.ParseIP(host.Host) == nil && !strings.HasPrefix(host.Host, "/") {
		addresses, _ = config.LookupFunc(ctx, host.Host) // of an unknown name none
	}
	for _, address := range addresses {
		if net.JoinHostPort(address, strconv.Itoa(int(host.Port))) == place {
			return 0
		}
	}
	return 1
}

func placeOfConn(conn *pgx.Conn) string { return conn.PgConn().Conn().RemoteAddr().String() }

// movedAway makes a matter of availability of a failure that came because the primary
// was found elsewhere; during is the context that ended then.
func movedAway(ctx, during context.Context, err error) error {
	var told *timeline.Error
	if err == nil || ctx.Err() != nil || during.Err() == nil || errors.As(err, &told) {
		return err
	}
	return &timeline.Error{
		Kind: timeline.KindUnavailable, RetryAfter: time.Second, Cause: err,
		Message: "The database moved to another server meanwhile. Whether a write was stored is not known: look before you send it again.",
	}
}
