package timeline

// Check is one part of readiness: whether it is well, and what there is to say.
type Check struct {
	Name   string
	OK     bool
	Detail string
}
