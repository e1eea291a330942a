import { commitContainerSchema, createContainerSchema } from "#api/requests/create-container.ts";
import { parseJson } from "#api/schema/json.ts";
import { invalidArgument } from "#support/errors.ts";
import { isJsonType } from "../http/request-body.ts";

/**
 * The body of `POST /containers/create`. Some clients repeat its fields in the query, or parameters of the query
 * in the body: what stands in both is nothing to worry about, anything else is refused.
 */
export async function parseCreateBody(request: Request, query: Record<string, unknown>) {
  const body = request.body === null ? undefined : await parseJsonBody(request);
  const fields = fieldsOf(body);
  if (body === undefined || (isObject(body) && !Object.keys(body).some((name) => !beside.has(name)))) {
    throw invalidArgument("config cannot be empty in order to create a container");
  }
  const unknown = Object.keys(query).find((name) => !parameters.has(name) && !Object.hasOwn(fields, name));
  if (unknown !== undefined) {
    throw invalidArgument(`${unknown}: unknown query parameter`);
  }
  return createContainerSchema.parse(withoutRepeated(body, query, parameters));
}

/** What the body has besides the container's own configuration. */
const beside = new Set(["HostConfig", "NetworkingConfig"]);

const parameters = new Set(["name", "platform"]);

/** The body of `POST /commit`, which may be left out. */
export async function parseCommitBody(request: Request, query: object) {
  if (request.body === null) return {};
  const body = (await parseJsonBody(request)) ?? {};
  return commitContainerSchema.parse(withoutRepeated(body, { ...query }, Object.keys(query)));
}

function withoutRepeated(body: unknown, query: Record<string, unknown>, names: Iterable<string>): unknown {
  const fields = fieldsOf(body);
  if (!isObject(body)) return body;
  for (const name of names) if (Bun.deepEquals(fields[name], query[name])) delete fields[name];
  return fields;
}

function fieldsOf(body: unknown): Record<string, unknown> {
  return isObject(body) ? { ...body } : {};
}

function isObject(body: unknown): body is object {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

async function parseJsonBody(request: Request): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!isJsonType(type)) {
    throw invalidArgument(`unsupported Content-Type header (${type}): must be 'application/json'`);
  }
  return parseJson(await request.text());
}
