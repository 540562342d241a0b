package httpapi

import (
	"context"
	"time"

	"github.com/tarikh-timeline/tarikh/internal/timeline"
)

func (a *api) getLiveness(*request) (*answer, error) {
	return &answer{body: []byte(`{"status":"ok"}`)}, nil
}

type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// getReadiness tells whether requests can be served, and if not, what is missing.
func (a *api) getReadiness(r *request) (*answer, error) {
	stop := r.timed()
	// However many ask at once, it is looked once: this is answered without a limit.
	found, _, _ := a.looking.Do("", func() (any, error) { return a.Store.Ready(context.WithoutCancel(r.ctx)), nil })
	stop()
	checks, _ := found.([]timeline.Check)
	ready := struct {
		Status string  `json:"status"`
		Checks []check `json:"checks"`
	}{Status: "ready"}
	var faults []timeline.Fault
	for _, c := range checks {
		ready.Checks = append(ready.Checks, check(c))
		if !c.OK {
			faults = append(faults, timeline.Fault{Detail: c.Name + ": " + c.Detail})
		}
	}
	if len(faults) > 0 {
		return nil, &timeline.Error{Kind: timeline.KindUnavailable, Message: "Not ready; errors tells which parts.", Faults: faults, RetryAfter: time.Second}
	}
	body, err := encode(ready)
	return &answer{body: body}, err
}
