package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tarikh-timeline/tarikh/internal/postgres"
)

type migrateCmd struct {
	Up      migrateUpCmd      `cmd:"" help:"Bring the schema to the version that this program needs. 'api serve' does it too."`
	Version migrateVersionCmd `cmd:"" help:"Print the version that the schema is at, and the one that is needed."`
	Force   migrateForceCmd   `cmd:"" help:"State the version by hand, after repairing a failed migration."`
}

type migrateUpCmd struct{ databaseSettings }

// Run migrates.
func (c migrateUpCmd) Run(ctx context.Context, s streams) error {
	return withDatabase(ctx, c.databaseSettings, s, func(d *database) error {
		if err := postgres.Migrate(ctx, d.directURL); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s.out, "schema version %d\n", postgres.LatestVersion())
		return err
	})
}

type migrateVersionCmd struct{ databaseSettings }

// Run prints the version of the database and the one that the program needs.
func (c migrateVersionCmd) Run(ctx context.Context, s streams) error {
	return withDatabase(ctx, c.databaseSettings, s, func(d *database) error {
		version, dirty, err := postgres.SchemaVersion(ctx, d.directURL)
		if err != nil {
			return err
		}
		state := ""
		if dirty {
			state = ", which failed half-way"
		}
		_, err = fmt.Fprintf(s.out, "schema version %d%s; this program needs %d\n", version, state, postgres.LatestVersion())
		return err
	})
}

type migrateForceCmd struct {
	databaseSettings
	Version int64 `arg:"" help:"The version that the schema is really at; 0 when it is empty."`
}

// Help is shown below the command's line.
func (migrateForceCmd) Help() string {
	return "It changes no table: it writes down which migration the tables are at, so that `api migrate up` goes on after it."
}

// Run states the version.
func (c migrateForceCmd) Run(ctx context.Context, s streams) error {
	if err := postgres.CheckVersion(c.Version); err != nil { // before a database is started
		return err
	}
	return withDatabase(ctx, c.databaseSettings, s, func(d *database) error {
		if err := postgres.ForceVersion(ctx, d.directURL, c.Version); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s.out, "schema version %d\n", c.Version)
		return err
	})
}

// withDatabase checks the settings, opens the database and hands it to do.
func withDatabase(ctx context.Context, settings databaseSettings, s streams, do func(*database) error) error {
	if faults := settings.faults(); len(faults) > 0 {
		return fmt.Errorf("these settings are wrong:\n%w", errors.Join(faults...))
	}
	d, err := openDatabase(ctx, settings, slog.New(slog.NewTextHandler(s.err, nil)))
	if err != nil {
		return err
	}
	defer d.close()
	return do(d)
}
