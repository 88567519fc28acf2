type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows' | 'bytesWritten' | 'destroyed'>

/** A stream that whoever draws on it cannot fail by: what is shown is worth less than the run that it shows. */
export class SafeStream {
  readonly #stream: NodeJS.WritableStream & Partial<Terminal>

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream
  }

  get isTTY(): boolean {
    return this.#stream.isTTY === true
  }

  get columns(): number {
    return this.#stream.columns || 80
  }

  get rows(): number {
    return this.#stream.rows || 24
  }

  /** How much has been written to it, or to the other stream that ends on the same screen; `undefined` where unknown. */
  get written(): number {
    const others = this.#isStandard() ? [process.stdout, process.stderr].filter(({ isTTY }) => isTTY) : []
    return [...new Set([this.#stream, ...others])].reduce((sum, { bytesWritten = 0 }) => sum + bytesWritten, 0)
  }

  write(text: string): void {
    const stream = this.#stream
    if (stream.writable === false || stream.destroyed) return
    // A stream reports a failure here or later, and an `'error'` that nobody listens to would end the process.
    const ignore = () => {}
    stream.once('error', ignore)
    try {
      stream.write(text, (failure) => {
        if (failure && stream.listenerCount('error') === 0) stream.once('error', ignore)
      })
    } catch {
      // As above.
    } finally {
      stream.removeListener('error', ignore)
    }
  }

  #isStandard(): boolean {
    const stream: unknown = this.#stream
    return stream === process.stdout || stream === process.stderr
  }
}
