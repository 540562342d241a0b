package timeline

// Parts are members of an event as they stand in its JSON, for formats that have
// no place for nested values.
type Parts struct{ Actors, Measures, Sources, Links, Attributes string }

// PartsOf gives the parts of an event.
func PartsOf(e *Event) Parts {
	return Parts{
		Actors:     string(appendList(nil, e.Actors, appendActor)),
		Measures:   string(appendMap(nil, e.Measures, AppendNumber)),
		Sources:    string(appendList(nil, e.Sources, appendSource)),
		Links:      string(appendList(nil, e.Links, appendLink)),
		Attributes: string(appendMap(nil, e.Attributes, AppendString)),
	}
}
