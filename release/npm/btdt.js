#!/usr/bin/env node
// Finds the executable in the package for this platform, and runs it.
"use strict";
const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `btdt-${process.platform}-${process.arch}`;

function findExecutable() {
  try {
    return require.resolve(`${name}/bin/btdt`);
  } catch {
    process.stderr.write(
      `btdt: the package ${name} is not installed: either there is no btdt for this platform, or optional dependencies were left out (install without --omit=optional)\n`,
    );
    process.exit(1);
  }
}

const executable = findExecutable();
const words = process.argv.slice(2);

// Node.js 22.15 and newer can become the executable, so signals need no forwarding.
if (typeof process.execve === "function") {
  try {
    process.execve(executable, [executable, ...words], process.env);
  } catch {
    // Not on this platform; a child does the same.
  }
}

const child = spawn(executable, words, { stdio: "inherit" });
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
// From a terminal, Ctrl-C reaches the child directly, and a second one would end it at once.
const hasTerminal = [0, 1, 2].some((descriptor) => require("node:tty").isatty(descriptor));
process.on("SIGINT", () => {
  if (!hasTerminal) child.kill("SIGINT");
});
child.on("error", (error) => {
  process.stderr.write(`btdt: ${executable} cannot be run: ${error.message}\n`);
  process.exit(1);
});
child.on("close", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
