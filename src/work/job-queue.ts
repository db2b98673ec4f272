import type { JobWeight, WaitingJob } from "./pool-worker.ts";

/** Jobs that wait for a thread, first come, first served; heavy ones in a separate line. */
export class JobQueue {
  readonly #light = new Line();
  readonly #heavy = new Line();

  push(...jobs: readonly WaitingJob[]): void {
    for (const job of jobs) this.#lineOf(job).push(job);
  }

  /** Jobs that came back from a thread, before all others. */
  putBack(jobs: readonly WaitingJob[]): void {
    const rest = this.takeAll();
    this.push(...jobs, ...rest);
  }

  take(weight: JobWeight): WaitingJob | undefined {
    const heavy = weight === "light" ? undefined : this.#heavy.take();
    return heavy ?? (weight === "heavy" ? undefined : this.#light.take());
  }

  takeAll(): WaitingJob[] {
    return [...this.#heavy.takeAll(), ...this.#light.takeAll()];
  }

  #lineOf({ isHeavy }: WaitingJob): Line {
    return isHeavy ? this.#heavy : this.#light;
  }
}

/** Taking from the front of an array would move all others. */
class Line {
  #jobs: WaitingJob[] = [];
  #start = 0;

  push(job: WaitingJob): void {
    this.#jobs.push(job);
  }

  take(): WaitingJob | undefined {
    const job = this.#jobs[this.#start];
    if (job === undefined) {
      this.#jobs = [];
      this.#start = 0;
    } else {
      this.#start += 1;
    }
    return job;
  }

  takeAll(): WaitingJob[] {
    const jobs = this.#jobs.slice(this.#start);
    this.#jobs = [];
    this.#start = 0;
    return jobs;
  }
}
