package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/tarikh-timeline/tarikh/migrations"
)

// migrateLock is the advisory lock that keeps migrating to one process: the
// letters "tarikh" as a number.
const migrateLock = 0x746172696b68

// migrateRunning is the advisory lock that a file holds while it runs: a program that is
// killed leaves its session to the server, which runs the file to its end.
const migrateRunning = migrateLock + 1

// migrateWait is how long a process waits for another one's migrating.
const migrateWait = 60 * time.Second

// LatestVersion is the schema version that this program needs.
var LatestVersion = sync.OnceValue(func() int64 {
	names, err := fs.Glob(migrations.FS, "*.up.sql")
	if err != nil || len(names) == 0 {
		panic("the migrations are not embedded") // a fault of the build
	}
	var version int64
	for _, name := range names {
		var v int64
		if _, err := fmt.Sscanf(name, "%d_", &v); err == nil {
			version = max(version, v)
		}
	}
	return version
})

// SchemaVersion gives the database's schema version, 0 where none is, and whether
// a migration to it failed half-way.
func SchemaVersion(ctx context.Context, url string) (version int64, dirty bool, err error) {
	err = withLock(ctx, url, func(conn *pgx.Conn) error {
		version, dirty, err = schemaVersion(ctx, conn)
		return err
	})
	return version, dirty, err
}

// Migrate brings the schema up to LatestVersion. Any number of processes may call
// it at once on one database. Its errors are single lines that say what to do.
func Migrate(ctx context.Context, url string) error {
	return withLock(ctx, url, func(conn *pgx.Conn) error {
		if err := awaitLock(ctx, conn, migrateRunning); err != nil {
			return err
		}
		version, dirty, err := schemaVersion(ctx, conn)
		if err != nil {
			return err
		}
		if version > LatestVersion() {
			return fmt.Errorf("the database's schema is at version %d, newer than this program's %d: run a newer program, or restore a backup of before the upgrade", version, LatestVersion())
		}
		if version == LatestVersion() && !dirty {
			return nil
		}
		m, closeAll, err := migrator(conn.Config())
		if err != nil {
			return err
		}
		defer closeAll()
		if dirty {
			// A file without CONCURRENTLY runs as one transaction: what failed left
			// nothing behind, and the file can simply run again.
			if concurrent(version) {
				return dirtyError(version, errors.New("it builds an index concurrently, of which an invalid one may be left: drop that"))
			}
			if err := m.Force(before(version)); err != nil {
				return dirtyError(version, err)
			}
			version--
		}
		// One file at a time: golang-migrate reads ahead, and never ends the reading of the
		// files behind one that failed.
		for next := version + 1; next <= LatestVersion(); next++ {
			if err := m.Migrate(uint(next)); err != nil && !errors.Is(err, migrate.ErrNoChange) {
				failed, _, versionErr := schemaVersion(ctx, conn)
				if versionErr != nil {
					failed = version
				}
				return dirtyError(failed, err)
			}
		}
		return nil
	})
}

// CheckVersion refuses a schema version that this program does not know.
func CheckVersion(version int64) error {
	if version < 0 || version > LatestVersion() {
		return fmt.Errorf("there is no schema version %d: give one from 0 to %d", version, LatestVersion())
	}
	return nil
}

// ForceVersion states by hand that the schema is at a version (0: empty) and clean,
// after somebody repaired a failed migration.
func ForceVersion(ctx context.Context, url string, version int64) error {
	if err := CheckVersion(version); err != nil {
		return err
	}
	return withLock(ctx, url, func(conn *pgx.Conn) error {
		m, closeAll, err := migrator(conn.Config())
		if err != nil {
			return err
		}
		defer closeAll()
		if version == 0 {
			return m.Force(-1)
		}
		return m.Force(int(version))
	})
}

func dirtyError(version int64, err error) error {
	return fmt.Errorf("the migration to schema version %d failed: %s; repair what it names, then type `api migrate force %d` and `api migrate up`", version, migrateReason(err), max(0, version-1))
}

// migrateReason gives what Postgres said, without the statement that golang-migrate
// puts around it.
func migrateReason(err error) string {
	var value database.Error
	var pointer *database.Error
	switch {
	case errors.As(err, &value):
		err = value.OrigErr
	case errors.As(err, &pointer):
		err = pointer.OrigErr
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Message
	}
	reason, _, _ := strings.Cut(err.Error(), "\n")
	return reason
}

// before gives golang-migrate's number of the version before: -1 is "none".
func before(version int64) int {
	if version <= 1 {
		return -1
	}
	return int(version - 1)
}

func concurrent(version int64) bool {
	names, err := fs.Glob(migrations.FS, fmt.Sprintf("%06d_*.up.sql", version))
	if err != nil || len(names) != 1 {
		return true // unknown: leave it to a person
	}
	text, err := fs.ReadFile(migrations.FS, names[0])
	return err != nil || runsConcurrently(text)
}

// CheckReachable tells, in one line that says what to do, that the database for
// queries cannot be reached, or is not the one that was migrated. It is for a pooler's
// address, which migrating does not use; execMode is that of Options.
func CheckReachable(ctx context.Context, url, execMode string) error {
	conn, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	version, _, err := schemaVersion(ctx, conn)
	if err != nil {
		return notReachable(conn.Config(), err)
	}
	if version != LatestVersion() {
		return fmt.Errorf("DATABASE_URL leads to a database at schema version %d, not to the one that DATABASE_DIRECT_URL migrated to %d: correct one of them", version, LatestVersion())
	}
	if execMode != "exec" && throughPooler(ctx, conn) {
		return errors.New("DATABASE_URL leads through a pooler that keeps no prepared statements: set TARIKH_DB_EXEC_MODE=exec")
	}
	return nil
}

// connectTimeout is how long a database is waited for in all: a host name can stand
// for several addresses, each tried with TLS and without.
const connectTimeout = 5 * time.Second

// connect opens a connection for the program's start. Parameters that a URL has for
// pools alone are left out, which the server would refuse. Statements are sent
// unprepared, so that a transaction pooler takes them.
func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	pool, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's address cannot be read: it must look like postgres://user:password@host:5432/database")
	}
	config := pool.ConnConfig
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	if n := hosts(config); n > 1 { // a dead one must not use up the time of the next
		config.ConnectTimeout = connectTimeout / time.Duration(n)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, notReachable(config, err)
	}
	return conn, nil
}

// withLock runs do on a connection that holds the migrating lock. It polls for the
// lock, because a session that waits inside Postgres blocks CREATE INDEX
// CONCURRENTLY of the one that holds it: a deadlock.
func withLock(ctx context.Context, url string, do func(conn *pgx.Conn) error) error {
	conn, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if throughPooler(ctx, conn) { // the lock would stay on somebody else's connection
		return errors.New("DATABASE_URL leads through a transaction pooler, by which no schema can be migrated: set DATABASE_DIRECT_URL to the database's own address, and TARIKH_DB_EXEC_MODE=exec")
	}
	if err := awaitLock(ctx, conn, migrateLock); err != nil {
		return err
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrateLock)) // closing frees it too
	}()
	return do(conn)
}

// awaitLock takes one of the migrating locks; migrateRunning is only waited for.
func awaitLock(ctx context.Context, conn *pgx.Conn, lock int64) error {
	sql := `SELECT pg_try_advisory_lock($1)`
	if lock == migrateRunning {
		sql = `SELECT CASE WHEN pg_try_advisory_lock($1) THEN pg_advisory_unlock($1) ELSE false END`
	}
	for deadline := time.Now().Add(migrateWait); ; {
		var got bool
		if err := conn.QueryRow(ctx, sql, lock).Scan(&got); err != nil {
			return fmt.Errorf("the migrating lock cannot be asked for: %w", err)
		}
		if got {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("another program has been migrating this database for over %s: wait for it, or end it", migrateWait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// wholeFiles runs a file together with the note that it has run. golang-migrate notes it
// afterwards, and a program that is killed between the two leaves a schema that has
// changed beside a note that it failed. A file that builds an index concurrently cannot
// be in a transaction.
type wholeFiles struct{ database.Driver }

// Run runs a file, in one transaction.
func (d wholeFiles) Run(file io.Reader) error {
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	if !runsConcurrently(text) {
		// Statements that are sent as one text are one transaction.
		text = fmt.Appendf(nil, "SELECT pg_advisory_xact_lock(%d);\n%s\n;UPDATE schema_migrations SET dirty = false;", int64(migrateRunning), text)
	}
	return d.Driver.Run(bytes.NewReader(text))
}

func runsConcurrently(file []byte) bool {
	return strings.Contains(strings.ToUpper(string(file)), "CONCURRENTLY")
}

// notReachable says in one line where the database was looked for and why it was
// not had, without the password that an address can hold.
func notReachable(config *pgx.ConnConfig, err error) error {
	reason := err.Error()
	var refused *pgconn.PgError
	switch i := strings.LastIndex(reason, ": "); {
	case errors.As(err, &refused):
		reason = refused.Message
	case errors.Is(err, context.DeadlineExceeded):
		reason = fmt.Sprintf("no answer within %s", connectTimeout)
	case i >= 0 && strings.Contains(reason, "failed to connect"):
		reason = reason[i+2:]
	}
	reason, _, _ = strings.Cut(reason, "\n")
	where := fmt.Sprintf("%s:%d", config.Host, config.Port)
	if strings.HasPrefix(config.Host, "/") {
		where = config.Host
	}
	return fmt.Errorf("the database %q at %s cannot be reached (%s): start it, or correct DATABASE_URL or DATABASE_DIRECT_URL", config.Database, where, reason)
}

func schemaVersion(ctx context.Context, conn *pgx.Conn) (version int64, dirty bool, err error) {
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('schema_migrations') IS NOT NULL`).Scan(&exists); err != nil || !exists {
		return 0, false, err
	}
	err = conn.QueryRow(ctx, `SELECT version, dirty FROM schema_migrations`).Scan(&version, &dirty)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	return version, dirty, err
}

// migrator makes golang-migrate's machine on a connection of its own.
func migrator(config *pgx.ConnConfig) (*migrate.Migrate, func(), error) {
	files, err := iofs.New(migrations.FS, ".")
	if err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDB(*config)
	driver, err := migratepgx.WithInstance(db, &migratepgx.Config{})
	if err != nil {
		_ = db.Close()
		return nil, nil, fmt.Errorf("the schema cannot be migrated (%s): give DATABASE_URL, or DATABASE_DIRECT_URL beside it, a server and a role that may create tables", migrateReason(err))
	}
	m, err := migrate.NewWithInstance("iofs", files, "pgx5", wholeFiles{driver})
	if err != nil {
		_ = driver.Close()
		return nil, nil, err
	}
	return m, func() { _, _ = m.Close() }, nil
}
