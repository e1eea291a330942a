import type { Duplex } from "node:stream";
import type { z } from "zod";
import { parseJson } from "#api/json.ts";
import { type RegistryAuth, parseRegistryAuth } from "#api/registry-auth.ts";
import { runRequestSchema } from "#api/run-request.ts";
import type { Engine } from "#engine/engine.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { errorCode, TboxError } from "#support/errors.ts";
import { describeError } from "../error-response.ts";
import { shapeProgress } from "../shape/progress.ts";
import { openRunClient, type RunClient } from "./run-client.ts";
import { startFailureCode } from "./start-failure-code.ts";

type RunRequest = z.infer<typeof runRequestSchema>;

interface Run extends Engine {}
