package stack

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll("sub", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"sub/a b.yml": "services:\n  web:\n    image: app:1\n    volumes: ['./x:/x']\n    x-podlike: {templates: t.yml}\n",
		"sub/t.yml":   "log: {image: l}\n",
		"c.yml":       "services:\n  web:\n    user: '7'\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in, err := Open([]string{"sub/a b.yml", "c.yml"}, nil)
	if err != nil || in.Dir != filepath.Join(dir, "sub") {
		t.Fatalf("Dir is %q, %v", in.Dir, err)
	}
	out, _, err := Render(t.Context(), in)
	if err != nil || !strings.Contains(string(out), filepath.Join(dir, "sub/x")+":/x") || !strings.Contains(string(out), "user: \"7\"") {
		t.Errorf("%v\n%s", err, out)
	}
	report, err := Lint(t.Context(), in)
	if err != nil || len(report.Mistakes)+len(report.Warnings) != 0 || report.Services != 1 || report.Pods != 1 {
		t.Errorf("%v, %+v", err, report)
	}

	in, err = Open([]string{"-"}, strings.NewReader("services: {}"))
	if err != nil || in.Dir != dir || in.Files[0].Name != "stdin" || string(in.Files[0].Text) != "services: {}" {
		t.Errorf("%+v, %v", in, err)
	}
	want := "cannot read the stack file no.yml: no such file or directory; paths are relative to the current directory, and - is standard input"
	if _, err := Open([]string{"no.yml"}, nil); !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
		t.Error(err)
	}
	if _, err := Open(nil, nil); err == nil {
		t.Error("no file is no error")
	}
}

func TestNothingToRender(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "stack.yml: is no stack file",
		"- a":                           "stack.yml: is no stack file",
		"version: '3.8'":                "has no services",
		"services: [a]":                 "stack.yml:1: services must be a mapping, not a list",
		"services: {web: x}":            "stack.yml:1: services.web must be a mapping",
		"sevices: {}":                   `unknown key "sevices"; did you mean "services"?`,
		"include: [a]\nservices: {}":    "include is not supported",
		"x-podlik: {}\nservices: {}":    `did you mean "x-podlike"?`,
		"services: {}\nservices: {}":    `stack.yml:2: the key "services" is there twice`,
		"services: {a: {<<: [1]}}":      "<< merges mappings only",
		"services: {a: *b}":             "unknown anchor",
		"services: {a: {image: !!x y}}": "the tag !!x is not supported",
		"services: {? [a] : b}":         "a key must be a word",
		"services: {a b: {image: i}}":   `"a b" is no name for one of the services`,
		"\tservices: {}":                "indent with blanks, not with tabs",
		"a: &a [1,1]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: &d [*c,*c]\ne: &e [*d,*d]\nf: &f [*e,*e]\ng: &g [*f,*f]\nh: &h [*g,*g]\ni: &i [*h,*h]\nj: &j [*i,*i]\nk: &k [*j,*j]\nl: &l [*k,*k]\nm: &m [*l,*l]\nn: &n [*m,*m]\no: &o [*n,*n]\np: [*o,*o]": "has more than 200000 values",
	} {
		_, _, err := tryRender(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: no %q in %v", first(text, 40), want, err)
		}
	}
}
