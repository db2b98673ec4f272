/** What people and CI want to know about a run, from the runner's JUnit report. */
export interface Summary {
  /** The slowest files, what was skipped and why, and the counts in the last line. */
  readonly lines: readonly string[];
  readonly passed: number;
}

const SLOWEST_FILES = 10;

export function summarize(report: string): Summary {
  const totals = /<testsuites[^>]*>/.exec(report)?.[0] ?? "";
  const [tests, failed, skipped] = ["tests", "failures", "skipped"].map((name) =>
    Number.parseInt(attributeOf(totals, name), 10),
  );
  if (
    tests === undefined ||
    failed === undefined ||
    skipped === undefined ||
    Number.isNaN(tests + failed + skipped)
  )
    throw new Error(`the runner's report is not as expected: ${totals}`);
  const passed = tests - failed - skipped;
  const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  return { lines: [...slowestFiles(report), ...skippedTests(report), counts], passed };
}

function slowestFiles(report: string): string[] {
  const files = [...report.matchAll(/^ {2}<testsuite [^>]*>/gm)].map(([tag]) => ({
    name: attributeOf(tag, "file"),
    seconds: Number(attributeOf(tag, "time")),
  }));
  const slowest = files.toSorted((left, right) => right.seconds - left.seconds).slice(0, SLOWEST_FILES);
  return [
    "slowest files:",
    ...slowest.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s ${name}`),
  ];
}

function skippedTests(report: string): string[] {
  const cases = [...report.matchAll(/(<testcase [^>]*[^/])>\s*<skipped/g)].map(([, tag = ""]) => tag);
  return cases.map((tag) => `skipped: ${attributeOf(tag, "file")}: ${attributeOf(tag, "name")}`);
}

/** An attribute of an element's tag, with entities decoded. */
function attributeOf(tag: string, name: string): string {
  const text = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? "";
  const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replaceAll(/&(\w+);/g, (entity, word: string) => entities[word] ?? entity);
}
