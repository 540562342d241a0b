package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// keysCmd looks after the keys of the API. They are kept as hashes: a key is shown once.
type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make a key and print it: it is shown this once."`
	List   keysListCmd   `cmd:"" help:"List the keys, without the keys themselves."`
	Revoke keysRevokeCmd `cmd:"" help:"End a key."`
}

type keysCreateCmd struct {
	databaseSettings
	Name  string `required:"" placeholder:"NAME" help:"Whose key it is; it stands in the log of revisions."`
	Scope string `enum:"read,write,admin" default:"read" placeholder:"read" help:"What it is good for: read, write (and read), or admin (all)."`
}

// Run prints the key, and nothing else, on standard output, so that a script can take
// it.
func (c keysCreateCmd) Run(ctx context.Context, s streams) error {
	name := strings.TrimSpace(c.Name)
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return errors.New("--name must be 1 to 100 printable characters, such as --name newsroom")
	}
	return withStore(ctx, c.databaseSettings, s, func(store *postgres.Store) error {
		key, err := newKey()
		if err != nil {
			return err
		}
		id, err := store.CreateKey(ctx, name, []string{c.Scope}, key)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(s.out, key); err != nil {
			return fmt.Errorf("the key could not be printed, so nobody has it (%w): end it with `api keys revoke %d`", err, id)
		}
		_, err = fmt.Fprintf(s.err, "key %d (%s) for %s; keep it, it is not shown again\n", id, c.Scope, name)
		return err
	})
}

// keyBytes are more than anyone can guess, which is why a plain hash of them is safe.
const keyBytes = 32

// newKey makes a key. Its beginning tells scanners of leaked secrets what it is.
func newKey() (string, error) {
	b := make([]byte, keyBytes)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return "tarikh_" + base64.RawURLEncoding.EncodeToString(b), nil
}

type keysListCmd struct{ databaseSettings }

// Run prints a table.
func (c keysListCmd) Run(ctx context.Context, s streams) error {
	return withStore(ctx, c.databaseSettings, s, func(store *postgres.Store) error {
		keys, err := store.Keys(ctx)
		if err != nil {
			return err
		}
		return printKeys(s.out, keys)
	})
}

func printKeys(out io.Writer, keys []postgres.APIKey) error {
	if len(keys) == 0 {
		_, err := fmt.Fprintln(out, "There are no keys. `api keys create --name NAME --scope write` makes one.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tSCOPE\tCREATED\tLAST USED\tREVOKED")
	for _, k := range keys {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, strings.Join(k.Scopes, ","), when(&k.CreatedAt), when(k.LastUsed), when(k.RevokedAt))
	}
	return table.Flush()
}

func when(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

type keysRevokeCmd struct {
	databaseSettings
	ID int64 `arg:"" help:"The key's number in the list."`
}

// Run ends a key: the next request with it is refused.
func (c keysRevokeCmd) Run(ctx context.Context, s streams) error {
	return withStore(ctx, c.databaseSettings, s, func(store *postgres.Store) error {
		name, err := store.RevokeKey(ctx, c.ID)
		var e *timeline.Error
		if errors.As(err, &e) && e.Kind == timeline.KindNotFound {
			return fmt.Errorf("there is no key %d in force; `api keys list` shows them", c.ID)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "revoked key %d of %s\n", c.ID, name)
		return err
	})
}

// withStore opens the database, brings its schema up to date, and hands the store to do.
func withStore(ctx context.Context, settings databaseSettings, s streams, do func(*postgres.Store) error) error {
	return withDatabase(ctx, settings, s, func(d *database) error {
		store, err := d.openStore(ctx, settings)
		if err != nil {
			return err
		}
		defer store.Close()
		return do(store)
	})
}
