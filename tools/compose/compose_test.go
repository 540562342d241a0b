package compose_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tarikh-timeline/tarikh/tools/compose"
)

const file = "../../docker-compose.yml"

func TestComposeFile(t *testing.T) {
	t.Parallel()
	for name, environment := range map[string][]string{
		"as it is":               nil,
		"with another password":  {"TARIKH_API_PASSWORD=another", "TARIKH_OWNER_PASSWORD=a-third"},
		"with an empty password": {"TARIKH_API_PASSWORD="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := compose.Check(t.Context(), path, environment); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFaultsAreFound alters the file, one promise at a time.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, replacement, want string }{
		{"another image", "image: postgres:17", "image: postgres:16", "not postgres:17"},
		{"no volume", "- tarikh-data:/var/lib/postgresql/data", "- tarikh-data:/elsewhere", "no named volume"},
		{"an anonymous volume", "- tarikh-data:/var/lib/postgresql/data", "- /var/lib/postgresql/data", "no named volume"},
		{"a volume that is not declared", "- tarikh-data:/var", "- other:/var", "undefined volume"},
		{"another locale", "--locale=C.UTF-8", "--locale=C", "POSTGRES_INITDB_ARGS"},
		{"another health check", "pg_isready", "true", "health check"},
		{"waiting for a start only", "condition: service_healthy", "condition: service_started", "healthy"},
		{"open to the network", `"127.0.0.1:8080:8080"`, `"8080:8080"`, "127.0.0.1:8080"},
		{"another port", `"127.0.0.1:8080:8080"`, `"127.0.0.1:80:8080"`, "127.0.0.1:8080"},
		{"deaf inside", "TARIKH_LISTEN: 0.0.0.0:8080", "TARIKH_LISTEN: 127.0.0.1:8080", "TARIKH_LISTEN"},
		{"not seeded", "TARIKH_SEED: sahel", "TARIKH_SEED: none", "TARIKH_SEED"},
		{"another database", "POSTGRES_DB: tarikh", "POSTGRES_DB: postgres", "database"},
		{"another password", "TARIKH_API_PASSWORD: ${TARIKH_API_PASSWORD:-tarikh}", "TARIKH_API_PASSWORD: secret", "password"},
		{"serving as the owner", "postgres://tarikh_api:", "postgres://tarikh_owner:", "user of DATABASE_URL"},
		{"without the roles", "- ./deploy/postgres:/docker-entrypoint-initdb.d:ro", "", "the roles"},
		{"an unknown key", "restart: unless-stopped", "restarts: unless-stopped", "services.postgres.restarts"},
		{"a root that can be written", "read_only: true", "read_only: false", "read-only root"},
		{"capabilities", "cap_drop: [ALL]", "cap_drop: [CHOWN]", "without capabilities"},
		{"new privileges", "no-new-privileges:true", "no-new-privileges:false", "new privileges"},
		{"as root", "read_only: true", "user: root\n    read_only: true", "or root"},
		{"nowhere to import", "tmpfs: [/tmp]", "tmpfs: [/var]", "no /tmp"},
		{"half a digest", "image: postgres:17", "image: postgres:17@sha256:0123", "not postgres:17"},
		{"no build", "build: .", "image: tarikh", "Dockerfile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(string(text), c.old) {
				t.Fatalf("the file has no %q any more: change this case", c.old)
			}
			path := filepath.Join(t.TempDir(), "docker-compose.yml")
			if err := os.WriteFile(path, []byte(strings.Replace(string(text), c.old, c.replacement, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := compose.Check(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
