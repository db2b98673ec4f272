import { exitCodeOf, type Finished, finishedOf, startBtdt } from "./executable.ts";
import type { Scratch } from "./scratch.ts";

/** An address that a server of the tests' has a bucket for. */
export const BUCKET = "s3://cache";

/** The environment of a client: nothing of this machine's own settings. */
export function bucketVariables(
  url: URL,
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_SESSION_TOKEN: "",
    AWS_PROFILE: "",
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL_S3: url.href,
    AWS_CA_BUNDLE: "",
    AWS_EC2_METADATA_DISABLED: "true",
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  };
}

/** Runs btdt on a bucket, without blocking: the server may run in the process of the test. */
export class BucketCommands {
  readonly #scratch: Scratch;
  readonly #options: readonly string[];
  readonly #variables: Readonly<Record<string, string>>;

  constructor(
    scratch: Scratch,
    url: URL,
    keys: { readonly accessKeyId: string; readonly secretAccessKey: string },
    address = BUCKET,
    variables: Readonly<Record<string, string>> = {},
  ) {
    this.#scratch = scratch;
    this.#options = ["--cache", address];
    this.#variables = { ...bucketVariables(url, keys), ...variables };
  }

  /** @param words the command and its arguments, without `--cache` */
  async run(
    words: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    through: readonly string[] = [],
  ): Promise<Finished> {
    return await finishedOf(this.start(words, variables, through));
  }

  /** @param through words before the executable */
  start(
    words: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    through: readonly string[] = [],
  ) {
    const [command = "", ...rest] = words;
    return startBtdt([command, ...this.#options, ...rest], {
      env: { HOME: this.#scratch.path(), ...this.#variables, ...variables },
      cwd: this.#scratch.path(),
      through,
    });
  }

  /** Must succeed. */
  async must(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Finished> {
    const finished = await this.run(words, variables);
    if (finished.exitCode !== 0)
      throw new Error(`${words.join(" ")} ended with ${finished.exitCode}: ${finished.stderr}`);
    return finished;
  }

  /** Writes the standard output to a file. */
  async runToFile(words: readonly string[], name: string): Promise<Finished> {
    const started = this.start(words);
    await Bun.write(this.#scratch.path(name), new Response(started.stdout));
    const stderr = await new Response(started.stderr).text();
    await started.exited;
    return { exitCode: exitCodeOf(started), stdout: "", stderr };
  }
}
