import { describe, expect, test } from "bun:test";
import type { ContainerSummary } from "#api/answers/container-summary.ts";
import type { ImageSummary } from "#api/answers/images.ts";
import { containerListing, containerRow } from "./container-row.ts";
import { imageListing, imageRows } from "./image-row.ts";
import { renderListing } from "./listing.ts";

const now = Date.UTC(2026, 0, 2);
const container: ContainerSummary = {
  Id: "f".repeat(64),
  Names: ["/web"],
  Image: "debian:12",
  Command: "sh -c 'a rather long command line'",
  Created: now / 1000 - 7200,
  State: "running",
  Status: "Up 2 hours",
  Ports: [{ PrivatePort: 80, Type: "tcp" }],
  Labels: { a: "1", "com.example.b": "2" },
  Mounts: [],
  ImageID: "",
  HostConfig: { NetworkMode: "bridge" },
  NetworkSettings: { Networks: {} },
  SizeRw: 1234,
};
const rows = [containerRow(container, { now, truncate: true })];
const render = (format?: string, quiet = false) =>
  renderListing(containerListing(false), rows, { format, quiet });

describe("containers", () => {
  test("the default table has Docker's columns", () => {
    expect(render()).toBe(
      "CONTAINER ID   IMAGE       COMMAND                  CREATED       STATUS       PORTS     NAMES\n" +
        'ffffffffffff   debian:12   "sh -c \'a rather lon…"   2 hours ago   Up 2 hours   80/tcp    web\n',
    );
  });
  test("--quiet prints IDs", () => expect(render(undefined, true)).toBe("ffffffffffff\n"));
  test("a template prints a line for every row", () => {
    expect(render('{{.Names}}: {{.State}} {{.Label "com.example.b"}}')).toBe("web: running 2\n");
  });
  test("table TEMPLATE prints headings", () => {
    expect(render("table {{.Names}}\\t{{.Image}}")).toBe("NAMES     IMAGE\nweb       debian:12\n");
    expect(render('table {{.Label "com.example.b"}}')).toBe("B\n2\n");
  });
  test("json prints an object for every row", () => {
    expect(JSON.parse(render("json"))).toMatchObject({
      ID: "ffffffffffff",
      Names: "web",
      Labels: "a=1,com.example.b=2",
    });
  });
  test("an empty list prints only the headings of a table, and nothing for a template", () => {
    expect(renderListing(containerListing(false), [], {})).toStartWith("CONTAINER ID   IMAGE");
    expect(renderListing(containerListing(false), [], { format: "{{.ID}}" })).toBe("");
  });
  test("--no-trunc prints complete values", () => {
    const [row] = [containerRow(container, { now, truncate: false })];
    expect(row).toMatchObject({ ID: "f".repeat(64), Command: `"sh -c 'a rather long command line'"` });
  });
});

describe("images", () => {
  const image: ImageSummary = {
    Id: `sha256:${"a".repeat(64)}`,
    RepoTags: ["localhost:5000/app:1", "app:2"],
    RepoDigests: [`app@sha256:${"b".repeat(64)}`],
    Created: now / 1000 - 86_400 * 3,
    Size: 123_456_789,
    SharedSize: -1,
    Containers: -1,
    ParentId: "",
    Labels: {},
    Descriptor: { mediaType: "", digest: "", size: 0 },
  };
  const options = { now, truncate: true, digests: false };

  test("an image has a row for every tag", () => {
    expect(renderListing(imageListing(false), imageRows(image, options), {})).toBe(
      "REPOSITORY           TAG       IMAGE ID       CREATED      SIZE\n" +
        "localhost:5000/app   1         aaaaaaaaaaaa   3 days ago   123MB\n" +
        "app                  2         aaaaaaaaaaaa   3 days ago   123MB\n",
    );
  });
  test("an image without a name has a row", () => {
    expect(imageRows({ ...image, RepoTags: [], RepoDigests: [] }, options)).toMatchObject([
      { Repository: "<none>", Tag: "<none>" },
    ]);
  });
  test("--digests shows the digest of the repository", () => {
    const digests = imageRows(image, { ...options, digests: true }).map((row) => row.Digest);
    expect(digests).toEqual(["<none>", `sha256:${"b".repeat(64)}`]);
  });
});
