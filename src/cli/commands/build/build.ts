import { command, exactly } from "../../registry/command.ts";
import { buildImage } from "./build-image.ts";
import { buildFlags } from "./flags.ts";

export const buildCommand = command({
  name: "build",
  aliases: ["image build", "builder build"],
  summary: "Build an image from a Dockerfile",
  rank: 4,
  synopsis: "[OPTIONS] PATH | URL | -",
  flags: buildFlags,
  arguments: exactly(1),
  examples: [
    { line: "tbox build -t app .", purpose: "Build the Dockerfile of the current directory" },
    {
      line: "tbox build -f ci.Dockerfile --target test --build-arg VERSION=1.2 .",
      purpose: "Build one stage of another Dockerfile with an argument",
    },
    {
      line: "tbox build --secret id=token,src=token.txt -o out .",
      purpose: "Use a secret and write the result to a directory",
    },
  ],
  run: buildImage,
});
