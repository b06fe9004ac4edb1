// Package lifecycle is a pod's life: the order of its start, restarts, health,
// the orderly stop, and the exit code.
//
// The behaviour is one pure function, [Next]: a [Snapshot] and an [Event] give
// the next Snapshot and the [Action]s that follow from it. [Run] is the loop
// around it: one goroutine owns the snapshot; every call to the [Engine] runs
// in a goroutine of its own, which sends an event back; timers are events. The
// loop never waits for the engine.
//
// # The states of a component
//
// The first line is a life without incidents, the others are what else can
// happen. A test holds these lines against the code.
//
//	waiting ──► creating ──► starting ──► running ──► stopping ──► ended ──► removing ──► gone
//
//	waiting ──► running                      an earlier supervisor had started it
//	waiting ──► starting                     an earlier supervisor was about to
//	waiting ──► ended                        it ended meanwhile, or can never start
//	waiting ──► backing off                  it ended meanwhile, and is restarted
//	waiting ──► gone                         the pod ends before its turn
//	waiting ──► removing                     the same, and its container was made before
//	creating ──► ended                       it cannot be created, or the pod ends
//	creating ──► backing off                 it cannot be created, but is not essential
//	starting ──► ended                       it cannot be started, or ended at once
//	starting ──► backing off                 the same, and is restarted
//	starting ──► removing                    the time is over: it goes as it is
//	running ──► ended                        it ended by itself
//	running ──► backing off ──► removing ──► waiting        and is restarted
//	running ──► removing                     the time is over
//	stopping ──► backing off                 it was stopped only to be restarted
//	stopping ──► removing                    the time is over
//	backing off ──► waiting                  there is no container to remove
//	backing off ──► gone                     the same, and the pod ends
//	removing ──► ended                       the old container cannot be removed
//	ended ──► gone                           it never had a container
//
// # The phases of the pod
//
// adopting, init, running, stopping, sweeping, over; never backwards. While
// adopting, containers of an earlier run are removed and those of this run are
// taken over. Sweeping lists once more and removes whatever is left.
//
// # The stop
//
// Components are stopped in reverse dependency order, each with its own signal
// and grace, within the stop budget less a margin. When two thirds of that are
// gone the order gives way, so that one component that does not end does not
// cost the others their chance. At the end what still runs is killed; half a
// margin later what is still there is removed, seen to end or not; and just
// before Swarm's own SIGKILL the verdict is given in any case. An end that nobody
// asked for has no such clock: a minute more is left for what the components
// wrote last.
package lifecycle
