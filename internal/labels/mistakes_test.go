package labels

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/podlike/podlike/internal/pod"
)

// Each text is the label pod.component.web, together with image: x.
func TestMistakesOfAComponent(t *testing.T) {
	const at = "pod.component.web, line "
	network := "the pod has one network: publish ports, and set names, hosts and networks, on the service itself"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"unknown key", "imge: x", []string{at + `2: unknown key "imge"; did you mean "image"?`}},
		{"unknown nested key", "healthcheck:\n  test: a\n  tiemout: 3s", []string{at + `4: unknown key "tiemout" in healthcheck; did you mean "timeout"?`}},
		{"unknown key in a list", "volumes:\n- /a\n- type: bind\n  src: /b\n  target: /c\n  source: /d", []string{at + `5: unknown key "src" in volumes[1]`}},
		{"nothing near", "frobnicate: 1", []string{at + `2: unknown key "frobnicate"`}},
		{"extension nearly ours", "x-podlik: {}", []string{at + `2: unknown key "x-podlik"; did you mean "x-podlike"?`}},
		{"twice", "user: a\nuser: b", []string{at + `3: the key "user" is there twice`}},
		{"bare number as time", "stop_grace_period: 10", []string{at + "2: stop_grace_period must be a duration like 10s: a bare number has no unit, write 10s"}},
		{"bare number in healthcheck", "healthcheck:\n  interval: 10", []string{at + "3: healthcheck.interval must be a duration like 10s: a bare number has no unit, write 10s"}},
		{"no time", "healthcheck: {timeout: soon}", []string{at + `2: healthcheck.timeout must be a duration like 10s or 1m30s, not "soon"`}},
		{"negative time", "stop_grace_period: -3s", []string{at + "2: stop_grace_period must not be negative, as -3s is"}},
		{"no size", "mem_limit: 12qq", []string{at + `2: mem_limit must be a size like 64m or 1g, not "12qq"`}},
		{"negative size", "mem_limit: -1", []string{at + "2: mem_limit must not be negative, as -1 is"}},
		{"no boolean", "privileged: maybe", []string{at + `2: privileged must be true or false, not "maybe"`}},
		{"no integer", "pids_limit: many", []string{at + `2: pids_limit must be a whole number, not "many"`}},
		{"no number", "cpus: lots", []string{at + `2: cpus must be a number like 1.5, not "lots"`}},
		{"not a number", "cpus: nan", []string{at + `2: cpus must be a number like 1.5, not "nan"`}},
		{"infinite", "cpus: .inf", []string{at + `2: ".inf" is not a number that Compose knows`}},
		{"range", "oom_score_adj: 5000", []string{at + "2: oom_score_adj must be 1000 or less"}},
		{"type", "healthcheck: [a]\nenvironment: A=1\ncap_add: ALL\nlogging:\n  driver: {a: b}", []string{
			at + "2: healthcheck must be a mapping, not a list",
			at + "3: environment must be a mapping or a list, not a string",
			at + "4: cap_add must be a list, not a string",
			at + "6: logging.driver must be a string, not a mapping",
		}},
		{"enum", "depends_on:\n  web:\n    condition: service_helthy", []string{
			at + `4: depends_on.web.condition must be one of service_started, service_healthy, service_completed_successfully, not "service_helthy"; did you mean "service_healthy"?`}},
		{"required", "devices: [{target: /a}]", []string{at + `2: devices[0] needs the key "source"`}},
		{"same item", "cap_add: [A, B, A]", []string{at + "2: cap_add has the same item twice, as numbers 1 and 3"}},
		{"quotes", "command: 'a \"b'", []string{at + "2: command has quotes or parentheses that do not match: quote the text, or write a list"}},
		{"only compose-go finds it", "devices: ['a:b:c:d']\ngpus: [{count: many}]", []string{
			at + "2: devices is not valid: confusing device mapping, please use long syntax: a:b:c:d",
			at + "3: gpus is not valid: invalid value \"many\", the only value allowed is 'all' or a number",
		}},
		{"ranges", "blkio_config: {weight: 99999}\nhealthcheck: {retries: -1}\nvolumes: [{type: tmpfs, target: /a, tmpfs: {mode: 70000}}]", []string{
			at + "2: blkio_config.weight must be 1000 or less", at + "3: healthcheck.retries must be 0 or more",
			at + `4: volumes[0].tmpfs.mode must be an octal mode like 0440, not "70000"`,
		}},
		{"ports", "ports: [80]\nnetworks: [a]\nnetwork_mode: host\nhostname: h\ndns: 1.1.1.1\nextra_hosts: [a:b]\nlinks: [a]", []string{
			at + "2: ports is not supported in a pod: " + network, at + "3: networks is not supported in a pod: " + network,
			at + "4: network_mode is not supported in a pod: " + network, at + "5: hostname is not supported in a pod: " + network,
			at + "6: dns is not supported in a pod: " + network, at + "7: extra_hosts is not supported in a pod: " + network,
			at + "8: links is not supported in a pod: " + network,
		}},
		{"build", "build: .", []string{at + "2: build is not supported in a pod: images are not built here: build and push it, and name it with image"}},
		{"below deploy", "deploy:\n  replicas: 3", []string{at + "3: deploy.replicas is not supported in a pod: belongs to the Swarm service: write it there, under deploy"}},
		{"namespaces", "pid: shared\nipc: 'service:wbe'", []string{
			at + `2: pid must be private, host or service:<component>, not "shared"`,
			at + `3: ipc names "wbe", which is no component; did you mean "web"?`,
		}},
		{"joins itself", "pid: 'service:web'", []string{at + "2: pid joins itself"}},
		{"only in files", "extends: {service: a}\nprofiles: [a]", []string{
			at + "2: extends has no place in a label: each label stands alone: write the keys out",
			at + "3: profiles has no place in a label: leave the label out instead",
		}},
		{"relative bind", "volumes: ['./a:/b']", []string{at + `2: volumes[0] binds the relative path "./a": a pod has no project directory on the node, write an absolute path`}},
		{"bad volume name", "volumes: ['a/b:/c']", []string{at + `2: volumes[0] has the source "a/b", which is no name for a volume; a path on the node must be absolute`}},
		{"relative target", "volumes: ['data:b']", []string{at + `2: volumes[0] must have an absolute path in the component as its target, not "b"`}},
		{"volume type", "volumes: [{type: image, source: a, target: /b}]", []string{at + `2: volumes[0] has the type "image"; a pod supports bind, volume and tmpfs`}},
		{"mounted twice", "volumes: ['data:/x']\ntmpfs: [/x]", []string{at + "2: volumes[0] mounts a second time on /x"}},
		{"healthcheck list", "healthcheck: {test: [curl, x]}", []string{at + `2: healthcheck.test must be a string, or a list that starts with "CMD", "CMD-SHELL" or "NONE", not with "curl"`}},
		{"restart", "restart: alway", []string{at + `2: restart must be one of no, always, on-failure, unless-stopped, not "alway"; did you mean "always"?`}},
		{"restart count", "restart: always:3", []string{at + `2: restart can be limited as on-failure:3 only, not as "always:3"`}},
		{"restart_policy", "deploy: {restart_policy: {condition: sometimes}}", []string{at + `2: deploy.restart_policy.condition must be one of any, none, on-failure, not "sometimes"`}},
		{"pull_policy", "pull_policy: build", []string{at + "2: pull_policy cannot be build: images are not built here: build and push it, and name it with image"}},
		{"pull_policy not ours", "pull_policy: daily", []string{at + `2: pull_policy must be one of always, missing, if_not_present, never, not "daily"`}},
		{"two limits", "cpus: 1\ndeploy: {resources: {limits: {cpus: '2'}}}", []string{at + "2: cpus says something else than deploy.resources.limits.cpus: write only one of them"}},
		{"unknown dependency", "depends_on:\n- wbe\n- other", []string{
			at + `3: depends_on names "wbe", which is no component; did you mean "web"?`, at + `4: depends_on names "other", which is no component`}},
		{"extension", "x-podlike:\n  essential: 5\n  esential: true\n  signals: [SIGTERM, SIGHUB]\n  ignore_exit_codes: [a, 256, 0]\n  start_timeout: 5", []string{
			at + `3: x-podlike.essential must be true or false, not "5"`, at + `4: unknown key "esential" in x-podlike; did you mean "essential"?`,
			at + "5: x-podlike.signals[0] cannot be SIGTERM: it stops the pod, and with it every component",
			at + `5: x-podlike.signals[1] must be one of SIGALRM, SIGCONT, SIGHUP, SIGQUIT, SIGTTIN, SIGTTOU, SIGURG, SIGUSR1, SIGUSR2, SIGWINCH; did you mean "SIGHUP"?`,
			at + "6: x-podlike.ignore_exit_codes[0] must be an exit code from 1 to 255", at + "6: x-podlike.ignore_exit_codes[1] must be an exit code from 1 to 255",
			at + "6: x-podlike.ignore_exit_codes[2] must be an exit code from 1 to 255",
			at + "7: x-podlike.start_timeout must be a duration like 10s: a bare number has no unit, write 5s",
		}},
		{"extension is a list", "x-podlike: [a]", []string{at + "2: x-podlike must be a mapping, as `essential: false`"}},
		{"relative env_file", "env_file: a.env", []string{at + `2: env_file[0] must be an absolute path inside the pause, not "a.env"`}},
		{"missing env_file", "env_file: [/a.env]", []string{at + "2: env_file[0] cannot be read from /a.env in the pause: open a.env: file does not exist"}},
		{"tag", "command: !reset []\nuser: !foo x", []string{at + "3: the tag !foo is not supported"}},
		{"once for all aliases", "x-a: &a !foo b\nuser: *a", []string{at + "2: the tag !foo is not supported"}},
		{"merge of a scalar", "environment: {<<: 5}", []string{at + "2: << merges mappings only"}},
		{"key that is no word", "environment: {[a]: 5}", []string{at + "2: a key must be a word"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := mistakes(t, source(map[string]string{"pod.component.web": "image: x\n" + tt.text}, nil))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMistakesOfLabels(t *testing.T) {
	type labels = map[string]string
	web := func(more labels) labels {
		more["pod.component.web"] = "image: x"
		return more
	}
	tests := []struct {
		name   string
		labels labels
		want   []string
	}{
		{"misspelt", web(labels{"pod.componet.app": "image: x"}), []string{`pod.componet.app: unknown label; did you mean "pod.component.app"?`}},
		{"misspelt copy", web(labels{"pod.copi.web": "/a:/b"}), []string{`pod.copi.web: unknown label; did you mean "pod.copy.web"?`}},
		{"misspelt init", web(labels{"pod.init.component": "[]"}), []string{`pod.init.component: unknown label; did you mean "pod.init.components"?`}},
		{"credentials", web(labels{"pod.registry.credentials": "logins.json"}), []string{`pod.registry.credentials: must be the absolute path of a config.json in the service's container, as /run/secrets/logins, not "logins.json"`}},
		{"misspelt grace", web(labels{"pod.stop_grace": "1s"}), []string{`pod.stop_grace: unknown label; did you mean "pod.stop_grace_period"?`}},
		{"far off", web(labels{"pod.whatever.it.is": "1s"}), []string{"pod.whatever.it.is: unknown label"}},
		{"old name", labels{"pod.container.app": "image: x"}, []string{"pod.container.app: is not read: pod.container was renamed, write pod.component.app"}},
		{"no name", labels{"pod.component": "image: x", "pod.copy.": ""}, []string{
			"pod.component: needs the name of a component, as pod.component.web", "pod.copy.: needs the name of a component, as pod.copy.web"}},
		{"bad name", labels{"pod.component.a b": "image: x", "pod.component.-a": ""}, []string{
			`pod.component.-a: "-a" is no name for a component: use letters, digits, and after the first also . _ -`,
			`pod.component.a b: "a b" is no name for a component: use letters, digits, and after the first also . _ -`}},
		{"name that leads out", labels{"pod.component.../../x": "image: x", "pod.component.a": "image: x", "pod.copy.../a": "/a:/b"}, []string{
			`pod.component.../../x: "../../x" is no name for a component: use letters, digits, and after the first also . _ -`,
			`pod.copy.../a: there is no component "../a"`}},
		{"image that is an option", labels{"pod.component.a": "image: --privileged"}, []string{
			`pod.component.a, line 1: image must be a name like nginx:1.27, not "--privileged"`}},
		{"nothing", labels{"com.example": "x"}, []string{example}},
		{"only init", labels{"pod.init.components": "- image: x"}, []string{example}},
		{"no image", labels{"pod.component.a": "", "pod.component.b": "user: x", "pod.component.c": "~"}, []string{
			"pod.component.a, line 1: the definition has no image: add a line `image: name:tag`",
			"pod.component.b, line 1: the definition has no image: add a line `image: name:tag`",
			"pod.component.c, line 1: the definition has no image: add a line `image: name:tag`"}},
		{"bad image", labels{"pod.component.a": "image: NGINX"}, []string{`pod.component.a, line 1: image must be a name like nginx:1.27, not "NGINX"`}},
		{"bad image once", labels{"pod.component.a": "image: [a]"}, []string{`pod.component.a, line 1: image must be a string, not a list`}},
		{"no mapping", labels{"pod.component.a": "nginx", "pod.component.b": "- image: x"}, []string{
			"pod.component.a, line 1: the definition must be a mapping of Compose keys, as `image: nginx`",
			"pod.component.b, line 1: the definition must be a mapping of Compose keys, as `image: nginx`"}},
		{"syntax", labels{"pod.component.a": "image: x\nuser: [a", "pod.component.b": "image: x\n\tuser: a"}, []string{
			"pod.component.a, line 2: is not valid YAML: did not find expected ',' or ']'; look at the indentation, and at quotes and brackets that are not closed",
			"pod.component.b, line 2: is not valid YAML: found a tab character that violates indentation"}},
		{"syntax on the first line", labels{"pod.component.a": "image: x: y", "pod.component.b": "image: *y", "pod.component.c": "image: x\nuser: *y"}, []string{
			"pod.component.a, line 1: is not valid YAML: mapping values are not allowed in this context; quote the value if it has a colon followed by a blank, and look at the indentation",
			"pod.component.b, line 1: is not valid YAML: unknown anchor 'y' referenced",
			"pod.component.c, line 2: is not valid YAML: unknown anchor 'y' referenced"}},
		{"syntax below", labels{"pod.component.a": "image: x\nuser: a\n b: c\nd: e\n", "pod.component.b": "image: x\n- a\nuser: b\n", "pod.component.c": "image: x\nuser: 'a\ntty: true\n"}, []string{
			"pod.component.a, line 3: is not valid YAML: mapping values are not allowed in this context; quote the value if it has a colon followed by a blank, and look at the indentation",
			"pod.component.b, line 2: is not valid YAML: did not find expected key; look at the indentation, and at quotes and brackets that are not closed",
			"pod.component.c, line 2: is not valid YAML: found unexpected end of stream"}},
		{"two documents", labels{"pod.component.a": "image: x\n---\nimage: y"}, []string{"pod.component.a, line 2: a second YAML document starts here; only one is read"}},
		{"broken component is still a name", web(labels{"pod.component.db": "[", "pod.copy.db": "/a:/b", "pod.component.c": "image: x\ndepends_on: [db]"}), []string{
			"pod.component.db, line 1: is not valid YAML: did not find expected node content; look at the indentation, and at quotes and brackets that are not closed"}},
		{"grace", web(labels{"pod.stop_grace_period": "10"}), []string{"pod.stop_grace_period: must be a duration like 10s: a bare number has no unit, write 10s"}},
		{"init in a mapping of keys", web(labels{"pod.init.components": "image: x\ncommand: a"}), []string{
			"pod.init.components, line 1: \"image\" is a key of a component, not the name of one: write a list, each component starting with `- `"}},
		{"init as text", web(labels{"pod.init.components": "busybox"}), []string{
			"pod.init.components, line 1: must be a list of components, each starting with `- `, or a mapping of names"}},
		{"inside init", web(labels{"pod.init.components": "- image: x\n- image: y\n  usr: 5\n  healthcheck: {interval: 5}\n-\n"}), []string{
			`pod.init.components, line 3: unknown key "usr" in init-2; did you mean "user"?`,
			"pod.init.components, line 4: init-2.healthcheck.interval must be a duration like 10s: a bare number has no unit, write 5s",
			"pod.init.components, line 5: init-3 has no image: add a line `image: name:tag`"}},
		{"same name", web(labels{"pod.init.components": "web: {image: x}"}), []string{
			`pod.component.web, line 1: the name "web" is also in pod.init.components: names are unique in a pod`}},
		{"reserved", web(labels{"pod.init.components": "supervisor: {image: x}"}), []string{
			`pod.init.components, line 1: the name "supervisor" is reserved for the label pod.component.supervisor`}},
		{"endless init", web(labels{"pod.init.components": "- image: x\n  restart: always"}), []string{
			"pod.init.components, line 2: init-1.restart would never let an init component end: use on-failure or leave it out"}},
		{"health of init", labels{"pod.init.components": "- image: x", "pod.component.a": "image: x\ndepends_on:\n  init-1: {condition: service_healthy}"}, []string{
			`pod.component.a, line 3: depends_on.init-1 cannot wait for the health of "init-1": an init component has ended by then`}},
		{"all at once, sorted", labels{"pod.component.b": "image: x\nfoo: 1\nbar: 1", "pod.component.a": "ports: []\nmem_limit: x", "pod.copy.c": "a"}, []string{
			"pod.component.a, line 1: ports is not supported in a pod: the pod has one network: publish ports, and set names, hosts and networks, on the service itself",
			"pod.component.a, line 1: the definition has no image: add a line `image: name:tag`",
			`pod.component.a, line 2: mem_limit must be a size like 64m or 1g, not "x"`,
			`pod.component.b, line 2: unknown key "foo"`, `pod.component.b, line 3: unknown key "bar"`,
			`pod.copy.c: there is no component "c"`, `pod.copy.c, line 1: "a" is not /source:/target or /source:/target:mode=0400,uid=1000,gid=1000`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, mistakes(t, source(tt.labels, nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	_, _, err := Parse(source(map[string]string{"pod.component.a": "imge: x", "pod.component.b": "image: x\nports: [1]"}, nil), pod.Options{})
	want := `the pod's definition has 3 mistakes:
  pod.component.a, line 1: the definition has no image: add a line ` + "`image: name:tag`" + `
  pod.component.a, line 1: unknown key "imge"; did you mean "image"?
  pod.component.b, line 2: ports is not supported in a pod: the pod has one network: publish ports, and set names, hosts and networks, on the service itself`
	if err.Error() != want {
		t.Error(err)
	}
	_, _, err = Parse(Source{}, pod.Options{})
	want = `the pod's definition has a mistake:
  no component is defined; give the service a label like this one (not below deploy):
    labels:
      pod.component.web: |
        image: nginx:1.27`
	if err.Error() != want {
		t.Error(err)
	}
}
