package main

import (
	"strings"
	"testing"
)

func TestMetricsAddress(t *testing.T) {
	for _, address := range []string{":9100", "0.0.0.0:9100", "127.0.0.1:1", "[::1]:65535"} {
		for _, flag := range []string{"--metrics-addr=", "-metrics-addr="} {
			if o, err := parseFlags([]string{flag + address}); err != nil || o.MetricsAddr != address {
				t.Errorf("%s%s: got %q, %v", flag, address, o.MetricsAddr, err)
			}
		}
	}
	for _, address := range []string{"9100", ":", ":0", ":65536", ":http", "localhost:9100", "web:9100", "::1:9100"} {
		if _, err := parseFlags([]string{"--metrics-addr=" + address}); err == nil || !strings.Contains(err.Error(), "--metrics-addr="+address+": write a port") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if o, err := parseFlags(nil); err != nil || o.MetricsAddr != "" {
		t.Errorf("by default: %q, %v", o.MetricsAddr, err)
	}
}
