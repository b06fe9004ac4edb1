package labels

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
)

// fillEnvironment reads env_file and label_file, and gives variables without
// a value the pause's. Precedence is Compose's: what stands in the definition
// wins over files, a later file over an earlier one. A variable that the pause
// does not have stays nil, which removes it from the image's.
func (d *definition) fillEnvironment(s *types.ServiceConfig, src Source) {
	s.Environment = s.Environment.Resolve(src.lookup)
	fromFiles := map[string]string{}
	lookup := func(name string) (string, bool) {
		if v, ok := src.lookup(name); ok {
			return v, true
		}
		if v := s.Environment[name]; v != nil {
			return *v, true
		}
		return "", false
	}
	for i, f := range s.EnvFiles {
		d.readVariables([]string{"env_file", itoa(i)}, f, fromFiles, lookup, src)
	}
	for k, v := range fromFiles {
		if _, ok := s.Environment[k]; !ok {
			if s.Environment == nil {
				s.Environment = types.MappingWithEquals{}
			}
			s.Environment[k] = &v
		}
	}

	fromFiles = map[string]string{}
	for i, name := range s.LabelFiles {
		d.readVariables([]string{"label_file", itoa(i)}, types.EnvFile{Path: name, Required: true}, fromFiles, nil, src)
	}
	for k, v := range fromFiles {
		if _, ok := s.Labels[k]; !ok {
			s.Labels = s.Labels.Add(k, v)
		}
	}
}

// readVariables adds the variables of one file to vars.
func (d *definition) readVariables(at []string, f types.EnvFile, vars map[string]string, lookup dotenv.LookupFn, src Source) {
	name := f.Path
	if !path.IsAbs(name) {
		if d.file == "" {
			d.wrong(at, "must be an absolute path inside the pause, not %q", name)
			return
		}
		name = path.Join(path.Dir(d.file), name)
	}
	text, err := src.read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !bool(f.Required):
		return
	case err != nil:
		d.wrong(at, "cannot be read from %s in the pause: %v", name, err)
		return
	}
	if err := dotenv.ParseWithFormat(strings.NewReader(text), name, vars, lookup, f.Format); err != nil {
		d.wrong(at, "is not valid: %s", plainError(err))
	}
}
