package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/podlike/podlike/internal/pod"
)

// The words of the one-hot metrics: one sample of each, 1 for what is so.
var (
	phases   = []string{"adopting", "init", "running", "stopping", "sweeping", "over"}
	healths  = []pod.Health{pod.Starting, pod.Healthy, pod.Unhealthy}
	lives    = []pod.Life{pod.LifeWaiting, pod.LifeStarting, pod.LifeRunning, pod.LifeRestarting, pod.LifeStopping, pod.LifeEnded}
	allDescs = []*prometheus.Desc{info, phase, phaseStart, podHealth, replacements, state, stateStart, health, restarts, lastExit, lastExitTime, probeHealth}
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("podlike_"+name, help, labels, nil)
}

var (
	info         = desc("supervisor_info", "Always 1; the label is the supervisor's version.", "version")
	phase        = desc("pod_phase", "1 for the phase that the pod is in, else 0.", "phase")
	phaseStart   = desc("pod_phase_start_time_seconds", "When the pod's phase began, in seconds since 1970.")
	podHealth    = desc("pod_health", "1 for the health of the pod, else 0.", "health")
	replacements = desc("supervisor_replacements_total", "How often a lost supervisor of this pod was replaced.")
	state        = desc("component_state", "1 for the state that the component is in, else 0.", "component", "role", "state")
	stateStart   = desc("component_state_start_time_seconds", "When the component's state began, in seconds since 1970.", "component", "role")
	health       = desc("component_health", "1 for the health of the component, else 0; all 0 while it does not run.", "component", "role", "health")
	restarts     = desc("component_restarts_total", "How often the component was restarted inside the pod, over all supervisors.", "component", "role")
	lastExit     = desc("component_last_exit_code", "Exit code of the component's last end; absent if it never ended.", "component", "role")
	lastExitTime = desc("component_last_exit_time_seconds", "When the component last ended, in seconds since 1970; absent if it never did.", "component", "role")
	probeHealth  = desc("component_probe_health", "1 for how the probe stands, else 0; absent while the component does not run.", "component", "probe", "health")
)

// Metrics are those of one pod.
type Metrics struct {
	registry *prometheus.Registry
	now      func() (pod.Status, bool)
	starts   *prometheus.HistogramVec
	logs     *prometheus.CounterVec

	mu sync.Mutex
	// starting is since when components are being started, by name.
	starting map[string]time.Time
}

// New makes the metrics of a pod whose status now tells; false means that it
// is not known yet. It is called for each scrape.
func New(now func() (pod.Status, bool)) *Metrics {
	m := &Metrics{
		registry: prometheus.NewPedanticRegistry(),
		now:      now,
		starts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "podlike_component_start_duration_seconds",
			Help:    "From the beginning of the create call until the component ran, its image's pull and its post_start hooks included; of this supervisor only.",
			Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"component", "role"}),
		logs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "podlike_component_log_bytes_total",
			Help: "Bytes of the component's lines that went into the task's output, if the pod has --logs; of this supervisor only.",
		}, []string{"component", "stream"}),
		starting: map[string]time.Time{},
	}
	m.registry.MustRegister(m, m.starts, m.logs)
	return m
}

// Observe is called with each status, to see how long starts take.
func (m *Metrics) Observe(status pod.Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range status.Components {
		began, was := m.starting[c.Name]
		switch {
		case c.Life == pod.LifeStarting && !was:
			m.starting[c.Name] = c.Since
		case c.Life == pod.LifeStarting:
		case was:
			delete(m.starting, c.Name)
			if c.Life == pod.LifeRunning {
				m.starts.WithLabelValues(c.Name, string(c.Role)).Observe(c.Since.Sub(began).Seconds())
			}
		}
	}
}

// Wrote counts what a component wrote to stdout or stderr, in bytes.
func (m *Metrics) Wrote(component, stream string, bytes int) {
	m.logs.WithLabelValues(component, stream).Add(float64(bytes))
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range allDescs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	s, known := m.now()
	if !known {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value int, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	gauge(info, 1, s.Version)
	oneHot(gauge, phase, phases, s.Phase)
	oneHot(gauge, podHealth, healths, s.Health)
	counter(replacements, max(0, s.Supervisors-1))
	gauge(phaseStart, seconds(s.Since))
	for _, c := range s.Components {
		name, role := c.Name, string(c.Role)
		oneHot(gauge, state, lives, c.Life, name, role)
		oneHot(gauge, health, healths, c.Health, name, role)
		counter(restarts, c.Restarts, name, role)
		if !c.Since.IsZero() {
			gauge(stateStart, seconds(c.Since), name, role)
		}
		if c.LastExit != nil {
			gauge(lastExit, float64(c.LastExit.Code), name, role)
			if !c.LastExit.At.IsZero() {
				gauge(lastExitTime, seconds(c.LastExit.At), name, role)
			}
		}
		for _, p := range c.Probes {
			oneHot(gauge, probeHealth, healths, p.Health, name, string(p.Kind))
		}
	}
}

// oneHot gives a gauge for each of the words, with the word as the last label.
func oneHot[W ~string](gauge func(*prometheus.Desc, float64, ...string), d *prometheus.Desc, words []W, is W, labels ...string) {
	for _, w := range words {
		value := 0.0
		if w == is {
			value = 1
		}
		gauge(d, value, append(append([]string(nil), labels...), string(w))...)
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
