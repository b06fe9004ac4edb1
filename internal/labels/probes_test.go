package labels

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podlike/podlike/internal/pod"
)

func TestProbes(t *testing.T) {
	// with is a probe with the defaults of Kubernetes, but for what is said.
	with := func(p pod.Probe) *pod.Probe {
		if p.Period == 0 {
			p.Period = 10 * time.Second
		}
		if p.Timeout == 0 {
			p.Timeout = time.Second
		}
		if p.SuccessThreshold == 0 {
			p.SuccessThreshold = 1
		}
		if p.FailureThreshold == 0 {
			p.FailureThreshold = 3
		}
		return &p
	}
	ok := []pod.CodeRange{{Low: 200, High: 399}}
	tests := []struct {
		name, text string
		want       pod.Probes
	}{
		{"none", "{}", pod.Probes{}},
		{"empty", "", pod.Probes{}},
		{"defaults", "{startup: {http: {port: 80}}, liveness: {tcp: {port: '5432'}}, readiness: {grpc: {port: 50051}}}", pod.Probes{
			Startup:   with(pod.Probe{HTTP: &pod.HTTPProbe{Scheme: "http", Host: "127.0.0.1", Port: 80, Path: "/", Expect: ok}}),
			Liveness:  with(pod.Probe{TCP: &pod.TCPProbe{Host: "127.0.0.1", Port: 5432}}),
			Readiness: with(pod.Probe{GRPC: &pod.GRPCProbe{Host: "127.0.0.1", Port: 50051}}),
		}},
		{"all of http", `{startup: {http: {port: 1, host: db, path: '/a?b=c', scheme: HTTPS, headers: {Host: x.org, X-N: 5}, expect: [204, 300-302]}}}`, pod.Probes{
			Startup: with(pod.Probe{HTTP: &pod.HTTPProbe{Scheme: "https", Host: "db", Port: 1, Path: "/a?b=c",
				Headers: map[string]string{"Host": "x.org", "X-N": "5"}, Expect: []pod.CodeRange{{Low: 204, High: 204}, {Low: 300, High: 302}}}}),
		}},
		{"one code", `{liveness: {http: {port: 65535, expect: 401}}}`, pod.Probes{
			Liveness: with(pod.Probe{HTTP: &pod.HTTPProbe{Scheme: "http", Host: "127.0.0.1", Port: 65535, Path: "/", Expect: []pod.CodeRange{{Low: 401, High: 401}}}}),
		}},
		{"service and times", `{liveness: {grpc: {port: 1, host: "::1", service: a.B}, initial_delay: 1m, period: 500ms, timeout: 3s, success_threshold: 2, failure_threshold: 7}}`, pod.Probes{
			Liveness: &pod.Probe{GRPC: &pod.GRPCProbe{Host: "::1", Port: 1, Service: "a.B"}, InitialDelay: time.Minute,
				Period: 500 * time.Millisecond, Timeout: 3 * time.Second, SuccessThreshold: 2, FailureThreshold: 7},
		}},
		{"commands", `{liveness: {exec: {command: [check, 5]}}, readiness: {exec: {command: 'check "a b"'}}}`, pod.Probes{
			Liveness: with(pod.Probe{Exec: []string{"check", "5"}}), Readiness: with(pod.Probe{Exec: []string{"check", "a b"}}),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, warnings := parseOne(t, "image: x\nx-podlike:\n  probes: "+tt.text)
			if diff := cmp.Diff(tt.want, c.Probes); diff != "" || len(warnings) > 0 {
				t.Errorf("warnings %q, probes (-want +got):\n%s", warnings, diff)
			}
		})
	}
}

// A component without probes has the hash that it had before there were any.
func TestProbesAndTheHash(t *testing.T) {
	plain, _ := parseOne(t, "image: x")
	probed, _ := parseOne(t, "image: x\nx-podlike: {probes: {liveness: {tcp: {port: 1}}}}")
	if got := SpecHash(plain); got != "74c0ff6586749e01" {
		t.Errorf("the hash of a component without probes changed to %s: running pods would not be adopted", got)
	}
	if SpecHash(plain) == SpecHash(probed) {
		t.Error("a probe does not change the hash")
	}
}

// Each text is that of x-podlike.probes, which begins in line 4.
func TestMistakesOfProbes(t *testing.T) {
	const at, path = "pod.component.web, line ", "x-podlike.probes."
	one := "exactly one of exec, grpc, http, tcp; "
	tests := []struct {
		name, text string
		want       []string
	}{
		{"kind", "    livness: {tcp: {port: 1}}", []string{at + `4: unknown key "livness" in x-podlike.probes; did you mean "liveness"?`}},
		{"key", "    liveness:\n      tcp: {port: 1}\n      periode: 5s", []string{at + `6: unknown key "periode" in x-podlike.probes.liveness; did you mean "period"?`}},
		{"key of a handler", "    liveness:\n      http:\n        port: 1\n        pth: /", []string{at + `7: unknown key "pth" in x-podlike.probes.liveness.http; did you mean "path"?`}},
		{"list", "    [a]", []string{at + "3: x-podlike.probes must be a mapping, not a list"}},
		{"text", "    liveness: curl", []string{at + "4: " + path + "liveness must be a mapping, not a string"}},
		{"nothing", "    liveness:", []string{at + "4: " + path + "liveness needs " + one + "none is there"}},
		{"no handler", "    startup: {period: 5s}", []string{at + "4: " + path + "startup needs " + one + "none is there"}},
		{"two handlers", "    startup: {tcp: {port: 1}, http: {port: 1}}", []string{at + "4: " + path + "startup needs " + one + "here are http and tcp"}},
		{"no port", "    startup: {http: {path: /}}\n    liveness: {tcp: }\n    readiness: {grpc: {port: }}", []string{
			at + `4: ` + path + `startup.http needs the key "port"`, at + `5: ` + path + `liveness.tcp needs the key "port"`,
			at + `6: ` + path + `readiness.grpc needs the key "port"`}},
		{"ports", "    startup: {http: {port: 0}}\n    liveness: {tcp: {port: 65536}}\n    readiness: {grpc: {port: http}}", []string{
			at + "4: " + path + "startup.http.port must be a port from 1 to 65535", at + "5: " + path + "liveness.tcp.port must be a port from 1 to 65535",
			at + `6: ` + path + `readiness.grpc.port must be a whole number, not "http"`}},
		{"http", "    startup:\n      http:\n        port: 1\n        scheme: ftp\n        path: a\n        headers:\n          'a b': c\n          d: [e]\n        expect: often", []string{
			at + `7: ` + path + `startup.http.scheme must be http or https, not "ftp"`, at + `8: ` + path + `startup.http.path must begin with a slash, unlike "a"`,
			at + `10: ` + path + `startup.http.headers.a b is no name for a header`, at + `11: ` + path + `startup.http.headers.d must be a string, not a list`,
			at + `12: ` + path + `startup.http.expect must be an HTTP status like 204, or a range like 200-399`}},
		{"expect", "    startup: {http: {port: 1, expect: [200, 600, 300-200]}}\n    liveness: {http: {port: 1, expect: []}}", []string{
			at + `4: ` + path + `startup.http.expect[1] must be an HTTP status like 204, or a range like 200-399`,
			at + `4: ` + path + `startup.http.expect[2] is a range that ends before it begins: 300-200`, at + `5: ` + path + `liveness.http.expect must not be empty`}},
		{"times", "    liveness:\n      tcp: {port: 1}\n      period: 5\n      timeout: 0s\n      initial_delay: -1s\n      failure_threshold: 0\n      success_threshold: x", []string{
			at + `6: ` + path + `liveness.period must be a duration like 10s: a bare number has no unit, write 5s`, at + `7: ` + path + `liveness.timeout must be 1ms or more`,
			at + `8: ` + path + `liveness.initial_delay must not be negative, as -1s is`, at + `9: ` + path + `liveness.failure_threshold must be 1 or more`,
			at + `10: ` + path + `liveness.success_threshold must be a whole number, not "x"`}},
		{"too often", "    liveness: {tcp: {port: 1}, period: 1ms}", []string{at + "4: " + path + "liveness.period must be 100ms or more"}},
		{"commands", "    startup: {exec: }\n    liveness: {exec: {command: []}}\n    readiness: {exec: {command: 'a \"b'}}", []string{
			at + "4: " + path + "startup.exec.command must not be empty", at + "5: " + path + "liveness.exec.command must not be empty",
			at + "6: " + path + "readiness.exec.command has quotes or parentheses that do not match: quote the text, or write a list"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "image: x\nx-podlike:\n  probes:\n" + tt.text
			if diff := cmp.Diff(tt.want, mistakes(t, source(map[string]string{"pod.component.web": text}, nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProbesOfAnInitComponentAreIgnored(t *testing.T) {
	spec, warnings := parse(t, map[string]string{
		"pod.component.web":   "image: x",
		"pod.init.components": "- {image: x, x-podlike: {probes: {startup: {tcp: {port: 1}}}}}",
	})
	want := []string{`component "init-1": ignores probes: an init component is done when it ends`}
	if spec.Init[0].Probes != (pod.Probes{}) || !slices.Equal(warnings, want) {
		t.Errorf("probes %v, warnings %q", spec.Init[0].Probes, warnings)
	}
}
