// Package engine drives Docker. It is the only importer of the Docker client:
// what the rest of the program knows of containers is in package pod.
//
// [Client] is a connection and the questions that concern no pod: what host is
// this, what is the pause, start its supervisor, collect what dead pods left.
// [Pod] is one pod's containers; it implements what the lifecycle loop needs.
//
// # What the engine does, and what follows
//
// Measured on 20.10.24 (API 1.41), 28.5 and 29; the code that depends on a fact
// repeats it.
//
//   - Options that an older API does not know are dropped without a word, so the
//     negotiated version is asked before they are used.
//   - A wait registered with next-exit before the start misses no exit; on a
//     container that is not running, not-running answers at once.
//   - A joined container stores the donor's ID, not its name.
//   - The event stream may break, repeat and reorder; inspect is the truth.
//   - Attach, made before the start, gives every byte exactly once. A stream that
//     nobody reads blocks the container that writes it.
//   - A container that is just being removed answers 409 to everything.
package engine
