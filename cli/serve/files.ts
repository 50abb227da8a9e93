import { basename } from "node:path";
import * as skitai from "skitai";
import { listenDefaults } from "../listen.ts";
import { filesHandler } from "./files-handler.ts";

// The service of `skitai serve <dir>`.
skitai.addOption(null, "--directory=DIR", "directory to serve");
skitai.addOption(null, "--listing", "show what is in directories");
skitai.addOption(null, "--spa", "answer pages that are not there with /index.html");
skitai.addOption(null, "--cors", "let pages of all sites read the files");
const root = skitai.options.get("--directory", ".");
const [listing, spa, cors] = ["--listing", "--spa", "--cors"].map(
  (name) => skitai.options.get(name) === true,
);
// Only an app can add fields to answers.
if (!cors) skitai.mount("/", root);
skitai.mount("/", filesHandler(root, { listing, spa, cors }));
await skitai.run({
  ...listenDefaults,
  name: `files-${(basename(root) || "root").replace(/[^\w.-]/g, "_")}`.slice(0, 64),
});
