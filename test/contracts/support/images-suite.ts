import { afterEach, beforeEach, describe } from "bun:test";
import type { ImagesSubject } from "./images-subject.ts";

export type OpenImages = () => Promise<ImagesSubject>;

/** Declares tests that each get a new store; the callback's argument returns the store of the running test. */
export function imagesSuite(
  name: string,
  open: OpenImages,
  declare: (subject: () => ImagesSubject) => void,
): void {
  describe(name, () => {
    let opened: ImagesSubject | undefined;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened?.[Symbol.asyncDispose]());
    declare(() => {
      if (opened === undefined) throw new Error("the store is used before its test has opened it");
      return opened;
    });
  });
}
