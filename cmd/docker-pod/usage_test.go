package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"
)

func TestNewUsage(t *testing.T) {
	s := container.StatsResponse{}
	s.CPUStats.CPUUsage.TotalUsage, s.PreCPUStats.CPUUsage.TotalUsage = 300, 100
	s.CPUStats.SystemUsage, s.PreCPUStats.SystemUsage = 5000, 4000
	s.CPUStats.OnlineCPUs = 2
	s.MemoryStats.Usage, s.MemoryStats.Limit = 100, 1000
	s.PidsStats.Current = 7
	s.Networks = map[string]container.NetworkStats{"eth0": {RxBytes: 5, TxBytes: 6}, "eth1": {RxBytes: 1, TxBytes: 1}}
	s.BlkioStats.IoServiceBytesRecursive = []container.BlkioStatEntry{{Op: "Read", Value: 3}, {Op: "write", Value: 4}, {Op: "Total", Value: 7}}
	for stats, memory := range map[string]float64{"total_inactive_file": 60, "inactive_file": 60, "cache": 100} {
		s.MemoryStats.Stats = map[string]uint64{stats: 40}
		want := usage{name: "(pause)", cpu: 40, memory: memory, limit: 1000, received: 6, sent: 7, blockRead: 3, blockWrite: 4, pids: 7}
		if got := newUsage(part{name: pausePart}, s); got != want {
			t.Errorf("%s: got %+v, want %+v", stats, got, want)
		}
	}
	if got := newUsage(part{name: "web"}, s); !got.joined || got.received != 0 {
		t.Errorf("a component is said to have a network of its own: %+v", got)
	}
}

// TestSumUp: what the kernel counts twice is counted once.
func TestSumUp(t *testing.T) {
	rows := func(nested bool) []usage {
		pause := usage{name: pausePart, memory: 10, cpu: 1, pids: 1, limit: 500, received: 3}
		if nested {
			pause.memory, pause.cpu, pause.pids = 110, 51, 5
		}
		return []usage{{name: "web", memory: 100, cpu: 50, pids: 4, limit: 500, nested: nested}, {name: "(supervisor)", memory: 7, pids: 2, limit: 9000}, pause}
	}
	for _, nested := range []bool{true, false} {
		got := sumUp(rows(nested))
		want := append(rows(nested), usage{name: totalName, memory: 117, cpu: 51, pids: 7, limit: 500, received: 3})
		want[2].memory, want[2].cpu, want[2].pids = 10, 1, 1
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(usage{})); diff != "" {
			t.Errorf("nested %t (-want +got):\n%s", nested, diff)
		}
	}
}

func TestWriteStats(t *testing.T) {
	var out bytes.Buffer
	rows := []usage{{name: "web", cpu: 12.345, memory: 1 << 20, limit: 4 << 20, pids: 4, joined: true}, {name: pausePart, received: 1500, sent: 2}}
	if err := writeStats(&out, "", rows); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"COMPONENT CPU % MEM USAGE / LIMIT MEM % NET I/O BLOCK I/O PIDS",
		"web 12.35% 1MiB / 4MiB 25.00% -- 0B / 0B 4",
		"(pause) 0.00% 0B / 0B -- 1.5kB / 2B 0B / 0B 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
