// Package labels turns the text of the pause's labels into a [pod.Spec], reads
// the arguments beside them, and writes and reads the labels that mark what is
// ours.
//
// A label's YAML goes through five steps, each in its own file:
//
//	text ─► yaml.go     values, and the line of each
//	     ─► walk.go     keys against the table of keys.go: unknown, unsupported, carried
//	     ─► shapes.go   shapes against Compose's own schema
//	     ─► load.go     compose-go makes types.ServiceConfig of them, all components at once
//	     ─► component.go what only a pod has: dependencies, restarts, x-podlike, files
//
// No step stops at its first mistake: [Parse] returns all of them, each with
// its label and line. The only effect is reading files of the pause through
// [Source.Open].
package labels
