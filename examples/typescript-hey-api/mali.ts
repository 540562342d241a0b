// What concerned Mali from 2020 to 2023, with a client that @hey-api/openapi-ts generated.
import { listEvents } from "./tarikh/index.js";
import { client } from "./tarikh/client.gen.js";

client.setConfig({ baseUrl: process.env.TARIKH_URL ?? "http://127.0.0.1:8080" });
const { data, error } = await listEvents({ query: { country: ["ML"], from: "2020", to: "2023" } });
if (!data) throw new Error(JSON.stringify(error));
for (const event of data.data) console.log(`${event.date.label.en}: ${event.title.en}`);
