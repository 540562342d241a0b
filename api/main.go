// Command api is Tarikh: it serves the event timeline, and keeps its database.
// `go run ./api` needs no argument: it serves, from a Postgres of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/tarikh-timeline/tarikh/internal/pgembed"
)

func main() {
	pgembed.MaybeRunGuard()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once; the guard looks after the database
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commands is the command line: one field a subcommand.
type commands struct {
	Serve    serveCmd    `cmd:"" default:"withargs" help:"Serve the API. This is what 'api' alone does."`
	Migrate  migrateCmd  `cmd:"" help:"Look after the database's schema."`
	Import   importCmd   `cmd:"" help:"Import a file of events, or of another data set."`
	Export   exportCmd   `cmd:"" help:"Write events to a file, in any format of the API."`
	Mappings mappingsCmd `cmd:"" help:"List the mappings that ship, or print one."`
	Keys     keysCmd     `cmd:"" help:"Make, list and revoke the keys that writers show."`
	Revision revisionCmd `cmd:"" help:"Raise the revision, after a backup was restored."`
	EDTF     edtfCmd     `cmd:"" name:"edtf" help:"Explain EDTF dates: their days, labels, and match with a window."`
	Version  versionCmd  `cmd:"" help:"Print the program's version."`
}

// streams are the program's standard input and output.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exitCode is an error that ends the program with a code and no message: the
// command has said what there was to say.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// run is the whole program but for the exit. It gives the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	var c commands
	done := -1
	parser, err := kong.New(&c,
		kong.Name("api"),
		kong.Description("Tarikh (تاريخ), the event timeline API. Without a command it serves, at http://127.0.0.1:8080, from a Postgres of its own or from DATABASE_URL."),
		kong.ExplicitGroups([]kong.Group{
			{Key: "database", Title: "Where the events are kept:"},
			{Key: "http", Title: "How they are served:"},
			{Key: "limits", Title: "What one request, one client and all together may take:"},
		}),
		kong.Writers(out, errs),
		kong.Exit(func(code int) { done = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(streams{in, out, errs}),
	)
	if err != nil {
		fmt.Fprintln(errs, "api:", err)
		return 1
	}
	command, err := parser.Parse(expressionsLast(args))
	if done >= 0 { // --help has printed
		return done
	}
	if err != nil {
		fmt.Fprintf(errs, "api: %v; type `api --help`, or `api <command> --help`, to see what can be given\n", err)
		return 1
	}
	err = command.Run()
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(errs, "api: interrupted before it was done")
		return 130
	}
	fmt.Fprintln(errs, "api:", strings.TrimSpace(err.Error()))
	return 1
}

// expressionsLast lets `api edtf -0043` be typed without a `--`: an argument of
// that command that begins with a dash and a digit is a year, not a flag.
func expressionsLast(args []string) []string {
	if len(args) == 0 || args[0] != "edtf" {
		return args
	}
	flags, expressions := []string{"edtf"}, []string{}
	for i := 1; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--":
			expressions = append(expressions, args[i+1:]...)
			i = len(args)
		case len(a) > 1 && a[0] == '-' && ('0' <= a[1] && a[1] <= '9' || a[1] == 'X' || a[1] == 'x'):
			expressions = append(expressions, a)
		case (a == "--from" || a == "--to") && i+1 < len(args):
			flags = append(flags, a+"="+args[i+1]) // the window may begin with a dash too
			i++
		case strings.HasPrefix(a, "-") && a != "-":
			flags = append(flags, a)
		default:
			expressions = append(expressions, a)
		}
	}
	return append(append(flags, "--"), expressions...)
}

type versionCmd struct{}

// Run prints the module's version, or "development" for a build of a checkout.
func (versionCmd) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, "tarikh", version())
	return err
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}
