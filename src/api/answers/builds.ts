import type { FailureFields, TransferLine } from "./progress.ts";

/** Numbers of lines in the Dockerfile, from 1; both ends are included. */
export interface LineRangeAnswer {
  start: number;
  end: number;
}

/** A line of `POST /build`, in the format of Docker's classic builder. */
export interface ClassicBuildLine extends TransferLine {
  stream?: string;
  /** ID of the built image. */
  aux?: { ID: string };
}

/** A line of `POST /tbox/build`. */
export type BuildLine =
  /** The text of the Dockerfile, sent before the build starts. */
  | { type: "dockerfile"; name: string; text: string }
  | { type: "started"; step: BuildStep }
  /** The program of a RUN is about to start. */
  | { type: "running"; number: number; container: string }
  | { type: "output"; number: number; stream: "stdout" | "stderr"; text: string }
  /** `id` identifies the stage's state after the step, in twelve hexadecimal digits. */
  | { type: "finished"; number: number; cached: boolean; id: string; milliseconds: number }
  | { type: "pulling"; image: string; progress: BuildPull }
  /** `rule` is the name of a Dockerfile check. */
  | { type: "warning"; text: string; lines?: LineRangeAnswer; rule?: string }
  /** The last line of a question about the Dockerfile: a table, and BuildKit's object. */
  | { type: "described"; text: string; json: object }
  /** The last line of a request that only checks the Dockerfile. */
  | { type: "checked"; findings: number }
  /** The last line of a build that succeeded; `existed` tells whether the image was in the store before. */
  | {
      type: "built";
      image: string;
      tags: string[];
      existed: boolean;
      /** Facts about the exported images by BuildKit's names; absent for a build with no other result. */
      exported?: Record<string, string>;
    }
  /** The client fetches the output with this number by `GET /tbox/outputs`. */
  | { type: "ready"; index: number; token: string }
  /** The last line of a build that failed; `lines` is the part of the Dockerfile that is at fault. */
  | { type: "failed"; status: number; message: string; lines?: LineRangeAnswer };

/** Title of a build step; `number` counts the instructions of the Dockerfile from 1. */
export interface BuildStep {
  number: number;
  total: number;
  /** Name of the stage; absent when there is only one stage. */
  stage?: string;
  /** The instruction as it was written, on one line. */
  text: string;
  lines?: LineRangeAnswer;
  /** Text to show in place of the position and the instruction. */
  label?: string;
  /** Position among the steps of the stage that change files. */
  place?: { number: number; total: number };
}

/** Progress of the pull of a base image, in bytes. */
export interface BuildPull {
  id?: string;
  status: string;
  current?: number;
  total?: number;
}

/** A line of `POST /tbox/check`. */
export interface CheckLineAnswer extends FailureFields {
  damage?: {
    kind: "blob" | "layer";
    digest: string;
    /** Names or IDs of the images that need it. */
    images: string[];
    problem: string;
    /** Reason why it was not repaired; absent when it was. */
    unrepaired?: string;
  };
  /** A size of `system df` that was wrong, and is corrected. */
  size?: { kind: "container" | "layer"; id: string; cached: number; measured: number };
  /** The last line. */
  summary?: { blobs: number; layers: number; images: number };
}
