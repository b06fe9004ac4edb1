// Package plan is the order of a pod: which component waits for which, who
// may stop when, and what is wrong with the order that the user asked for.
//
// It is pure: a [pod.Spec] goes in, a [Plan] or an error comes out, and a Plan
// never changes. That a dependency is met is not decided here, because it
// depends on what runs.
package plan
