import { requestJson } from "#client/api.ts";
import { asObject, asObjects, textAt } from "#client/json.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const marks: Record<string, string> = { ok: "ok", degraded: "!!", missing: "NO" };

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
    const checks = asObjects(asObject(await requestJson("GET", "/tbox/doctor")).checks);
    for (const check of checks) {
      const status = textAt(check, "status");
      await print(`[${marks[status] ?? status}] ${textAt(check, "name")}: ${textAt(check, "detail")}\n`);
      const remedy = textAt(check, "remedy");
      if (remedy !== "") await print(`     ${remedy.replaceAll("\n", "\n     ")}\n`);
    }
    return checks.some((check) => textAt(check, "status") === "missing") ? 1 : 0;
  },
});
