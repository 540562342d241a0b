// What concerned Mali from 2020 to 2023, with types that openapi-typescript generated.
import createClient from "openapi-fetch";
import type { paths } from "./tarikh.js";

const client = createClient<paths>({ baseUrl: process.env.TARIKH_URL ?? "http://127.0.0.1:8080" });
const { data, error } = await client.GET("/v1/events", {
  params: { query: { country: ["ML"], from: "2020", to: "2023" } },
});
if (!data) throw new Error(error.detail);
for (const event of data.data) console.log(`${event.date.label.en}: ${event.title.en}`);
