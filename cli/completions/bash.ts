import type { Definition } from "../definitions.ts";

/** For `eval "$(skitai completions bash)"`. */
export function bashCompletions(definitions: readonly Definition[]): string {
  const flags = definitions.map(
    ({ name, flags, words }) =>
      `    ${name}) words="${[...flags.map((flag) => flag.name), ...words].join(" ")}" ;;`,
  );
  const values = definitions.flatMap(({ name, flags }) =>
    flags
      .filter((flag) => flag.values.length > 0)
      .map(
        (flag) =>
          `    "${name} ${flag.name}") COMPREPLY=($(compgen -W "${flag.values.join(" ")}" -- "$current")); return ;;`,
      ),
  );
  return `_skitai() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${definitions.map(({ name }) => name).join(" ")} --help --version" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${values.join("\n")}
  esac
  case "\${COMP_WORDS[1]}" in
${flags.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ "$current" == -* ]] || COMPREPLY+=($(compgen -f -- "$current"))
}
complete -o filenames -F _skitai skitai
`;
}
