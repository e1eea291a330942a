import type { AnyElysia } from "elysia";
import { attachContainerQuery } from "#api/requests/containers.ts";
import { commitContainerSchema, createContainerSchema } from "#api/requests/create-container.ts";
import { startExecSchema } from "#api/requests/execs.ts";
import { type JsonObject, type Schema, toJsonSchema } from "#api/schema/json-schema.ts";
import { newestVersion, oldestVersion } from "#api/versions.ts";
import { isRecord } from "#support/json.ts";
import { version } from "#support/version.ts";

type Paths = Record<string, Record<string, JsonObject>>;

/** Returns the OpenAPI document of the API, generated from the schemas that validate the requests. */
export async function describeApi(app: AnyElysia): Promise<JsonObject> {
  // Loaded on demand, to keep the daemon's start fast.
  const { toOpenAPISchema } = await import("@elysiajs/openapi/openapi");
  const { paths } = toOpenAPISchema(app, {}, undefined, { zod: toJsonSchema });
  return {
    openapi: "3.1.1",
    info: {
      title: "tbox",
      version,
      description: `Docker's Engine API as tbox serves it on a unix socket. Paths may begin with /v${oldestVersion} to /v${newestVersion}.`,
    },
    paths: { ...spellOut(paths), ...streams() },
  };
}

/** Schemas of bodies that the handlers parse themselves. */
const bodies: Record<string, Schema> = {
  "/containers/create": createContainerSchema,
  "/commit": commitContainerSchema,
};

/** Actions after a name that may contain slashes, by the route that matches the rest of the path. */
const suffixes: Record<string, Record<string, string[]>> = {
  "/images/*": { get: ["/json", "/history", "/get"], post: ["/push", "/tag"], delete: [""] },
  "/distribution/*": { get: ["/json"] },
};

/** Replaces each path with a wildcard by one path for each of its actions. */
function spellOut(paths: object): Paths {
  const spelt: Paths = {};
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(asRecord(operations))) {
      for (const full of namesOf(path, method)) {
        spelt[full] ??= {};
        spelt[full][method] = {
          ...asRecord(operation),
          ...bodyOf(full),
          operationId: `${method}${operationName(full)}`,
        };
      }
    }
  }
  return spelt;
}

function namesOf(path: string, method: string): string[] {
  const found = suffixes[path]?.[method];
  return found ? found.map((suffix) => path.replace("*", `{name}${suffix}`)) : [path];
}

function operationName(path: string): string {
  const words = path.split(/[^a-zA-Z]+/).filter((word) => word !== "");
  return words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
}

function bodyOf(path: string): JsonObject {
  const schema = bodies[path];
  return schema === undefined ? {} : { requestBody: jsonBody(schema) };
}

function jsonBody(schema: Schema): JsonObject {
  return { content: { "application/json": { schema: toJsonSchema(schema) } } };
}

/** Describes the requests that take their connection over: no route handles them. */
function streams(): Paths {
  const id = { name: "id", in: "path", required: true, schema: { type: "string" } };
  const properties = asRecord(toJsonSchema(attachContainerQuery).properties);
  const query = Object.entries(properties).map(([name, schema]) => ({ name, in: "query", schema }));
  const answers = { "101": { description: "The connection carries the stream." } };
  return {
    "/containers/{id}/attach": {
      post: { operationId: "postContainersIdAttach", parameters: [id, ...query], responses: answers },
    },
    "/exec/{id}/start": {
      post: {
        operationId: "postExecIdStart",
        parameters: [id],
        requestBody: jsonBody(startExecSchema),
        responses: answers,
      },
    },
  };
}

function asRecord(value: unknown): JsonObject {
  return isRecord(value) ? value : {};
}
