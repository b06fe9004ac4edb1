// Package enginetest has a container engine in memory, for tests of what runs
// on an engine. Its containers do what a [Script] says, its calls are slow and
// fail as a [Fault] says, and it keeps a history to be judged by.
//
// It is made for testing/synctest: all its time is the time package's.
package enginetest
