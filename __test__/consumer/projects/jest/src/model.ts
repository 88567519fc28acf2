/** The model under evaluation: everything it answers costs money. */
export interface Model {
  complete(prompt: string): Promise<Completion>
}

export interface Completion {
  text: string
  tokens: number
}
