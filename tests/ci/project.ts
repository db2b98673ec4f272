import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { BTDT } from "../support/executable.ts";
import type { Scratch } from "../support/scratch.ts";

const NPM = `#!/bin/sh
case $1 in
ci) echo "npm ci"; mkdir -p node_modules && cp package-lock.json node_modules/ ;;
esac
`;

/** A project, and a PATH on which there is btdt and an `npm` that says when it installs. */
export function prepareProject(scratch: Scratch): { readonly project: string; readonly PATH: string } {
  for (const name of ["bin", "project"]) mkdirSync(scratch.path(name));
  writeFileSync(scratch.path("bin", "npm"), NPM);
  chmodSync(scratch.path("bin", "npm"), 0o755);
  symlinkSync(BTDT, scratch.path("bin", "btdt"));
  writeFileSync(scratch.path("project", "package-lock.json"), "{}");
  return { project: scratch.path("project"), PATH: `${scratch.path("bin")}:${process.env["PATH"]}` };
}
