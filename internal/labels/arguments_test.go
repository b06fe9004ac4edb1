package labels

import (
	"strings"
	"testing"
)

func TestMetricsAddress(t *testing.T) {
	for _, address := range []string{":9100", "0.0.0.0:9100", "127.0.0.1:1", "[::1]:65535"} {
		for _, flag := range []string{"--metrics-addr=", "-metrics-addr="} {
			if o, err := ParseArguments([]string{flag + address}); err != nil || o.MetricsAddr != address {
				t.Errorf("%s%s: got %q, %v", flag, address, o.MetricsAddr, err)
			}
		}
	}
	for _, address := range []string{"9100", ":", ":0", ":65536", ":http", "localhost:9100", "web:9100", "::1:9100"} {
		if _, err := ParseArguments([]string{"--metrics-addr=" + address}); err == nil || !strings.Contains(err.Error(), "--metrics-addr="+address+": write a port") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if o, err := ParseArguments(nil); err != nil || o.MetricsAddr != "" {
		t.Errorf("by default: %q, %v", o.MetricsAddr, err)
	}
}

func TestWrongArguments(t *testing.T) {
	const all = "; the flags are --deny, --ipc, --logs, --metrics-addr, --on-unhealthy, --pids, --pull, --volumes"
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--log"}, "the service's command has a mistake:\n  unknown flag \"--log\"; did you mean \"--logs\"?"},
		{[]string{"-volume"}, "the service's command has a mistake:\n  unknown flag \"-volume\"; did you mean \"--volumes\"?"},
		{[]string{"--logs", "--pid=false", "-x"}, "the service's command has 2 mistakes:\n  unknown flag \"--pid=false\"; did you mean \"--pids\"?\n  unknown flag \"-x\"" + all},
		{[]string{"--pids", "false"}, "the service's command has a mistake:\n  unexpected argument \"false\": write a flag's value with an equals sign, as --pids=false"},
		{[]string{"--deny"}, "the service's command has a mistake:\n  flag needs an argument: --deny in \"--deny\""},
		{[]string{"--on-unhealthy=restart"}, "the service's command has a mistake:\n  --on-unhealthy=restart: the words are auto, exit and report"},
	} {
		if _, err := ParseArguments(test.args); err == nil || err.Error() != test.want {
			t.Errorf("%q: got\n%v\nwant\n%s", test.args, err, test.want)
		}
	}
	if o, err := ParseArguments([]string{"-logs", "-pids=false"}); err != nil || !o.Logs || o.PIDs || !o.IPC {
		t.Errorf("the older spelling: %+v, %v", o, err)
	}
}
