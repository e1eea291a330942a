import { fetchJson } from "#client/endpoints.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const marks = { ok: "ok", degraded: "!!", missing: "NO" };

export const doctorCommand = command({
  name: "doctor",
  summary: "Check what the host supports and suggest fixes",
  description:
    "Prints one line for each check: ok, !! for a limited feature, NO for a missing requirement. Exits with 1 if a requirement is missing.",
  rank: 10,
  synopsis: "",
  flags: {},
  arguments: exactly(0),
  async run() {
    const { checks } = await fetchJson("GET /tbox/doctor");
    for (const { status, name, detail, remedy } of checks) {
      await print(`[${marks[status]}] ${name}: ${detail}\n`);
      if (remedy) await print(`     ${remedy.replaceAll("\n", "\n     ")}\n`);
    }
    return checks.some(({ status }) => status === "missing") ? 1 : 0;
  },
});
