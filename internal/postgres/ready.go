package postgres

import (
	"context"
	"fmt"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

// Ready tells, part by part, whether the store can serve. Each is asked of the database
// now: whoever waits until it is ready is not told of what was well a moment ago.
func (s *Store) Ready(ctx context.Context) []timeline.Check {
	database := timeline.Check{Name: "database", OK: true, Detail: "answers"}
	schema := timeline.Check{Name: "schema", Detail: "unknown: the database does not answer"}
	revision := timeline.Check{Name: "revision", Detail: "cannot be read: the database does not answer"}
	version, dirty, err := s.appliedVersion(ctx)
	s.schema.Store(version)
	switch {
	case isUnavailable(err):
		database.OK, database.Detail = false, "does not answer"
		return []timeline.Check{database, schema, revision}
	case err != nil:
		schema.Detail = "no migration has run"
	case dirty:
		schema.Detail = fmt.Sprintf("migration %d failed half-way", version)
	case version != LatestVersion():
		schema.Detail = fmt.Sprintf("is at version %d, this program needs %d", version, LatestVersion())
	default:
		schema.OK, schema.Detail = true, fmt.Sprintf("version %d", version)
	}
	newest, _, err := s.ReadRevision(ctx)
	switch {
	case err == nil:
		revision.OK, revision.Detail = true, fmt.Sprintf("%d is the newest", newest)
	case !isUnavailable(err):
		revision.Detail = "cannot be read"
	}
	checks := []timeline.Check{database, schema, revision}
	if len(s.replicas.all) > 0 {
		checks = append(checks, s.replicas.check())
	}
	return checks
}

// appliedVersion gives the version of the schema, and whether a migration to it failed.
func (s *Store) appliedVersion(ctx context.Context) (version int64, dirty bool, err error) {
	err = s.queryRow(ctx, `SELECT version, dirty FROM schema_migrations`, nil, &version, &dirty)
	return version, dirty, err
}
