import { pageName } from '../problem-catalog';
import { problemCodes, type ProblemCode } from '../problem-codes';
import type { Answer } from './sample-application';

/** The answer is this problem of the platform, complete, and tells nothing of the inside. */
export function expectProblem(answer: Answer, code: ProblemCode, instance = '/things'): void {
  expect(answer.problem).toMatchObject({
    code,
    status: problemCodes[code].status,
    title: problemCodes[code].title,
    type: `https://api.example.com/docs/problems/${pageName(code)}`,
    instance,
    detail: expect.any(String),
    correlationId: answer.headers.get('x-correlation-id'),
  });
  expect(answer.status).toBe(problemCodes[code].status);
  expect(answer.text).not.toMatch(/\.[jt]s:|node_modules|\bat /);
}

/** The first answer on a raw connection, as status, headers and problem. */
export function parseRaw(text: string): { status: number; head: string; problem: Record<string, unknown> } {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), problem: JSON.parse(body) };
}
