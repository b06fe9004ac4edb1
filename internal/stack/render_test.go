package stack

import (
	"strings"
	"testing"
)

// TestTransform holds what becomes of single settings. want must be in the
// output; never must not.
func TestTransform(t *testing.T) {
	const head = "services:\n  web:\n    image: app:1\n"
	for _, test := range []struct {
		name   string
		text   string
		change func(*Input)
		want   []string // in the output; "service/label: " asks for a part of a label
		never  []string
	}{
		{
			name: "a bare x-podlike makes a pod",
			text: head + "    x-podlike:\n",
			want: []string{"image: podlike/pause:latest\n    command: --logs", "- /var/run/docker.sock:/var/run/docker.sock:ro", "web/pod.component.app: image: app:1\n"},
		},
		{
			name:   "so does one at the top; the version is the tag",
			text:   "x-podlike: {web: }\n" + head,
			change: func(in *Input) { in.Version = "1.2.3" },
			want:   []string{"image: podlike/pause:1.2.3", "web/pod.component.app: image: app:1\n"},
		},
		{
			name:   "other images",
			text:   head + "    x-podlike: {}\n",
			change: func(in *Input) { in.PauseImage, in.SupervisorImage = "reg/pause:1", "reg/supervisor:1" },
			want:   []string{"image: reg/pause:1", "web/pod.component.supervisor: image: reg/supervisor:1\n"},
		},
		{
			name: "services without x-podlike stay as they were written",
			text: "version: '3.8'\nservices:\n  db:\n    image: db:${TAG}\n    command: $$x ${A:-b c}\n    deploy: {replicas: 2}\n    x-note: gone\n",
			want: []string{"version: \"3.8\"\nservices:\n  db:\n    image: 'db:${TAG}'\n    command: '$$x ${A:-b c}'\n    deploy:\n      replicas: 2\n"},
		},
		{
			name: "what is the application's never lands on the pause",
			text: head + `    command: serve
    entrypoint: /entry
    user: "1000"
    working_dir: /srv
    environment: {PORT: 80}
    healthcheck: {test: curl localhost, interval: 5s}
    read_only: true
    tty: true
    tmpfs: /tmp
    privileged: true
    cap_add: [NET_ADMIN]
    init: true
    stop_signal: SIGINT
    ulimits: {nofile: 10}
    mem_limit: 64m
    cpus: 0.5
    shm_size: 1m
    group_add: ["1"]
    pids_limit: 10
    restart: on-failure
    x-podlike: {}
`,
			want: []string{"web/pod.component.app: image: app:1\ncommand: serve\nentrypoint: /entry\nuser: \"1000\"\nworking_dir: /srv\nenvironment:\n  PORT: 80\nhealthcheck:\n  test: curl localhost\n  interval: 5s\nread_only: true\ntty: true\ntmpfs: /tmp\nprivileged: true\ncap_add:\n  - NET_ADMIN\ninit: true\nstop_signal: SIGINT\nulimits:\n  nofile: 10\nmem_limit: 64m\ncpus: 0.5\nshm_size: 1m\ngroup_add:\n  - \"1\"\npids_limit: 10\nrestart: on-failure\n"},
			never: []string{"\n    user:", "\n    entrypoint:", "\n    environment:", "\n    healthcheck:", "\n    read_only:", "\n    tty:", "\n    tmpfs:",
				"\n    privileged:", "\n    init:", "\n    working_dir:", "\n    mem_limit:", "\n    stop_signal:", "\n    restart:"},
		},
		{
			name:  "what is the network's is the pause's alone",
			text:  "networks: {front: }\n" + head + "    networks: [front]\n    ports: [80:80]\n    hostname: h\n    extra_hosts: [a:1.1.1.1]\n    dns: 1.1.1.1\n    sysctls: {net.core.somaxconn: 5, kernel.msgmax: 6}\n    deploy: {replicas: 2}\n    x-podlike:\n",
			want:  []string{"    networks:\n      - front\n", "    ports:\n      - 80:80\n", "    hostname: h\n", "    dns: 1.1.1.1\n", "    sysctls:\n      net.core.somaxconn: 5\n", "web/pod.component.app: image: app:1\nsysctls:\n  kernel.msgmax: 6\n"},
			never: []string{"somaxconn: 5\n      kernel.msgmax"},
		},
		{
			name: "the service's volumes are the task's and the component's",
			text: "volumes: {data: }\n" + head + "    volumes:\n      - data:/data\n      - /scratch\n      - ./conf:/conf:ro\n      - {type: tmpfs, target: /t, tmpfs: {size: 1000}}\n    x-podlike:\n",
			want: []string{"    volumes:\n      - data:/data\n      - /stack/conf:/conf:ro\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n",
				"web/pod.component.app: volumes:\n  - data:/data\n  - /scratch\n  - /stack/conf:/conf:ro\n  - type: tmpfs\n"},
		},
		{
			name: "a pod template with volumes gets the service's and the socket",
			text: "volumes: {data: }\n" + head + "    volumes: [data:/data]\n    x-podlike: {pod: {inline: {pod: {volumes: [/own:/own]}}}}\n",
			want: []string{"    volumes:\n      - /own:/own\n      - data:/data\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n"},
		},
		{
			name:  "another socket in its place stays",
			text:  head + "    x-podlike: {pod: {inline: {pod: {volumes: ['/run/proxy.sock:/var/run/docker.sock']}}}}\n",
			want:  []string{"- /run/proxy.sock:/var/run/docker.sock\n"},
			never: []string{"docker.sock:ro"},
		},
		{
			name: "a stack's volume that only a component names is mounted, too",
			text: "volumes: {logs: {name: 'l-{{.Task.ID}}'}, far: {external: true, name: real}}\n" + head + "    x-podlike: {templates: {inline: {log: {image: l, volumes: ['logs:/l', 'far:/f']}}}}\n",
			want: []string{"  far:\n    external: true\n    name: real\n", "- logs:/var/lib/podlike/volumes/logs\n", "com.github.rycus86.podlike.volume-ref: logs\n", "web/pod.component.log: - real:/f"},
		},
		{
			name:  "an external volume gets no label, which it cannot have",
			text:  "volumes: {far: {external: true, name: far}}\n" + head + "    volumes: ['far:/f']\n    x-podlike:\n",
			never: []string{"volume-ref"},
		},
		{
			name:   "the home directory in a component's bind",
			text:   head + "    volumes: ['~/x:/x']\n    x-podlike: {templates: {inline: {log: {image: l, volumes: [{type: bind, source: ~/y, target: /y}]}}}}\n",
			change: func(in *Input) { in.Environment = map[string]string{"HOME": "/home/me"} },
			want:   []string{"web/pod.component.app:   - /home/me/x:/x\n", "web/pod.component.log: source: /home/me/y\n"},
		},
		{
			name: "what only the deploy knows is no mistake here",
			text: head + "    deploy: {replicas: '${N}', resources: {limits: {memory: '${MEM}'}}}\n    ports: ['${PORT}:80']\n    stop_grace_period: ${GRACE}\n    mem_limit: ${MEM}\n    user: ${UID:?who}\n    volumes: ['${DIR}:/d']\n    x-podlike: {templates: {inline: {log: {image: '${IMAGE}', cpus: '${CPUS}'}}}}\n",
			want: []string{"      replicas: '${N}'\n", "web/pod.component.log: image: '${IMAGE}'\ncpus: '${CPUS}'\n"},
		},
		{
			name: "stop_grace_period is repeated in a label",
			text: head + "    stop_grace_period: 1m30s\n    x-podlike:\n",
			want: []string{"      pod.stop_grace_period: 1m30s\n", "    stop_grace_period: 1m30s\n", "web/pod.component.app: stop_grace_period: 1m30s\n"},
		},
		{
			name:  "labels go to both, those of the pod to the pause",
			text:  head + "    labels: [a=b, \"pod.component.x=image: x\"]\n    x-podlike:\n",
			want:  []string{"      a: b\n", "web/pod.component.x: image: x", "web/pod.component.app: labels:\n  a: b\n"},
			never: []string{"pod.component.app: |\n        pod."},
		},
		{
			name: "secrets are shared by their path",
			text: "secrets: {pw: {external: true}, key: {external: true}}\n" + head + "    secrets: [pw, {source: key, target: tls.key, mode: 0400}]\n    x-podlike:\n",
			want: []string{"      - source: key\n        target: tls.key\n        mode: 0400\n", "web/pod.component.app: secrets:\n  - source: /run/secrets/pw\n    target: /run/secrets/pw\n  - source: /run/secrets/tls.key\n    target: /run/secrets/tls.key\n"},
		},
		{
			name: "long dependencies are the component's",
			text: head + "    depends_on: {cache: {condition: service_healthy, required: false}}\n    x-podlike: {templates: {inline: {cache: {image: redis}}}}\n",
			want: []string{"web/pod.component.app: depends_on:\n  cache:\n    condition: service_healthy\n    required: false\n"},
		},
		{
			name:  "dependencies on other services are left out",
			text:  head + "    depends_on: [db]\n    x-podlike:\n  db:\n    image: db\n",
			never: []string{"depends_on"},
		},
		{
			name:   "hooks are the component's, with its paths and volumes",
			text:   "volumes: {vol: }\n" + head + "    post_start: [{command: warm}]\n    pre_stop: [{command: drain}]\n    pre_start:\n      - command: migrate\n        env_file: one.env\n      - image: other\n        volumes: ['./x:/x', 'vol:/v']\n    x-podlike: {init: {inline: {image: first}}}\n",
			change: func(in *Input) { in.ReadFile = memory{"/stack/one.env": "A=1"}.read },
			want: []string{
				"web/pod.component.app: image: app:1\npost_start:\n  - command: warm\npre_stop:\n  - command: drain\npre_start:\n  - command: migrate\n    environment:\n      A: \"1\"\n  - image: other\n    volumes:\n      - /stack/x:/x\n      - vol:/v\n",
				"web/pod.init.components: - image: first\n", "- vol:/var/lib/podlike/volumes/vol\n"},
		},
		{
			name:   "profiles are decided here",
			text:   head + "    profiles: [prod]\n    x-podlike: {templates: {inline: {debug: {image: d, profiles: [debug]}, log: {image: l, profiles: [prod]}}}}\n  tool:\n    image: t\n    profiles: [tools]\n",
			change: func(in *Input) { in.Environment = map[string]string{"COMPOSE_PROFILES": "x, prod"} },
			want:   []string{"web/pod.component.log: image: l\n"},
			never:  []string{"profiles", "pod.component.debug", "tool:"},
		},
		{
			name: "variables survive, quoted against what they may hold",
			text: head + "    environment: ['A=${A}', 'B=$$x', HOME, 'C=a: $C']\n    x-podlike: {transformer: {inline: {app: {image: '{{ .Service.Image }}-${TAG:-1}', labels: {e: '{{ .Service.Environment.A }}'}}}}}\n",
			want: []string{"web/pod.component.app: image: 'app:1-${TAG:-1}'\n", "web/pod.component.app:   A: '${A}'\n  B: '$$x'\n  HOME: '${HOME}'\n  C: 'a: $C'\n", "web/pod.component.app:   e: '${A}'\n"},
		},
		{
			name: "env_file is read, and what it says is not replaced later",
			text: head + "    env_file: [one.env, /abs/two.env]\n    environment: {A: mine}\n    x-podlike: {templates: {inline: {log: {image: l, env_file: [/in/pause, one.env]}}}}\n",
			change: func(in *Input) {
				in.ReadFile = memory{"/stack/one.env": "A=1\nB=$x\n# no\n", "/abs/two.env": "B=2\nC=a b"}.read
			},
			want:  []string{"web/pod.component.app: environment:\n  A: mine\n  B: \"2\"\n  C: a b\n", "web/pod.component.log: env_file:\n  - /in/pause\n", "web/pod.component.log: environment:\n  A: \"1\"\n  B: '$$x'\n"},
			never: []string{"one.env"},
		},
		{
			name:  "expose is for the checks only",
			text:  head + "    expose: ['80']\n    x-podlike: {templates: {inline: {log: {image: l, expose: [81]}}}}\n",
			never: []string{"expose"},
		},
		{
			name: "templates of the service come before those of the top level",
			text: "x-podlike:\n  args: {a: global, b: global, list: [3]}\n  web:\n    args: {a: top, c: top, list: [2]}\n    pod: {inline: {image: top, command: --pull}}\n    templates: {inline: {log: {image: top, user: '1'}}}\n    init: {inline: {image: second}}\n    copy: {inline: {log: /b:/b}}\n" +
				head + "    x-podlike:\n      args: {a: own, list: [1]}\n      pod: {inline: {image: own}}\n      templates: {inline: {log: {image: own, command: '{{ .Args.a }} {{ .Args.b }} {{ .Args.c }} {{ .Args.list }}'}}}\n      init: {inline: {image: first}}\n      copy: {inline: {log: [/a:/a, {/x: /y}]}}\n",
			want: []string{"    image: own\n    command: --pull\n", "web/pod.component.log: image: own\ncommand: own global top [1 2 3]\nuser: \"1\"\n", "web/pod.init.components: - image: first\n- image: second\n", "web/pod.copy.log: - /a:/a\n- /x:/y\n- /b:/b\n"},
		},
		{
			name: "top-level args reach a service whose own part has none",
			text: "x-podlike: {web: {args: {a: top}}}\n" + head + "    x-podlike: {templates: {inline: {log: {image: '{{ .Args.a }}'}}}}\n",
			want: []string{"web/pod.component.log: image: top\n"},
		},
		{
			name: "the name above a single container may be left out",
			text: head + "    x-podlike:\n      pod: {inline: {labels: {a: b}}}\n      transformer: {inline: {command: serve}}\n      init: {inline: {init: {image: i}}}\n",
			want: []string{"      a: b\n", "web/pod.component.app: command: serve\n", "web/pod.init.components: - image: i\n"},
		},
		{
			name: "the transformer names the main component, and templates add to it",
			text: head + "    x-podlike:\n      transformer: [{inline: {site: {user: '1'}}}, {inline: {other: {user: '2', tty: true}}}]\n      templates: {inline: {site: {tty: false, init: true}}}\n",
			want: []string{"web/pod.component.site: image: app:1\nuser: \"1\"\ntty: true\ninit: true\n"},
		},
		{
			name:  "null in a template keeps the service's value away",
			text:  head + "    labels: {a: b}\n    user: '7'\n    x-podlike: {pod: {inline: {pod: {labels: }}}, transformer: {inline: {app: {user: , labels: {c: d}}}}}\n",
			want:  []string{"web/pod.component.app: image: app:1\nlabels:\n  c: d\n"},
			never: []string{"a: b", "user"},
		},
		{
			name: "anchors and merge keys",
			text: "x-t: &t\n  templates: &l {inline: {log: {image: l}}}\n" + head + "    x-podlike:\n      <<: *t\n      args: {a: 1}\n  api:\n    image: api\n    x-podlike:\n      templates: [*l, {inline: {two: {image: 't'}}}]\n",
			want: []string{"web/pod.component.log: image: l\n", "api/pod.component.log: image: l\n", "api/pod.component.two: image: t\n"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			change := test.change
			if change == nil {
				change = func(*Input) {}
			}
			out, _ := render(t, test.text, change)
			for _, want := range test.want {
				place, rest, ok := strings.Cut(want, ": ")
				service, name, isLabel := strings.Cut(place, "/")
				if in := out; !ok || !isLabel || !strings.HasPrefix(name, "pod.") {
					if !strings.Contains(in, want) {
						t.Errorf("no %q in\n%s", want, in)
					}
				} else if in := label(t, out, service, name); !strings.Contains(in, rest) {
					t.Errorf("no %q in %s\n%s", rest, name, in)
				}
			}
			for _, never := range test.never {
				if strings.Contains(out, never) {
					t.Errorf("%q is in\n%s", never, out)
				}
			}
			if !strings.Contains(out, "${N}") { // has no value there either
				stackConfig(t, out)
			}
		})
	}
}

// TestLoader holds what the schema does not see, and docker/cli's loader does.
func TestLoader(t *testing.T) {
	_, _, err := tryRender(t, `services:
  web:
    image: app:1
    deploy:
      resources: {limits: {memory: 1gigabyte}}
    ports: ['80:80:80:80:80']
    x-podlike:
  db:
    image: db
    volumes: ['data:/b:c:d:e']
    command: "it's"
volumes:
  v: {external: true, driver: local}
`)
	for _, want := range []string{
		`stack.yml:4: services.web.deploy is not valid: invalid suffix: 'gigabyte'`,
		`stack.yml:6: services.web.ports.0 is not a valid value for ports: "80:80:80:80:80"`,
		`stack.yml:10: services.db.volumes is not valid: invalid spec: data:/b:c:d:e: too many colons`,
		`stack.yml:11: services.db.command is not valid: EOF found when expecting closing quote`,
		`stack.yml:13: conflicting parameters "external" and "driver" specified for volume "v"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

// TestWarnings holds what is pointed out, and not refused.
func TestWarnings(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"start-first", "    ports: [{target: 80, published: 80, mode: host}]\n    deploy: {update_config: {order: start-first}}\n    x-podlike:\n", "stack.yml:5: services.web: start-first cannot work with ports in host mode"},
		{"monitor", "    healthcheck: {test: x, interval: 10s, retries: 4}\n    deploy: {update_config: {monitor: 20s}}\n    x-podlike:\n", "stack.yml:5: services.web: the update is called good after 20s, but the health check of component app needs 40s"},
		{"pod's own check", "    x-podlike: {pod: {inline: {pod: {healthcheck: {test: curl x}}}}}\n", "stack.yml:4: services.web: this replaces the pod's own health check"},
		{"disabled check", "    x-podlike: {pod: {inline: {pod: {healthcheck: {disable: true}}}}}\n", "services.web: with its healthcheck disabled"},
		{"entrypoint", "    x-podlike: {pod: {inline: {pod: {entrypoint: /x}}}}\n", "entrypoint on the pod takes the place of its own PID 1"},
		{"user", "    x-podlike: {pod: {inline: {pod: {user: '1000'}}}}\n", "user on the pod keeps it from the engine's socket"},
		{"chain", "    stop_grace_period: 20s\n    x-podlike: {transformer: {inline: {app: {stop_grace_period: 15s, depends_on: [db]}}}, templates: {inline: {db: {image: d, stop_grace_period: 15s}}}}\n", "app, db stop one after the other, and may take 30s; the pod has 20s"},
		{"dnsrr", "    ports: ['80:80']\n    deploy: {endpoint_mode: dnsrr}\n    x-podlike:\n", "ports need `mode: host` with endpoint_mode dnsrr"},
		{"ignored keys", "    container_name: x\n    x-podlike:\n", "stack.yml:4: services.web: container_name is left out"},
		{"by hand", "    stop_grace_period: 20s\n    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n    labels: {'pod.component.a': 'image: x'}\n", "repeat it in the label pod.stop_grace_period"},
		{"the labels' own", "    x-podlike: {templates: {inline: {log: {image: l, command: 'a ; b'}}}}\n", "command ends before the unquoted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, warnings := render(t, "services:\n  web:\n    image: app:1\n"+test.text)
			if !strings.Contains(strings.Join(warnings, "\n"), test.want) {
				t.Errorf("no %q in %q", test.want, warnings)
			}
		})
	}
}

// TestVersions: all versions that docker/cli reads, and none.
func TestVersions(t *testing.T) {
	for _, v := range []string{"3", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"} {
		out, _ := render(t, "version: '"+v+"'\nx-podlike: {args: {a: 1}}\nservices:\n  web:\n    image: app:1\n    x-podlike:\n")
		if !strings.HasPrefix(out, "version: \""+v+"\"\n") {
			t.Errorf("the version %s is lost in\n%s", v, out)
		}
		stackConfig(t, out)
	}
	for _, v := range []string{"2", "2.1", "3.14", "4"} {
		_, _, err := tryRender(t, "version: '"+v+"'\nservices:\n  web:\n    image: app:1\n    x-podlike:\n")
		if err == nil || !strings.Contains(err.Error(), "stack.yml:1: the version \""+v+"\" is not one of 3.0 to 3.13") {
			t.Errorf("version %s: %v", v, err)
		}
	}
}

// TestOldWords: what YAML 1.1 takes for something else is quoted, for older
// docker CLIs.
func TestOldWords(t *testing.T) {
	out, _ := render(t, "services: {a: {image: i, environment: {A: 'no', B: 'On', C: '1:30', D: none, y: x, E: '10:80/tcp'}}}")
	for _, want := range []string{"A: \"no\"\n", "B: \"On\"\n", "C: \"1:30\"\n", "D: none\n", "\"y\": x\n", "E: 10:80/tcp\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestLoggedByLoaders: what docker/cli's loader logs about, in a stack that is
// fine for a deploy. TestMain looks for the lines.
func TestLoggedByLoaders(t *testing.T) {
	render(t, `services:
  a:
    image: 'x:${UNSET}'
    environment: [UNSET]
    volumes: ['~/x:/x', './y:/y', 'v:/v']
    links: [b]
    configs: [c]
    secrets: [s]
    x-podlike: {templates: {inline: {b: {image: 'y:${UNSET}'}}}}
networks: {n: {external: {name: real}}}
volumes: {v: {external: {name: real}}}
configs: {c: {external: {name: real}}}
secrets: {s: {external: {name: real}}}
`, func(in *Input) { in.Environment = map[string]string{"HOME": "/home/x"} })
}
