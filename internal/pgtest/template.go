package pgtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/golang-migrate/migrate/v4"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/tarikh-timeline/tarikh/migrations"
)

// template is the migrated database that others are copies of, and what is needed to
// bring a used copy back to it.
type template struct {
	hash string
	// schema is a fingerprint of everything that DDL can change.
	schema string
	tables []table
	setval string // a statement that sets every sequence
}

// table is a table of the template, with its rows in COPY's text form.
type table struct {
	name, columns string // quoted for SQL
	rows          []byte
}

// name of the template's database.
func (t template) name() string { return "template_" + t.hash }

// hashOfMigrations names a schema: other migrations make another template.
func hashOfMigrations() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.FS, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:16], err
}

// makeTemplate makes the database and migrates it. Its name needs no quotes.
func (c *cluster) makeTemplate(ctx context.Context, name string) error {
	if _, err := c.keeper.Exec(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
		return err
	}
	if _, err := c.keeper.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE template0`); err != nil {
		return err
	}
	config, err := pgx.ParseConfig(c.url(name))
	if err != nil {
		return err
	}
	files, err := iofs.New(migrations.FS, ".")
	if err != nil {
		return err
	}
	driver, err := migratepgx.WithInstance(stdlib.OpenDB(*config), &migratepgx.Config{})
	if err != nil {
		return err
	}
	m, err := migrate.NewWithInstance("iofs", files, "pgx5", driver)
	if err != nil {
		return errors.Join(err, driver.Close())
	}
	err = m.Up()
	sourceErr, databaseErr := m.Close() // a template must have no connection
	return errors.Join(err, sourceErr, databaseErr)
}

// readTemplate learns from the template what its copies must be brought back to.
func (c *cluster) readTemplate(ctx context.Context, hash string) (t template, err error) {
	t.hash = hash
	conn, err := c.connect(ctx, t.name())
	if err != nil {
		return t, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if t.schema, err = schemaOf(ctx, conn); err != nil {
		return t, err
	}
	// Generated columns cannot be copied, and make themselves.
	rows, err := conn.Query(ctx, `
		SELECT format('%I.%I', n.nspname, c.relname), (
			SELECT string_agg(format('%I', attname), ', ' ORDER BY attnum) FROM pg_attribute
			WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
		ORDER BY 1`)
	if err != nil {
		return t, err
	}
	t.tables, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (found table, err error) {
		return found, row.Scan(&found.name, &found.columns)
	})
	if err != nil {
		return t, err
	}
	for i := range t.tables {
		var out bytes.Buffer
		if _, err := conn.PgConn().CopyTo(ctx, &out, `COPY `+t.tables[i].name+` (`+t.tables[i].columns+`) TO STDOUT`); err != nil {
			return t, err
		}
		t.tables[i].rows = out.Bytes()
	}
	t.setval, err = sequencesOf(ctx, conn)
	return t, err
}

// sequencesOf gives a statement that puts every sequence where it is now.
func sequencesOf(ctx context.Context, conn *pgx.Conn) (string, error) {
	rows, err := conn.Query(ctx, `
		SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences ORDER BY 1`)
	if err != nil {
		return "", err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	var set []string
	for _, name := range names {
		var call string
		err := conn.QueryRow(ctx, `SELECT format('setval(%L, %s, %L)', $1::text, last_value, is_called) FROM `+name, name).Scan(&call)
		if err != nil {
			return "", err
		}
		set = append(set, call)
	}
	if len(set) == 0 {
		return "", nil
	}
	return `SELECT ` + strings.Join(set, ", "), nil
}

// schemaOf gives a fingerprint of the schema, and of settings of the database. A copy
// has its template's object numbers (above 16383 they are not Postgres' own), so that
// even a table dropped and made again is noticed.
func schemaOf(ctx context.Context, conn *pgx.Conn) (fingerprint string, err error) {
	err = conn.QueryRow(ctx, `
		SELECT md5(string_agg(item, E'\n' ORDER BY item)) FROM (
			SELECT concat_ws('|', 'class', oid, relname, relnamespace, relkind, relowner, relpersistence, reloptions, relacl) FROM pg_class WHERE oid > 16383
			UNION ALL SELECT concat_ws('|', 'attribute', attrelid, attnum, attname, atttypid, atttypmod, attcollation, attnotnull, attisdropped, attidentity, attgenerated, attstorage, attoptions) FROM pg_attribute WHERE attrelid > 16383
			UNION ALL SELECT concat_ws('|', 'default', adrelid, adnum, pg_get_expr(adbin, adrelid)) FROM pg_attrdef
			UNION ALL SELECT concat_ws('|', 'index', indexrelid, indisvalid, indisready) FROM pg_index WHERE indexrelid > 16383
			UNION ALL SELECT concat_ws('|', 'constraint', oid, pg_get_constraintdef(oid)) FROM pg_constraint WHERE oid > 16383
			UNION ALL SELECT concat_ws('|', 'trigger', oid, tgname, tgrelid, tgenabled) FROM pg_trigger
			UNION ALL SELECT concat_ws('|', 'function', oid, proname, pronamespace, prosrc) FROM pg_proc WHERE oid > 16383
			UNION ALL SELECT concat_ws('|', 'type', oid, typname, typnamespace) FROM pg_type WHERE oid > 16383
			UNION ALL SELECT concat_ws('|', 'schema', oid, nspname, nspowner, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
			UNION ALL SELECT concat_ws('|', 'extension', oid, extname, extversion) FROM pg_extension
			UNION ALL SELECT concat_ws('|', 'rule', oid, rulename) FROM pg_rewrite WHERE oid > 16383
			UNION ALL SELECT concat_ws('|', 'policy', oid, polname) FROM pg_policy
			UNION ALL SELECT concat_ws('|', 'setting', setrole, setconfig) FROM pg_db_role_setting
				WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
		) AS items (item)`).Scan(&fingerprint)
	return fingerprint, err
}
