//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// checked is a health check that passes as long as the component's program is
// there: `remove /probe` makes it fail, a new container has it again.
const checked = `healthcheck:
  test: [CMD, /probe, exists, /probe]
  interval: 1s
  timeout: 20s
  retries: 2
`

// TestOrder: components start as depends_on says, and stop the other way
// round: the application before the proxy, the proxy before the log shipper.
func TestOrder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.record()
	v := s.deploy(podSpec{args: []string{"--logs"}, components: map[string]string{
		"migrate": probe("exit", "0", "2s"),
		"shipper": probe("drain", "500ms"),
		"proxy":   probe("drain", "500ms") + checked + "depends_on: [shipper]\n",
		"app": probe("drain", "500ms") + `depends_on:
  migrate: {condition: service_completed_successfully}
  proxy: {condition: service_healthy}
`,
	}})
	p := v.running()
	healthy := r.wait(t, "proxy", "health_status: healthy", 1)[0]
	inOrder(t, p.startOf("shipper"), p.startOf("proxy"), moment{"the health of proxy", healthy.at}, p.startOf("app"))
	inOrder(t, p.startOf("migrate"), p.endOf("migrate"), p.startOf("app"))

	var output syncBuffer
	done := p.attach(&output, &output)
	watch := p.watchEnd()
	v.remove()
	end := watch(swarmGrace + 10*time.Second)
	equal(t, "code", end.code, "0")
	<-done
	var moments []moment
	for _, name := range []string{"app", "proxy", "shipper"} {
		asked, ended := r.wait(t, name, "kill", 1), r.wait(t, name, "die", 1)
		equal(t, "signals to "+name, len(asked), 1)
		equal(t, "signal to "+name, asked[0].detail, "15")
		equal(t, "code of "+name, ended[0].detail, "0")
		moments = append(moments, moment{"the signal to " + name, asked[0].at}, moment{"the end of " + name, ended[0].at})
	}
	inOrder(t, moments...)
	linesInOrder(t, output.String(),
		"[out] app: draining", "[out] app: drained", "[out] proxy: draining", "[out] proxy: drained", "[out] shipper: draining", "[out] shipper: drained")
	eventually(t, 2*time.Second, p.gone)
}

// TestDependencies: what becomes of a pod whose dependencies are not met.
func TestDependencies(t *testing.T) {
	t.Parallel()
	const onMigrate = "depends_on: {migrate: {condition: service_completed_successfully}}\n"
	for _, tt := range []struct {
		name       string
		components map[string]string
		code       int
		words      []string
	}{
		{"it-fails", map[string]string{"migrate": probe("exit", "4"), "app": probe("sleep") + onMigrate},
			4, []string{`component "migrate" ended with code 4`}},
		{"it-fails-and-is-not-essential", map[string]string{
			"migrate": probe("exit", "4") + "x-podlike: {essential: false}\n", "app": probe("sleep") + onMigrate},
			125, []string{`cannot start component "app"`, `component "migrate" ended with code 4`}},
		{"it-fails-and-is-not-required", map[string]string{
			"migrate": probe("exit", "4") + "x-podlike: {essential: false}\n",
			"app":     probe("exit", "9") + strings.Replace(onMigrate, "}}", ", required: false}}", 1)},
			9, []string{`component "app" starts although component "migrate" ended with code 4`, "not required"}},
		{"it-ends-before-it-is-healthy", map[string]string{
			"migrate": probe("exit", "0") + checked,
			"app":     probe("sleep") + "depends_on: {migrate: {condition: service_healthy}}\n"},
			0, []string{`component "migrate" ended with code 0`}},
		{"it-takes-too-long", map[string]string{"migrate": probe("sleep"), "app": probe("sleep") + onMigrate + "x-podlike: {start_timeout: 1s}\n"},
			125, []string{`cannot start component "app"`, `component "migrate" has not completed, after waiting for 1s`}},
		{"a-circle", map[string]string{
			"a": probe("sleep") + "depends_on: [b]\n", "b": probe("sleep") + "depends_on: [c]\n", "c": probe("sleep") + "depends_on: [a]\n"},
			2, []string{"a", "b", "c", "->"}},
		{"nobody", map[string]string{"a": probe("sleep") + "depends_on: [bb]\n", "b": probe("sleep")},
			2, []string{"depends_on", `"bb"`, "b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			r := s.record()
			p := s.create(podSpec{args: []string{"--logs"}, components: tt.components})
			p.start()
			equal(t, "code", p.wait(startWithin), tt.code)
			wantLines(t, p.told(), [][]string{tt.words})
			if n := len(r.of("app", "start")); n > 0 && tt.name != "it-fails-and-is-not-required" {
				t.Errorf("the component was started all the same")
			}
			eventually(t, 2*time.Second, p.gone)
		})
	}
}
