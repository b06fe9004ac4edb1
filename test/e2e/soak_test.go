//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	soakVariable = "PODLIKE_SOAK"
	usualSoak    = 20 * time.Second
	// mostGoroutines is more than two components need, and the client's
	// connections.
	mostGoroutines = 45
	// samples is how often the supervisor is looked at.
	samples = 200
)

// footprint is what a process needs at one moment.
type footprint struct {
	resident, anonymous int // kB
	files, threads      int
}

// TestSoak: a supervisor whose component crashes all the time, and another
// writes its lines, needs no more in the end than when it was warm. PODLIKE_SOAK
// says how long, as 15m; a leak of one piece of memory or one descriptor per
// restart shows.
func TestSoak(t *testing.T) {
	t.Parallel()
	during := usualSoak
	if text := os.Getenv(soakVariable); text != "" {
		var err error
		if during, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s=%s: %v", soakVariable, text, err)
		}
	}
	s := newSite(t)
	p := s.create(podSpec{args: []string{"--logs"}, host: roomForLogs, components: map[string]string{
		"app": probe("talk", "10ms", "0s") + keepLogs,
		"crash": probe("exit", "3") + `deploy: {restart_policy: {condition: any, delay: 100ms}}
x-podlike: {essential: false}
`,
	}})
	p.start()
	supervisor := p.component("supervisor")
	began := time.Now()
	var all []footprint
	tick := time.NewTicker(during / samples)
	defer tick.Stop()
	for range samples {
		<-tick.C
		now, err := footprintOf(supervisor.State.Pid)
		if err != nil {
			t.Fatalf("after %s: %v", time.Since(began).Round(time.Second), err)
		}
		all = append(all, now)
	}
	restarts := strings.Count(p.told(), `restarting component "crash"`)
	if least := int(during / (2 * time.Second)); restarts < least {
		t.Errorf("the component was restarted %d times only in %s", restarts, during)
	}
	t.Logf("%d restarts in %s; medians of tenths of that time:", restarts, during)
	for i := range 10 {
		t.Log(median(all[i*samples/10 : (i+1)*samples/10]))
	}
	// The first three tenths are for the heap to find its size.
	warm, last := median(all[samples*3/10:samples*4/10]), median(all[samples*9/10:])
	// The collector lets the heap swing; a leak has no bound.
	if most := warm.anonymous*23/20 + 512; last.anonymous > most {
		t.Errorf("anonymous memory grew from %d to %d kB", warm.anonymous, last.anonymous)
	}
	if last.resident > warm.resident*23/20+1024 {
		t.Errorf("resident memory grew from %d to %d kB", warm.resident, last.resident)
	}
	if last.files > warm.files+3 {
		t.Errorf("open files grew from %d to %d", warm.files, last.files)
	}
	if last.threads > warm.threads+3 {
		t.Errorf("threads grew from %d to %d", warm.threads, last.threads)
	}

	// And it was the same process all the time, which still does its work.
	equal(t, "PID of the supervisor", p.component("supervisor").State.Pid, supervisor.State.Pid)
	if n := p.goroutines(); n > mostGoroutines {
		t.Errorf("the supervisor had %d goroutines in the end, want %d at most", n, mostGoroutines)
	} else {
		t.Logf("%d goroutines in the end", n)
	}
	s.signal(p.name+".podlike.app", "SIGUSR1")
	equal(t, "code", p.wait(endWithin), 5)
	if err := whole(p.told(), "[out] app: "); err != nil {
		t.Errorf("the log is not whole: %v", err)
	}
	eventually(t, nothingLeftWithin, p.gone)
}

func (f footprint) String() string {
	return fmt.Sprintf("%d kB resident, %d kB anonymous, %d files, %d threads", f.resident, f.anonymous, f.files, f.threads)
}

// goroutines counts those of the supervisor, which it lists when it dies of
// SIGQUIT. Another takes over.
func (p *runningPod) goroutines() int {
	p.t.Helper()
	before := p.supervised()
	p.signal(p.component("supervisor").ID, "SIGQUIT")
	eventually(p.t, startWithin, func() error {
		if p.supervised() == before {
			return errors.New("no other supervisor takes over")
		}
		return nil
	})
	return len(regexp.MustCompile(`(?m)^goroutine \d+ .*\[`).FindAllString(p.told(), -1))
}

// median is that of each number.
func median(all []footprint) footprint {
	of := func(get func(footprint) int) int {
		values := make([]int, len(all))
		for i, f := range all {
			values[i] = get(f)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return footprint{
		of(func(f footprint) int { return f.resident }), of(func(f footprint) int { return f.anonymous }),
		of(func(f footprint) int { return f.files }), of(func(f footprint) int { return f.threads }),
	}
}

// footprintOf looks at a process of this machine.
func footprintOf(pid int) (footprint, error) {
	dir := fmt.Sprintf("/proc/%d", pid)
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return footprint{}, err
	}
	if !strings.HasPrefix(string(status), "Name:\tsupervisor\n") {
		return footprint{}, errors.New("the supervisor is not on this machine, or no longer there")
	}
	files, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return footprint{}, err
	}
	f := footprint{files: len(files)}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		number, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		switch name {
		case "VmRSS":
			f.resident = number
		case "RssAnon":
			f.anonymous = number
		case "Threads":
			f.threads = number
		}
	}
	return f, nil
}
