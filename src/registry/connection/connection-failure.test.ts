import { expect, test } from "bun:test";
import { connectionFailure } from "./connection-failure.ts";

const codes = [
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
];
test.each(codes)("a certificate that fails with %s is reported with the file for its authority", (code) => {
  const cause = Object.assign(new Error("text of the runtime"), { code });
  const { message } = connectionFailure(new URL("https://auth.example:5001/token"), false, cause);
  expect(message).toContain("x509: certificate signed by unknown authority");
  expect(message).toEndWith("put its authority into ~/.config/tbox/certs.d/auth.example:5001/ca.crt");
});
