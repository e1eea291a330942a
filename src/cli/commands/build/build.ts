import { command, exactly } from "../../registry/command.ts";
import { buildImage } from "./build-image.ts";
import { buildFlags } from "./flags.ts";

export const buildCommand = command({
  synopsis: "[OPTIONS] PATH | URL | -",
  description: "Build an image from a Dockerfile",
  flags: buildFlags,
  arguments: exactly(1),
  run: buildImage,
});
