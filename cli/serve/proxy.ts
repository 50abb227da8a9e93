import * as skitai from "skitai";
import { listenDefaults } from "../listen.ts";
import { readOrigin } from "./origin.ts";

// The service of `skitai proxy`.
skitai.addOption(null, "--to=URL", "server to forward to");
const { secure, member, base } = readOrigin(skitai.options.get("--to", "http://127.0.0.1:3000"));
skitai.alias("@to", secure ? skitai.PROTO_HTTPS : skitai.PROTO_HTTP, member);
skitai.mount("/", `@to${base}`);
await skitai.run({ ...listenDefaults, name: `proxy-${member.replace(/[^\w.-]/g, "_")}`.slice(0, 64) });
