package postgres

import (
	"context"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
)

// remembered are named arguments of a statement whose text was seen before in most
// cases: pgx reads a statement through, each time, for the names in it, and those of
// pages are long.
type remembered pgx.NamedArgs

// numbered is a statement with numbered arguments, and what they are called.
type numbered struct {
	sql   string
	names []string
}

// seen keeps as many statements as the connections do.
var seen = func() *lru.Cache[string, numbered] {
	cache, err := lru.New[string, numbered](statementsMax)
	if err != nil {
		panic("postgres: " + err.Error()) // only for a size of 0
	}
	return cache
}()

// RewriteQuery makes pgx take the arguments. Its error is that of pgx.NamedArgs.
func (r remembered) RewriteQuery(ctx context.Context, conn *pgx.Conn, sql string, args []any) (string, []any, error) {
	known, there := seen.Get(sql)
	if !there {
		names := pgx.NamedArgs{}
		for name := range r {
			names[name] = name
		}
		rewritten, called, err := names.RewriteQuery(ctx, conn, sql, args)
		if err != nil {
			return "", nil, err
		}
		known.sql = rewritten
		for _, name := range called {
			text, _ := name.(string) // "" for what has no argument: NULL, as in pgx
			known.names = append(known.names, text)
		}
		seen.Add(sql, known)
	}
	values := make([]any, len(known.names))
	for i, name := range known.names {
		values[i] = r[name]
	}
	return known.sql, values, nil
}
