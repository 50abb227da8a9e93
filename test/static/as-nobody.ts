import { openDirectory } from "../../src/static/directory.ts";
import { optionsWith, serveDirectory } from "./served.ts";

/** Started by unprivileged.test.ts: serves argv[2] after it gave root away, says its port, stops with its stdin. */
if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(65534);
  process.setuid?.(65534);
}
const site = serveDirectory(openDirectory(process.argv[2] ?? "", optionsWith()));
console.log(site.port);
for await (const _ of Bun.stdin.stream()) {
  // Nothing is said; the end is what counts.
}
site[Symbol.dispose]();
