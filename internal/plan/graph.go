package plan

import (
	"slices"

	"github.com/podlike/podlike/internal/pod"
)

// sortGraph returns the components in an order in which each stands after its
// dependencies, and the cycles for which there is no such order. A cycle
// starts and ends with the same name, its smallest, and is told once.
func sortGraph(components []pod.Component, dependencies map[string][]pod.Dependency) (order []string, cycles [][]string) {
	const (
		unseen = iota
		open   // on the path that is being walked
		done
	)
	names := make([]string, len(components))
	for i, c := range components {
		names[i] = c.Name
	}
	slices.Sort(names)

	state := make(map[string]int, len(names))
	var path []string
	var visit func(name string)
	visit = func(name string) {
		state[name] = open
		path = append(path, name)
		for _, d := range dependencies[name] {
			switch state[d.Name] {
			case unseen:
				visit(d.Name)
			case open:
				cycles = append(cycles, closed(path[slices.Index(path, d.Name):]))
			}
		}
		path = path[:len(path)-1]
		state[name] = done
		order = append(order, name)
	}
	for _, name := range names {
		if state[name] == unseen {
			visit(name)
		}
	}
	return order, cycles
}

// closed turns the path db, web into the cycle db -> web -> db, beginning with
// the smallest name.
func closed(path []string) []string {
	first := slices.Index(path, slices.Min(path))
	return slices.Concat(path[first:], path[:first], path[first:first+1])
}
