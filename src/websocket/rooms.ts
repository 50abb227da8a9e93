import type { ClientSocket } from "../http/socket-handler.ts";

/** What one message is on the wire: a text or a binary frame. */
export type Frame = string | Uint8Array<ArrayBuffer>;

/** A connection of this worker, as rooms know it. */
export interface RoomMember {
  /** Unique over workers, restarts and machines. */
  readonly id: string;
  /** Open. */
  readonly socket: ClientSocket;
  /** Sends, or gives the client up when too much waits for it. */
  deliver(frame: Frame): void;
  /** Looks whether too much waits for it; what is published goes past `deliver`. */
  check(): void;
}

/**
 * Who is in which room. Names of rooms are the whole text, with the path of the endpoint: `/chat/lobby`. A room begins with
 * its first member and ends with its last. Messages of one sender reach each member in their order. Spec X3.
 */
export interface Rooms {
  /** Twice is once. */
  join(room: string, member: RoomMember): void;
  /** From one room, or from all of them when the connection ends. */
  leave(member: RoomMember, room?: string): void;
  /**
   * To all who are in the room.
   * @param except id of who gets nothing: the sender
   */
  say(room: string, frame: Frame, except?: string): void;
  /** To one client, by its id. @returns false when there is none that is in a room */
  whisper(id: string, frame: Frame): boolean | Promise<boolean>;
  /** Ids of who is in the room, in the order in which they came. */
  list(room: string): readonly string[] | Promise<readonly string[]>;
  count(room: string): number | Promise<number>;
}

/** Bytes that are published in a room between two looks at who is slow. */
const unlooked = 512 * 1024;

interface Room {
  readonly members: Map<string, RoomMember>;
  published: number;
}

/** The rooms of one worker. */
export class LocalRooms implements Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #members = new Map<string, { readonly member: RoomMember; readonly rooms: Set<string> }>();

  join(name: string, member: RoomMember): void {
    const { id } = member;
    let known = this.#members.get(id);
    if (known === undefined) this.#members.set(id, (known = { member, rooms: new Set() }));
    if (known.rooms.has(name)) return;
    known.rooms.add(name);
    let room = this.#rooms.get(name);
    if (room === undefined) this.#rooms.set(name, (room = { members: new Map(), published: 0 }));
    room.members.set(id, member);
    member.socket.subscribe(name);
  }

  leave(member: RoomMember, name?: string): void {
    const known = this.#members.get(member.id);
    if (known === undefined) return;
    for (const each of name === undefined ? [...known.rooms] : [name]) {
      if (!known.rooms.delete(each)) continue;
      const room = this.#rooms.get(each)!;
      room.members.delete(member.id);
      if (room.members.size === 0) this.#rooms.delete(each);
      // A socket that is closed has left its topics.
      if (name !== undefined) member.socket.unsubscribe(each);
    }
    if (known.rooms.size === 0) this.#members.delete(member.id);
  }

  say(name: string, frame: Frame, except?: string): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    const { members } = room;
    // Bun publishes to all but the publisher.
    const sender = except === undefined ? undefined : members.get(except);
    const publisher = sender ?? members.values().next().value!;
    if (members.size > 1) publisher.socket.publish(name, frame);
    if (sender === undefined) publisher.deliver(frame);
    room.published += frame.length;
    if (room.published < unlooked) return;
    room.published = 0;
    for (const member of members.values()) member.check();
  }

  whisper(id: string, frame: Frame): boolean {
    const known = this.#members.get(id);
    known?.member.deliver(frame);
    return known !== undefined;
  }

  list(name: string): readonly string[] {
    return [...(this.#rooms.get(name)?.members.keys() ?? [])];
  }

  count(name: string): number {
    return this.#rooms.get(name)?.members.size ?? 0;
  }
}

let installed: Rooms | undefined;

/** Makes group chats of this process use these rooms. */
export function installRooms(rooms: Rooms): void {
  installed = rooms;
}

/** The rooms of this process: those of this worker alone, unless others were installed. */
export const processRooms = (): Rooms => (installed ??= new LocalRooms());
