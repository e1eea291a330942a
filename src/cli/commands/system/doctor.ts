import { requestJson } from "#client/api.ts";
import { asObject, asObjects, textAt } from "#client/json.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const marks: Record<string, string> = { ok: "ok", degraded: "!!", missing: "NO" };

export const doctorCommand = command({
  synopsis: "",
  description: "Show what this machine allows, and how to allow more",
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
