import { SkitaiError } from "../errors.ts";

/**
 * The port the workers will share: `port`, or a free one for 0. Workers bind with SO_REUSEPORT, which would join another
 * service of the same user without a word; so it is bound without once before, to see that nobody else has it.
 * @param chosen where the port is said, for the message
 * @throws SkitaiError PORT_IN_USE, PORT_DENIED, OPTION_INVALID (an address this machine does not have)
 */
export function claimPort(address: string, port: number, chosen = "with --port"): number {
  try {
    const probe = Bun.listen({ hostname: address, port, socket: { data() {} } });
    const claimed = probe.port;
    probe.stop(true);
    return claimed;
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, `port ${port}`, { address, port, chosen });
  }
}

/**
 * Sees that nobody has this UDP port.
 * @throws SkitaiError PORT_IN_USE, PORT_DENIED, OPTION_INVALID (an address this machine does not have)
 */
export async function claimUdpPort(address: string, port: number): Promise<void> {
  try {
    const probe = await Bun.udpSocket({ hostname: address, port });
    probe.close();
  } catch (error) {
    const chosen = "with --quic";
    throw explain(error as NodeJS.ErrnoException, `UDP port ${port}`, { address, port, chosen });
  }
}

interface Place {
  readonly address: string;
  readonly port: number;
  readonly chosen: string;
}

function explain(error: NodeJS.ErrnoException, name: string, { address, port, chosen }: Place): SkitaiError {
  const place = `${address}:${port}`;
  if (error.code === "EADDRINUSE")
    return new SkitaiError("PORT_IN_USE", {
      name: `${name} of ${address}`,
      accepted: `is in use, choose another ${chosen}`,
    });
  if (error.code === "EACCES")
    return new SkitaiError("PORT_DENIED", {
      name: place,
      accepted: "this user may not listen there, ports below 1024 need root",
    });
  return new SkitaiError("OPTION_INVALID", {
    name: "address",
    value: place,
    accepted: `an address of this machine (${error.code ?? error.message})`,
  });
}
