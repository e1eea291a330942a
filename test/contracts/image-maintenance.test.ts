import { fakeImages } from "#test/api/support/fake-images.ts";
import { createFakeStore } from "#test/api/support/fake-state.ts";
import { helperUnavailable } from "#test/support/user.ts";
import { describeImageMaintenance, describeImageRemoval } from "./image-maintenance.ts";
import { describeUnless } from "./support/describe-unless.ts";
import { openImagesOnDisk, openImagesOverFakes, pull } from "./support/images-subject.ts";

describeImageRemoval("fake images", async () => ({
  maintenance: fakeImages(createFakeStore()),
  name: "image",
  [Symbol.asyncDispose]: async () => {},
}));
describeImageRemoval("images over fake layers", async () => {
  const subject = await openImagesOverFakes();
  await pull(subject);
  return { ...subject, maintenance: subject.images };
});
describeImageMaintenance("image maintenance over fake layers", openImagesOverFakes);
describeUnless(helperUnavailable, "with the helper", () => {
  describeImageMaintenance("image maintenance", openImagesOnDisk);
});
