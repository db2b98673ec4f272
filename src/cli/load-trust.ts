import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { reasonOf } from "../fs/errno.ts";
import { closeQuickly } from "../fs/native/quick-file.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { RecordSigner, RecordVerifier } from "../key/signed-record.ts";
import { assertUtf8Variables } from "./assert-utf8.ts";
import type { CommandContext } from "./command-context.ts";

type Context = Pick<CommandContext, "environment">;

const VARIABLE_PREFIX = "env:";

/** More than a thousand public keys take. */
const LARGEST_KEY_FILE_BYTES = 64 * 1024;

/**
 * The signer that `--sign-key` names. Cryptography is loaded only for it.
 * @throws BtdtError SIGNING_KEY_INVALID, VARIABLE_UNSET
 */
export async function loadSigner(
  { signKey }: { readonly signKey?: string | undefined },
  context: Context,
): Promise<RecordSigner | undefined> {
  if (signKey === undefined) return undefined;
  const [{ parsePrivateKey }, { createRecordSigner }] = await Promise.all([
    import("../trust/key-text.ts"),
    import("../trust/sign-record.ts"),
  ]);
  return createRecordSigner(
    parsePrivateKey(readKeyText(signKey, "--sign-key", context), describeOrigin(signKey)),
  );
}

/**
 * The verifier that `--verify-key` names; undefined if any entry will do.
 * @throws BtdtError SIGNING_KEY_INVALID, VARIABLE_UNSET
 */
export async function loadVerifier(
  { verifyKey }: { readonly verifyKey: readonly string[] },
  context: Context,
): Promise<RecordVerifier | undefined> {
  if (verifyKey.length === 0) return undefined;
  const [{ isPublicKey, parsePublicKeys }, { createRecordVerifier }] = await Promise.all([
    import("../trust/key-text.ts"),
    import("../trust/verify-record.ts"),
  ]);
  const keys = verifyKey.flatMap((origin) => {
    const text = isPublicKey(origin) ? origin : readKeyText(origin, "--verify-key", context);
    return parsePublicKeys(text, describeOrigin(origin));
  });
  return createRecordVerifier(keys);
}

/**
 * The environment without the variable that has the private key, which a command run by btdt must not see. Undefined if
 * no variable has it.
 * @throws BtdtError USAGE if the rest cannot be passed on as it is
 */
export function withoutSecret(
  signKey: string | undefined,
  { environment: { variables } }: Context,
): Readonly<Record<string, string | undefined>> | undefined {
  if (signKey?.startsWith(VARIABLE_PREFIX) !== true) return undefined;
  const others = { ...variables, [signKey.slice(VARIABLE_PREFIX.length)]: undefined };
  assertUtf8Variables(Object.keys(others), others);
  return others;
}

function readKeyText(origin: string, option: string, { environment }: Context): string {
  if (origin.startsWith(VARIABLE_PREFIX)) {
    const name = origin.slice(VARIABLE_PREFIX.length);
    const value = environment.variables[name];
    if (value !== undefined && value !== "") return value;
    throw new BtdtError("VARIABLE_UNSET", `the variable ${name}, which ${option} names, is not set`, {
      hint: "set it to the key that btdt keygen has made",
    });
  }
  try {
    return readStart(origin);
  } catch (error) {
    const path = escapeControls(origin);
    throw new BtdtError("SIGNING_KEY_INVALID", `cannot read the key ${path}: ${reasonOf(error)}`, {
      path,
      hint: `${option} takes a file that btdt keygen has made, or env:NAME`,
      cause: error,
    });
  }
}

/** It may be a pipe, from which a shell passes a secret. */
function readStart(path: string): string {
  const bytes = Buffer.alloc(LARGEST_KEY_FILE_BYTES);
  const descriptor = nodeFs().openSync(path, "r");
  try {
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count) {
      count = nodeFs().readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return bytes.toString("utf8", 0, length);
  } finally {
    closeQuickly(descriptor);
  }
}

function describeOrigin(origin: string): string {
  if (origin.startsWith(VARIABLE_PREFIX)) return `the variable ${origin.slice(VARIABLE_PREFIX.length)}`;
  return escapeControls(origin);
}
