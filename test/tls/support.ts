import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const secure = Bun.fileURLToPath(new URL("./fixtures/secure.ts", import.meta.url));

/** Runs a command to its end, 20 s at most. */
export async function run(
  command: readonly string[],
  input: string | "ignore" = "ignore",
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([...command], {
    stdin: input === "ignore" ? "ignore" : Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    timeout: 20_000,
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

interface Signing {
  readonly names?: readonly string[];
  /** Name of the authority's files. Default: itself. */
  readonly by?: string;
  readonly passphrase?: string;
}

/** A private folder of certificates, made by openssl: `<name>.crt`, `<name>.key`. */
export class Authority implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tls-"));

  path(name: string): string {
    return join(this.folder, name);
  }

  async make(name: string, { names = [name], by, passphrase }: Signing = {}): Promise<void> {
    const [key, crt] = [this.path(`${name}.key`), this.path(`${name}.crt`)];
    const subject = names.map((each) => (/^[\d.]+$/.test(each) ? `IP:${each}` : `DNS:${each}`));
    await this.#openssl([
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", `/CN=${name}`],
      ...["-addext", `subjectAltName=${subject.join(",")}`, "-days", "30", "-keyout", key, "-out", crt],
      ...(by === undefined ? [] : ["-CA", this.path(`${by}.crt`), "-CAkey", this.path(`${by}.key`)]),
      ...(passphrase === undefined ? ["-nodes"] : ["-passout", `pass:${passphrase}`]),
    ]);
  }

  /** `<name>.crt` for the key of `<of>`, whose time is over. */
  async expire(of: string, name: string): Promise<void> {
    const [key, request] = [this.path(`${of}.key`), this.path(`${name}.csr`)];
    await this.#openssl(["req", "-new", "-key", key, "-subj", `/CN=${name}`, "-out", request]);
    const signed = ["-in", request, "-signkey", key, "-days", "-1", "-out", this.path(`${name}.crt`)];
    await this.#openssl(["x509", "-req", ...signed]);
  }

  async #openssl(words: readonly string[]): Promise<void> {
    const { code, stderr } = await run(["openssl", ...words]);
    if (code !== 0) throw new Error(stderr);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** What openssl says of a handshake, `CN` of the certificate shown, if any. */
export async function handshake(
  port: number,
  ...words: string[]
): Promise<{ ok: boolean; name: string | undefined; protocol: string | undefined }> {
  const { code, stdout } = await run(["openssl", "s_client", "-connect", `127.0.0.1:${port}`, ...words], "");
  return {
    ok: code === 0,
    name: /^subject=CN = (.+)$/m.exec(stdout)?.[1],
    protocol: /^New, (TLSv[\d.]+), /m.exec(stdout)?.[1],
  };
}

/** A port that nobody has. */
export function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
