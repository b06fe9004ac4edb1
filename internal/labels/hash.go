package labels

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/podlike/podlike/internal/pod"
)

// SpecHash is a short hash of a component's definition: 16 hex digits, the
// same for the same definition in every process. The label podlike.spec
// carries it.
func SpecHash(c pod.Component) string {
	b, err := json.Marshal(c)
	if err != nil {
		// Numbers that JSON cannot write were refused by Parse.
		b = fmt.Append(nil, c.Name, c.Role, err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
