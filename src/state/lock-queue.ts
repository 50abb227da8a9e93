interface Waiter<Owner> {
  readonly owner: Owner;
  readonly id: number;
  readonly grant: () => void;
}

/** Who has which lock and who waits for it, in the order in which they asked. Spec H4. */
export class LockQueue<Owner> {
  /** The first of each has the lock; names that nobody wants take no memory. */
  readonly #queues = new Map<string, Waiter<Owner>[]>();

  /** @param grant called when the lock is the owner's, which may be at once */
  ask(name: string, owner: Owner, id: number, grant: () => void): void {
    const queue = this.#queues.get(name);
    if (queue !== undefined) return void queue.push({ owner, id, grant });
    this.#queues.set(name, [{ owner, id, grant }]);
    grant();
  }

  /** Gives a lock back, or does not wait for it any more. */
  leave(name: string, owner: Owner, id: number): void {
    this.#remove(name, (waiter) => waiter.owner === owner && waiter.id === id);
  }

  /** An owner is gone, with all that it had and waited for. */
  drop(owner: Owner): void {
    for (const name of [...this.#queues.keys()]) this.#remove(name, (waiter) => waiter.owner === owner);
  }

  /** Locks that somebody has. */
  get size(): number {
    return this.#queues.size;
  }

  #remove(name: string, gone: (waiter: Waiter<Owner>) => boolean): void {
    const queue = this.#queues.get(name);
    if (queue === undefined) return;
    const [before] = queue;
    const left = queue.filter((waiter) => !gone(waiter));
    if (left.length === 0) return void this.#queues.delete(name);
    this.#queues.set(name, left);
    if (left[0] !== before) left[0]!.grant();
  }
}
