import { fakeImages } from "#test/api/support/fake-images.ts";
import { createFakeStore } from "#test/api/support/fake-state.ts";
import { helperUnavailable } from "#test/support/user.ts";
import { describeImageLookups, describeImageQueries, type ImageLookupSubject } from "./image-queries.ts";
import { describeUnless } from "./support/describe-unless.ts";
import { openImagesOnDisk, openImagesOverFakes, pull } from "./support/images-subject.ts";
import type { OpenImages } from "./support/images-suite.ts";

function lookups(open: OpenImages): () => Promise<ImageLookupSubject> {
  return async () => {
    const subject = await open();
    await pull(subject);
    return {
      queries: subject.images,
      name: subject.name,
      [Symbol.asyncDispose]: () => subject[Symbol.asyncDispose](),
    };
  };
}

describeImageLookups("lookups of fake images", async () => ({
  queries: fakeImages(createFakeStore()),
  name: "image",
  [Symbol.asyncDispose]: async () => {},
}));
describeImageLookups("image lookups over fake layers", lookups(openImagesOverFakes));
describeImageQueries("image queries over fake layers", openImagesOverFakes);
describeUnless(helperUnavailable, "with the helper", () => {
  describeImageLookups("image lookups", lookups(openImagesOnDisk));
  describeImageQueries("image queries", openImagesOnDisk);
});
