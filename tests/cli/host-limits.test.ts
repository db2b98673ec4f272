import { expect } from "bun:test";
import { BTDT, run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

const REFUSED =
  "btdt: error: this process may not create executable memory, which btdt needs (lift the limit: ulimit -v, MemoryDenyWriteExecute= of systemd, deny_execmem of SELinux, or PR_SET_MDWE)\n";

const FORBID = "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0 or sys.exit(77)";
const forbidding = ["python3", "-c", `${FORBID}; os.execv(sys.argv[1], sys.argv[1:])`];

const deniesExecutableMemory = {
  name: "a kernel with PR_SET_MDWE, and python3",
  isMet: () => Bun.which("python3") !== null && run([...forbidding, "/bin/true"]).exitCode === 0,
};

testWith([deniesExecutableMemory], "forbidden executable memory is an error in one line", () => {
  const refused = run([...forbidding, BTDT, "list", "-c", scratch.directory("cache")]);
  expect(refused).toEqual({ exitCode: 1, stdout: "", stderr: REFUSED });
});

testWith(["linux"], "too little address space is an error in one line", () => {
  const script = 'ulimit -v 2000000; exec "$@"';
  const refused = run(["sh", "-c", script, "sh", BTDT, "list", "-c", scratch.directory("cache")]);
  expect(refused).toEqual({ exitCode: 1, stdout: "", stderr: REFUSED });
});
