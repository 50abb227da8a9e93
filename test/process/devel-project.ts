import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { eventually, Service } from "./support.ts";

const script = `import * as skitai from "skitai";
const text = "script v0";
skitai.mount("/app", "app.ts");
skitai.mount("/unsub", "unsub");
skitai.mount("/shared", "shared");
skitai.mount("/static", "./static");
skitai.mount("/", (request) => {
  if (!request.url.endsWith("/events")) return new Response(text);
  return new Response(events(), { headers: { "content-type": "text/event-stream" } });
});
async function* events() {
  for (let n = 0; ; n++, await Bun.sleep(20)) yield "data: " + n + "\\n\\n";
}
await skitai.run({ workers: 2, name: "project" });
`;

const app = `import { readFileSync } from "node:fs";
import { part } from "./sub/part.ts";
import note from "./note.txt" with { type: "text" };
const later = "./later.ts";
export const app = async (request: Request) => {
  switch (new URL(request.url).pathname) {
    case "/part": return new Response(part);
    case "/note": return new Response(note);
    case "/later": return new Response((await import(later)).text);
    case "/template": return new Response(readFileSync(import.meta.dir + "/template.txt"));
    case "/pid": return new Response(String(process.pid));
    case "/page": return new Response("<!doctype html><h1>Page</h1>", { headers: { "content-type": "text/html", etag: '"1"' } });
    case "/data": return Response.json({ part });
    default: return new Response("app v0");
  }
};
`;

const handler = (text: string): string => `export const app = () => new Response("${text}");\n`;

const files: Readonly<Record<string, string>> = {
  "serve.ts": script,
  "app.ts": app,
  "sub/part.ts": 'export const part = "part v0";\n',
  "note.txt": "note v0",
  "later.ts": 'export const text = "later v0";\n',
  "template.txt": "template v0",
  "static/page.html": "<h1>static v0</h1>",
  "node_modules/unsub/package.json": '{ "name": "unsub", "exports": { "./skitai": "./app.ts" } }',
  "node_modules/unsub/app.ts": handler("package v0"),
  "packages/shared/package.json": '{ "name": "shared", "exports": { "./skitai": "./app.ts" } }',
  "packages/shared/app.ts": handler("workspace v0"),
};

const root = resolve(import.meta.dir, "../..");

/** Files in a directory of their own. */
export class TemporaryFiles implements Disposable {
  readonly #directory = realpathSync(mkdtempSync(join(tmpdir(), "skitai-devel-")));

  constructor(contents: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(contents)) this.save(name, text);
  }

  path(name: string): string {
    return join(this.#directory, name);
  }

  text(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  save(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  edit(name: string, before: string, after: string): void {
    this.save(name, this.text(name).replace(before, after));
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** The sources of a service as somebody writes them, with a service that runs them. */
export class Project extends TemporaryFiles implements AsyncDisposable {
  #service: Service | undefined;

  constructor() {
    super(files);
    symlinkSync(root, this.path("node_modules/skitai"));
    symlinkSync("../packages/shared", this.path("node_modules/shared"));
  }

  static async started(
    args: readonly string[] = ["--devel"],
    change?: (project: Project) => void,
  ): Promise<Project> {
    const project = new Project();
    change?.(project);
    try {
      project.#service = await Service.ready("", {
        command: [process.execPath, project.path("serve.ts")],
        args,
      });
    } catch (error) {
      project[Symbol.dispose]();
      throw error;
    }
    return project;
  }

  get service(): Service {
    return this.#service!;
  }

  async ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(await this.service.url(path), { headers, keepalive: false });
  }

  async get(path: string): Promise<string> {
    return (await this.ask(path)).text();
  }

  /** Resolves when nothing but `text` is answered any more. */
  async live(path: string, text: string): Promise<void> {
    let row = 0;
    await eventually(async () => (row = (await this.get(path)) === text ? row + 1 : 0) === 12);
  }

  /** Resolves when the service has said `text`, `times` times. */
  async said(text: string, times = 1): Promise<void> {
    await eventually(() => this.count(text) >= times);
  }

  count(text: string): number {
    const { stdout, stderr } = this.service;
    return (stdout.text + stderr.text).split(text).length - 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service?.[Symbol.asyncDispose]();
    this[Symbol.dispose]();
  }
}
