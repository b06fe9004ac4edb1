// Probe is what the components of the end-to-end tests run: one static
// program that does all that a component can do to a pod.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// commands maps each word to what it does with the arguments after it, and to
// those arguments. A command returns its exit code.
func commands() map[string]struct {
	do    func(args []string) int
	usage string
} {
	return map[string]struct {
		do    func(args []string) int
		usage string
	}{
		"sleep":       {sleep, "[DURATION]: until then, or SIGTERM; exits 0"},
		"exit":        {exit, "CODE [DURATION]: exits with CODE, after DURATION"},
		"exit-on":     {exitOn, "USR1|USR2|HUP CODE: exits with CODE at the signal, with 0 at SIGTERM"},
		"drain":       {drain, "DURATION: at SIGTERM works on for DURATION, then exits 0"},
		"talk":        {talk, "EVERY DRAIN [CODE]: numbered lines; exits with CODE, or 5, at SIGUSR1, with 0 after DRAIN at SIGTERM"},
		"ignore-term": {ignoreTerm, ": lives until SIGKILL"},
		"hostname":    {hostname, "ADDRESS: answers HTTP with this host's name"},
		"serve":       {serve, "ADDRESS TEXT: answers HTTP with TEXT, ?after=DURATION later"},
		"proxy":       {proxy, "ADDRESS URL: answers HTTP with what URL answers"},
		"checked":     {checked, "http|tcp|grpc|exec FILE: can be probed, and passes as long as FILE exists"},
		"await":       {await, "FILE: until it exists"},
		"get":         {get, "URL: prints what it answers"},
		"reach":       {reach, "ADDRESS...: prints for each whether it takes a TCP connection"},
		"spy":         {spy, "DURATION: prints what it can reach of the pause"},
		"raid":        {raid, "DURATION [mute]: attacks the hand-off's socket, and prints what it got"},
		"tamper":      {tamper, ": does to PID 1 what must not work, and prints what did"},
		"signal":      {sendSignal, "PID NAME: sends a signal"},
		"hog":         {hog, "MEGABYTES [USR1]: fills memory, at SIGUSR1 if that is said, and keeps it"},
		"spin":        {spin, ": keeps a processor busy until SIGTERM"},
		"forks":       {forks, ": forks until it no longer can, says so, and goes on until SIGTERM"},
		"ps":          {ps, ": prints all processes as JSON"},
		"zombies":     {zombies, ": prints how many there are"},
		"orphans":     {orphans, "N: leaves N orphans to PID 1"},
		"lines":       {lines, "[flags]: writes lines of the tests' pattern"},
		"binary":      {binary, ": writes the tests' binary pattern, and exits at once"},
		"facts":       {facts, ": prints what this process got, as JSON; exits 0 at SIGTERM or SIGUSR1"},
		"exists":      {exists, "FILE: exits 0 if it exists, else 1"},
		"touch":       {touch, "FILE: makes it"},
		"remove":      {remove, "FILE: removes it"},
		"cat":         {cat, "FILE: prints it"},
		"write":       {write, "FILE TEXT: makes it"},
		"stat":        {stat, "FILE...: prints what each is and where it lies, as JSON"},
		"env":         {env, ": prints the environment"},
		"shm-write":   {shmWrite, "KEY TEXT: leaves TEXT in System V shared memory"},
		"shm-read":    {shmRead, "KEY: prints what is there"},
	}
}

func main() {
	all := commands()
	if len(os.Args) > 1 {
		if c, ok := all[os.Args[1]]; ok {
			os.Exit(c.do(os.Args[2:]))
		}
	}
	var lines []string
	for word, c := range all {
		lines = append(lines, "  probe "+word+" "+c.usage)
	}
	slices.Sort(lines)
	fmt.Fprintln(os.Stderr, strings.Join(lines, "\n"))
	os.Exit(64)
}

// fail says why and returns the exit code for it.
func fail(err error) int {
	fmt.Fprintln(os.Stderr, "probe:", err)
	return 1
}
