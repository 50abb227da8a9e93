import manifest from "skitai/package.json" with { type: "json" };

/** A new project: text by file name. */
export type Project = Readonly<Record<string, string>>;

export const templateNames = ["hono", "plain"] as const;
export type TemplateName = (typeof templateNames)[number];

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

const packageOf = (name: string, more: Readonly<Record<string, string>>): string =>
  json({
    name,
    private: true,
    type: "module",
    scripts: {
      start: "bun serve.ts",
      dev: "bun serve.ts --devel",
      test: "bun test",
      check: "bun check --no-script",
    },
    dependencies: { ...more, skitai: manifest.version },
    devDependencies: { bun: manifest.devDependencies.bun, "bun-types": manifest.dependencies["bun-types"] },
  });

const tsconfig = (more: Readonly<Record<string, string>>): string =>
  json({
    compilerOptions: {
      target: "esnext",
      module: "preserve",
      moduleResolution: "bundler",
      lib: ["esnext"],
      types: ["bun-types"],
      ...more,
      noEmit: true,
      strict: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
    },
    include: ["*.ts", "app", "test"],
  });

const serve = (name: string): string => `import * as skitai from "skitai";
import { app } from "./app/app.ts";

skitai.mount("/", app);
skitai.mount("/", "./static");

await skitai.run({ port: 5000, name: ${JSON.stringify(name)} });
`;

const honoApp = `import { Hono } from "hono";
import { was, type Context } from "skitai";

export const app = new Hono<{ Bindings: Context }>();

app.get("/hello/:name", (c) => {
  const name = c.req.param("name");
  was.log(\`hello to \${name}\`);
  return c.json({ hello: name, transaction: c.env.gtxnid });
});
`;

const plainApp = `import { was, type Context } from "skitai";

const route = new URLPattern({ pathname: "/hello/:name" });

export function app(request: Request, context: Context): Response {
  const name = route.exec(request.url)?.pathname.groups["name"];
  if (name === undefined) return new Response("Not Found", { status: 404 });
  was.log(\`hello to \${name}\`);
  return Response.json({ hello: name, transaction: context.gtxnid });
}
`;

const test = `import { expect, test } from "bun:test";
import { testClient } from "skitai/testing";

test("the service answers", async () => {
  await using client = await testClient("./serve.ts");
  expect((await client.get("/hello/world")).data).toMatchObject({ hello: "world" });
  expect((await client.get("/")).text).toContain("<h1>");
  expect((await client.get("/nowhere")).status).toBe(404);
});
`;

const page = (name: string): string => `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <title>${name}</title>
  <h1>${name}</h1>
  <p><a href="/hello/world">Hello</a></p>
</html>
`;

/** @param name of letters, digits, dots, dashes and underscores */
export function projectOf(name: string, template: TemplateName): Project {
  const isHono = template === "hono";
  return {
    "package.json": packageOf(name, isHono ? { hono: manifest.devDependencies.hono } : {}),
    "tsconfig.json": tsconfig(isHono ? { jsx: "react-jsx", jsxImportSource: "hono/jsx" } : {}),
    ".gitignore": "node_modules/\n*.log\n.env\n",
    "serve.ts": serve(name),
    "app/app.ts": isHono ? honoApp : plainApp,
    "test/app.test.ts": test,
    "static/index.html": page(name),
  };
}
