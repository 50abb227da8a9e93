import type { Definition } from "../definitions.ts";

/** For `skitai completions fish | source`, or a file in `~/.config/fish/completions`. */
export function fishCompletions(definitions: readonly Definition[]): string {
  const commands = definitions.map(
    ({ name, help }) => `complete -c skitai -f -n __fish_use_subcommand -a ${name} -d '${quoted(help)}'`,
  );
  const flags = definitions.flatMap(({ name, flags, words }) => {
    const condition = `complete -c skitai -n '__fish_seen_subcommand_from ${name}'`;
    return [
      ...flags.map((flag) => {
        const value =
          flag.values.length > 0 ? ` -x -a '${flag.values.join(" ")}'` : flag.takesValue ? " -r" : "";
        return `${condition} -l ${flag.name.slice(2)}${value} -d '${quoted(flag.help)}'`;
      }),
      ...(words.length > 0 ? [`${condition} -f -a '${words.join(" ")}'`] : []),
    ];
  });
  return `${[...commands, ...flags].join("\n")}\n`;
}

const quoted = (text: string): string => text.replace(/[\\']/g, "\\$&");
