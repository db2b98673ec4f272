import { Option } from "../parser/option.ts";
import { appendItems } from "./repeatable.ts";

/** Options about signatures of entries. */

export function defineSignKeyOption() {
  return new Option(
    "--sign-key <key>",
    "sign the entry with this private key of btdt keygen: a file, or env:NAME for a variable",
  ).env("BTDT_SIGN_KEY");
}

export function defineVerifyKeyOption() {
  return new Option(
    "--verify-key <key>",
    "use only entries signed with this key: a public key of btdt keygen, a file of public keys, or env:NAME for a variable; repeatable",
  )
    .env("BTDT_VERIFY_KEY")
    .argParser(appendItems)
    .default([] as string[]);
}
