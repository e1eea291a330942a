import { buildImage } from "../build/build-image.ts";
import { buildFlags } from "../build/flags.ts";
import { command, exactly } from "../command.ts";

export const buildCommand = command({
  synopsis: "[OPTIONS] PATH | URL | -",
  description: "Build an image from a Dockerfile",
  flags: buildFlags,
  arguments: exactly(1),
  run: buildImage,
});
