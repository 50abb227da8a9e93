import * as skitai from "skitai";
import { run } from "./skitai-run.ts";

// 20 virtual hosts of 5 mounts. Each mount has its own function, so that the handler called is the one matched.
for (let host = 0; host < 20; host++) {
  for (const point of ["/", "/app1", "/app2", "/app3", "/app4"])
    skitai.mount(point, () => new Response("Hello World"), { host: `www${host}.example.com` });
}
await run();
