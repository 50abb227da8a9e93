import type { commands } from "./commands.ts";

/** Shown by `--help`: what is typed, and what it does. */
export const examples: Readonly<
  Partial<Record<keyof typeof commands, readonly (readonly [line: string, does: string])[]>>
> = {
  build: [
    ["skitai build serve.ts", "./<service>, an executable with apps and static files inside"],
    ["skitai build serve.ts --static disk", "static files are read from beside it"],
  ],
  cert: [
    ["skitai cert", "./localhost.crt and ./localhost.key"],
    ["skitai cert app.test '*.app.test' --out certs", "for more names"],
  ],
  completions: [
    ['eval "$(skitai completions bash)"', "in ~/.bashrc"],
    ["skitai completions zsh > ~/.zfunc/_skitai", "in a directory of $fpath"],
    ["skitai completions fish > ~/.config/fish/completions/skitai.fish", ""],
  ],
  dev: [
    ["skitai dev serve.ts", "serves what is saved at once, with error details"],
    ["skitai dev serve.ts --port 8080 --workers 2", "flags are the script's"],
  ],
  init: [
    ["skitai init petstore", "a project with an app of Hono"],
    ["skitai init petstore --template plain", "with a function (request, context) => Response"],
  ],
  install: [
    ["sudo skitai install serve.ts --port 80 --workers auto", "started at every boot, with these flags"],
  ],
  proxy: [
    ["skitai proxy --to http://127.0.0.1:3000 --port 8080", "http://127.0.0.1:8080/ answers as port 3000"],
  ],
  serve: [
    ["skitai serve ./public", "http://127.0.0.1:8080/, for this machine only"],
    ["skitai serve . --listing --host 0.0.0.0", "for all, with listings"],
    ["skitai serve ./dist --spa", "an app that routes in the browser"],
    ["skitai serve serve.ts --workers 4", "as bun serve.ts --workers 4"],
  ],
  smtpda: [
    ["skitai smtpda start", "sends what waits, as ~/.skitai.conf says"],
    ["skitai smtpda start --smtp-server mail.example.com:587 --user robot", "over this server"],
    ["skitai smtpda queue --json", "what waits, and the last words of the servers"],
    ["skitai smtpda retry all", "undelivered mails, too"],
    ["sudo skitai smtpda install", "as a service, for the mail of all users"],
  ],
  trace: [
    ["skitai trace GTID-C7-R1", "from the logs below /var/log/skitai"],
    ["skitai trace GTID-C7-R1 web/logs api/logs --json", "from those of several services"],
    ["ssh api cat /srv/logs/request.log | skitai trace GTID-C7-R1 web.log -", "from another machine"],
  ],
};

/** The examples of a command as text; `""` for one that has none. */
export function examplesText(name: string | undefined): string {
  const rows = examples[name as keyof typeof examples] ?? [];
  const width = Math.max(...rows.map(([line]) => line.length), 0);
  const lines = rows.map(([line, does]) => `  ${line.padEnd(width)}  ${does}`.trimEnd());
  return lines.length === 0
    ? ""
    : `\nEXAMPLES\n\n${lines.join("\n")}\n\nEXIT CODE\n\n  0 when it did what was asked, 1 when not or when a word is wrong\n`;
}
