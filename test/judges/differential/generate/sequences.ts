import fc from "fast-check";
import { isRecord } from "#support/json.ts";
import type { Step } from "../step.ts";
import { containerStep, listStep } from "./container-steps.ts";
import { createBody, plainBody } from "./create-body.ts";
import { buildSequence } from "./dockerfile.ts";
import { imageStep, networkStep, volumeStep } from "./object-steps.ts";
import { sequenceOf } from "./table.ts";

const creation = (body: unknown): Step => ({
  method: "POST",
  path: "/containers/create?name=c0",
  body,
  save: "c0",
});
const inspection: Step = { method: "GET", path: "/containers/c0/json" };
const plain = creation({ Image: "base", Labels: { a: "1" }, Cmd: ["sh", "-c", "echo up; sleep 1000"] });

/** Sequences of requests by subject. */
export const sequences: Record<string, fc.Arbitrary<Step[]>> = {
  create: createBody.map((body) => [creation(body), inspection]),
  start: createBody.map(({ Entrypoint, ...body }) => [
    creation({ ...body, Cmd: ["sleep", "1000"] }),
    { method: "POST", path: "/containers/c0/start" },
    inspection,
  ]),
  run: createBody.map((body) => [
    creation({ Cmd: ["echo", "up"], ...body, ...neverAgain(body.HostConfig) }),
    { method: "POST", path: "/containers/c0/start" },
    { method: "POST", path: "/containers/c0/wait" },
    inspection,
    { method: "GET", path: "/containers/c0/logs?stdout=1&stderr=1" },
  ]),
  life: fc.tuple(plainBody, sequenceOf(containerStep, 8)).map(([body, steps]) => [creation(body), ...steps]),
  list: sequenceOf(listStep, 3, [plain, { method: "POST", path: "/containers/c0/start" }]),
  networks: sequenceOf(networkStep, 6, [plain]),
  volumes: sequenceOf(volumeStep, 6),
  images: sequenceOf(imageStep, 6),
  build: buildSequence,
};

/** Replaces the restart policy and the removal of a container whose end is compared. */
function neverAgain(host: unknown): object {
  return isRecord(host) ? { HostConfig: { ...host, RestartPolicy: { Name: "no" }, AutoRemove: false } } : {};
}
