import { commitContainerSchema, createContainerSchema } from "#api/requests/create-container.ts";
import { collectIgnored, ignoreName } from "#api/schema/ignored-names.ts";
import { parseJson } from "#api/schema/json.ts";
import { invalidArgument } from "#support/errors.ts";
import { isRecord } from "#support/json.ts";
import { isJsonType, unsupportedType } from "../http/request-body.ts";
import { rememberChecks } from "./remembered-checks.ts";

/** Parameters that belong to the query of `POST /containers/create`. */
const parameters = new Set(["name", "platform"]);

/** Fields of the body that are not part of the container's own configuration. */
const otherFields = new Set(["HostConfig", "NetworkingConfig"]);

const checkContainer = rememberChecks((request) => {
  const body = isRecord(request) ? request.container : undefined;
  const { value, warnings } = collectIgnored(() => createContainerSchema.parse(body));
  return { value: { container: value }, warnings };
});

/**
 * Parses the body of `POST /containers/create`, and returns a warning for each unknown name. Some clients repeat fields
 * of the body in the query, or parameters of the query in the body: equal values need no warning.
 */
export async function parseCreateBody(request: Request, query: Record<string, unknown>) {
  const body = request.body === null ? undefined : await parseJsonBody(request);
  const fields = fieldsOf(body);
  if (
    body === undefined ||
    body === null ||
    (isRecord(body) && Object.keys(body).every((name) => otherFields.has(name)))
  ) {
    throw invalidArgument("config cannot be empty in order to create a container");
  }
  const { warnings } = collectIgnored(() => {
    for (const name of Object.keys(query)) {
      if (!parameters.has(name) && !Object.hasOwn(fields, name)) ignoreName("query parameter", name);
    }
  });
  const checked = checkContainer({ container: withoutRepeated(body, query, parameters) });
  return { value: checked.value.container, warnings: [...warnings, ...checked.warnings] };
}

/** Parses the body of `POST /commit`, which is optional. */
export async function parseCommitBody(request: Request, query: object) {
  if (request.body === null) return {};
  const body = (await parseJsonBody(request)) ?? {};
  return commitContainerSchema.parse(withoutRepeated(body, { ...query }, Object.keys(query)));
}

/** Removes the fields of a body that repeat a query parameter. */
function withoutRepeated(body: unknown, query: Record<string, unknown>, names: Iterable<string>): unknown {
  if (!isRecord(body)) return body;
  const fields = fieldsOf(body);
  for (const name of names) if (Bun.deepEquals(fields[name], query[name])) delete fields[name];
  return fields;
}

function fieldsOf(body: unknown): Record<string, unknown> {
  return isRecord(body) ? { ...body } : {};
}

async function parseJsonBody(request: Request): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!isJsonType(type)) throw unsupportedType(type);
  return parseJson(await request.text());
}
