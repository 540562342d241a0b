package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
)

// cluster is this process's use of the shared server.
type cluster struct {
	server *pgembed.Server
	base   *url.URL

	// keeper holds the advisory locks of what this process has lent: they fall with
	// its connection, however the process ends.
	keeper   *pgx.Conn
	keeping  sync.Mutex
	taken    map[int32]bool // the numbers that the keeper has locked
	template template
}

// shared starts or joins the server when the first test asks: packages whose tests
// need no database start none.
var shared = sync.OnceValues(start)

// started is set with shared, for release.
var started *cluster

func start() (*cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	server, err := startServer(ctx)
	if err != nil {
		return nil, err
	}
	c := &cluster{server: server, taken: map[int32]bool{}}
	started = c
	if c.base, err = url.Parse(server.URL()); err != nil {
		return nil, err
	}
	if c.keeper, err = c.connect(ctx, "postgres"); err != nil {
		return nil, err
	}
	return c, c.prepare(ctx)
}

// release gives the server back.
func release() error {
	if started == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if started.keeper != nil {
		_ = started.keeper.Close(ctx)
	}
	return started.server.Stop(ctx)
}

// url is the address of a database.
func (c *cluster) url(name string) string {
	u := *c.base
	u.Path = "/" + name
	return u.String()
}

// startServer starts or joins the server. Its data are worth nothing: data of another
// Postgres version, or broken ones, as a machine that crashed leaves without fsync,
// are thrown away and made anew.
func startServer(ctx context.Context) (*pgembed.Server, error) {
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	// One process at a time starts or joins, so that none throws away what another
	// one has just made.
	lock, err := os.OpenFile(filepath.Join(dir, "start.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	options := pgembed.Options{
		DataDir: dir, Unsafe: true,
		Settings: map[string]string{
			"max_connections": "500", // every test has a pool, in every process
			// Statistics and plans are the tests' own business, and a worker in a
			// database is in the way of copying and dropping it.
			"autovacuum": "off",
			// A checkpoint for nothing is most of what DROP DATABASE costs.
			"max_wal_size":       "4GB",
			"checkpoint_timeout": "1h",
			"wal_level":          "minimal",
			"max_wal_senders":    "0",
		},
	}
	server, err := pgembed.Start(ctx, options)
	if err == nil || ctx.Err() != nil {
		return server, err
	}
	if _, missing := os.Stat(filepath.Join(dir, "postgres")); missing != nil {
		return nil, err
	}
	if removeErr := os.RemoveAll(filepath.Join(dir, "postgres")); removeErr != nil {
		return nil, errors.Join(err, removeErr)
	}
	return pgembed.Start(ctx, options)
}

// folder is the server's data folder: in the temporary folder, one for each user.
func folder() (string, error) {
	uid := os.Getuid()
	dir := filepath.Join(os.TempDir(), "tarikh-test-"+strconv.Itoa(uid))
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	// The name can be foreseen: what somebody else put there is not used.
	if stat, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(stat.Uid) != uid {
		return "", fmt.Errorf("%s does not belong to this user: remove it", dir)
	}
	return dir, nil
}
