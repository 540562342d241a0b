// Package compose holds docker-compose.yml against what the README promises of it:
// a Postgres 17 whose data outlive it, and the program beside it, seeded and
// reachable from this machine alone. No engine is needed, nothing is started.
package compose

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// Check loads a compose file, with the environment that fills its variables, as an
// engine would: unknown keys and references to nothing are errors. The error then
// tells every promise that it does not keep.
func Check(ctx context.Context, file string, environment []string) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithName("tarikh"), cli.WithEnv(environment))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return err
	}
	var faults []error
	postgres, err := project.GetService("postgres")
	faults = append(faults, err)
	api, err := project.GetService("api")
	faults = append(faults, err)
	if err := errors.Join(faults...); err != nil {
		return err
	}
	faults = append(faults, checkPostgres(postgres)...)
	faults = append(faults, checkAPI(api, filepath.Dir(file))...)
	faults = append(faults, checkDatabase(api, postgres)...)
	return errors.Join(faults...)
}

func checkPostgres(s types.ServiceConfig) []error {
	var faults []error
	// The tag, and where an operator has pinned it, the digest that it had.
	if image, digest, pinned := strings.Cut(s.Image, "@sha256:"); image != "postgres:17" || pinned && len(digest) != 64 {
		faults = append(faults, fmt.Errorf("postgres: the image is %q, not postgres:17", s.Image))
	}
	// The image puts its data there, up to version 17.
	kept := slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeVolume && v.Source != "" && v.Target == "/var/lib/postgresql/data"
	})
	if !kept {
		faults = append(faults, errors.New("postgres: no named volume holds /var/lib/postgresql/data"))
	}
	faults = append(faults, checkVariable(s, "POSTGRES_INITDB_ARGS", "--locale=C.UTF-8 -E UTF8"))
	roles := slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeBind && strings.HasSuffix(v.Source, "/deploy/postgres") && v.Target == "/docker-entrypoint-initdb.d" && v.ReadOnly
	})
	if !roles {
		faults = append(faults, errors.New("postgres: deploy/postgres, which makes the roles, is not at /docker-entrypoint-initdb.d"))
	}
	if s.HealthCheck == nil || s.HealthCheck.Disable || !strings.Contains(strings.Join(s.HealthCheck.Test, " "), "pg_isready") {
		faults = append(faults, errors.New("postgres: no health check asks pg_isready"))
	}
	if len(s.Ports) > 0 {
		faults = append(faults, errors.New("postgres: a port is published, while its password is known to all"))
	}
	return faults
}

func checkAPI(s types.ServiceConfig, root string) []error {
	var faults []error
	if s.Build == nil || filepath.Clean(s.Build.Context) != filepath.Clean(root) || s.Build.Dockerfile != "Dockerfile" {
		faults = append(faults, errors.New("api: is not built by the Dockerfile beside the compose file"))
	}
	if after := s.DependsOn["postgres"]; after.Condition != types.ServiceConditionHealthy || !after.Required {
		faults = append(faults, errors.New("api: does not wait until postgres is healthy"))
	}
	faults = append(faults, checkVariable(s, "TARIKH_LISTEN", "0.0.0.0:8080"), checkVariable(s, "TARIKH_SEED", "sahel"))
	if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.Privileged || s.User == "root" || s.User == "0" {
		faults = append(faults, errors.New("api: must run with a read-only root, without capabilities, new privileges or root"))
	}
	if !slices.Contains(s.Tmpfs, "/tmp") {
		faults = append(faults, errors.New("api: has no /tmp, where `api import` keeps what it has read"))
	}
	if len(s.Ports) != 1 || s.Ports[0].HostIP != "127.0.0.1" || s.Ports[0].Published != "8080" || s.Ports[0].Target != 8080 {
		faults = append(faults, errors.New("api: must be published at 127.0.0.1:8080 and nowhere else"))
	}
	return faults
}

// checkDatabase compares the addresses that the program is given with the database and
// the roles that Postgres makes: the one that serves is not the one that owns.
func checkDatabase(api, postgres types.ServiceConfig) []error {
	var faults []error
	for _, of := range []struct{ name, role, password string }{
		{"DATABASE_URL", "tarikh_api", "TARIKH_API_PASSWORD"},
		{"DATABASE_DIRECT_URL", "tarikh_owner", "TARIKH_OWNER_PASSWORD"},
	} {
		address, err := url.Parse(variable(api, of.name))
		if err != nil {
			faults = append(faults, fmt.Errorf("api: %s: %w", of.name, err))
			continue
		}
		password, _ := address.User.Password()
		for _, part := range []struct{ name, got, want string }{
			{"host", address.Host, "postgres:5432"},
			{"user", address.User.Username(), of.role},
			{"password", password, variable(postgres, of.password)},
			{"database", strings.TrimPrefix(address.Path, "/"), variable(postgres, "POSTGRES_DB")},
		} {
			if part.got != part.want || part.got == "" {
				faults = append(faults, fmt.Errorf("api: the %s of %s is %q, not %q", part.name, of.name, part.got, part.want))
			}
		}
	}
	return faults
}

func checkVariable(s types.ServiceConfig, name, want string) error {
	if got := variable(s, name); got != want {
		return fmt.Errorf("%s: %s is %q, not %q", s.Name, name, got, want)
	}
	return nil
}

func variable(s types.ServiceConfig, name string) string {
	if value := s.Environment[name]; value != nil {
		return *value
	}
	return ""
}
