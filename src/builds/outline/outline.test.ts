import { expect, test } from "bun:test";
import { outlineOf } from "./outline.ts";

const text = `# VERSION is the version of the base
ARG VERSION=1
FROM base:$VERSION AS tools
ARG TOOLS=all
RUN --mount=type=secret,id=token,required true
FROM scratch AS unused
ARG NEVER=1
# app is the program
FROM base AS app
ARG VERSION
# DEBUG turns on
# more messages
ARG DEBUG
RUN --mount=type=ssh --mount=type=cache,target=/c --mount=type=secret,id=token true
COPY --from=tools /t /t
`;

test("an outline has the arguments of the stages that the target needs", () => {
  const {
    name,
    description,
    arguments: found,
  } = outlineOf(text, { target: undefined, given: { DEBUG: "1" } });
  expect({ name, description }).toEqual({ name: "app", description: "is the program" });
  expect(found.map((one) => [one.name, one.value, one.description])).toEqual([
    ["VERSION", "1", "is the version of the base"],
    ["TOOLS", "all", undefined],
    ["DEBUG", "1", "turns on more messages"],
  ]);
});

test("an outline has each secret, agent and cache once", () => {
  const { secrets, agents, caches } = outlineOf(text, { target: "app", given: {} });
  expect(secrets).toEqual([{ id: "token", required: true, lines: { start: 5, end: 5 } }]);
  expect(agents).toMatchObject([{ id: "default", required: false }]);
  expect(caches).toMatchObject([{ id: "/c" }]);
});

test("an unknown target is named", () => {
  expect(() => outlineOf(text, { target: "ap", given: {} })).toThrow('target stage "ap" could not be found');
});
