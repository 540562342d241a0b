package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tarikh-timeline/tarikh/internal/postgres"
	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

type revisionCmd struct {
	Raise revisionRaiseCmd `cmd:"" help:"Go on above all revisions that were lost with the data behind a backup."`
}

type revisionRaiseCmd struct {
	databaseSettings
	To int64 `placeholder:"N" help:"The revision to go on from, above the highest that was ever told, such as that of the metric tarikh_revision. Absent: above all that can have been taken since the backup."`
}

// Help is shown below the command's line.
func (revisionRaiseCmd) Help() string {
	return "For the time between restoring a backup and serving from it. Clients know revisions that the backup has not; were these taken once more, for other changes, clients would take old copies for new ones and miss changes. It changes no event. docs/operations.md tells the whole way."
}

// Run raises the revision.
func (c revisionRaiseCmd) Run(ctx context.Context, s streams) error {
	if c.To < 0 {
		return errors.New("--to must be a revision above the newest one")
	}
	return withStore(ctx, c.databaseSettings, s, func(store *postgres.Store) error {
		from, to, err := store.RaiseRevision(ctx, c.To, postgres.Author{Name: "api revision raise"})
		var refused *timeline.Error
		if errors.As(err, &refused) && refused.Kind == timeline.KindInvalidParameter {
			return fmt.Errorf("--to cannot be %d: %s", c.To, refused.Message)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "raised the revision from %d to %d\n", from, to)
		return err
	})
}
