import type { DefinedFlag, Definition } from "../definitions.ts";

/** For a file `_skitai` in `$fpath`, or `eval "$(skitai completions zsh)"` behind `compinit`. */
export function zshCompletions(definitions: readonly Definition[]): string {
  const commands = definitions.map(({ name, help }) => `    '${name}:${quoted(help)}'`);
  const cases = definitions.map(
    ({ name, flags, words }) =>
      `    ${name}) _arguments ${[...flags.map(argument), wordsArgument(words)].join(" ")} ;;`,
  );
  return `#compdef skitai
_skitai() {
  local -a commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case "$words[1]" in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _skitai ]; then _skitai "$@"; else compdef _skitai skitai; fi
`;
}

function argument({ name, help, takesValue, values }: DefinedFlag): string {
  const value = !takesValue ? "" : values.length > 0 ? `: :(${values.join(" ")})` : ": :_files";
  return `'${name}${takesValue ? "=" : ""}[${quoted(help)}]${value}'`;
}

const wordsArgument = (words: readonly string[]): string =>
  words.length > 0 ? `'*: :(${words.join(" ")})'` : "'*: :_files'";

/** For single quotes, and without what _arguments reads. */
const quoted = (text: string): string => text.replace(/[[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
