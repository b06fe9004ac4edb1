package engine

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/docker/docker/api/types/registry"
)

// CredentialsFile is where a Docker config.json with registry credentials is
// expected, as a Swarm secret of the service, unless a label names another
// path.
const CredentialsFile = "/run/secrets/podlike/dockerregistryauth.json"

// credentialsFileOld is the same file where images keep /var/run apart from
// /run, as the older implementation read it.
const credentialsFileOld = "/var/run/secrets/podlike/dockerregistryauth.json"

// hubAddresses are the names under which Docker Hub's credentials may stand,
// the one that `docker login` writes first.
var hubAddresses = []string{"https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"}

// Credentials are logins for registries. The zero value has none.
type Credentials struct {
	file *configfile.ConfigFile
	path string
}

// ReadCredentials reads a Docker config.json at name, or at the default places
// if name is empty: then a missing file means that there are no credentials.
// open opens files of the pause.
func ReadCredentials(name string, open func(string) (*os.File, error)) (Credentials, error) {
	places := []string{name}
	if name == "" {
		places = []string{CredentialsFile, credentialsFileOld}
	}
	for _, place := range places {
		f, err := open(place)
		if name == "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Credentials{}, fmt.Errorf("cannot read the registry credentials: %w", err)
		}
		defer f.Close()
		return parseCredentials(place, f)
	}
	return Credentials{}, nil
}

func parseCredentials(name string, r io.Reader) (Credentials, error) {
	file := configfile.New(name)
	if err := file.LoadFromReader(r); err != nil {
		// The decoder's error may quote the file; a secret must not get into
		// the log.
		return Credentials{}, fmt.Errorf("cannot understand the registry credentials in %s: it is not the config.json of `docker login`", name)
	}
	return Credentials{file: file, path: name}, nil
}

// For returns the login for the registry of an image, its zero value if there
// is none, and the registry's name for people.
func (c Credentials) For(ref string) (registry.AuthConfig, string) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return registry.AuthConfig{}, ""
	}
	host := reference.Domain(named)
	if c.file == nil {
		return registry.AuthConfig{}, host
	}
	addresses := []string{host}
	if host == "docker.io" {
		addresses = hubAddresses
	}
	// The file's own entries only: credential helpers are programs that this
	// image does not have.
	store := credentials.NewFileStore(c.file)
	for _, address := range addresses {
		a, err := store.Get(address)
		if err != nil || (a.Username == "" && a.IdentityToken == "" && a.RegistryToken == "") {
			continue
		}
		return registry.AuthConfig{
			Username: a.Username, Password: a.Password,
			IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
			ServerAddress: address,
		}, host
	}
	return registry.AuthConfig{}, host
}

// describe says for an error which login was used.
func (c Credentials) describe(login registry.AuthConfig) string {
	switch {
	case login.Username != "":
		return fmt.Sprintf("user %q from %s", login.Username, c.path)
	case c.file != nil && login == (registry.AuthConfig{}):
		return fmt.Sprintf("no login for it in %s", c.path)
	case c.file == nil:
		return "without a login; give one as the Swarm secret " + CredentialsFile
	default:
		return "a token from " + c.path
	}
}
