package cgroups

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"

	"github.com/podlike/podlike/internal/namespaces"
)

// bus is a systemd that knows one scope, and starts units.
type bus struct {
	scope, parent string // "" for no such scope
	// states of a unit that is there already, one for each time that somebody
	// asks; when they are used up the unit is gone.
	states []map[string]any
	result string
	err    error

	started map[string][]dbus.Property
}

func (b *bus) GetUnitTypePropertyContext(_ context.Context, unit, _, property string) (*dbus.Property, error) {
	if unit != b.scope {
		return nil, errors.New("Unit " + unit + " not loaded.")
	}
	return &dbus.Property{Name: property, Value: godbus.MakeVariant(b.parent)}, nil
}

func (b *bus) GetUnitPropertiesContext(context.Context, string) (map[string]any, error) {
	state := b.states[0]
	b.states = b.states[1:]
	return state, nil
}

func (b *bus) StartTransientUnitContext(_ context.Context, name, _ string, properties []dbus.Property, done chan<- string) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(b.states) > 0 {
		return 0, godbus.Error{Name: "org.freedesktop.systemd1.UnitExists"}
	}
	b.started = map[string][]dbus.Property{name: properties}
	done <- b.result
	return 1, nil
}

func TestStartSlice(t *testing.T) {
	id := strings.Repeat("abc4", 16)
	scope := "docker-" + id + ".scope"
	up := func(state string, job uint32) map[string]any {
		return map[string]any{"ActiveState": state, "Job": []any{job, godbus.ObjectPath("/")}}
	}
	for name, c := range map[string]struct {
		bus     bus
		want    string
		started bool
		err     string
	}{
		"a new one":               {bus: bus{scope: scope, parent: "system.slice"}, want: "podlike_abc4abc4abc4.slice", started: true},
		"below the daemon's":      {bus: bus{scope: scope, parent: "my-docker.slice"}, want: "my-docker-podlike_abc4abc4abc4.slice", started: true},
		"at the top":              {bus: bus{scope: scope, parent: "-.slice"}, want: "podlike_abc4abc4abc4.slice", started: true},
		"of another supervisor":   {bus: bus{scope: scope, parent: "system.slice", states: []map[string]any{up("active", 0)}}, want: "podlike_abc4abc4abc4.slice"},
		"of the last run":         {bus: bus{scope: scope, parent: "system.slice", states: []map[string]any{up("active", 3), up("deactivating", 3)}}, want: "podlike_abc4abc4abc4.slice", started: true},
		"no such scope":           {bus: bus{scope: "x"}, err: "cannot ask systemd for the unit " + scope + " of the pod's own container: Unit " + scope + " not loaded."},
		"no slice":                {bus: bus{scope: scope}, err: "systemd says that " + scope + ` is in ""`},
		"systemd does not":        {bus: bus{scope: scope, parent: "system.slice", result: "failed"}, err: `cannot start podlike_abc4abc4abc4.slice: systemd says "failed"`},
		"an unknown property":     {bus: bus{scope: scope, parent: "system.slice", err: errors.New("unknown property")}, err: "cannot start podlike_abc4abc4abc4.slice: unknown property"},
		"the last one never ends": {bus: bus{scope: scope, parent: "system.slice", states: slices.Repeat([]map[string]any{up("active", 3)}, 1000)}, err: "cannot start podlike_abc4abc4abc4.slice: the one of the pod's last start does not end"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.bus.result == "" {
				c.bus.result = "done"
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*tryAgain)
			defer cancel()
			got, err := startSlice(ctx, &c.bus, namespaces.Slice{Pause: id, Pod: "web"})
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
			if _, ok := c.bus.started[c.want]; ok != c.started {
				t.Errorf("started %v, want it: %v", slices.Collect(maps.Keys(c.bus.started)), c.started)
			}
		})
	}
}

func TestProperties(t *testing.T) {
	swap, noLimit := int64(5), int64(-1)
	for name, c := range map[string]struct {
		slice namespaces.Slice
		want  map[string]any
	}{
		"none": {namespaces.Slice{}, map[string]any{}},
		"all": {namespaces.Slice{Memory: 1, MemoryReservation: 2, Swap: &swap, CPU: 3, CPUShares: 1024, Pids: 4}, map[string]any{
			"MemoryMax": uint64(1), "MemoryLow": uint64(2), "MemorySwapMax": uint64(5), "CPUQuotaPerSecUSec": uint64(3),
			"CPUWeight": uint64(39), "TasksMax": uint64(4),
		}},
		"all swap": {namespaces.Slice{Swap: &noLimit}, map[string]any{"MemorySwapMax": uint64(math.MaxUint64)}},
	} {
		t.Run(name, func(t *testing.T) {
			c.slice.Pod = "web"
			c.want["Description"], c.want["CollectMode"], c.want["DefaultDependencies"] = "Pod web", "inactive-or-failed", false
			has := map[string]any{}
			for _, p := range properties(c.slice, "x.scope") {
				if p.Name == "BindsTo" || p.Name == "After" {
					if scopes, _ := p.Value.Value().([]string); !slices.Equal(scopes, []string{"x.scope"}) {
						t.Errorf("%s is %v", p.Name, p.Value)
					}
					continue
				}
				has[p.Name] = p.Value.Value()
			}
			if !maps.Equal(has, c.want) {
				t.Errorf("%v, want %v", has, c.want)
			}
		})
	}
	for shares, want := range map[int64]int64{-1: 0, 0: 0, 1: 1, 2: 1, 1024: 39, 262144: 10000} {
		if got := weight(shares); got != want {
			t.Errorf("weight of %d shares: %d, want %d", shares, got, want)
		}
	}
}
