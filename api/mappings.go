package main

import (
	"fmt"

	"github.com/tarikh-timeline/tarikh/internal/ingest"
)

type mappingsCmd struct {
	Name string `arg:"" optional:"" help:"Print this mapping, to copy and change it."`
}

// Run lists the mappings that ship, or prints one.
func (c mappingsCmd) Run(s streams) error {
	if c.Name != "" {
		if _, err := ingest.Load(c.Name); err != nil {
			return err
		}
		text, _ := ingest.Shipped(c.Name)
		_, err := s.out.Write(text)
		return err
	}
	for _, name := range ingest.Names() {
		m, err := ingest.Load(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%-22s%s\n", name, m.About)
	}
	return nil
}
