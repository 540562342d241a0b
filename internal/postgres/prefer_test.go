package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// A connection begins with the host where the primary was found last, under whatever
// name it has, and still knows the others.
func TestTheHostOfThePrimaryComesFirst(t *testing.T) {
	t.Parallel()
	for here, want := range map[string]string{
		"": "10.0.0.1", "10.0.0.1:5432": "10.0.0.1", "10.0.0.2:5433": "10.0.0.2", "127.0.0.1:5434": "localhost", "10.0.0.2:5434": "10.0.0.1",
	} {
		config, err := pgx.ParseConfig("postgres://u@10.0.0.1:5432,10.0.0.2:5433,localhost:5434/db?target_session_attrs=read-write&sslmode=disable")
		if err != nil {
			t.Fatal(err)
		}
		p := primary{here: here}
		if err := p.prefer(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		if config.Host != want || hosts(config) != 3 || len(config.Fallbacks) != 2 {
			t.Errorf("with %q it begins with %s, of %d hosts", here, config.Host, hosts(config))
		}
	}
}
