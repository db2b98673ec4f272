import { expect, test } from "bun:test";
import { summarize } from "./summary.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" assertions="9" failures="1" skipped="1" time="3">
  <testsuite name="tests/a.test.ts" file="tests/a.test.ts" tests="3" failures="1" skipped="1" time="1.04">
    <testsuite name="a group" file="tests/a.test.ts" tests="2" failures="0" skipped="1" time="0.9">
      <testcase name="one" classname="" time="0" file="tests/a.test.ts" line="1" assertions="1" />
      <testcase name="Tekton&apos;s &lt;x&gt; (skipped: needs zsh)" classname="" time="0" file="tests/a.test.ts">
        <skipped />
      </testcase>
    </testsuite>
    <testcase name="two" classname="" time="0" file="tests/a.test.ts" line="1" assertions="1">
      <failure type="AssertionError" />
    </testcase>
  </testsuite>
  <testsuite name="tests/b.test.ts" file="tests/b.test.ts" tests="1" failures="0" skipped="0" time="2">
  </testsuite>
</testsuites>
`;

test("slowest files first, then what is skipped, the counts in the last line", () => {
  expect(summarize(REPORT)).toEqual({
    passed: 2,
    lines: [
      "slowest files:",
      "    2.0 s tests/b.test.ts",
      "    1.0 s tests/a.test.ts",
      "skipped: tests/a.test.ts: Tekton's <x> (skipped: needs zsh)",
      "2 passed, 1 failed, 1 skipped",
    ],
  });
});

test("a report without counts is an error, not a success", () => {
  expect(() => summarize("<testsuites>")).toThrow("not as expected");
});
