import { expect, test } from "bun:test";
import { Command } from "@commander-js/extra-typings";
import * as fc from "fast-check";
import type { CommandContext } from "../../../src/cli/command-context.ts";
import { loadAllCommands } from "../../../src/cli/commands/load-command.ts";
import { buildCommand } from "../../../src/cli/parser/build-command.ts";
import type { CommandDeclaration } from "../../../src/cli/parser/command.ts";
import { parseWords } from "../../../src/cli/parser/parse-words.ts";

const context = {} as CommandContext;
const commands = await loadAllCommands(context, []);

interface Outcome {
  readonly options: Readonly<Record<string, unknown>>;
  readonly given: readonly string[];
  readonly arguments: readonly unknown[];
}

/** What commander makes of it; undefined if it refuses it, or prints help or the version. */
async function parseByCommander(
  declared: CommandDeclaration,
  words: readonly string[],
): Promise<Outcome | undefined> {
  let outcome: Outcome | undefined;
  const command = buildCommand(declared).action((...parameters: unknown[]) => {
    const options = command.opts();
    const given = Object.keys(options).filter((key) => command.getOptionValueSource(key) === "cli");
    outcome = { options, given: given.toSorted(), arguments: parameters.slice(0, -2) };
  });
  const program = new Command("btdt").version("1").addCommand(command);
  for (const each of [program, command])
    each.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  try {
    await program.parseAsync([declared.name, ...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof Error) || !("exitCode" in error)) throw error;
    return undefined;
  }
  return outcome;
}

function parsePlainly(declared: CommandDeclaration, words: readonly string[]): Outcome | undefined {
  const parsed = parseWords(declared, words);
  return parsed === undefined ? undefined : { ...parsed, given: [...parsed.given].toSorted() };
}

const value = fc.oneof(
  fc.constantFrom("a", "b,c", "", "-", "--", "-V", "-Vx", "--version", "-h", "--help", "help", "1", "-1"),
  fc.constantFrom("7d", "10GiB", "zstd", "hard", "auto", "packs", "sha256", "bash", "used", "x=y"),
  fc.string({ maxLength: 4 }),
);

/** Mostly options that the command has, in all forms. */
function wordsOf({ options }: CommandDeclaration): fc.Arbitrary<string[]> {
  const known = options.length === 0 ? fc.constant(["-q"]) : fc.constantFrom(...options).chain(formsOf);
  const others = fc.constantFrom(["-h"], ["--kye", "a"], ["--cach", "c"], ["-kv"], ["-qv"], ["--quiet=1"]);
  const parts = fc.oneof(
    { weight: 6, arbitrary: known },
    { weight: 3, arbitrary: value.map((word) => [word]) },
    { weight: 1, arbitrary: others },
  );
  return fc.array(parts, { maxLength: 6 }).map((lists) => lists.flat());
}

function formsOf(option: CommandDeclaration["options"][number]): fc.Arbitrary<string[]> {
  const { long, short = long, required } = option;
  const valid = option.argChoices === undefined ? value : fc.constantFrom(...option.argChoices, "other");
  if (!required) return fc.constantFrom([long], [short]);
  return valid.chain((text) => fc.constantFrom([long, text], [`${long}=${text}`], [short, text]));
}

test("what is parsed without commander means the same to commander", async () => {
  let parsedCount = 0;
  const cases = fc
    .constantFrom(...commands)
    .chain((command) => wordsOf(command).map((words) => ({ command, words })));
  await fc.assert(
    fc.asyncProperty(cases, async ({ command, words }) => {
      const outcome = parsePlainly(command, words);
      if (outcome === undefined) return;
      parsedCount += 1;
      expect(outcome).toEqual((await parseByCommander(command, words)) ?? { ...outcome, given: ["refused"] });
    }),
    { numRuns: 2000 },
  );
  expect(parsedCount).toBeGreaterThan(200);
});

test("common command lines are parsed without commander", () => {
  const lines = [
    "restore --cache /cache --keys a,b node_modules",
    "restore --cache=/cache --keys=a --miss-ok --json",
    "restore -c /cache -k a -k b -q --verify one two",
    "lookup -c /cache -k a --fallback-prefix a-",
    "store -c /cache -k a --exclude *.log --max-size 10GiB --compression zstd:3 node_modules",
    "run -c /cache -k a node_modules",
    "hash --algorithm blake3 a b",
    "list -c /cache --no-sizes --sort size",
    "clean -c /cache --max-age 7d",
    "completion bash",
  ];
  for (const line of lines) {
    const [name, ...words] = line.split(" ");
    const command = commands.find((each) => each.name === name);
    expect({ line, isParsed: command !== undefined && parseWords(command, words) !== undefined }).toEqual({
      line,
      isParsed: true,
    });
  }
});
