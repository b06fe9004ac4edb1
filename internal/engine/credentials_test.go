package engine

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"
)

func TestCredentialsFor(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("ann:from-auth"))
	tests := []struct{ name, auths, image, user, password, host string }{
		{"what docker login writes", `"reg.io":{"auth":"` + auth + `"}`, "reg.io/a/b:1", "ann", "from-auth", "reg.io"},
		{"user name and password", `"reg.io":{"username":"bob","password":"pw"}`, "reg.io/a", "bob", "pw", "reg.io"},
		{"a port", `"reg.io:5000":{"username":"bob","password":"pw"}`, "reg.io:5000/a", "bob", "pw", "reg.io:5000"},
		{"the port counts", `"reg.io":{"username":"bob","password":"pw"}`, "reg.io:5000/a", "", "", "reg.io:5000"},
		{"a URL as key", `"https://reg.io/v2/":{"username":"bob","password":"pw"}`, "reg.io/a", "bob", "pw", "reg.io"},
		{"the Hub, short", `"https://index.docker.io/v1/":{"auth":"` + auth + `"}`, "nginx", "ann", "from-auth", "docker.io"},
		{"the Hub, tag", `"https://index.docker.io/v1/":{"auth":"` + auth + `"}`, "nginx:1", "ann", "from-auth", "docker.io"},
		{"the Hub, organisation", `"https://index.docker.io/v1/":{"auth":"` + auth + `"}`, "acme/app", "ann", "from-auth", "docker.io"},
		{"the Hub, another name", `"docker.io":{"auth":"` + auth + `"}`, "docker.io/library/nginx", "ann", "from-auth", "docker.io"},
		{"the Hub, a digest", `"registry-1.docker.io":{"auth":"` + auth + `"}`, "nginx@sha256:" + strings.Repeat("a", 64), "ann", "from-auth", "docker.io"},
		{"none for this one", `"reg.io":{"auth":"` + auth + `"}`, "other.io/a", "", "", "other.io"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := parseCredentials("config.json", strings.NewReader(`{"auths":{`+tt.auths+`}}`))
			if err != nil {
				t.Fatal(err)
			}
			a, host := c.For(tt.image)
			if a.Username != tt.user || a.Password != tt.password || host != tt.host {
				t.Errorf("%q: %q %q at %q, want %q %q at %q", tt.image, a.Username, a.Password, host, tt.user, tt.password, tt.host)
			}
		})
	}
}

func TestReadCredentials(t *testing.T) {
	dir := t.TempDir()
	open := func(name string) (*os.File, error) { return os.Open(dir + name) }
	if c, err := ReadCredentials("", open); err != nil || c.file != nil {
		t.Errorf("without a file: %v, %v", c, err)
	}
	if _, err := ReadCredentials("/named", open); err == nil {
		t.Error("a named file that is missing gave no error")
	}
	if err := os.WriteFile(dir+"/named", []byte(`{"auths": "hunter2"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCredentials("/named", open); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "/named") {
		t.Errorf("a broken file: %v", err)
	}
}
