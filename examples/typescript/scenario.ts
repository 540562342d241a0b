// What examples/curl/scenario.sh does, with types that openapi-typescript generated.
import createClient from "openapi-fetch";
import type { components, paths } from "./tarikh.js";

type Event = components["schemas"]["Event"];

const client = createClient<paths>({ baseUrl: process.env.TARIKH_URL ?? "http://127.0.0.1:8080" });

function show(events: Event[]): void {
  for (const { id, date: d, title } of events) {
    const words = [id, d.edtf, d.earliest, d.start_latest, d.end_earliest, d.latest, d.label.en, d.label.ar, title.ar];
    console.log("event", words.map(String).join(" | "));
  }
}

// must gives the body that was expected, or ends with the problem that came.
function must<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const list = must(await client.GET("/v1/events", {
  params: {
    query: {
      country: ["ML", "النيجر"], from: "2020", to: "2023", type: ["politics", "diplomacy"], status: ["occurred", "ongoing"],
      min_sources: 1, order: "desc", count: "exact", limit: 3,
    },
  },
}));
console.log("list", list.count?.value, list.count?.relation, list.page.has_more);
show(list.data);

const box = must(await client.GET("/v1/events", { params: { query: { bbox: [-12.5, 10, 16, 25] } } }));
console.log("box", box.data.length);

let cursor: string | null = null;
for (const number of [1, 2, 3]) {
  const page: components["schemas"]["EventPage"] = must(await client.GET("/v1/events", {
    params: { query: { country: ["ML"], limit: 4, ...(cursor && { cursor }) } },
  }));
  console.log("page", number, page.page.has_more);
  show(page.data);
  cursor = page.page.next_cursor;
}

show([must(await client.GET("/v1/events/{id}", { params: { path: { id: "ml-coup-2021" } } }))]);

const missing = await client.GET("/v1/events/{id}", { params: { path: { id: "atlantis-sinks" } } });
if (missing.error?.code !== "not_found") throw new Error("another answer");
console.log("missing", missing.error.status, missing.error.code, missing.error.instance);

const timeline = must(await client.GET("/v1/timeline", { params: { query: { type: ["coup"], date: "2021", interval: "month" } } }));
console.log("timeline", timeline.interval, timeline.by, timeline.total);
for (const b of timeline.buckets) console.log("bucket", b.start, b.end, b.certain, b.possible, Math.round(b.expected * 1e6));

const facets = must(await client.GET("/v1/facets", { params: { query: { country: ["ML"], by: ["type", "country"], limit: 3 } } }));
for (const facet of facets.facets) {
  console.log("facet", facet.by, facet.more);
  for (const v of facet.values) console.log("value", v.value, v.count, v.label?.ar);
}
