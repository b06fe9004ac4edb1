package labels

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// bareNumber is what people write for seconds and Compose does not accept.
var bareNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// scalarOf gives a scalar the one form in which compose-go reads the kind
// without loss; keep is false after a mistake.
func (d *definition) scalarOf(kind valueKind, v any, path []string) (_ any, keep bool) {
	if kind == anyValue {
		return v, true
	}
	text := strings.TrimSpace(d.text(v, path))
	if n, ok := v.(int); ok {
		text = strconv.Itoa(n) // 0x10, 0o17
	}
	var err error
	switch kind {
	case durationValue:
		_, err = parseDuration(text)
		v = text
	case sizeValue:
		var n int64
		n, err = parseSize(text, path[len(path)-1] == "memswap_limit")
		v = strconv.FormatInt(n, 10)
	case boolValue:
		v, err = parseBool(text)
	case integerValue:
		v, err = parseInteger(text, math.MinInt64, math.MaxInt64)
	case countValue:
		v, err = parseInteger(text, 0, math.MaxInt32)
	case weightValue:
		v, err = parseInteger(text, 0, 1000)
	case modeValue:
		if _, isText := v.(string); isText {
			n, octal := strconv.ParseUint(text, 8, 12)
			v, err = int(n), octal
		}
		if n, ok := v.(int); !ok || n < 0 || n > 0o7777 || err != nil {
			err = fmt.Errorf("must be an octal mode like 0440, not %q", d.text(v, path))
		}
	case numberValue:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
			err = fmt.Errorf("must be a number like 1.5, not %q", text)
		}
		v = text
	}
	if err != nil {
		d.wrong(path, "%v", err)
		return nil, false
	}
	return v, true
}

// parseDuration reads a duration as Compose does: 10s, 1m30s, 500ms.
func parseDuration(text string) (time.Duration, error) {
	if bareNumber.MatchString(text) {
		if text == "0" {
			return 0, nil
		}
		return 0, fmt.Errorf("must be a duration like 10s: a bare number has no unit, write %ss", text)
	}
	var v types.Duration
	if err := v.DecodeMapstructure(text); err != nil || text == "" {
		return 0, fmt.Errorf("must be a duration like 10s or 1m30s, not %q", text)
	}
	if v < 0 {
		return 0, fmt.Errorf("must not be negative, as %s is", text)
	}
	return time.Duration(v), nil
}

// parseSize reads bytes as Compose does, in units of 1024: 64m, 1gb, 1048576.
func parseSize(text string, unlimited bool) (int64, error) {
	var v types.UnitBytes
	if err := v.DecodeMapstructure(text); err != nil {
		return 0, fmt.Errorf("must be a size like 64m or 1g, not %q", text)
	}
	if v < 0 && (!unlimited || v != -1) {
		return 0, fmt.Errorf("must not be negative, as %s is", text)
	}
	return int64(v), nil
}

// parseBool reads the words of YAML 1.1 too, which older files have.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y":
		return true, nil
	case "false", "no", "off", "n":
		return false, nil
	default:
		return false, fmt.Errorf("must be true or false, not %q", text)
	}
}

// parseInteger reads a whole number from low to high.
func parseInteger(text string, low, high int64) (any, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return nil, fmt.Errorf("must be a whole number, not %q", text)
	case n < low:
		return nil, fmt.Errorf("must be %d or more", low)
	case n > high:
		return nil, fmt.Errorf("must be %d or less", high)
	case n < math.MinInt || n > math.MaxInt:
		return text, nil // compose-go reads it from text where int is small
	default:
		return int(n), nil
	}
}

// typeName is a value's type in people's words.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "empty"
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	default:
		return "a number"
	}
}
