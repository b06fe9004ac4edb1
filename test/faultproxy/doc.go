// Package faultproxy is an HTTP proxy between a pod and its engine, on a unix
// socket of the test's own, which does to calls what a [Rule] says: it delays
// them, fails them, loses their answers, sends them twice and cuts them off.
// So each fault of an engine is a test that can be repeated, on a real engine.
//
//	proxy, err := faultproxy.Start("/var/run/docker.sock", filepath.Join(dir, "docker.sock"))
//	proxy.Add(faultproxy.Rule{Method: "POST", Path: "/containers/*/start", Count: 1, Fault: faultproxy.LoseAnswer()})
//
// The engine can go away as a whole, too: [Proxy.Vanish] and [Proxy.Return],
// [Proxy.CutAll].
//
// What no rule concerns goes through as it is: streams as they come, and
// hijacked connections (attach, exec) byte by byte, each half closed on its
// own. The engine answers those with "101 UPGRADED", and with 200 where the
// client did not ask for an upgrade.
//
// The proxy notes every call that it sees; [Proxy.Calls] lists them by method
// and path template.
package faultproxy
