import { collectIgnored } from "#api/schema/ignored-names.ts";
import { runRequestSchema } from "#api/streams/run-request.ts";
import { rememberChecks } from "../../requests/remembered-checks.ts";

/** Checks a run request; throws for an invalid one. */
export const checkRunRequest = rememberChecks((request) =>
  collectIgnored(() => runRequestSchema.parse(request)),
);
