// Buys with the types that openapi-typescript generates. Called with the URL of a server and an API key.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Booking = components["schemas"]["Booking"];
type Code = components["schemas"]["Problem"]["code"];

declare const process: { argv: string[] };
const [url, key] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

function told<D extends { data: unknown }>(answer: { data?: D; error?: unknown }): D["data"] {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data.data;
}

const show = told(await client.POST("/api/shows", {
  body: { name: "Faust", start_time: "2030-12-15T18:30:00Z", total_seats: 9 },
}));
const user = told(await client.POST("/api/users", { body: { name: "Grace", email: "grace@example.com" } }));
const answer = told(await client.POST("/api/bookings", {
  params: { header: { "Idempotency-Key": "order-2-hold" } },
  body: {
    user_id: user.id, show_id: show.id, seat_numbers: [4, 5], status: "PENDING",
    reference: "order-2", metadata: { channel: "page" },
  },
}));
if ("ticket" in answer) throw new Error("a ticket, without Prefer");
const hold: Booking = answer;
const path = { booking_id: hold.id };
const sold = told(await client.POST("/api/bookings/{booking_id}/confirm", { params: { path } }));
if (sold.status !== "CONFIRMED") throw new Error(sold.status);
const left = told(await client.POST("/api/bookings/{booking_id}/return", {
  params: { path }, body: { seat_numbers: [5] },
}));
if (left.seats.join() !== "4") throw new Error(left.seats.join());

const refusal = await client.POST("/api/bookings", { body: { user_id: user.id, show_id: show.id, seat_numbers: [4] } });
const taken: Code = "seats_taken";
if (refusal.error?.code !== taken || refusal.error.seats?.[0] !== 4) throw new Error("not refused");

const mine = told(await client.GET("/api/bookings/user/{user_id}", { params: { path: { user_id: user.id } } }));
if (mine[0]?.show_name !== "Faust") throw new Error("another show");
const own: paths["/api/bookings/user/{user_id}"]["get"]["parameters"]["path"] = { user_id: "me" };
console.log(`bought, and not as ${own.user_id}`);
