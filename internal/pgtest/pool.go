package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// lent is a database that a test has. Its row in the table `lendable` has the same
// number, and so has the advisory lock that says it is taken.
type lent struct {
	number int32
	name   string
}

// The first keys of the advisory locks.
const (
	lockDatabase = 0x70677401 // second key: a row of lendable
	lockTemplate = 0x70677402 // second key: the beginning of a hash, shared by those who use it
	lockPrepare  = 0x70677403 // making tables and templates
)

// prepare makes the table of databases and the template, where they are missing, and
// drops what nobody will use any more.
func (c *cluster) prepare(ctx context.Context) error {
	hash, err := hashOfMigrations()
	if err != nil {
		return err
	}
	if _, err := c.keeper.Exec(ctx, `SELECT pg_advisory_lock($1, 0)`, lockPrepare); err != nil {
		return err
	}
	defer func() {
		_, _ = c.keeper.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1, 0)`, lockPrepare)
	}()
	for _, sql := range []string{
		`SET client_min_messages = warning`,
		`CREATE TABLE IF NOT EXISTS template (hash text PRIMARY KEY)`,
		`CREATE TABLE IF NOT EXISTS lendable (
			number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			hash   text NOT NULL,   -- of the template; '' for none
			clean  boolean NOT NULL)`,
	} {
		if _, err := c.keeper.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if _, err := c.keeper.Exec(ctx, `SELECT pg_advisory_lock_shared($1, hashtext($2))`, lockTemplate, hash); err != nil {
		return err
	}
	if err := c.dropStale(ctx, hash); err != nil {
		return fmt.Errorf("databases of other migrations cannot be dropped: %w", err)
	}
	var exists bool
	if err := c.keeper.QueryRow(ctx, `SELECT EXISTS (SELECT FROM template WHERE hash = $1)`, hash).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if err := c.makeTemplate(ctx, template{hash: hash}.name()); err != nil {
			return fmt.Errorf("the migrations failed: %w", err)
		}
		if _, err := c.keeper.Exec(ctx, `INSERT INTO template VALUES ($1)`, hash); err != nil {
			return err
		}
	}
	c.template, err = c.readTemplate(ctx, hash)
	return err
}

// dropStale drops the templates of other migrations with their copies, and databases
// without a schema, unless another process uses them.
func (c *cluster) dropStale(ctx context.Context, current string) error {
	hashes, err := collect[string](ctx, c.keeper, `SELECT hash FROM template WHERE hash <> $1`, current)
	if err != nil {
		return err
	}
	for _, hash := range append(hashes, "") {
		var free bool
		if err := c.keeper.QueryRow(ctx, `SELECT $2 = '' OR pg_try_advisory_lock($1, hashtext($2))`, lockTemplate, hash).Scan(&free); err != nil {
			return err
		}
		if !free {
			continue
		}
		if err := c.dropAll(ctx, hash); err != nil {
			return err
		}
		if hash == "" {
			continue
		}
		if _, err := c.keeper.Exec(ctx, `DROP DATABASE IF EXISTS `+template{hash: hash}.name()+` WITH (FORCE)`); err != nil {
			return err
		}
		if _, err := c.keeper.Exec(ctx, `DELETE FROM template WHERE hash = $1`, hash); err != nil {
			return err
		}
		if _, err := c.keeper.Exec(ctx, `SELECT pg_advisory_unlock($1, hashtext($2))`, lockTemplate, hash); err != nil {
			return err
		}
	}
	return nil
}

// dropAll drops a hash's databases that nobody has.
func (c *cluster) dropAll(ctx context.Context, hash string) error {
	numbers, err := collect[int32](ctx, c.keeper, `SELECT number FROM lendable WHERE hash = $1`, hash)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		free, err := c.tryLock(ctx, number)
		if err != nil {
			return err
		}
		if !free {
			continue
		}
		if err := c.drop(ctx, lent{number, nameOf(number)}); err != nil {
			return err
		}
	}
	return nil
}

// lend gives a database like the template: a clean one, or one that a killed process
// left, or a new one.
func (c *cluster) lend(ctx context.Context) (lent, error) {
	for {
		d, clean, err := c.claim(ctx)
		if err != nil {
			return lent{}, err
		}
		if d == (lent{}) {
			return c.create(ctx, c.template.hash, c.template.name())
		}
		if clean {
			return d, nil
		}
		if good, err := c.reset(ctx, d); err == nil && good {
			return d, nil
		}
		if err := c.drop(ctx, d); err != nil {
			return lent{}, err
		}
	}
}

// claim locks a database of the pool that nobody has, and marks it used; an empty
// lent says that there is none.
func (c *cluster) claim(ctx context.Context) (d lent, clean bool, err error) {
	c.keeping.Lock()
	defer c.keeping.Unlock()
	rows, err := c.keeper.Query(ctx, `SELECT number FROM lendable WHERE hash = $1 ORDER BY clean DESC, number`, c.template.hash)
	if err != nil {
		return d, false, err
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		return d, false, err
	}
	for _, number := range numbers {
		if free, err := c.tryLock(ctx, number); err != nil {
			return d, false, err
		} else if !free {
			continue
		}
		// Only now, with the lock, is its row believed: it may be gone.
		err := c.keeper.QueryRow(ctx, `
			UPDATE lendable l SET clean = false FROM lendable before
			WHERE l.number = $1 AND before.number = $1 RETURNING before.clean`, number).Scan(&clean)
		if errors.Is(err, pgx.ErrNoRows) {
			if err := c.unlock(ctx, number); err != nil {
				return d, false, err
			}
			continue
		}
		return lent{number, nameOf(number)}, clean, err
	}
	return d, false, nil
}

// create makes a database, which is the caller's.
func (c *cluster) create(ctx context.Context, hash, from string) (d lent, err error) {
	// The row is locked before others see it.
	c.keeping.Lock()
	err = pgx.BeginFunc(ctx, c.keeper, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `INSERT INTO lendable (hash, clean) VALUES ($1, false) RETURNING number`, hash).Scan(&d.number); err != nil {
			return err
		}
		_, err := c.tryLock(ctx, d.number) // free: nobody else sees the row
		return err
	})
	if err != nil && c.taken[d.number] {
		_ = c.unlock(context.WithoutCancel(ctx), d.number)
	}
	c.keeping.Unlock()
	if err != nil {
		return lent{}, err
	}
	d.name = nameOf(d.number)
	err = c.byTheWay(ctx, `DROP DATABASE IF EXISTS `+d.name+` WITH (FORCE)`, `CREATE DATABASE `+d.name+` TEMPLATE `+from)
	if err != nil {
		return lent{}, errors.Join(err, c.drop(context.WithoutCancel(ctx), d))
	}
	return d, nil
}

// takeBack empties a database for the next test, or drops it where its schema is no
// longer the template's.
func (c *cluster) takeBack(ctx context.Context, d lent) error {
	good, err := c.reset(ctx, d)
	if err != nil || !good {
		return errors.Join(err, c.drop(ctx, d))
	}
	return c.keep(ctx, `UPDATE lendable SET clean = true WHERE number = $1`, d)
}

// drop removes a database that this process has.
func (c *cluster) drop(ctx context.Context, d lent) error {
	if err := c.byTheWay(ctx, `DROP DATABASE IF EXISTS `+d.name+` WITH (FORCE)`); err != nil {
		return err
	}
	return c.keep(ctx, `DELETE FROM lendable WHERE number = $1`, d)
}

// keep runs a statement on a database's row and gives up its lock.
func (c *cluster) keep(ctx context.Context, sql string, d lent) error {
	c.keeping.Lock()
	defer c.keeping.Unlock()
	if _, err := c.keeper.Exec(ctx, sql, d.number); err != nil {
		return err
	}
	return c.unlock(ctx, d.number)
}

// tryLock locks a database against other processes and other tests of this one: to
// Postgres all of them are the keeper, who may take his own lock again. The caller
// has the keeper.
func (c *cluster) tryLock(ctx context.Context, number int32) (free bool, err error) {
	if c.taken[number] {
		return false, nil
	}
	err = c.keeper.QueryRow(ctx, `SELECT pg_try_advisory_lock($1, $2)`, lockDatabase, number).Scan(&free)
	if free {
		c.taken[number] = true
	}
	return free, err
}

// unlock is tryLock's opposite.
func (c *cluster) unlock(ctx context.Context, number int32) error {
	_, err := c.keeper.Exec(ctx, `SELECT pg_advisory_unlock($1, $2)`, lockDatabase, number)
	delete(c.taken, number)
	return err
}

// byTheWay runs what takes long on a connection of its own, so that other tests of
// this process need not wait for the keeper.
func (c *cluster) byTheWay(ctx context.Context, statements ...string) error {
	conn, err := c.connect(ctx, "postgres")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// reset brings a used database back to the template's rows, if its schema is still
// the template's.
func (c *cluster) reset(ctx context.Context, d lent) (good bool, err error) {
	conn, err := c.connect(ctx, d.name)
	if err != nil {
		return false, err
	}
	good, err = c.resetBy(ctx, conn)
	if closeErr := conn.Close(ctx); err == nil {
		err = closeErr
	}
	if err != nil || !good {
		return false, err
	}
	// The server's side of the connection ends a moment later: the next test shall
	// find nobody but itself.
	return true, poll(ctx, func() (bool, error) {
		c.keeping.Lock()
		defer c.keeping.Unlock()
		var alone bool
		err := c.keeper.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)`, d.name).Scan(&alone)
		return alone, err
	})
}

func (c *cluster) resetBy(ctx context.Context, conn *pgx.Conn) (good bool, err error) {
	if err := cutOff(ctx, conn); err != nil {
		return false, err
	}
	schema, err := schemaOf(ctx, conn)
	if err != nil || schema != c.template.schema {
		return false, err
	}
	used, err := c.usedTables(ctx, conn)
	if err != nil {
		return false, err
	}
	return true, pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return c.template.restore(ctx, tx, used) })
}

// cutOff ends all other connections to the database: forgotten ones, and those that
// a pool is still closing.
func cutOff(ctx context.Context, conn *pgx.Conn) error {
	return poll(ctx, func() (bool, error) {
		var others int
		err := conn.QueryRow(ctx, `
			SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&others)
		return others == 0, err
	})
}

// poll asks again until the answer is yes.
func poll(ctx context.Context, ask func() (bool, error)) error {
	for {
		if done, err := ask(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// usedTables are those whose file is not empty: TRUNCATE makes new files for a table
// and each of its indexes, which is the dearest part of a reset.
func (c *cluster) usedTables(ctx context.Context, conn *pgx.Conn) ([]table, error) {
	if len(c.template.tables) == 0 {
		return nil, nil
	}
	var sizes []string
	for _, t := range c.template.tables {
		sizes = append(sizes, `pg_relation_size('`+strings.ReplaceAll(t.name, `'`, `''`)+`')`)
	}
	var size []int64
	if err := conn.QueryRow(ctx, `SELECT ARRAY[`+strings.Join(sizes, ", ")+`]`).Scan(&size); err != nil {
		return nil, err
	}
	var used []table
	for i, t := range c.template.tables {
		if size[i] > 0 || len(t.rows) > 0 {
			used = append(used, t)
		}
	}
	return used, nil
}

// restore puts the template's rows and sequences into the tables, and forgets the
// planner's statistics: plans of one test must not depend on another's rows.
func (t template) restore(ctx context.Context, tx pgx.Tx, used []table) error {
	// Neither triggers nor foreign keys look at what is put back.
	sql := `SET LOCAL session_replication_role = replica; DELETE FROM pg_statistic WHERE starelid > 16383; DELETE FROM pg_largeobject_metadata; DELETE FROM pg_largeobject`
	if len(used) > 0 {
		names := make([]string, 0, len(used))
		for _, table := range used {
			names = append(names, table.name)
		}
		sql += `; TRUNCATE ` + strings.Join(names, ", ") + ` CASCADE`
	}
	if t.setval != "" {
		sql += `; ` + t.setval
	}
	if _, err := tx.Exec(ctx, sql); err != nil {
		return err
	}
	for _, table := range used {
		if len(table.rows) == 0 {
			continue
		}
		if _, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(table.rows), `COPY `+table.name+` (`+table.columns+`) FROM STDIN`); err != nil {
			return err
		}
	}
	return nil
}

func nameOf(number int32) string { return fmt.Sprintf("test_%d", number) }

// collect gives the first column of a query's rows.
func collect[T any](ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}
