import { Measure, QueryCache } from '@aah/ai-evals/performance'

export interface Database {
  query(sql: string, params: { id: string }): Promise<{ id: string; gpa: number }>
}

export class Students {
  private readonly cache = new QueryCache({ ttl: 60_000 })

  constructor(private readonly database: Database) {}

  @Measure('students.find')
  async find(id: string) {
    const sql = 'SELECT * FROM students WHERE id = :id'
    const cached = this.cache.get<{ id: string; gpa: number }>(sql, { id })
    if (cached) return cached
    const student = await this.database.query(sql, { id })
    this.cache.set(sql, { id }, student)
    return student
  }

  changed(): number {
    return this.cache.invalidate('FROM students')
  }
}
