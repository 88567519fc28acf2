export interface Derived {
  key: string
  version: number
  text: string
}
export function derived(key: string, version?: number): Derived
export function hash(text: string): number
export function isDerived(key: string, value: unknown): value is Derived
export function random(seed: unknown): () => number
