package labels

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The labels that users write.
const (
	prefixComponent = "pod.component."
	prefixCopy      = "pod.copy."
	labelInit       = "pod.init.components"
	labelFile       = "pod.compose.file"
	labelStopBudget = "pod.stop_grace_period"
	labelLogins     = "pod.registry.credentials"

	supervisorName  = "supervisor"
	labelSupervisor = prefixComponent + supervisorName
)

// SupervisorLabel is the label that defines the supervisor.
const SupervisorLabel = labelSupervisor

// componentName is what a component may be called: it becomes a part of its
// container's name, and this is the engine's rule for those.
var componentName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// volumeName is the engine's rule for volumes.
var volumeName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// CopyLabel is the label that says what is copied into a component.
func CopyLabel(component string) string { return prefixCopy + component }

// CredentialsFile is where in the pause the logins for registries are, as the
// labels say; "" for the default places.
func CredentialsFile(labels map[string]string) string { return strings.TrimSpace(labels[labelLogins]) }

// maxName bounds a name, because the kernel bounds what is made of it.
const maxName = 128

// checkLabelName reports a label that begins with "pod." and is none of ours.
func checkLabelName(label string, found *findings) {
	switch {
	case !strings.HasPrefix(label, "pod."):
	case label == labelInit, label == labelFile, label == labelStopBudget, label == labelLogins:
	case label == strings.TrimSuffix(prefixComponent, "."), label == prefixComponent,
		label == strings.TrimSuffix(prefixCopy, "."), label == prefixCopy:
		found.mistake(label, 0, "needs the name of a component, as %sweb", strings.TrimSuffix(label, ".")+".")
	case strings.HasPrefix(label, prefixComponent), strings.HasPrefix(label, prefixCopy):
	case strings.HasPrefix(label, "pod.container."):
		found.mistake(label, 0, "is not read: pod.container was renamed, write %s", prefixComponent+strings.TrimPrefix(label, "pod.container."))
	default:
		found.mistake(label, 0, "unknown label%s", didYouMean(label, similarLabels(label)))
	}
}

// similarLabels are our labels, with the last part of the unknown one where
// ours end in a name.
func similarLabels(label string) []string {
	known := []string{labelInit, labelFile, labelStopBudget, labelLogins}
	name := "<name>"
	if parts := strings.SplitN(label, ".", 3); len(parts) == 3 {
		name = parts[2]
	}
	return append(known, prefixComponent+name, prefixCopy+name)
}

// checkName reports a name that no component may have.
func (d *document) checkName(name string, line int) bool {
	switch {
	case len(name) > maxName:
		d.mistake(line, "the component's name is longer than %d characters", maxName)
	case !componentName.MatchString(name):
		d.mistake(line, "%q is no name for a component: use letters, digits, and after the first also . _ -", name)
	case name == supervisorName:
		d.mistake(line, "the name %q is reserved for the label %s", name, labelSupervisor)
	default:
		return true
	}
	return false
}

func sortedKeys[M ~map[string]V, V any](m M) []string { return slices.Sorted(maps.Keys(m)) }

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func itoa(i int) string { return strconv.Itoa(i) }

func indexOf(list []any, name string) string {
	return itoa(slices.IndexFunc(list, func(v any) bool { return v == name }))
}
