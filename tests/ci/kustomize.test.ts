import { expect } from "bun:test";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { readKit } from "../tekton/documents.ts";

const scratch = Scratch.use();
const kit = join(import.meta.dir, "../../tekton");

interface Resource {
  readonly kind: string;
}

testWith(["kubectl"], "the kit's settings reach every resource", () => {
  const copy = scratch.path("tekton");
  cpSync(kit, copy, { recursive: true });
  const settings = readFileSync(join(kit, "settings.yaml"), "utf8");
  const changed = settings
    .replace(/^image: .*$/m, "image: registry.example/tools/btdt:9")
    .replace(/^claim: .*$/m, "claim: another-claim")
    .replace(/^group: .*$/m, "group: 4711");
  writeFileSync(join(copy, "settings.yaml"), changed);
  const build = (directory: string): Resource[] => {
    const text = must(["kubectl", "kustomize", directory]);
    return text.split("\n---\n").map((document) => Bun.YAML.parse(document) as Resource);
  };

  const kinds = build(kit).map(({ kind }) => kind);
  // The secret has only examples.
  const applied = readKit().filter(({ kind }) => kind !== "PipelineRun" && kind !== "Secret");
  expect(kinds.sort()).toEqual(applied.map(({ kind }) => kind).sort());

  const before = JSON.stringify(build(kit));
  const after = JSON.stringify(build(copy));
  for (const value of ["localhost/btdt:", "my-tekton-cache", "65532"]) {
    expect(before).toContain(value);
    expect(after).not.toContain(value);
  }
  const replaced = before
    .replaceAll(/localhost\/btdt:[\d.]+/g, "registry.example/tools/btdt:9")
    .replaceAll("my-tekton-cache", "another-claim")
    .replaceAll("65532", "4711");
  expect(after).toBe(replaced);
});
