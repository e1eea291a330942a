import { z } from "zod";
import { dockerObject } from "../schema/docker-object.ts";
import { objectName } from "../schema/names.ts";
import { resizeContainerQuery } from "./containers.ts";

const text = z.string().exactOptional();
const flag = z.boolean().exactOptional();
const size = z.tuple([z.int().min(0).max(65_535), z.int().min(0).max(65_535)]).exactOptional();

/** Schema of the parameters of `/exec/{id}/…`. */
export const execParams = z.strictObject({ id: objectName });

/** Body of `POST /containers/{id}/exec`. */
export const createExecSchema = dockerObject(
  {
    // Older clients repeat the container of the path.
    Container: text,
    Cmd: z.array(z.string()).default([]),
    Env: z.array(z.string()).exactOptional(),
    User: text,
    WorkingDir: text,
    Tty: flag,
    Privileged: flag,
    AttachStdin: flag,
    AttachStdout: flag,
    AttachStderr: flag,
    Detach: flag,
    DetachKeys: text,
    ConsoleSize: size,
  },
  { unset: { ConsoleSize: [[0, 0]] } },
);

/** Body of `POST /exec/{id}/start`. */
export const startExecSchema = dockerObject(
  {
    Detach: flag,
    Tty: flag,
    ConsoleSize: size,
    // Fields of dockerode for its own use.
    hijack: flag,
    stdin: flag,
  },
  {
    unset: { ConsoleSize: [[0, 0]] },
  },
);

/** Query of `POST /exec/{id}/resize`. */
export const resizeExecQuery = resizeContainerQuery;
