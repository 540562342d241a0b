package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// process is a server that the benchmark started.
type process struct {
	command *exec.Cmd
	address string // http://127.0.0.1:PORT
	errors  string // file with what it says on standard error
	ended   chan struct{}
}

func (p *process) pid() int { return p.command.Process.Pid }

// stop ends it, at once where it does not end in order.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// startLimit is how long a server may take until it answers.
const startLimit = 60 * time.Second

// launch starts a server. Its standard error goes to the file, or nowhere.
func launch(command *exec.Cmd, errorsTo string) (*process, error) {
	out, err := os.OpenFile(errorsTo, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	command.Stderr = out
	if command.Stdout == nil {
		command.Stdout = out
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, errors: errorsTo, ended: make(chan struct{})}
	go func() {
		_ = command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// lastWords gives what a server said before it ended.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.errors)
	if err != nil || len(text) == 0 {
		return "it said nothing"
	}
	words := strings.Join(strings.Fields(string(text)), " ")
	return words[max(0, len(words)-400):]
}

// waitUntil asks a path again and again until it is answered with 200.
func (p *process) waitUntil(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		if _, _, err := get(ctx, p.address+path, nil); err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it ended: %s", p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %s", p.lastWords())
		case <-time.After(time.Millisecond):
		}
	}
}

// client asks for what is encoded as it lies, and opens no more connections than needed.
var client = &http.Client{Transport: &http.Transport{DisableCompression: true}}

// get reads an answer whole. An answer that is none of 200 is an error.
func get(ctx context.Context, url string, headers http.Header) (body []byte, answer http.Header, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	return ask(request, headers)
}

// post posts a JSON body.
func post(ctx context.Context, url, body string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	text, _, err := ask(request, http.Header{"Content-Type": {"application/json"}})
	return text, err
}

func ask(request *http.Request, headers http.Header) ([]byte, http.Header, error) {
	for name, values := range headers {
		request.Header[name] = values
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is answered with %s: %.200s", request.URL.Path, response.Status, body)
	}
	return body, response.Header, err
}

// freePort finds a port that nobody listens at now.
func freePort(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

// serving says how the built program is to serve.
type serving struct {
	database string // address; "": its own Postgres in the folder
	folder   string
	cache    string // TARIKH_CACHE_BYTES; "": the default
	observed bool   // log and metrics on
}

var greeting = regexp.MustCompile(`serves at (http://127\.0\.0\.1:\d+)`)

// start runs the built program until it has told its address.
func (b *bench) start(ctx context.Context, s serving) (*process, error) {
	p, err := b.startWith(ctx, s, "off")
	if err != nil && strings.Contains(err.Error(), "TARIKH_LOG") {
		p, err = b.startWith(ctx, s, "json") // it has no such setting yet; the log goes nowhere
	}
	return p, err
}

func (b *bench) startWith(ctx context.Context, s serving, quiet string) (*process, error) {
	command := exec.CommandContext(context.WithoutCancel(ctx), b.program)
	command.Env = append(os.Environ(), "TARIKH_LISTEN=127.0.0.1:0", "TARIKH_SEED=none", "DATABASE_URL="+s.database, "TARIKH_DATA_DIR="+s.folder)
	if s.cache != "" {
		command.Env = append(command.Env, "TARIKH_CACHE_BYTES="+s.cache)
	}
	if s.observed {
		command.Env = append(command.Env, "TARIKH_LOG=json", "TARIKH_OPS_LISTEN=127.0.0.1:0")
	} else {
		command.Env = append(command.Env, "TARIKH_LOG="+quiet, "TARIKH_OPS_LISTEN=off")
	}
	return b.greeted(ctx, command)
}

// greeted starts a server and reads its address from what it prints.
func (b *bench) greeted(ctx context.Context, command *exec.Cmd) (*process, error) {
	// Files, not pipes: nobody reads them while it is measured.
	out, err := os.CreateTemp(b.work, "api-*.out")
	if err != nil {
		return nil, err
	}
	defer out.Close()
	command.Stdout = out
	p, err := launch(command, out.Name()+".log")
	if err != nil {
		return nil, err
	}
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		told, err := os.ReadFile(out.Name())
		if found := greeting.FindSubmatch(told); found != nil {
			p.address = string(found[1])
			return p, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("it does not serve: %s", p.lastWords())
		default:
		}
		if err != nil || ctx.Err() != nil || time.Since(begun) > startLimit {
			p.stop()
			return nil, fmt.Errorf("it does not serve within %s: %s", startLimit, p.lastWords())
		}
	}
}
