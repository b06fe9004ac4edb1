// Package stack is the template engine: stack files in, one stack file out, in
// which every service with an `x-podlike` configuration has become a pod.
//
//	files ─► read.go      values, and the file and line of each
//	      ─► files.go     several files become one, as Compose merges them
//	      ─► config.go    x-podlike of the service and of the top level
//	      ─► fetch.go     templates: inline, from a file, from a server
//	      ─► execute.go   text/template with .Service, .Args and .Project
//	      ─► transform.go one service becomes the pause, and its labels
//	      ─► check.go     Compose's schema, the labels' own parser, and lint.go
//	      ─► write.go     YAML
//
// Nothing is interpolated on the way: `${TAG}` and `$$` reach the output as
// they were written, and mean there what they mean in every stack file. The
// same input gives the same bytes, and the output as input gives itself.
//
// No step stops at its first mistake: the error of [Render] lists all of them,
// each with its file and line. The only effects are reading template and
// environment files, through [Input.ReadFile], and fetching templates.
package stack
