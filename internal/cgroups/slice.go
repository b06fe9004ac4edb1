package cgroups

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"

	"github.com/podlike/podlike/internal/namespaces"
)

// systemd is what is asked of systemd, by its bus.
type systemd interface {
	GetUnitPropertiesContext(ctx context.Context, unit string) (map[string]any, error)
	GetUnitTypePropertyContext(ctx context.Context, unit, unitType, property string) (*dbus.Property, error)
	StartTransientUnitContext(ctx context.Context, name, mode string, properties []dbus.Property, done chan<- string) (int, error)
}

// StartSlice starts the slice, over the bus at the address in
// DBUS_SYSTEM_BUS_ADDRESS, by default /var/run/dbus/system_bus_socket, and
// returns its name. One that runs already, because an earlier supervisor started
// it, is as good. ctx bounds the wait.
func StartSlice(ctx context.Context, s namespaces.Slice) (name string, err error) {
	bus, err := dbus.NewSystemConnectionContext(ctx)
	if err != nil {
		return "", fmt.Errorf("cannot reach systemd: %w", err)
	}
	defer bus.Close()
	return startSlice(ctx, bus, s)
}

func startSlice(ctx context.Context, bus systemd, s namespaces.Slice) (string, error) {
	// What an engine with the systemd driver calls the unit of a container.
	scope := "docker-" + s.Pause + ".scope"
	within, err := bus.GetUnitTypePropertyContext(ctx, scope, "Scope", "Slice")
	if err != nil {
		return "", fmt.Errorf("cannot ask systemd for the unit %s of the pod's own container: %w", scope, err)
	}
	parent, ok := within.Value.Value().(string)
	if !ok || !strings.HasSuffix(parent, ".slice") {
		return "", fmt.Errorf("systemd says that %s is in %s", scope, within.Value)
	}
	name := sliceName(parent, s.Pause)
	for {
		err := startUnit(ctx, bus, name, properties(s, scope))
		if err == nil {
			return name, nil
		}
		if !isThere(err) {
			return "", fmt.Errorf("cannot start %s: %w", name, err)
		}
		ready, err := isUp(ctx, bus, name)
		if ready || err != nil {
			return name, err
		}
		// It is that of the pause's last run, and about to go.
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("cannot start %s: the one of the pod's last start does not end", name)
		case <-time.After(tryAgain):
		}
	}
}

// sliceName is that of the pod with this pause, beside which it is. systemd's
// names say what is below what: a-b.slice is in a.slice, which would be started
// for it, and stay. So there is no dash between podlike and the ID.
func sliceName(parent, pause string) string {
	prefix := strings.TrimSuffix(parent, ".slice") + "-"
	if parent == "system.slice" || parent == "-.slice" {
		prefix = "" // what the engine has by default; pods are seen better at the top
	}
	return fmt.Sprintf("%spodlike_%.12s.slice", prefix, pause)
}

// startUnit returns when systemd is done with it.
func startUnit(ctx context.Context, bus systemd, name string, properties []dbus.Property) error {
	done := make(chan string, 1)
	if _, err := bus.StartTransientUnitContext(ctx, name, "replace", properties, done); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case result := <-done:
		if result != "done" {
			return fmt.Errorf("systemd says %q", result)
		}
		return nil
	}
}

// isUp: the unit is active, and has no job that could end it.
func isUp(ctx context.Context, bus systemd, name string) (bool, error) {
	has, err := bus.GetUnitPropertiesContext(ctx, name)
	if err != nil {
		return false, fmt.Errorf("cannot ask systemd about %s: %w", name, err)
	}
	job, _ := has["Job"].([]any)
	idle := len(job) > 0 && job[0] == uint32(0)
	return has["ActiveState"] == "active" && idle, nil
}

func isThere(err error) bool {
	failure, ok := errors.AsType[godbus.Error](err)
	return ok && failure.Name == "org.freedesktop.systemd1.UnitExists"
}

// properties are those of systemd.resource-control(5), as its bus has them:
// bytes, microseconds of time per second, and the largest number for no limit.
// What is not set is not limited.
func properties(s namespaces.Slice, scope string) []dbus.Property {
	all := []dbus.Property{
		dbus.PropDescription("Pod " + s.Pod),
		// When the scope ends, the slice does, and is forgotten.
		dbus.PropBindsTo(scope), dbus.PropAfter(scope), property("CollectMode", "inactive-or-failed"),
		// At a shutdown of the host the engine stops the pod, in its order;
		// systemd would signal all components itself, at once.
		property("DefaultDependencies", false),
	}
	set := func(name string, value int64) {
		if value > 0 {
			all = append(all, property(name, uint64(value)))
		}
	}
	set("MemoryMax", s.Memory)
	set("MemoryLow", s.MemoryReservation)
	set("TasksMax", s.Pids)
	set("CPUQuotaPerSecUSec", s.CPU)
	set("CPUWeight", weight(s.CPUShares))
	if s.Swap != nil {
		swap := uint64(*s.Swap)
		if *s.Swap < 0 {
			swap = math.MaxUint64
		}
		all = append(all, property("MemorySwapMax", swap))
	}
	return all
}

// weight is what engines make of shares: 2 to 262144 becomes 1 to 10000.
func weight(shares int64) int64 {
	if shares <= 0 {
		return 0
	}
	return 1 + (max(shares, 2)-2)*9999/262142
}

func property(name string, value any) dbus.Property {
	return dbus.Property{Name: name, Value: godbus.MakeVariant(value)}
}
