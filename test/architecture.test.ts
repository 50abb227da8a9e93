import { describe, expect, test } from "bun:test";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dir, "..");

/** Rank of a room; imports go strictly to a lower one, or stay in the room. */
const ranks: Readonly<Record<string, number>> = {
  "src/index.ts": 8,
  "src/was.ts": 7,
  cli: 7,
  "src/script": 7,
  "src/testing": 7,
  "src/process": 6,
  "src/server": 5,
  "src/cluster": 4,
  "src/mounts": 4,
  "src/corequest": 3,
  "src/proxy": 3,
  "src/gateway": 3,
  "src/rpc": 3,
  "src/mail": 3,
  "src/static": 3,
  "src/tls": 3,
  "src/websocket": 3,
  "src/grpc": 2,
  "src/cache": 2,
  "src/jobs": 2,
  "src/status": 2,
  "src/upstream": 2,
  "src/config": 1,
  "src/log": 1,
  "src/metrics": 1,
  "src/state": 1,
  "src/trace": 1,
  "src/codec": 0,
  "src/context.ts": 0,
  "src/errors.ts": 0,
  "src/system": 0,
  "src/http": 0,
};
/** Rank 0 has an order of its own: errors below the pure rules, those below the context. */
const floor: Readonly<Record<string, number>> = {
  "src/errors.ts": 0,
  "src/codec": 1,
  "src/http": 1,
  "src/system": 1,
  "src/context.ts": 2,
};

const roomOf = (file: string): string =>
  ranks[file] === undefined
    ? file
        .split("/")
        .slice(0, file.startsWith("cli/") ? 1 : 2)
        .join("/")
    : file;
const heightOf = (room: string): number => (ranks[room] ?? Number.NaN) * 10 + (floor[room] ?? 0);

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Relative imports between the product's files, type imports included. */
async function imports(): Promise<Import[]> {
  const files = [...new Bun.Glob("{src,cli}/**/*.{ts,tsx}").scanSync(root)];
  const found = files.map(async (from) => {
    const text = await Bun.file(join(root, from)).text();
    const specifiers = [...text.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g)].map(
      (match) => match[1]!,
    );
    return specifiers.map((specifier) => ({
      from,
      to: relative(root, join(root, dirname(from), specifier)),
    }));
  });
  return (await Promise.all(found)).flat();
}

function cycles(edges: readonly Import[]): string[] {
  const next = Map.groupBy(edges, ({ from }) => from);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file].join(" → ")];
    if (done.has(file)) return [];
    const found = (next.get(file) ?? []).flatMap(({ to }) => visit(to, [...path, file]));
    done.add(file);
    return found;
  };
  return [...next.keys()].flatMap((file) => visit(file, []));
}

describe("architecture", () => {
  test("every room has a rank", async () => {
    const rooms = new Set((await imports()).flatMap(({ from, to }) => [roomOf(from), roomOf(to)]));
    expect([...rooms].filter((room) => ranks[room] === undefined)).toEqual([]);
  });

  test("imports go strictly to a lower rank", async () => {
    const wrong = (await imports()).filter(({ from, to }) => {
      const [above, below] = [roomOf(from), roomOf(to)];
      return above !== below && heightOf(above) <= heightOf(below);
    });
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("no file imports itself in a circle", async () => {
    const withoutTypes = (await imports()).filter(({ from, to }) => from !== to);
    expect(cycles(withoutTypes)).toEqual([]);
  });

  test("files stay small", async () => {
    const files = [...new Bun.Glob("{src,cli}/**/*.{ts,tsx}").scanSync(root)];
    const lengths = await Promise.all(
      files.map(
        async (file) => [file, (await Bun.file(join(root, file)).text()).split("\n").length] as const,
      ),
    );
    expect(lengths.filter(([, lines]) => lines > 400)).toEqual([]);
  });

  test("no exported signature says any", async () => {
    const files = [...new Bun.Glob("{src,cli}/**/*.{ts,tsx}").scanSync(root)];
    const said = await Promise.all(
      files.map(async (file) =>
        (await Bun.file(join(root, file)).text()).match(/(:|as|<)\s*any\b/g) ? [file] : [],
      ),
    );
    expect(said.flat()).toEqual([]);
  });

  test("every error code that is thrown has its row, and every row is used", async () => {
    const { codes } = await import("../src/errors.ts");
    const files = [...new Bun.Glob("{src,cli}/**/*.{ts,tsx}").scanSync(root)].filter(
      (file) => file !== "src/errors.ts",
    );
    const text = (await Promise.all(files.map((file) => Bun.file(join(root, file)).text()))).join("\n");
    expect(Object.keys(codes).filter((code) => !text.includes(`"${code}"`))).toEqual([]);
  });
});

test("[E1] the sources pass a user's strict type check, which is laxer than ours", async () => {
  const { mkdtempSync, rmSync } = await import("node:fs");
  const folder = mkdtempSync(join(import.meta.dir, ".types-"));
  try {
    const compilerOptions = {
      target: "esnext",
      module: "preserve",
      lib: ["esnext"],
      types: ["bun-types"],
      noEmit: true,
      strict: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
    };
    await Bun.write(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    await Bun.write(
      join(folder, "serve.ts"),
      `import * as skitai from "skitai";
      import { testClient } from "skitai/testing";
      const database: string = skitai.options.get("--db", "testdb");
      skitai.mount("/", (request, context) => new Response(database + request.url + context.gtxnid));
      void testClient;`,
    );
    const check = Bun.spawn([process.execPath, "check", "--no-script"], {
      cwd: folder,
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(check.stdout).text(),
      new Response(check.stderr).text(),
    ]);
    expect([await check.exited, out + ((await check.exited) ? err : "")]).toEqual([0, expect.any(String)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
