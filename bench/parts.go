package main

import "context"

// kind is a part of the benchmark.
type kind struct {
	name, title, about string
	run                func(ctx context.Context, b *bench, p *part) error
	most               int // on more events it runs only when it is named; 0: always
}

// parts are all, in the order in which they run and are told.
var parts = []kind{
	{
		"hot", "Hot reads", "One page of 50 events of the most frequent country, asked again and again by wrk over 32 connections. gin serves the very bytes from memory, without middleware. The rivals keep no answers. " +
			"CPU is that of the server's process, without that of Postgres.",
		hot, 0,
	},
	{
		"cold", "Cold reads", "The first 50 events of a country in a window, never the same question twice, with `TARIKH_CACHE_BYTES=0`: countries by Zipf's law, windows of a month to ten years. pgbench runs the very statement that the program sends, " +
			"prepared, with arguments of the same distribution. The rivals answer the same questions from a table of plain columns with an index for them.",
		cold, 0,
	},
	{
		"charts", "Timelines, facets and counts", "One request at a time, each answer made anew; \"kept\" is the same question to a program with its cache on, as visitors ask it. The SQL is the best that a developer would write on the rivals' tables; it counts first days alone, while a timeline tells what is certain, possible and expected.",
		charts, 0,
	},
	{
		"filters", "Filter combinations", "Buffers that Postgres reads for every filter by itself and for the usual combinations, in each window.",
		filters, 0,
	},
	{
		"memory", "Memory under load", "One process with default settings: hot reads, then questions that never repeat, until its cache of answers is full.",
		memory, 0,
	},
	{
		"start", "Start to the first answer", "From exec to the first 200 of `/v1/events`, with a migrated database.",
		starting, 0,
	},
	{
		"import", "Imports", "The whole command `api import events.ndjson --mapping events` (validated NDJSON, all indexes kept) against the same rows as two bare COPYs, one after the other in one transaction on one connection with all indexes kept. " +
			"The COPYs are given the keys in the order of their index, which is the fastest. On the embedded server with its own settings, fsync on.",
		importing, asFile,
	},
	{
		"export", "Exports", "`/v1/events.ndjson` over HTTP against reading the documents in page order with pgx alone, and against `COPY (SELECT … ORDER BY …) TO STDOUT (FORMAT csv)` of them.",
		exporting, asFile,
	},
	{
		"small", "The small case", "json-server keeps all in memory and reads a file, so it gets 2,000 events, and so does the program beside it.",
		small, asFile,
	},
	{
		"slow", "Slow statements", "What `auto_explain` told of during the parts above: statements of over 50 ms.",
		slow, 0,
	},
}
