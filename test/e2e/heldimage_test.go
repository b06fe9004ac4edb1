//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// heldImages is a registry that has the probe's image under every tag, and
// says nothing about a tag before it is released: whoever pulls it hangs.
type heldImages struct {
	t       *testing.T
	address string

	manifest []byte
	blobs    map[string][]byte // by digest

	mu   sync.Mutex
	tags map[string]*heldTag
}

type heldTag struct {
	asked    chan struct{} // closed when somebody wants it
	released chan struct{} // closed when they may have it
	once     sync.Once
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json"

// newHeldImages serves until the test's end. api is the engine that has the
// probe's image.
func newHeldImages(t *testing.T, api *client.Client) *heldImages {
	t.Helper()
	h := &heldImages{t: t, blobs: map[string][]byte{}, tags: map[string]*heldTag{}}
	saved, err := api.ImageSave(t.Context(), []string{probeImage})
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(saved); ; {
		f, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	var list []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &list); err != nil || len(list) != 1 {
		t.Fatalf("the saved image lists %d images: %v", len(list), err)
	}
	type part struct {
		MediaType string `json:"mediaType"`
		Size      int    `json:"size"`
		Digest    string `json:"digest"`
	}
	add := func(mediaType, name string) part {
		digest := fmt.Sprintf("sha256:%x", sha256.Sum256(files[name]))
		h.blobs[digest] = files[name]
		return part{mediaType, len(files[name]), digest}
	}
	config := add("application/vnd.docker.container.image.v1+json", list[0].Config)
	var layers []part
	for _, name := range list[0].Layers {
		// Engines look at the bytes to see that it is not compressed.
		layers = append(layers, add("application/vnd.docker.image.rootfs.diff.tar.gzip", name))
	}
	if h.manifest, err = json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": layers,
	}); err != nil {
		t.Fatal(err)
	}
	h.address = serveRegistry(t, h)
	return h
}

// ref is the image's name with a tag.
func (h *heldImages) ref(tag string) string { return h.address + "/held/probe:" + tag }

// asked waits until somebody pulls the tag.
func (h *heldImages) asked(ctx context.Context, tag string) error {
	select {
	case <-h.tag(tag).asked:
		return nil
	case <-time.After(startWithin):
		return fmt.Errorf("nobody pulled %s within %s", tag, startWithin)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// release lets the tag be pulled.
func (h *heldImages) release(tag string) {
	held := h.tag(tag)
	held.once.Do(func() { close(held.released) })
}

// remove takes the tag off an engine, if it has it.
func (h *heldImages) remove(api *client.Client, tag string) {
	api.ImageRemove(context.Background(), h.ref(tag), image.RemoveOptions{Force: true})
}

func (h *heldImages) tag(name string) *heldTag {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tags[name] == nil {
		h.tags[name] = &heldTag{asked: make(chan struct{}), released: make(chan struct{})}
	}
	return h.tags[name]
}

func (h *heldImages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "/manifests/"):
		if name := path.Base(r.URL.Path); !strings.HasPrefix(name, "sha256:") && !h.wait(r.Context(), name) {
			return
		}
		w.Header().Set("Docker-Content-Digest", fmt.Sprintf("sha256:%x", sha256.Sum256(h.manifest)))
		h.send(w, r, manifestType, h.manifest)
	case strings.Contains(r.URL.Path, "/blobs/"):
		if blob, ok := h.blobs[path.Base(r.URL.Path)]; ok {
			h.send(w, r, "application/octet-stream", blob)
			return
		}
		http.NotFound(w, r)
	}
}

// wait holds a request for a tag, and tells whether it may be answered.
func (h *heldImages) wait(ctx context.Context, name string) bool {
	held := h.tag(name)
	h.mu.Lock()
	select {
	case <-held.asked:
	default:
		close(held.asked)
	}
	h.mu.Unlock()
	select {
	case <-held.released:
		return true
	case <-ctx.Done():
		return false
	}
}

func (h *heldImages) send(w http.ResponseWriter, r *http.Request, mediaType string, content []byte) {
	w.Header().Set("Content-Type", mediaType)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}
