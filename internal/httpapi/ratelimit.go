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

// limiter keeps a token bucket for each client that asked lately. A nil one admits
// everybody.
type limiter[Client comparable] struct {
	policy    string // its name in the headers
	who       string // its client, for people
	perSecond float64
	burst     int
	window    int // seconds in which burst requests are admitted
	buckets   *lru.Cache[Client, *rate.Limiter]
}

// maxBuckets bounds the memory of a limiter: who is forgotten begins anew with a full
// bucket.
const maxBuckets = 100_000

func newLimiter[Client comparable](policy, who string, perSecond float64) *limiter[Client] {
	if perSecond <= 0 {
		return nil
	}
	buckets, err := lru.New[Client, *rate.Limiter](maxBuckets)
	if err != nil {
		return nil // only for a size of 0
	}
	l := &limiter[Client]{policy: policy, who: who, perSecond: perSecond, burst: max(1, int(math.Ceil(perSecond))), window: 1, buckets: buckets}
	if perSecond < 1 {
		l.window = int(math.Ceil(1 / perSecond))
	}
	return l
}

func (l *limiter[Client]) bucket(of Client) *rate.Limiter {
	if before, found := l.buckets.Get(of); found {
		return before
	}
	fresh := rate.NewLimiter(rate.Limit(l.perSecond), l.burst)
	if before, found, _ := l.buckets.PeekOrAdd(of, fresh); found {
		return before
	}
	return fresh
}

// take takes a token from a client's bucket, and tells in the headers how it stands.
// They are those of draft-ietf-httpapi-ratelimit-headers-11: a list with an item for each
// policy, t being the seconds until there is more.
func (l *limiter[Client]) take(of Client, now time.Time, h http.Header) error {
	if l == nil {
		return nil
	}
	bucket := l.bucket(of)
	admitted := bucket.AllowN(now, 1)
	left := min(max(0, bucket.TokensAt(now)), float64(l.burst))
	whole := math.Floor(left)
	wait := time.Duration(float64(time.Second) * (whole + 1 - left) / l.perSecond) // for the next one
	seconds := int(math.Ceil(wait.Seconds()))
	if int(whole) == l.burst {
		seconds = 0 // there will never be more
	}
	addItem(h, "RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=%d`, l.policy, l.burst, l.window))
	addItem(h, "RateLimit", fmt.Sprintf(`"%s";r=%d;t=%d`, l.policy, int(whole), seconds))
	if admitted {
		return nil
	}
	return &httpError{
		status: http.StatusTooManyRequests, code: "rate_limited", retryAfter: max(time.Second, wait),
		detail: fmt.Sprintf("More than %g requests a second came %s; wait for Retry-After.", l.perSecond, l.who),
	}
}

// addItem adds to a header that is a list, in one line of it.
func addItem(h http.Header, name, item string) {
	if before := h.Get(name); before != "" {
		item = before + ", " + item
	}
	h.Set(name, item)
}

// clientOf gives the client that an address stands for: an IPv6 network of 64 bits is
// one.
func clientOf(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	client, err := ip.Prefix(bits)
	if err != nil {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return client
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

// admit counts a request against its address. What was told of an earlier try to answer
// the same request is told anew.
func (a *api) admit(h http.Header, r *http.Request) error {
	if a.limits == nil {
		return nil
	}
	h.Del("RateLimit")
	h.Del("RateLimit-Policy")
	return a.limits.take(clientOf(a.client(r)), a.Now(), h)
}
