import type { Bus } from "../state/bus.ts";
import { type Frame, LocalRooms, type RoomMember, type Rooms } from "./rooms.ts";

/** A frame as the bus carries it: text as it is, bytes as base64. */
type Carried = string | readonly [base64: string];

const topics = {
  hello: "rooms:hello",
  members: "rooms:members",
  join: "rooms:join",
  leave: "rooms:leave",
  say: "rooms:say",
  whisper: "rooms:whisper",
} as const;

/**
 * Rooms over all workers of a service: each worker knows who is where, and carries what is said to its own. What a worker that
 * ended had, by kill -9 too, is gone from every list as soon as its master knows. Spec X3.
 */
export class SharedRooms implements Rooms {
  readonly #bus: Bus;
  readonly #local = new LocalRooms();
  /** Ids by room, in the order in which this worker heard of them, with the worker that has them. */
  readonly #rooms = new Map<string, Map<string, string>>();
  /** Rooms by id, for all clients of all workers. */
  readonly #clients = new Map<string, { readonly worker: string; readonly rooms: Set<string> }>();

  constructor(bus: Bus) {
    this.#bus = bus;
    bus.subscribe(topics.join, (from, room, id) => this.#enter(room as string, id as string, from));
    bus.subscribe(topics.leave, (_from, id, room) => this.#exit(id as string, room as string | undefined));
    bus.subscribe(topics.say, (_from, room, frame) =>
      this.#local.say(room as string, taken(frame as Carried)),
    );
    bus.subscribe(topics.whisper, (_from, id, frame) => {
      this.#local.whisper(id as string, taken(frame as Carried));
    });
    bus.subscribe(topics.hello, (from) => this.#introduce(from));
    bus.subscribe(topics.members, (from, to, members) => {
      if (to !== this.#bus.self) return;
      for (const [id, rooms] of members as [string, string[]][])
        for (const room of rooms) this.#enter(room, id, from);
    });
    bus.onGone((worker) => this.#lost(worker));
    bus.onMet((worker) => this.#introduce(worker));
    bus.send(topics.hello);
  }

  join(room: string, member: RoomMember): void {
    this.#local.join(room, member);
    if (this.#enter(room, member.id, this.#bus.self)) this.#bus.send(topics.join, room, member.id);
  }

  leave(member: RoomMember, room?: string): void {
    this.#local.leave(member, room);
    if (this.#exit(member.id, room))
      this.#bus.send(topics.leave, member.id, ...(room === undefined ? [] : [room]));
  }

  say(room: string, frame: Frame, except?: string): void {
    this.#local.say(room, frame, except);
    // Nobody elsewhere, nothing to carry.
    if (this.count(room) > this.#local.count(room)) this.#bus.send(topics.say, room, carried(frame));
  }

  whisper(id: string, frame: Frame): boolean {
    if (this.#local.whisper(id, frame)) return true;
    if (!this.#clients.has(id)) return false;
    this.#bus.send(topics.whisper, id, carried(frame));
    return true;
  }

  list(room: string): readonly string[] {
    return [...(this.#rooms.get(room)?.keys() ?? [])];
  }

  count(room: string): number {
    return this.#rooms.get(room)?.size ?? 0;
  }

  /** @returns false when it was there already */
  #enter(room: string, id: string, worker: string): boolean {
    const client = this.#clients.get(id) ?? { worker, rooms: new Set<string>() };
    if (client.rooms.has(room)) return false;
    this.#clients.set(id, client);
    client.rooms.add(room);
    const members = this.#rooms.get(room) ?? new Map<string, string>();
    this.#rooms.set(room, members.set(id, worker));
    return true;
  }

  #exit(id: string, room?: string): boolean {
    const client = this.#clients.get(id);
    if (client === undefined || (room !== undefined && !client.rooms.has(room))) return false;
    for (const each of room === undefined ? [...client.rooms] : [room]) {
      client.rooms.delete(each);
      const members = this.#rooms.get(each);
      members?.delete(id);
      if (members?.size === 0) this.#rooms.delete(each);
    }
    if (client.rooms.size === 0) this.#clients.delete(id);
    return true;
  }

  /** A worker that starts learns whom this one has; what changes meanwhile comes behind it. */
  #introduce(to: string): void {
    const own = [...this.#clients].filter(([, { worker }]) => worker === this.#bus.self);
    const members = own.map(([id, { rooms }]) => [id, [...rooms]] as const);
    for (let at = 0; at < members.length; at += 1000)
      this.#bus.send(topics.members, to, members.slice(at, at + 1000));
  }

  #lost(worker: string): void {
    for (const [id, client] of [...this.#clients]) if (client.worker === worker) this.#exit(id);
  }
}

const carried = (frame: Frame): Carried =>
  typeof frame === "string" ? frame : [Buffer.from(frame).toString("base64")];

const taken = (frame: Carried): Frame =>
  typeof frame === "string" ? frame : new Uint8Array(Buffer.from(frame[0], "base64"));
