import * as skitai from "skitai";
import { run } from "./skitai-run.ts";

const same = (message: string): string => message;
skitai.mount("/", () => new Response("Hello World"));
skitai.mount("/echo", skitai.websocket(skitai.WS_CHANNEL, 60, same));
skitai.mount("/room", skitai.websocket(skitai.WS_GROUPCHAT, 60, same));
await run();
