// Package e2e shows that pods do what they promise, on a real engine and a
// real Swarm. Its tests need the build tag e2e; `make e2e` builds the images
// first and makes a Swarm of one node where there is none.
//
// Each test works in a [site], which names everything after the test, removes
// it, and fails the test if a pod left anything behind. The containers run
// the program in the folder probe.
package e2e
