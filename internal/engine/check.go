package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/podlike/podlike/internal/labels"
	"github.com/podlike/podlike/internal/pod"
)

// Check looks for the files of the pause that the components want, before
// anything starts, and asks whether it may make the calls that it needs. The
// error is a [*labels.MistakesError] that lists all that is wrong, or one that
// says which calls are [Refused]. A pod that runs already is not judged again: a new supervisor must
// not end it for a file that has gone meanwhile.
func (p *Pod) Check(ctx context.Context) error {
	there, err := p.List(ctx)
	if Refused(err) {
		return err
	}
	if err != nil || slices.ContainsFunc(there, func(o pod.Observed) bool { return o.Run == p.spec.Run }) {
		return nil // an engine that does not answer is the lifecycle's business
	}
	found := &labels.MistakesError{}
	for _, list := range [][]pod.Component{p.spec.Init, p.spec.Components} {
		for _, c := range list {
			found.Mistakes = append(found.Mistakes, p.checkFiles(c)...)
		}
	}
	if len(found.Mistakes) == 0 {
		return p.permitted(ctx)
	}
	return found
}

func (p *Pod) checkFiles(c pod.Component) []labels.Mistake {
	var found []labels.Mistake
	for _, wanted := range c.Copies {
		if _, err := p.files.Stat(wanted.Source); err != nil {
			found = append(found, labels.Mistake{Label: labels.CopyLabel(c.Name), Text: fmt.Sprintf("cannot copy from the pause: %v", err)})
		}
	}
	wanted, missing := p.taskFiles.wanted(c.Service)
	all := []error{missing}
	for _, w := range wanted {
		_, err := w.copyTo("")
		all = append(all, err)
	}
	if err := errors.Join(all...); err != nil {
		found = append(found, labels.Mistake{Text: fmt.Sprintf("component %q: %v", c.Name, err)})
	}
	return found
}
