// Package handoff is the conversation between PID 1 of a pod and its
// supervisor: both ends of one abstract unix socket in the pod's network
// namespace.
//
// Every message is one packet of text:
//
//	supervisor → pause   attach <version> <token>   who knows the token gets everything
//	pause → supervisor   welcome [ending <code>]    with four descriptors: stdout, stderr, "/", mountinfo;
//	                                                the lines that follow are the last status
//	pause → supervisor   signal <name> <ms>         the pause got this signal, as "SIGTERM", so many milliseconds ago
//	supervisor → pause   health <word>              what the pause answers to its health check
//	supervisor → pause   ending <code>              the pod's end has begun; whoever comes next finishes it
//	supervisor → pause   status <text>              what the pod looks like; PID 1 keeps it and does not read it
//	supervisor → pause   verdict <code>             the pod is over; PID 1 exits with this code
//	anyone     → pause   health?                    answered with one word; needs no token
//	anyone     → pause   status?                    answered with status <text>, the last one
//
// A pod that is healthy does not go back to starting: the answer stays healthy
// until the supervisor says unhealthy.
//
// A connection that ends without a verdict is a supervisor that died; a pause
// that does not accept connections any more is a pod that died. Nothing else
// is concluded from the connection.
//
// The socket is made with plain system calls: package net alone would add a
// third to the memory of PID 1, which every pod of a node pays.
package handoff
