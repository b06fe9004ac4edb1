//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/versions"
)

// podMoment is a time in a pod's life at which something goes wrong.
type podMoment struct {
	name string
	// labels and components are the pod's, beside the component "app".
	labels     func(x *cell) map[string]string
	components func(x *cell) map[string]string
	// ready waits until the pod is as far as it comes by itself, enter brings
	// it into the state.
	ready, enter func(x *cell)
	// release lets the pod go on from there. It may be dead.
	release func(x *cell)
	// goal are the components that run when it has gone on; none: it ends.
	goal []string
	// victim is the component that is killed in this state, or else "app".
	victim string
}

// drainFor is how long "app" goes on after SIGTERM; backoffFor how long
// "flaky" is not restarted. Both are longer than it takes to strike.
const (
	drainFor   = 2 * time.Second
	backoffFor = 3 * time.Second
)

// podMoments are the rows of the matrix. In each pod "app" writes its lines
// from the beginning to the end, but where init components come first.
func podMoments() []podMoment {
	return []podMoment{
		{
			name: "creating", // the image of a second component is being pulled
			components: func(x *cell) map[string]string {
				return map[string]string{"late": "image: " + x.images.ref(x.name) + "\ncommand: [sleep]\n"}
			},
			ready: func(x *cell) {
				x.pod.component("app")
				if err := x.images.asked(x.t.Context(), x.name); err != nil {
					x.t.Fatal(err)
				}
			},
			release: func(x *cell) { x.images.release(x.name) },
			goal:    []string{"app", "late"},
		},
		{
			name: "init", // an init component runs
			labels: func(*cell) map[string]string {
				return inits("prepare", probe("talk", "100ms", "0s"))
			},
			ready:   func(x *cell) { x.saysLine("[out] prepare: line 1") },
			release: func(x *cell) { x.tell("prepare", "SIGTERM") },
			goal:    []string{"app"},
			victim:  "prepare",
		},
		{
			name: "starting", // a component waits for the health of another
			components: func(*cell) map[string]string {
				return map[string]string{
					"dep":  probe("sleep") + "healthcheck: {test: [CMD, /probe, exists, /go], interval: 500ms, retries: 1000}\n",
					"late": probe("sleep") + "depends_on: {dep: {condition: service_healthy}}\n",
				}
			},
			ready: func(x *cell) {
				x.pod.component("app")
				x.pod.component("dep")
				x.saysLine(`component "late" waits`)
			},
			release: func(x *cell) {
				if _, err := x.pod.exec("dep", "touch", "/go"); err != nil {
					x.t.Log(err) // it may be dead
				}
				x.resumeChecks("dep")
			},
			goal:   []string{"app", "dep", "late"},
			victim: "dep",
		},
		{
			name: "running",
			components: func(*cell) map[string]string {
				return map[string]string{"side": probe("sleep")}
			},
			ready: func(x *cell) { x.saysLine("the pod is healthy") },
			goal:  []string{"app", "side"},
		},
		{
			name: "restarting", // a component has failed and waits for its restart
			components: func(*cell) map[string]string {
				return map[string]string{"flaky": probe("talk", "100ms", "0s") +
					fmt.Sprintf("deploy: {restart_policy: {condition: any, delay: %s}}\n", backoffFor)}
			},
			ready: func(x *cell) {
				x.saysLine("the pod is healthy")
				x.saysLine("[out] flaky: line 1")
			},
			enter: func(x *cell) {
				x.tell("flaky", "SIGUSR1")
				x.saysLine(`restarting component "flaky" in`)
			},
			goal: []string{"app", "flaky"},
		},
		{
			name: "stopping", // a component takes its time
			ready: func(x *cell) {
				x.saysLine("the pod is healthy")
				x.saysLine("[out] app: line 1") // it listens to signals now
			},
			enter: func(x *cell) {
				x.signal(x.pod.id, "SIGTERM")
				x.saysLine("[out] app: draining")
			},
		},
	}
}

// create makes the pod of a cell.
func (x *cell) create() {
	spec := podSpec{
		args:       []string{"--logs", fmt.Sprintf("--pids=%v", x.pids)},
		components: map[string]string{},
		noSocket:   true,
		grace:      30 * time.Second,
		env:        x.way.env,
		host:       x.host,
	}
	if x.at.components != nil {
		spec.components = x.at.components(x)
	}
	if x.at.labels != nil {
		spec.labels = x.at.labels(x)
	}
	spec.components["app"] = probe("talk", "50ms", drainFor.String())
	x.pod = x.site.create(spec)
}

// host gives a pause its way to the engine.
func (x *cell) host(h *container.HostConfig) {
	h.Binds = append(h.Binds, x.way.bind)
}

// resumeChecks lets an engine that was killed and lives again check a
// container's health. From 17.11 on they forgot to, before 23.0 (API 1.42),
// unless the container was paused.
func (x *cell) resumeChecks(component string) {
	if x.fault.word != "engine" || !versions.LessThan(x.api.ClientVersion(), "1.42") {
		return
	}
	name := x.pod.name + ".podlike." + component
	if err := x.api.ContainerPause(x.t.Context(), name); err != nil {
		x.t.Error(err)
	}
	if err := x.api.ContainerUnpause(x.t.Context(), name); err != nil {
		x.t.Error(err)
	}
}

// saysLine waits until the task's output has a line with this in it.
func (x *cell) saysLine(part string) {
	x.t.Helper()
	eventually(x.t, startWithin, func() error {
		told := x.pod.told()
		if strings.Contains(told, part) {
			return nil
		}
		if c, err := x.api.ContainerInspect(x.t.Context(), x.pod.id); err == nil && !c.State.Running {
			return hopeless{fmt.Errorf("the pod has ended with %d, without %q:\n%s", c.State.ExitCode, part, told)}
		}
		return fmt.Errorf("the pod did not say %q:\n%s", part, told)
	})
}

// tell sends a signal to a component, which may be dead.
func (x *cell) tell(component, signal string) {
	x.api.ContainerKill(x.t.Context(), x.pod.name+".podlike."+component, signal)
}
