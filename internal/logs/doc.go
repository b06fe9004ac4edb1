// Package logs writes the output of many containers into the one output of
// the task: it takes apart the streams of the engine, puts the component's name
// before each line, and neither loses a byte nor breaks a line.
//
//	component "web"  ──► Copy ─┐
//	component "db"   ──► Copy ─┼─► Sink ─► the task's stdout and stderr
//	our own messages ──► queue ┘
//
// A line of a component comes out as
//
//	[out] web: text of the line
//	[err] web: text of the line
//
// on stdout and stderr. The text is byte for byte what was written: carriage
// returns, blanks and binary data stay. Only two things are ever added, both of
// them newlines: after a last line that had none, and after each [MaxLine]
// bytes of a longer line, which comes out in pieces, each with its prefix.
//
// A slow reader of the task's output slows the components down, as it would
// without us. It never holds up whoever sends a message of our own.
package logs
