import type { Job } from './job.ts'

/** Tasks that are in flight or wait for their next attempt. Adding and removing take constant time, and no memory. */
export class ActiveJobs {
  #jobs: Job[] = []

  add(job: Job): void {
    job.place = this.#jobs.push(job) - 1
  }

  remove(job: Job): void {
    const last = this.#jobs.pop() as Job
    if (last === job) return
    this.#jobs[job.place] = last
    last.place = job.place
  }

  /** Removes and returns them all. */
  drain(): Job[] {
    const jobs = this.#jobs
    this.#jobs = []
    return jobs
  }
}
