// Package conformance is one suite of tests for every lifecycle.Engine. The
// engine in memory, on which the pod's life is tested, can be trusted because a
// real one passes the same suite.
package conformance
