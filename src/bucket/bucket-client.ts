/**
 * Requests to one bucket. The room speaks the part of the S3 interface that object stores have in common, and makes it
 * dependable: it signs, repeats what may succeed the second time, corrects region and clock, and turns refusals into
 * errors that say what to do. It relies on no conditional request.
 */
import { setTimeout as pause } from "node:timers/promises";
import { BtdtError, isBtdtError } from "../base/errors.ts";
import type { BucketAddress } from "./address.ts";
import type { Authorizer, OutgoingRequest } from "./authorizer.ts";
import { cancelled, type Location, unreachable, untrusted } from "./bucket-errors.ts";
import { type Endpoint, locate } from "./endpoint.ts";
import { type ErrorAnswer, findLateError, readErrorAnswer } from "./error-answer.ts";
import { type Answer, type Connection, exchange } from "./exchange.ts";
import { explainConnectionError } from "./explain-connection-error.ts";
import { isMissing, isTransient } from "./judge-answer.ts";
import { refusal } from "./refusal.ts";
import { choosePauseMs, RetryBudget } from "./retry-budget.ts";

export interface BucketRequest {
  readonly method: OutgoingRequest["method"];
  /** The object's name in the bucket; empty for the bucket itself. */
  readonly name: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly mostAnswerBytes: number;
  /** The answer is a document even if the request failed after its status was sent. */
  readonly canFailLate?: boolean;
  /** Statuses of errors that are results to the caller. */
  readonly isResult?: (status: number) => boolean;
  /** Instead of the client's, for requests that clean up. */
  readonly signal?: AbortSignal;
  /** Ends this request, besides the client's signal. */
  readonly stop?: AbortSignal;
}

export interface BucketAnswer extends Answer {
  /** The object, or the upload, does not exist: the status is 404. */
  readonly isMissing: boolean;
  /** How often the request was sent. */
  readonly attempts: number;
}

export interface ClientSettings {
  readonly address: BucketAddress;
  readonly endpoint: Endpoint;
  readonly region: string;
  readonly connection: Connection;
  readonly authorizer: Authorizer;
  /** Ends all requests. If its reason is a `BtdtError`, that is thrown, otherwise CANCELLED. */
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  /** From 0 up to 1; decides how long a pause is. */
  readonly random: () => number;
}

const MOST_REPETITIONS = 5;
/** For a request with all its repetitions, besides the time that its body takes. */
const DEADLINE_MS = 300_000;
const SLOWEST_BYTES_PER_MS = 64;

type Correction = "region" | "clock" | "credentials";

export class BucketClient {
  readonly #settings: ClientSettings;
  readonly #budget = new RetryBudget();
  #region: string;
  /** What must be added to the local time to get the server's. */
  #clockOffsetMs = 0;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#region = settings.region;
  }

  /**
   * Sends a request until it succeeds or nothing speaks for another attempt.
   *
   * @throws BtdtError with one of the codes in bucket-errors.ts, or CANCELLED
   */
  async send(request: BucketRequest): Promise<BucketAnswer> {
    const corrections = new Set<Correction>();
    const deadlineMs = DEADLINE_MS + (request.body?.length ?? 0) / SLOWEST_BYTES_PER_MS;
    const deadline = new AbortController();
    const timer = setTimeout(
      () => deadline.abort(unreachable(this.#location(), "it has not answered in time")),
      deadlineMs,
    );
    const signal = AbortSignal.any([
      request.signal ?? this.#settings.signal,
      deadline.signal,
      ...(request.stop === undefined ? [] : [request.stop]),
    ]);
    try {
      for (let attempts = 1, repetitions = 0; ; attempts++) {
        const outcome = await this.#attempt(request, signal);
        if ("answer" in outcome) return { ...outcome.answer, isMissing: outcome.isMissing, attempts };
        if (outcome.correction !== undefined && !corrections.has(outcome.correction)) {
          corrections.add(outcome.correction);
          continue;
        }
        if (!outcome.isTransient || repetitions === MOST_REPETITIONS || !this.#budget.take())
          throw outcome.error;
        repetitions++;
        await pause(
          Math.max(choosePauseMs(repetitions, this.#settings.random()), outcome.pauseMs),
          undefined,
          {
            signal,
          },
        );
      }
    } catch (error) {
      if (signal.aborted && !isBtdtError(error))
        throw signal.reason instanceof BtdtError ? signal.reason : cancelled();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #attempt(request: BucketRequest, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    const { address, endpoint, authorizer, connection, nowMs } = this.#settings;
    const { method, name, query = {}, headers = {}, body, mostAnswerBytes } = request;
    const region = this.#region;
    const outgoing = { method, url: locate(address, endpoint, region, name, query), headers, body };
    const timeMs = nowMs() + this.#clockOffsetMs;
    const authorized = await authorizer.authorize(outgoing, { region, timeMs });
    let answer: Answer;
    try {
      answer = await exchange({ ...outgoing, headers: authorized, mostAnswerBytes }, connection, signal);
    } catch (error) {
      if (signal.aborted || isBtdtError(error)) throw error;
      const { reason, isTlsError } = explainConnectionError(error);
      const known = (isTlsError ? untrusted : unreachable)(this.#location(), reason, error);
      return { error: known, isTransient: !isTlsError, pauseMs: 0 };
    }
    const late = request.canFailLate === true && answer.status === 200 ? findLateError(answer) : undefined;
    if (answer.status >= 200 && answer.status < 300 && late === undefined) {
      this.#budget.earn();
      return { answer, isMissing: false };
    }
    const failure = late ?? readErrorAnswer(answer);
    if (isMissing(method, answer.status, failure.code)) return { answer, isMissing: true };
    if (request.isResult?.(answer.status) === true) return { answer, isMissing: false };
    const isTransientFailure = isTransient(answer.status, failure.code);
    const said = `${answer.status}${failure.code === "" ? "" : ` ${failure.code}`}`;
    return {
      error: isTransientFailure
        ? unreachable(this.#location(), `it keeps answering ${said}`)
        : refusal(this.#location(), method, answer.status, failure.code),
      isTransient: isTransientFailure,
      pauseMs: pauseAskedForMs(answer),
      ...this.#correct(answer, failure, region),
    };
  }

  /** Learns from a refusal what was wrong, if that can be corrected by signing once more. */
  #correct(
    { status, headers }: Answer,
    { code, region }: ErrorAnswer,
    usedRegion: string,
  ): { correction?: Correction } {
    if (code === "RequestTimeTooSkewed") {
      const serverMs = Date.parse(headers.get("date") ?? "");
      if (Number.isNaN(serverMs)) return {};
      this.#clockOffsetMs = serverMs - this.#settings.nowMs();
      return { correction: "clock" };
    }
    if (status === 401 || /^(?:ExpiredToken(?:Exception)?|TokenRefreshRequired)$/.test(code)) {
      this.#settings.authorizer.renew();
      return { correction: "credentials" };
    }
    if (
      region !== undefined &&
      region !== usedRegion &&
      (status === 400 || (status >= 300 && status < 400))
    ) {
      this.#region = region;
      return { correction: "region" };
    }
    return {};
  }

  #location(): Location {
    const { address, endpoint } = this.#settings;
    const { origin } = locate(address, { ...endpoint, hasPathStyle: true }, this.#region, "", {});
    return { bucket: `${address.provider}://${address.bucket}`, origin };
  }
}

type Outcome =
  | { readonly answer: Answer; readonly isMissing: boolean }
  | {
      readonly error: BtdtError;
      readonly isTransient: boolean;
      readonly pauseMs: number;
      readonly correction?: Correction;
    };

const LONGEST_PAUSE_ASKED_FOR_MS = 20_000;

/** `Retry-After` in seconds; its other form, a date, is not used by any object store. */
function pauseAskedForMs({ headers }: Answer): number {
  const seconds = headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(seconds) ? Math.min(Number(seconds) * 1000, LONGEST_PAUSE_ASKED_FOR_MS) : 0;
}
