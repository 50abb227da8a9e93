import { handshakes } from "./handshakes.ts";
import { h2load } from "./h2load.ts";
import { wrk } from "./load.ts";
import { echo, room } from "./sockets.ts";

/** What a case can be driven with. */
export const clients = { wrk, h2load, handshakes, echo, room };
export type ClientName = keyof typeof clients;
