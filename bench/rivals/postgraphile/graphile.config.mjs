// PostGraphile over the rivals' schema. Its function events_of, with an index for the
// question, is what its documentation advises for a filter of one's own.
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";

export default {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.env.RIVAL_DATABASE_URL, schemas: ["rival"] })],
  grafserv: { port: Number(process.env.PORT), host: "127.0.0.1", graphiql: false, watch: false },
};
