import { mkdirSync, writeFileSync } from "node:fs";

/** Size of each file of the context in bytes. */
export const fileSize = 18_750;

/** Writes files with incompressible bytes that are equal in every run. */
export function writeContext(path: string, files: number): void {
  const content = new Uint8Array(fileSize);
  let state = 1;
  for (let file = 0; file < files; file++) {
    for (let at = 0; at < fileSize; at++) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      content[at] = state >> 16;
    }
    const folder = `${path}/d${file % 50}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/f${file}`, content);
  }
}

/** Writes `rebuild`, `steps` and `copy` with the ending `.Dockerfile`. */
export function writeDockerfiles(directory: string, image: string, count: number): void {
  const steps = (length: number) => Array.from({ length }, (_, step) => `RUN echo ${step} > /r${step}`);
  const contents = {
    rebuild: [...steps(9), "WORKDIR /w", "COPY . /ctx"],
    steps: steps(count),
    copy: ["COPY . /ctx"],
  };
  for (const [name, lines] of Object.entries(contents)) {
    writeFileSync(`${directory}/${name}.Dockerfile`, `FROM ${image}\n${lines.join("\n")}\n`);
  }
}
