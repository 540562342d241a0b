package httpapi

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// limiter keeps a token bucket for each address that asked lately.
type limiter struct {
	perSecond float64
	burst     int
	window    int // seconds in which burst requests are admitted
	buckets   *lru.Cache[netip.Prefix, *rate.Limiter]
}

// maxBuckets bounds the memory of the limiter: who is forgotten begins anew with a
// full bucket.
const maxBuckets = 100_000

func newLimiter(perSecond float64) *limiter {
	if perSecond <= 0 {
		return nil
	}
	buckets, err := lru.New[netip.Prefix, *rate.Limiter](maxBuckets)
	if err != nil {
		return nil // only for a size of 0
	}
	l := &limiter{perSecond: perSecond, burst: max(1, int(math.Ceil(perSecond))), window: 1, buckets: buckets}
	if perSecond < 1 {
		l.window = int(math.Ceil(1 / perSecond))
	}
	return l
}

// bucket gives the bucket of an address; an IPv6 network of 64 bits is one client.
func (l *limiter) bucket(ip netip.Addr) *rate.Limiter {
	ip = ip.Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	client, err := ip.Prefix(bits)
	if err != nil {
		client = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	fresh := rate.NewLimiter(rate.Limit(l.perSecond), l.burst)
	if before, found, _ := l.buckets.PeekOrAdd(client, fresh); found {
		l.buckets.Get(client) // used lately
		return before
	}
	return fresh
}

// client gives the address that a request came from: of the connection, or what trusted
// proxies say of it, each of which appends the address that it was asked by.
func (a *api) client(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	if !a.trusts(from.Addr()) {
		return from.Addr()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i, hop := range slices.Backward(hops) {
		ip, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if i == 0 || !a.trusts(ip) {
			return ip
		}
	}
	return from.Addr()
}

func (a *api) trusts(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// admit takes a token from the client's bucket and tells in the headers of the
// current draft (RateLimit, RateLimit-Policy) how it stands.
func (a *api) admit(h http.Header, r *http.Request) error {
	if a.limits == nil {
		return nil
	}
	l := a.limits
	bucket := l.bucket(a.client(r))
	now := a.Now()
	admitted := bucket.AllowN(now, 1)
	left := max(0, bucket.TokensAt(now))
	full := time.Duration(float64(time.Second) * (float64(l.burst) - left) / l.perSecond)
	h.Set("RateLimit-Policy", fmt.Sprintf(`"address";q=%d;w=%d`, l.burst, l.window))
	h.Set("RateLimit", fmt.Sprintf(`"address";r=%d;t=%d`, int(left), int(math.Ceil(full.Seconds()))))
	if admitted {
		return nil
	}
	wait := time.Duration(float64(time.Second) * (1 - left) / l.perSecond)
	return &httpError{
		status: http.StatusTooManyRequests, code: "rate_limited", retryAfter: max(time.Second, wait),
		detail: fmt.Sprintf("More than %g requests a second came from this address; wait for Retry-After.", l.perSecond),
	}
}
