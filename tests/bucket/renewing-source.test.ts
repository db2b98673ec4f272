import { expect, test } from "bun:test";
import { BtdtError } from "../../src/base/errors.ts";
import { RenewingSource, type Timed } from "../../src/bucket/renewing-source.ts";
import { rejection } from "../support/rejection.ts";

const MINUTE_MS = 60_000;

/** A source with a clock and prepared answers, the last of which is repeated. */
function create(answers: readonly (Timed<string> | BtdtError)[]) {
  const state = { nowMs: 0, askedCount: 0 };
  const ask = () => {
    const answer = answers[Math.min(state.askedCount++, answers.length - 1)];
    return answer instanceof BtdtError || answer === undefined
      ? Promise.reject(answer)
      : Promise.resolve(answer);
  };
  return { state, source: new RenewingSource(ask, () => state.nowMs) };
}

const failure = new BtdtError("BUCKET_NOT_ACCESSIBLE", "no credentials");

test("credentials are asked for once, by however many requests", async () => {
  const { state, source } = create([{ value: "a", expiresMs: undefined }]);
  expect(await Promise.all([source.current(), source.current()])).toEqual(["a", "a"]);
  state.nowMs = 1000 * MINUTE_MS;
  expect(await source.current()).toBe("a");
  expect(state.askedCount).toBe(1);
});

test("five minutes before they expire, they are renewed", async () => {
  const { state, source } = create([
    { value: "a", expiresMs: 60 * MINUTE_MS },
    { value: "b", expiresMs: 120 * MINUTE_MS },
  ]);
  expect(await source.current()).toBe("a");
  state.nowMs = 55 * MINUTE_MS;
  expect(await source.current()).toBe("a");
  state.nowMs += 1;
  expect(await source.current()).toBe("b");
});

test("if they cannot be renewed, they are used until they expire, and it is tried again", async () => {
  const { state, source } = create([{ value: "a", expiresMs: 60 * MINUTE_MS }, failure]);
  await source.current();
  state.nowMs = 56 * MINUTE_MS;
  expect(await source.current()).toBe("a");
  expect(await source.current()).toBe("a");
  expect(state.askedCount).toBe(2);
  state.nowMs += MINUTE_MS;
  expect(await source.current()).toBe("a");
  expect(state.askedCount).toBe(3);
  state.nowMs = 60 * MINUTE_MS;
  expect(await rejection(source.current())).toBe(failure);
});

test("requests that fail together with expired credentials ask for new ones once", async () => {
  const { state, source } = create([
    { value: "a", expiresMs: undefined },
    { value: "b", expiresMs: undefined },
  ]);
  await source.current();
  state.nowMs = MINUTE_MS;
  source.renew();
  const pending = source.current();
  source.renew();
  expect(await pending).toBe("b");
  source.renew();
  expect(await source.current()).toBe("b");
  expect(state.askedCount).toBe(2);
});

test("without any credentials, each request says so", async () => {
  const { source } = create([failure]);
  expect(await rejection(source.current())).toBe(failure);
  expect(await rejection(source.current())).toBe(failure);
});
