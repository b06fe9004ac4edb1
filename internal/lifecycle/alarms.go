package lifecycle

import (
	"cmp"
	"slices"
	"time"
)

// alarms are the events that come by themselves, one of a kind for each
// component.
type alarms map[alarmKey]time.Time

type alarmKey struct {
	kind      EventKind
	component string
}

func (a alarms) set(kind EventKind, component string, at time.Time) {
	a[alarmKey{kind, component}] = at
}

// next is when the first alarm rings; false if there is none.
func (a alarms) next() (time.Time, bool) {
	var first time.Time
	for _, at := range a {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first, !first.IsZero()
}

// due takes out the alarms that ring by now, the earliest first.
func (a alarms) due(now time.Time) []Event {
	type ringing struct {
		alarmKey
		at time.Time
	}
	var list []ringing
	for key, at := range a {
		if !at.After(now) {
			list = append(list, ringing{key, at})
			delete(a, key)
		}
	}
	slices.SortFunc(list, func(x, y ringing) int {
		return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.kind, y.kind), cmp.Compare(x.component, y.component))
	})
	events := make([]Event, len(list))
	for i, r := range list {
		events[i] = Event{Kind: r.kind, Component: r.component}
	}
	return events
}
