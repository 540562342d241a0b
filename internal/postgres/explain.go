package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Explained is what a page cost the database.
type Explained struct {
	SQL     string
	Buffers int64 // shared blocks hit and read
	Rows    int64
	Millis  float64         // of running it, without planning
	Plan    json.RawMessage // as EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) gives it
}

// Explain runs the statement of ListEvents, prepared and planned as it is there, and
// tells what it cost: for benchmarks and tests. It has no time budget.
func (s *Store) Explain(ctx context.Context, q timeline.ListQuery) (Explained, error) {
	p, err := s.planPage(ctx, &q.Filter)
	if err != nil || p != nil && p.empty && q.AsOf == nil {
		return Explained{}, err
	}
	args := pgx.NamedArgs{"limit": q.Limit + 1}
	found := Explained{SQL: selectSQL(p, listColumns, &q.Filter, q.Order, q.After, args)}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		sql, values, err := args.RewriteQuery(ctx, conn.Conn(), found.SQL, nil)
		if err != nil {
			return err
		}
		// EXPLAIN plans what it is given anew; of the plan that is kept it tells by EXECUTE.
		if _, err := conn.Exec(ctx, "PREPARE explained AS "+sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), "DEALLOCATE explained") }()
		if p == nil {
			if _, err := conn.Exec(ctx, "SET plan_cache_mode = force_custom_plan"); err != nil {
				return err
			}
			defer func() {
				_, _ = conn.Exec(context.WithoutCancel(ctx), "SET plan_cache_mode = force_generic_plan")
			}()
		}
		execute := "EXECUTE explained"
		if len(values) > 0 {
			literals := make([]string, len(values))
			for i, v := range values {
				literals[i] = literal(v)
			}
			execute += "(" + strings.Join(literals, ", ") + ")"
		}
		return conn.QueryRow(ctx, "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "+execute, pgx.QueryExecModeSimpleProtocol).Scan(&found.Plan)
	})
	if err != nil {
		return Explained{}, fmt.Errorf("%s: %w", found.SQL, err)
	}
	var told []struct {
		Plan struct {
			Hit  int64 `json:"Shared Hit Blocks"`
			Read int64 `json:"Shared Read Blocks"`
			Rows int64 `json:"Actual Rows"`
		}
		Millis float64 `json:"Execution Time"`
	}
	if err := json.Unmarshal(found.Plan, &told); err != nil || len(told) != 1 {
		return Explained{}, fmt.Errorf("the plan cannot be read: %w", err)
	}
	found.Buffers, found.Rows, found.Millis = told[0].Plan.Hit+told[0].Plan.Read, told[0].Plan.Rows, told[0].Millis
	return found, nil
}

// literal writes an argument of a page's statement as SQL.
func literal(v any) string {
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	switch v := v.(type) {
	case string:
		return quote(v)
	case []string:
		items := make([]string, len(v))
		for i, s := range v {
			items[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		}
		return quote("{" + strings.Join(items, ",") + "}")
	case []int32:
		return quote("{" + strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ","), "[]") + "}")
	}
	return fmt.Sprint(v)
}
