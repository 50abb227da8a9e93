import { runSpawnedAgent } from "./smtpda.ts";

// The agent of a script, without what the script imports.
await runSpawnedAgent();
