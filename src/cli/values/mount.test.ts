import { expect, test } from "bun:test";
import { parseMount } from "./mount.ts";

test.each([
  ["type=bind,src=/a,dst=/b", { Type: "bind", Source: "/a", Target: "/b" }],
  ["type=bind,source=/a,target=/b,ro", { Type: "bind", Source: "/a", Target: "/b", ReadOnly: true }],
  [
    "type=bind,src=/a,destination=/b,readonly=false",
    { Type: "bind", Source: "/a", Target: "/b", ReadOnly: false },
  ],
  ['type=bind,"src=/a,b",dst=/c', { Type: "bind", Source: "/a,b", Target: "/c" }],
  [
    "type=bind,src=/a,dst=/b,bind-propagation=rslave,bind-nonrecursive",
    {
      Type: "bind",
      Source: "/a",
      Target: "/b",
      BindOptions: { Propagation: "rslave", NonRecursive: true },
    },
  ],
  [
    "type=image,src=debian:12,dst=/i,image-subpath=/etc",
    { Type: "image", Source: "debian:12", Target: "/i", ImageOptions: { Subpath: "/etc" } },
  ],
  [
    "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770",
    { Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1770 } },
  ],
])("%s", (text, mount) => expect(parseMount(text)).toEqual(mount));

test.each([
  ["foo", "invalid field 'foo' must be a key=value pair"],
  ["type=bind,src=/a,dst=/b,foo=1", "unexpected key 'foo' in 'foo=1'"],
  ["type=bind,src=/a,dst=/b,readonly=maybe", "invalid value for readonly: maybe"],
  ["type=tmpfs,dst=/b,tmpfs-size=x", "invalid value for tmpfs-size: x"],
  ["type=tmpfs,dst=/b,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"],
  ["type=tmpfs,dst=/b,bind-nonrecursive", "cannot mix bind options with a mount of type tmpfs"],
  ["type=bind,src=/a", "target is required"],
  ["type=bind,dst=/a", "source is required for a bind mount"],
  ["type=image,dst=/b", "source is required for an image mount"],
  ["type=volume,src=v,dst=/b,image-subpath=x", "cannot mix image options with a mount of type volume"],
  ["type=cluster,src=v,dst=/b", 'mounts of type "cluster" are not supported'],
  ["src=v,dst=/b,tmpfs-size=1m", "cannot mix tmpfs options with a mount of type volume"],
  ['type=bind,"src=/a', "a quote is not closed"],
])("refuses %s", (text, message) => expect(() => parseMount(text)).toThrow(message));
