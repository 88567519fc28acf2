/** What ends the program with a message for its user: exit code 1 where something is wrong, 2 for wrong usage. */
export class Failure extends Error {
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
