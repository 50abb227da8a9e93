import { describe, expect, test } from "bun:test";
import type { Schedule } from "../../src/config/schedule-options.ts";
import { Scheduler } from "../../src/process/scheduler.ts";

const minute = 60_000;
const every: Schedule = { name: "tick", cron: "* * * * *", timezone: undefined, overlap: false };

/** A clock that tests move, workers that are names, and all that the scheduler does. */
class World {
  now = 1000 * minute;
  leader: string | undefined = "w0";
  schedules: readonly Schedule[] = [every];
  wakeAt: number | undefined;
  readonly started: { run: number; worker: string; name: string; time: number }[] = [];
  readonly ended: string[] = [];
  readonly scheduler = new Scheduler<string>({
    now: () => this.now,
    next: ({ cron }, after) => Bun.cron.parse(cron, after, { tz: "UTC" })?.getTime(),
    wake: (time) => (this.wakeAt = time),
    leader: () =>
      this.leader === undefined ? undefined : { worker: this.leader, schedules: this.schedules },
    start: (worker, run, { name }, time) => this.started.push({ run, worker, name, time: time / minute }),
    ended: (name, { outcome }) => this.ended.push(`${name} ${outcome}`),
  });

  /** Moves the clock to where the scheduler wants to be woken. */
  wake(): void {
    this.now = this.wakeAt!;
    this.scheduler.tick();
  }
}

describe("[U5] the scheduler", () => {
  test("starts each time once, in the worker that leads at that time", () => {
    const world = new World();
    world.scheduler.refresh();
    expect(world.wakeAt).toBe(1001 * minute);
    world.wake();
    // Woken again, or told that workers changed, in the same minute.
    world.scheduler.tick();
    world.leader = "w1";
    world.scheduler.refresh();
    expect(world.started).toEqual([{ run: 1, worker: "w0", name: "tick", time: 1001 }]);
    world.scheduler.ended(1);
    world.wake();
    expect(world.started[1]).toEqual({ run: 2, worker: "w1", name: "tick", time: 1002 });
    expect(world.ended).toEqual(["tick ok"]);
  });

  test("skips a time while the run before it goes on, over a change of the leader too; unless it may overlap", () => {
    const world = new World();
    const free = { ...every, name: "free", overlap: true };
    world.schedules = [every, free];
    world.scheduler.refresh();
    world.wake();
    world.leader = "w1";
    world.wake();
    expect(world.started.map(({ worker, name }) => `${worker} ${name}`)).toEqual([
      "w0 tick",
      "w0 free",
      "w1 free",
    ]);
    expect(world.ended).toEqual(["tick skipped"]);
    expect([...world.scheduler.running].sort()).toEqual(["free", "tick"]);
  });

  test("gives up the runs of a worker that is gone; the next time is another's", () => {
    const world = new World();
    world.scheduler.refresh();
    world.wake();
    world.scheduler.gone("w0");
    world.scheduler.gone("w0");
    world.leader = "w1";
    world.scheduler.refresh();
    expect(world.ended).toEqual(["tick cut"]);
    expect(world.started.length).toBe(1);
    world.wake();
    expect(world.started[1]!.worker).toBe("w1");
    // An answer that comes behind its end changes nothing.
    world.scheduler.ended(1);
    expect(world.ended).toEqual(["tick cut"]);
    world.scheduler.ended(2, "Error: no");
    expect(world.ended).toEqual(["tick cut", "tick failed"]);
  });

  test("a time without any worker is the next worker's, if it comes within a minute; later ones are not made up", () => {
    const world = new World();
    world.scheduler.refresh();
    world.leader = undefined;
    world.now = 1001 * minute;
    world.scheduler.tick();
    expect(world.wakeAt).toBeUndefined();
    world.now += 700;
    world.leader = "w0";
    world.scheduler.refresh();
    expect(world.started).toEqual([{ run: 1, worker: "w0", name: "tick", time: 1001 }]);
    world.scheduler.ended(1);
    world.leader = undefined;
    world.now = 1090 * minute + 10;
    world.scheduler.refresh();
    world.leader = "w0";
    world.now += 500;
    world.scheduler.refresh();
    // One of the many that were missed.
    expect(world.started.map(({ time }) => time)).toEqual([1001, 1090]);
  });

  test("what a reload takes away does not run, what it brings does not run for the time before it", () => {
    const world = new World();
    world.scheduler.refresh();
    world.now += 30_000;
    world.schedules = [{ ...every, name: "new" }];
    world.scheduler.refresh();
    expect(world.started).toEqual([]);
    world.wake();
    expect(world.started.map(({ name }) => name)).toEqual(["new"]);
    world.schedules = [];
    world.scheduler.refresh();
    expect(world.wakeAt).toBeUndefined();
  });

  test("a clock that is set back repeats nothing at once, and goes on from there", () => {
    const world = new World();
    world.scheduler.refresh();
    world.wake();
    world.scheduler.ended(1);
    world.now -= 10 * minute + 1;
    world.scheduler.tick();
    expect(world.started.length).toBe(1);
    world.wake();
    expect(world.started.length).toBe(2);
  });
});
