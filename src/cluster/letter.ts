/** What workers of different machines say to each other, in one channel. */
export interface Letter {
  readonly machine: string;
  readonly worker: string;
  /** Of its worker, from 1: who misses one knows it. */
  readonly number: number;
  /**
   * `messages` of the bus; `changed` keys of names; `beat` for being there; `hello` to all after a break, `welcome` to one who said
   * so, or was not known; `gone` for a worker of its machine that has ended.
   */
  readonly kind: "messages" | "changed" | "beat" | "hello" | "welcome" | "gone";
  /** Messages are lists in JSON, which have no line breaks; others are names. */
  readonly lines: readonly string[];
}

export const written = ({ machine, worker, number, kind, lines }: Letter): string =>
  [`${machine} ${worker} ${number} ${kind}`, ...lines].join("\n");

export function read(text: string): Letter {
  const [head = "", ...lines] = text.split("\n");
  const [machine = "", worker = "", number, kind] = head.split(" ");
  return { machine, worker, number: Number(number), kind: kind as Letter["kind"], lines };
}
