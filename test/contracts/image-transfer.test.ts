import { helperUnavailable } from "#test/support/user.ts";
import { describeImageTransfer } from "./image-transfer.ts";
import { describeUnless } from "./support/describe-unless.ts";
import { openImagesOnDisk, openImagesOverFakes } from "./support/images-subject.ts";

describeImageTransfer("image transfer over fake layers", openImagesOverFakes);
describeUnless(helperUnavailable, "with the helper", () => {
  describeImageTransfer("image transfer", openImagesOnDisk);
});
