// An event API as one writes it by hand with fastify and pg: a pool, prepared statements
// with parameters, an index for the question. /events gives objects, as is usual; /text
// joins the documents as Postgres sends them, which saves parsing and writing them.
import Fastify from "fastify";
import pg from "pg";

const pool = new pg.Pool({ max: 8 }); // PGHOST and so on say where
const asText = { getTypeParser: () => (value) => value };

const page = `
  SELECT e.doc
  FROM rival.event_country c JOIN rival.event e ON e.id = c.event_id
  WHERE c.country = $1 AND c.sort_date <= $3 AND c.end_date >= $2
  ORDER BY c.sort_date, c.event_id
  LIMIT $4`;

const querystring = {
  type: "object",
  required: ["country"],
  properties: {
    country: { type: "string", pattern: "^[A-Z]{3}$" },
    from: { type: "string", default: "-infinity" },
    to: { type: "string", default: "infinity" },
    limit: { type: "integer", minimum: 1, maximum: 500, default: 50 },
  },
};

const app = Fastify();

app.get("/events", { schema: { querystring } }, async ({ query: q }) => {
  const { rows } = await pool.query({ name: "page", text: page, values: [q.country, q.from, q.to, q.limit] });
  return { data: rows.map((row) => row.doc) };
});

app.get("/text", { schema: { querystring } }, async ({ query: q }, reply) => {
  const { rows } = await pool.query({ name: "page", text: page, values: [q.country, q.from, q.to, q.limit], types: asText });
  reply.type("application/json; charset=utf-8");
  return '{"data":[' + rows.map((row) => row.doc).join(",") + "]}";
});

await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
