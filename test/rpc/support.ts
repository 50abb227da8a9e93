/** A server of a fixture that prints its port first; killed at the end of the scope. */
export async function peer(command: readonly string[]): Promise<{ url: string } & AsyncDisposable> {
  const run = Bun.spawn([...command], { stdio: ["ignore", "pipe", "inherit"] });
  const reader = run.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value).trim());
  if (!(port > 0)) throw new Error(`${command.join(" ")} told no port`);
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      run.kill("SIGKILL");
      await run.exited;
      await reader.cancel();
    },
  };
}

export const fixture = (name: string): string =>
  Bun.fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
