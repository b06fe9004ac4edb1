//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
)

// goneWithin is how long a pod that was told to end may stay on its node.
const goneWithin = 10 * time.Second

// TestTwoNodes: pods on two nodes of a Swarm reach each other, move when a
// node is drained, dies or is cut off, and leave nothing there.
func TestTwoNodes(t *testing.T) {
	began := time.Now()
	w := startTwoNodes(t)
	w.took("two nodes in a Swarm", began)

	w.deployPods()
	w.reachEachOther()
	w.drain()
	w.losePowerAlone()
	w.losePowerAndReturn()
	w.cutOff()
	w.removePods()
	w.took("all", began)
}

func (w *twoNodes) took(what string, since time.Time) {
	w.t.Logf("%s: %s", what, time.Since(since).Round(100*time.Millisecond))
}

// must fails the test with an error.
func (w *twoNodes) must(_ any, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *twoNodes) stack(name, file string) {
	w.t.Helper()
	w.must(w.one.docker(w.t.Context(), file, "stack", "deploy", "--resolve-image", "never", "-c", "-", name))
}

// deployPods deploys two services: one that has a pod on each node and cannot
// have two on one, and one that can.
func (w *twoNodes) deployPods() {
	w.t.Helper()
	service := func(p podSpec, placement map[string]any) map[string]any {
		file := p.compose(w.t)["services"].(map[string]any)["pod"].(map[string]any)
		file["hostname"] = "{{.Node.Hostname}}"
		file["volumes"] = []string{"/run/docker.sock:/var/run/docker.sock:ro"}
		file["networks"] = []string{"mesh"}
		file["healthcheck"] = map[string]any{"interval": "1s"}
		file["deploy"] = map[string]any{
			"replicas": 2, "endpoint_mode": "dnsrr", "placement": placement,
			"restart_policy": map[string]any{"condition": "any", "delay": "0s"},
		}
		return file
	}
	pair := podSpec{components: map[string]string{
		"web":  probe("hostname", ":80"),
		"disk": probe("sleep") + "volumes: [/anonymous]\n",
	}}
	mover := podSpec{components: map[string]string{
		"app":  probe("sleep") + "volumes: [/anonymous]\n",
		"side": probe("sleep"),
	}}
	w.stack(stackOnNodes, toYAML(w.t, map[string]any{
		"version": "3.8",
		"services": map[string]any{
			"pair": service(pair, map[string]any{"max_replicas_per_node": 1}), "mover": service(mover, nil),
		},
		"networks": map[string]any{"mesh": map[string]any{"driver": "overlay"}},
	}))
	w.podsRun(1, 1, 1, 1)
}

// podsRun waits until so many pods of the pair and the mover run on each node.
func (w *twoNodes) podsRun(pairOne, pairTwo, moverOne, moverTwo int) {
	w.t.Helper()
	began := time.Now()
	eventually(w.t, startWithin, func() error { return w.wantPods("pair", pairOne, pairTwo) })
	eventually(w.t, startWithin, func() error { return w.wantPods("mover", moverOne, moverTwo) })
	w.took(fmt.Sprintf("pods run: pair %d+%d, mover %d+%d", pairOne, pairTwo, moverOne, moverTwo), began)
}

// reachEachOther: a component of a pod on each node gets the answers of
// components on both, by the service's name.
func (w *twoNodes) reachEachOther() {
	w.t.Helper()
	began := time.Now()
	pauses, err := w.pods(w.t.Context(), "pair")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, from := range []*node{w.one, w.two} {
		pod := w.site(from).pod(pauses[from.name][0])
		missing := map[string]bool{w.one.name: true, w.two.name: true}
		eventually(w.t, startWithin, func() error {
			answer, err := pod.exec("disk", "get", "http://pair/") // the name server gives the addresses in turn
			delete(missing, strings.TrimSpace(answer))
			if len(missing) > 0 {
				return fmt.Errorf("on %s, http://pair/ has not answered from %v: %v", from.name, missing, err)
			}
			return nil
		})
	}
	w.took("both reached both over the overlay network", began)
}

func (w *twoNodes) availability(n *node, availability swarm.NodeAvailability) {
	w.t.Helper()
	w.must(w.one.docker(w.t.Context(), "", "node", "update", "--availability", string(availability), n.name))
}

// rebalance has the mover's pods spread over the nodes again, which Swarm does
// not do by itself.
func (w *twoNodes) rebalance() {
	w.t.Helper()
	w.must(w.one.docker(w.t.Context(), "", "service", "update", "--quiet", "--force", "--detach", stackOnNodes+"_mover"))
	w.podsRun(1, 1, 1, 1)
}

// drain: the pods of a drained node move, and nothing is left there.
func (w *twoNodes) drain() {
	w.t.Helper()
	had := w.mustHold(w.two)
	began := time.Now()
	w.availability(w.two, swarm.NodeAvailabilityDrain)
	eventually(w.t, goneWithin, func() error { return w.two.isEmpty(w.t.Context(), had) })
	w.took("nothing left on the drained node", began)
	eventually(w.t, startWithin, func() error { return w.two.noPause(w.t.Context(), nil) })
	w.took("and Swarm has removed the pauses", began)
	w.podsRun(1, 0, 2, 0)
	w.took("drained", began)
}

// losePowerAlone: the pods of a dead node come up on the other. What its disk
// kept stays as long as no pod comes there, and no collector, which then
// removes it.
func (w *twoNodes) losePowerAlone() {
	w.t.Helper()
	w.availability(w.two, swarm.NodeAvailabilityActive)
	w.rebalance()
	w.deaden()
	w.scalePair(1) // so that no pod comes when the node is back
	eventually(w.t, startWithin, func() error { return w.wantPods("pair", 1, 0) })
	left, alive := w.comeBack(), w.mustHold(w.one)
	w.wantUntouched(w.two, left)

	began := time.Now()
	file, err := os.ReadFile("../../deploy/gc.yml")
	if err != nil {
		w.t.Fatal(err)
	}
	w.stack(collectorOnNodes, string(file))
	eventually(w.t, startWithin, func() error { return w.two.isEmpty(w.t.Context(), left) })
	w.took("deploy/gc.yml collected what the dead node had kept", began)
	w.wantUntouched(w.one, alive)
	w.must(w.one.docker(w.t.Context(), "", "stack", "rm", collectorOnNodes))
	w.scalePair(2)
	w.podsRun(1, 1, 2, 0)
}

func (w *twoNodes) scalePair(n int) {
	w.t.Helper()
	w.must(w.one.docker(w.t.Context(), "", "service", "scale", "--detach", fmt.Sprintf("%s_pair=%d", stackOnNodes, n)))
}

// losePowerAndReturn: where a pod comes to the node that was dead, its
// supervisor collects what is left there.
func (w *twoNodes) losePowerAndReturn() {
	w.t.Helper()
	w.deaden()
	alive := w.mustHold(w.one)
	left := w.comeBack()
	began := time.Now()
	w.podsRun(1, 1, 2, 0)
	eventually(w.t, startWithin, func() error { return w.two.stays(w.t.Context(), left) })
	w.took("the next pod's supervisor collected what the dead node had kept", began)
	w.wantUntouched(w.one, alive)
}

// deaden takes the second node's power, and waits for its pods on the first.
func (w *twoNodes) deaden() {
	w.t.Helper()
	pauses, err := w.two.pauses(w.t.Context())
	w.must(pauses, err)
	for _, c := range pauses {
		w.powerless[c.ID] = true
	}
	began := time.Now()
	if err := w.losePower(w.two); err != nil {
		w.t.Fatal(err)
	}
	eventually(w.t, startWithin, func() error { return w.wantState(w.two, swarm.NodeStateDown) })
	w.took("the Swarm misses the dead node", began)
	w.podsRun(1, 0, 2, 0)
}

// comeBack boots the second node, and returns what its disk kept.
func (w *twoNodes) comeBack() holding {
	w.t.Helper()
	began := time.Now()
	if err := w.boot(w.t.Context(), w.two); err != nil {
		w.t.Fatal(err)
	}
	left := w.mustHold(w.two)
	if len(left) == 0 {
		w.t.Error("the dead node kept nothing: there is nothing to collect")
	}
	for thing, state := range left {
		w.t.Logf("kept: %s: %s", thing, state)
	}
	eventually(w.t, startWithin, func() error { return w.wantState(w.two, swarm.NodeStateReady) })
	w.took("the dead node is back", began)
	return left
}

// cutOff: the pods of a node that is cut off run on there, and others come up
// on the other node. When the cable is in again, the first ones end.
func (w *twoNodes) cutOff() {
	w.t.Helper()
	w.rebalance()
	had := w.mustHold(w.two)
	began := time.Now()
	if err := w.cut(w.two); err != nil {
		w.t.Fatal(err)
	}
	eventually(w.t, startWithin, func() error { return w.wantState(w.two, swarm.NodeStateDown) })
	w.podsRun(1, 0, 2, 0)
	steadily(w.t, 20*time.Second-time.Since(began), func() error {
		w.wantUntouched(w.two, had)
		return nil
	})
	alive := w.mustHold(w.one)
	if err := w.heal(w.two); err != nil {
		w.t.Fatal(err)
	}
	w.took("cut off for", began)
	began = time.Now()
	eventually(w.t, startWithin, func() error { return w.wantState(w.two, swarm.NodeStateReady) })
	w.took("the node is seen again", began)
	began = time.Now()
	eventually(w.t, 2*goneWithin, func() error { return w.two.stays(w.t.Context(), had) })
	w.took("and has nothing of its former pods", began)
	w.podsRun(1, 1, 2, 0)
	w.wantUntouched(w.one, alive)
	w.reachEachOther()
}

// removePods: with the stack, everything goes from both nodes.
func (w *twoNodes) removePods() {
	w.t.Helper()
	one, two := w.mustHold(w.one), w.mustHold(w.two)
	began := time.Now()
	w.must(w.one.docker(w.t.Context(), "", "stack", "rm", stackOnNodes))
	eventually(w.t, goneWithin, func() error { return w.one.isEmpty(w.t.Context(), one) })
	eventually(w.t, goneWithin, func() error { return w.two.isEmpty(w.t.Context(), two) })
	for _, n := range []*node{w.one, w.two} {
		// Of a task that was on a node without power, Swarm's agent does not
		// always find the container again.
		eventually(w.t, startWithin, func() error { return n.noPause(w.t.Context(), w.powerless) })
	}
	w.took("nothing left after the stack's end", began)
}
