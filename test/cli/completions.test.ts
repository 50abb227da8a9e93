import { expect, test } from "bun:test";
import { run, skitai } from "./support.ts";

const completed = async (...words: string[]): Promise<string[]> => {
  const { stdout } = await skitai(["completions", "bash"], "/");
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const { stdout: said, stderr } = await run(
    [
      "bash",
      "-c",
      `${stdout}\nCOMP_WORDS=(skitai ${quoted}); COMP_CWORD=${words.length}; _skitai; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    "/",
  );
  expect(stderr).toBe("");
  return said.split("\n").sort();
};

test("[Y3] bash completes commands, flags and values from the definitions", async () => {
  expect(await completed("")).toEqual(
    [
      ...[
        "build",
        "cert",
        "completions",
        "dev",
        "doctor",
        "init",
        "install",
        "proxy",
        "reload",
        "remove",
        "serve",
        "smtpda",
        "status",
      ],
      ...["stop", "trace", "update", "--help", "--version"],
    ].sort(),
  );
  expect(await completed("tr")).toEqual(["trace"]);
  expect(await completed("serve", "--l")).toEqual(["--listing"]);
  expect(await completed("init", "install", "--template", "")).toEqual(["hono", "plain"]);
  expect(await completed("completions", "fi")).toEqual(["fish"]);
  expect(await completed("serve", "/etc/host")).toContain("/etc/hosts");
});

test("[Y3] zsh and fish get every command and flag, quoted", async () => {
  const zsh = (await skitai(["completions", "zsh"], "/")).stdout;
  expect(zsh).toStartWith("#compdef skitai\n");
  expect(zsh).toContain("'--template=[An app of Hono, or a function]: :(hono plain)'");
  expect(zsh).toContain("are the script'\\''s'");
  // As far as another shell can tell, no quote stays open.
  expect(
    (await run(["bash", "-nc", zsh.replaceAll("local -a commands=(", "local commands; commands=(")], "/"))
      .stderr,
  ).toBe("");
  const fish = (await skitai(["completions", "fish"], "/")).stdout;
  expect(fish).toContain("complete -c skitai -f -n __fish_use_subcommand -a trace -d 'Draw ");
  expect(fish).toContain("complete -c skitai -n '__fish_seen_subcommand_from serve' -l port -r -d '");
  expect(fish.split("\n").filter((line) => line !== "" && !/^complete -c skitai .*'$/.test(line))).toEqual(
    [],
  );
});

test("[Y3] completions of another shell are refused", async () => {
  const said = await skitai(["completions", "csh"], "/");
  expect(said).toMatchObject({ exitCode: 1, stdout: "" });
  expect(said.stderr).toContain('completions: "csh" is not accepted; accepted: bash, zsh, fish');
});

test("[Y3] --help shows flags and examples, --version the version", async () => {
  const help = await skitai(["serve", "--help"], "/");
  expect(help.exitCode).toBe(0);
  expect(help.stdout).toMatch(/--listing\s+Show what is in directories/);
  expect(help.stdout).toMatch(/EXAMPLES\n\n {2}skitai serve \.\/public +http:\/\/127\.0\.0\.1:8080/);
  expect((await skitai(["--version"], "/")).stdout).toMatch(/^\d+\.\d+\.\d+$/);
});
