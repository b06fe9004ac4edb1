// Package show prints the status of a pod for people: as a table, by a Go
// template for each component, or as JSON. `supervisor status` and `docker pod`
// look alike because both use it.
package show
