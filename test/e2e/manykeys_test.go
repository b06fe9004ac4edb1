//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/swarm"
)

// manyServices are 20 services of mixed keys, each as its text; the image is
// the probe's.
var manyServices = []struct{ name, text string }{
	{"app", "command: serve 127.0.0.1:12000 \"the application\"\nhealthcheck:\n  test: [CMD, /probe, get, \"http://127.0.0.1:12000/\"]\n  interval: 1s\n  timeout: 2s\n  retries: 5\n"},
	{"proxy", "command: [proxy, \":80\", \"http://127.0.0.1:12000/\"]\ndepends_on:\n  app: {condition: service_healthy}\n"},
	{"worker", "command: [sleep]\nuser: 1000:1001\nworking_dir: /work\ngroup_add: [7]\n"},
	{"settings", "command: [sleep]\nenvironment:\n  PORT: 12000\n  DEBUG: true\n  RATIO: 1.50\n  EMPTY: \"\"\n  NOTHING:\n"},
	{"inherits", "command: [sleep]\nenvironment:\n  - FROM_THE_PAUSE\n  - SET=a=b\nenv_file: /etc/pod/app.env\n"},
	{"marked", "command: [sleep]\nlabels:\n  - colour=blue\n  - \"number=7\"\nstop_signal: SIGINT\nstop_grace_period: 3s\n"},
	{"locked", "command: [sleep]\nread_only: true\ntmpfs:\n  - /run:size=1m\ncap_drop: [ALL]\nsecurity_opt: [no-new-privileges]\n"},
	{"limited", "command: [sleep]\nmem_limit: 32m\nmemswap_limit: 48m\ncpus: 0.5\npids_limit: 50\ncpu_shares: 512\n"},
	{"deployed", "command: [sleep]\ndeploy:\n  resources:\n    limits: {cpus: \"0.25\", memory: 24M, pids: 40}\n"},
	{"bounded", "command: [sleep]\nulimits:\n  nofile: {soft: 100, hard: 200}\n  core: 0\noom_score_adj: 100\n"},
	{"stored", "command: [sleep]\nvolumes:\n  - data:/data\n  - /anonymous\n  - {type: bind, source: /usr, target: /node, read_only: true}\n"},
	{"reader", "command: [sleep]\nvolumes:\n  - type: volume\n    source: data\n    target: /data\n    read_only: true\n"},
	{"device", "command: [sleep]\ndevices: [\"/dev/null:/dev/nothing\"]\ncap_add: [NET_ADMIN]\n"},
	{"terminal", "command: [sleep]\ntty: true\nstdin_open: true\nlogging: {driver: json-file, options: {max-size: 1m}}\n"},
	{"initial", "command: [sleep]\ninit: true\npid: private\n"},
	{"alone", "command: [sleep]\nipc: private\nshm_size: 8m\nsysctls: {kernel.shm_rmid_forced: 1}\n"},
	{"once", "command: [exit, 0]\nrestart: \"no\"\nx-podlike:\n  essential: false\n"},
	{"again", "command: [sleep]\nrestart: on-failure\ndepends_on: [worker, settings]\n"},
	{"after", "command: [sleep]\ndepends_on:\n  once: {condition: service_completed_successfully}\n"},
	{"silent", "entrypoint: /probe\ncommand: sleep\nhealthcheck: {disable: true}\nconfigs:\n  - {source: /etc/pod/app.env, target: /app.env}\n"},
}

// manyLabels are the services as labels.
func manyLabels() map[string]string {
	all := map[string]string{}
	for _, s := range manyServices {
		all[s.name] = "image: " + probeImage + "\n" + s.text
	}
	return all
}

// manyFile is a Compose file with them, and what only a file may have.
func manyFile() string {
	var b strings.Builder
	b.WriteString("version: \"3.9\"\nx-image: &image " + strings.Replace(probeImage, ":", ":${TAG:-", 1) + "}\nservices:\n")
	for _, s := range manyServices {
		fmt.Fprintf(&b, "  %s:\n    image: *image\n", s.name)
		for line := range strings.Lines(s.text) {
			b.WriteString("    " + line)
		}
		switch s.name {
		case "app":
			b.WriteString("    ports: [\"12000:12000\"]\n    networks: [front]\n    container_name: app\n    build: .\n    restart: \"no\"\n")
		case "proxy":
			b.WriteString("    hostname: proxy\n    profiles: [web]\n")
		}
	}
	b.WriteString("  extended:\n    extends: {service: settings}\n    environment: {DEBUG: \"${GREETING}\"}\n")
	b.WriteString("  off:\n    image: *image\n    profiles: [debug]\n")
	b.WriteString("networks: {front: }\nvolumes: {data: }\n")
	return b.String()
}

// manyPod is the service around them.
func manyPod(t *testing.T) podSpec {
	return podSpec{
		args: []string{"--logs"},
		more: both(
			give(t, "configs", map[string]swarmFile{
				"env":  {"FROM_FILE=\"in the file\"\nSET=overridden\n", map[string]any{"source": "env", "target": "/etc/pod/app.env"}},
				"file": {manyFile(), map[string]any{"source": "file", "target": "/etc/pod/pod.yml"}},
			}),
			func(service, file map[string]any) {
				service["environment"] = map[string]string{"FROM_THE_PAUSE": "as the pause has it", "GREETING": "hello", "COMPOSE_PROFILES": "web"}
				file["volumes"] = map[string]any{"data": nil}
				service["volumes"] = append(service["volumes"].([]string), "data:/data")
			}),
	}
}

// TestComposeFile: a Compose file with 20 services of mixed keys, given as a
// Swarm config, starts; what makes no sense in a pod is ignored with a warning.
func TestComposeFile(t *testing.T) {
	t.Parallel()
	s := newSwarmSite(t)
	pod := manyPod(t)
	pod.labels = map[string]string{"pod.compose.file": "/etc/pod/pod.yml"}
	v := s.deploy(pod)
	p := v.running()
	got := map[string]container.InspectResponse{}
	for _, m := range manyServices {
		if m.name != "once" {
			got[m.name] = p.component(m.name)
		}
	}
	got["extended"] = p.component("extended")
	if _, err := s.api.ContainerInspect(t.Context(), p.name+".podlike.off"); err == nil {
		t.Error("a service runs whose profile is off")
	}

	equal(t, "what the proxy passes on", p.mustExec("worker", "get", "http://127.0.0.1:80/"), webAnswer)
	for component, want := range map[string][]string{
		"settings": {"PORT=12000", "DEBUG=true", "RATIO=1.5", "EMPTY="},
		"inherits": {"FROM_THE_PAUSE=as the pause has it", "FROM_FILE=in the file", "SET=a=b"},
		"extended": {"PORT=12000", "DEBUG=hello"},
	} {
		env := strings.Split(p.mustExec(component, "env"), "\n")
		for _, e := range want {
			if !slices.Contains(env, e) {
				t.Errorf("the environment of %s is %q, want %q in it", component, env, e)
			}
		}
	}
	equal(t, "user", got["worker"].Config.User, "1000:1001")
	equal(t, "stop signal", got["marked"].Config.StopSignal, "SIGINT")
	equal(t, "label", got["marked"].Config.Labels["number"], "7")
	equal(t, "read-only", got["locked"].HostConfig.ReadonlyRootfs, true)
	equal(t, "memory", got["limited"].HostConfig.Memory, 32<<20)
	equal(t, "memory below deploy", got["deployed"].HostConfig.Memory, 24<<20)
	equal(t, "CPUs below deploy", got["deployed"].HostConfig.NanoCPUs, 250_000_000)
	equal(t, "ulimits", len(got["bounded"].HostConfig.Ulimits), 2)
	equal(t, "volume", mountsOf(got["reader"])["/data"].Name, s.name+"_data")
	equal(t, "device", got["device"].HostConfig.Devices[0].PathInContainer, "/dev/nothing")
	equal(t, "terminal", got["terminal"].Config.Tty, true)
	equal(t, "size of /dev/shm", p.stat("alone", "/dev/shm").Total, 8<<20)
	equal(t, "the config", p.mustExec("silent", "cat", "/app.env"), "FROM_FILE=\"in the file\"\nSET=overridden\n")
	if !slices.ContainsFunc(p.processes("initial"), func(q process) bool { return q.PID == 1 && strings.Contains(q.Args[0], "init") }) {
		t.Errorf("no init in %v", p.processes("initial"))
	}

	stdout, stderr := v.logs(t.Context())
	for _, key := range []string{"ports", "networks", "container_name", "build", "hostname"} {
		n := 0
		for line := range strings.Lines(stdout + stderr) {
			if strings.Contains(line, "warning") && strings.Contains(line, "."+key+": ") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d warnings about %s, want 1:\n%s", n, key, stdout+stderr)
		}
	}
	v.remove()
	eventually(t, endWithin, p.gone)
}

// TestTypoAmongManyLabels: one wrong letter among 20 labels is named with
// label, line and the word that was meant, and nothing starts.
func TestTypoAmongManyLabels(t *testing.T) {
	t.Parallel()
	s := newSwarmSite(t)
	pod := manyPod(t)
	pod.components = manyLabels()
	pod.components["bounded"] = strings.Replace(pod.components["bounded"], "oom_score_adj", "oom_scroe_adj", 1)
	v := s.deploy(pod)
	v.wantEnd(v.ended(startWithin), swarm.TaskStateFailed, 2)
	stdout, stderr := v.logs(t.Context())
	wantLines(t, stderr, [][]string{{"pod.component.bounded", "line 6", `"oom_scroe_adj"`, `"oom_score_adj"`}})
	if n := strings.Count(stderr, "pod.component."); n != 1 {
		t.Errorf("%d labels are named, want 1:\n%s", n, stderr)
	}
	if strings.Contains(stdout, "starting") {
		t.Errorf("something was started:\n%s", stdout)
	}
}
