package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/podlike/podlike/internal/logs"
	"github.com/podlike/podlike/internal/pod"
)

// execEngine is an engine that only runs commands in one container. The first
// word of a command says what it does: "ok", "fail", "hang" until the
// connection ends, or "end", which ends the container, too.
type execEngine struct {
	mu      sync.Mutex
	execs   []container.ExecOptions // that were started
	codes   []int
	ended   bool
	signals []string
}

func (e *execEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, path, _ := strings.Cut(r.URL.Path, "/v1.41/")
	var n int
	answer := func(v any) { json.NewEncoder(w).Encode(v) }
	switch {
	case path == "containers/c1/start":
		w.WriteHeader(http.StatusNoContent)
	case path == "containers/c1/kill":
		e.signals = append(e.signals, r.URL.Query().Get("signal"))
		e.ended = true
		w.WriteHeader(http.StatusNoContent)
	case path == "containers/c1/json":
		state := map[string]any{"Status": "running", "Running": true}
		if e.ended {
			state = map[string]any{"Status": "exited", "ExitCode": 9}
		}
		answer(map[string]any{"Id": "c1", "State": state, "Config": map[string]any{}})
	case path == "containers/c1/exec":
		var o container.ExecOptions
		json.NewDecoder(r.Body).Decode(&o)
		e.execs, e.codes = append(e.execs, o), append(e.codes, 0)
		answer(map[string]any{"Id": fmt.Sprint(len(e.execs) - 1)})
	case scan(path, "exec/%d/start", &n):
		io.Copy(io.Discard, r.Body) // what is unread resets the connection
		e.run(w, n)
	case scan(path, "exec/%d/json", &n):
		answer(map[string]any{"ExitCode": e.codes[n]})
	default:
		http.Error(w, "unexpected "+path, http.StatusTeapot)
	}
}

func scan(text, format string, n *int) bool {
	_, err := fmt.Sscanf(text, format, n)
	return err == nil && fmt.Sprintf(format, *n) == text
}

// run is a command's life on a connection of its own.
func (e *execEngine) run(w http.ResponseWriter, n int) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	io.WriteString(connection, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	text := strings.Join(e.execs[n].Cmd, " ") + "\n\n"
	connection.Write(append([]byte{1, 0, 0, 0, 0, 0, 0, byte(len(text))}, text...))
	switch e.execs[n].Cmd[0] {
	case "fail":
		e.codes[n] = 3
	case "end":
		e.codes[n], e.ended = 137, true
	case "hang":
		e.mu.Unlock()
		io.Copy(io.Discard, connection)
		e.mu.Lock()
	}
}

// heard is the pod's log.
type heard struct {
	mu   sync.Mutex
	text string
}

func (h *heard) say(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text += line + "\n"
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text
}

func (h *heard) Write(b []byte) (int, error) {
	h.say(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// execPod is a pod on that engine.
func execPod(t *testing.T, e *execEngine) (*Pod, *heard) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: e}
	go server.Serve(listener)
	api, err := client.NewClientWithOpts(client.WithHost("unix://"+socket), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		api.Close()
		server.Close()
	})
	log := &heard{}
	return &Pod{
		client: &Client{api: bounded{api}}, spec: pod.Spec{Options: pod.Options{Logs: true}}, attempts: newAttempts(),
		logs: logs.NewSink(log, log), say: log.say, streams: map[string]*stream{}, hooks: newHooks(),
	}, log
}

func hooked(commands ...string) (hooks []types.ServiceHook) {
	for _, c := range commands {
		hooks = append(hooks, types.ServiceHook{Command: strings.Fields(c)})
	}
	return hooks
}

// ran are the commands that were started.
func (e *execEngine) ran() (commands []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, o := range e.execs {
		commands = append(commands, strings.Join(o.Cmd, " "))
	}
	return commands
}

func TestPostStart(t *testing.T) {
	tests := []struct {
		name    string
		hooks   []types.ServiceHook
		timeout time.Duration
		ran     []string
		want    string // the error
	}{
		{"none", nil, 0, nil, ""},
		{"all in order", hooked("ok 1", "ok 2"), 0, []string{"ok 1", "ok 2"}, ""},
		{"one fails", hooked("ok 1", "fail x y", "ok 2"), 0, []string{"ok 1", "fail x y"}, `post_start hook ["fail" "x" "y"] ended with code 3: fail x y`},
		{"one takes too long", hooked("hang", "ok"), 50 * time.Millisecond, []string{"hang"}, `post_start hook ["hang"] has not ended within 50ms`},
		{"the container ends", hooked("end", "ok"), 0, []string{"end"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &execEngine{}
			p, log := execPod(t, e)
			p.hooks.made("c1", pod.Component{Name: "web", StartTimeout: tt.timeout, Service: types.ServiceConfig{PostStart: tt.hooks}})
			err := p.Start(t.Context(), "c1")
			if got := fmt.Sprint(err); err == nil && tt.want != "" || err != nil && got != tt.want {
				t.Errorf("the error is %v, want %q", err, tt.want)
			}
			if got := e.ran(); !slices.Equal(got, tt.ran) {
				t.Errorf("ran %q, want %q", got, tt.ran)
			}
			for _, command := range tt.ran {
				if !strings.Contains(log.String(), "[out] web: ") || !strings.Contains(log.String(), command) {
					t.Errorf("the output of %q is not in %q", command, log)
				}
			}
			if err := p.Start(t.Context(), "c1"); err != nil || len(e.ran()) != len(tt.ran) {
				t.Errorf("a repeated start ran %q, with the error %v", e.ran(), err)
			}
		})
	}
}

// A pod that ends does not wait for a hook; a caller that gives up is obeyed.
func TestPostStartIsGivenUp(t *testing.T) {
	for _, how := range []string{"ending", "cancelled"} {
		t.Run(how, func(t *testing.T) {
			e := &execEngine{}
			p, log := execPod(t, e)
			p.hooks.made("c1", pod.Component{Name: "web", Service: types.ServiceConfig{PostStart: hooked("hang", "ok")}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			result := make(chan error, 1)
			go func() { result <- p.Start(ctx, "c1") }()
			err := every(t.Context(), time.Millisecond, func() (bool, error) { return len(e.ran()) == 1, nil })
			if err != nil {
				t.Fatal(err)
			}
			if how == "ending" {
				p.Ending()
				p.Ending() // changes nothing
			} else {
				cancel()
			}
			err = <-result
			if ended := how == "ending"; ended != (err == nil) || ended != strings.Contains(log.String(), "because the pod ends") || !ended && !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v, said was %q", err, log)
			}
			if got := e.ran(); len(got) != 1 {
				t.Errorf("ran %q", got)
			}
		})
	}
}

func TestPreStop(t *testing.T) {
	tests := []struct {
		name  string
		hooks []types.ServiceHook
		grace time.Duration
		ended bool
		ran   []string
		said  string
	}{
		{"in order", hooked("ok 1", "ok 2"), time.Minute, false, []string{"ok 1", "ok 2"}, ""},
		{"a failure changes nothing", hooked("fail 1", "ok 2"), time.Minute, false, []string{"fail 1", "ok 2"}, `component "web": pre_stop hook ["fail" "1"] ended with code 3: fail 1`},
		{"not for ever", hooked("hang", "ok"), 3 * time.Second, false, []string{"hang"}, `component "web": pre_stop hook ["hang"] has not ended within 2s`},
		{"half is left", hooked("hang"), 2 * time.Second, false, []string{"hang"}, "has not ended within 1s"},
		{"not in what does not run", hooked("ok"), time.Minute, true, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &execEngine{ended: tt.ended}
			p, log := execPod(t, e)
			c := pod.Component{Name: "web", Service: types.ServiceConfig{PreStop: tt.hooks}}
			began := time.Now()
			if err := p.Stop(t.Context(), "c1", c, tt.grace); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > tt.grace {
				t.Errorf("took %s of %s", took, tt.grace)
			}
			if got := e.ran(); !slices.Equal(got, tt.ran) {
				t.Errorf("ran %q, want %q", got, tt.ran)
			}
			if !strings.Contains(log.String(), tt.said) {
				t.Errorf("%q is not in %q", tt.said, log)
			}
			if len(tt.ran) < len(tt.hooks) && strings.Contains(log.String(), `["ok"]`) {
				t.Errorf("said of a hook that did not run: %q", log)
			}
			if !slices.Equal(e.signals, []string{"SIGTERM"}) {
				t.Errorf("signals: %q", e.signals)
			}
			e.ended = tt.ended
			if err := p.Stop(t.Context(), "c1", c, 0); err != nil || len(e.ran()) != len(tt.ran) {
				t.Errorf("a repeated stop ran %q, with the error %v", e.ran(), err)
			}
			if !tt.ended && !slices.Equal(e.signals, []string{"SIGTERM", "SIGKILL"}) {
				t.Errorf("signals after a repeated stop: %q", e.signals)
			}
		})
	}
}

// What a hook says of how it wants to run reaches the engine.
func TestHookOptions(t *testing.T) {
	e := &execEngine{}
	p, _ := execPod(t, e)
	b, empty := "b", ""
	p.hooks.made("c1", pod.Component{Name: "web", Service: types.ServiceConfig{PostStart: []types.ServiceHook{{
		Command: []string{"ok"}, User: "1:2", Privileged: true, WorkingDir: "/d",
		Environment: types.MappingWithEquals{"B": &b, "A": &empty, "NOT": nil},
	}}}})
	if err := p.Start(t.Context(), "c1"); err != nil {
		t.Fatal(err)
	}
	o := e.execs[0]
	if o.User != "1:2" || !o.Privileged || o.WorkingDir != "/d" || !slices.Equal(o.Env, []string{"A=", "B=b"}) || o.Tty {
		t.Errorf("the options are %+v", o)
	}
}

func TestLastLine(t *testing.T) {
	long := strings.Repeat("x", 3*maxLast)
	tests := []struct {
		writes []string
		want   string
	}{
		{nil, ""},
		{[]string{"a\nb"}, "b"},
		{[]string{"a\nb\n"}, "b"},
		{[]string{"a\n", "b", "c\n", "\n", "  \n"}, "bc"},
		{[]string{"a\n\nb\r\n"}, "b"},
		{[]string{"\n\n"}, ""},
		{[]string{"a\n", long[:10], long[10:], "\n"}, long[:maxLast]},
	}
	for _, tt := range tests {
		var l lastLine
		for _, w := range tt.writes {
			if n, err := l.Write([]byte(w)); n != len(w) || err != nil {
				t.Errorf("wrote %d of %d: %v", n, len(w), err)
			}
		}
		if l.String() != tt.want {
			t.Errorf("%.40q: got %.40q, want %.40q", tt.writes, l.String(), tt.want)
		}
	}
}
