import { homedir } from "node:os";
import { relative } from "node:path";
import { defineCommand } from "citty";
import { issueCertificate, type Issued } from "../cert/issue.ts";
import { fail, terminal } from "../terminal.ts";

/** `skitai cert app.test`. Spec T6. */
export const cert = defineCommand({
  meta: {
    name: "cert",
    description:
      "Make a certificate for development, for localhost and more names, signed by a CA of your own",
  },
  args: {
    names: {
      type: "positional",
      required: false,
      description: "More host names or addresses",
      valueHint: "names...",
    },
    out: { type: "string", default: ".", valueHint: "dir", description: "Where to put certificate and key" },
    days: {
      type: "string",
      default: "365",
      valueHint: "number",
      description: "How long it is valid, at most 825",
    },
    json: { type: "boolean", default: false, description: "Say what was made as JSON" },
  },
  async run({ args: { _: names, out, days, json } }) {
    try {
      const issued = await issueCertificate({ names, out, days: Number(days), home: homedir() });
      if (json) return void process.stdout.write(`${JSON.stringify(issued)}\n`);
      terminal.success(
        `${relative("", issued.cert)} and ${relative("", issued.key)} for ${issued.names.join(", ")}, until ${issued.until.slice(0, 10)}`,
      );
      terminal.log(adviceOf(issued));
    } catch (error) {
      fail(error);
    }
  },
});

const adviceOf = ({ cert, key, ca }: Issued): string =>
  [
    "Use it:",
    `  skitai.enableSsl(${JSON.stringify(cert)}, ${JSON.stringify(key)});`,
    `Trust its CA, once for all certificates of this command (never give ${ca.replace(/crt$/, "key")} away):`,
    `  curl         curl --cacert ${ca} https://localhost:5000/`,
    `  Debian       sudo cp ${ca} /usr/local/share/ca-certificates/skitai.crt && sudo update-ca-certificates`,
    `  Chromium     certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n skitai -i ${ca}`,
    "  Firefox      Settings, Certificates, Authorities, Import",
    `  macOS        security add-trusted-cert -k ~/Library/Keychains/login.keychain-db ${ca}`,
    `  Node, Bun    NODE_EXTRA_CA_CERTS=${ca}`,
  ].join("\n");
