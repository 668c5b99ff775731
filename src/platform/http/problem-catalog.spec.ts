import { readdirSync } from 'node:fs';
import { BadRequestException, ForbiddenException, HttpException, NotFoundException } from '@nestjs/common';
import { Rejected } from '../../kernel/rejection';
import { LogUnavailable } from '../log/log.port';
import { HttpProblem } from './http-problem';
import { pageName, ProblemCatalog } from './problem-catalog';
import { problemCodes } from './problem-codes';
import { markdownToHtml, problemPagesFolder } from './problem-pages';

const tooHeavy = { THING_TOO_HEAVY: { status: 409, title: 'The thing is too heavy' } };

function catalog(): ProblemCatalog {
  return new ProblemCatalog('https://api.example.com');
}

describe('problem catalogue', () => {
  it('makes problem details of an HttpProblem', () => {
    const problem = new HttpProblem('VIEW_BEHIND', {
      detail: 'Wait.',
      headers: { 'x-lag': '3' },
      extensions: { lag: 3 },
    });

    expect(catalog().problemOf(problem, 'c-1', '/values/1')).toEqual({
      body: {
        type: 'https://api.example.com/docs/problems/view-behind',
        title: 'The view has not seen this write yet',
        status: 503,
        detail: 'Wait.',
        instance: '/values/1',
        code: 'VIEW_BEHIND',
        correlationId: 'c-1',
        lag: 3,
      },
      headers: { 'retry-after': '1', 'x-lag': '3' },
      unexpected: false,
    });
  });

  it('answers a rejection by the table of its module, with its facts', () => {
    const problems = catalog();
    problems.register(tooHeavy);
    const { body, unexpected } = problems.problemOf(
      new Rejected('THING_TOO_HEAVY', { weight: 7, detail: 'It weighs 7.', code: 'FAKE', correlationId: 'FAKE' }),
      'c-1',
      '/',
    );

    expect(body).toMatchObject({
      code: 'THING_TOO_HEAVY',
      status: 409,
      weight: 7,
      detail: 'It weighs 7.',
      correlationId: 'c-1',
    });
    expect(unexpected).toBe(false);
  });

  it('refuses one code with two meanings, and takes the same one twice', () => {
    const problems = catalog();
    problems.register(tooHeavy);
    problems.register(tooHeavy);

    expect(() => problems.register({ NOT_FOUND: { status: 410, title: 'Gone' } })).toThrow('NOT_FOUND');
  });

  it('translates the errors of other parts', () => {
    class Behind extends Error {}
    class FarBehind extends Behind {}
    const problems = catalog();
    problems.translate(Behind, () => new HttpProblem('VIEW_BEHIND'));

    expect(problems.problemOf(new FarBehind(), '', '').body.code).toBe('VIEW_BEHIND');
    expect(problems.problemOf(new LogUnavailable('broker'), '', '').body).toMatchObject({ code: 'LOG_UNAVAILABLE' });
  });

  it.each([
    [new BadRequestException('secret'), 'VALIDATION_FAILED'],
    [new ForbiddenException('secret'), 'INSUFFICIENT_SCOPE'],
    [new NotFoundException('secret'), 'NOT_FOUND'],
    [new HttpException('secret', 418), 'VALIDATION_FAILED'],
    [new HttpException('secret', 503), 'OVERLOADED'],
    [Object.assign(new Error('secret'), { statusCode: 413 }), 'BODY_TOO_LARGE'],
    [new HttpException('secret', 502), 'INTERNAL_ERROR'],
    [Object.assign(new Error('secret'), { statusCode: 500 }), 'INTERNAL_ERROR'],
    [new Error('secret'), 'INTERNAL_ERROR'],
    [new Rejected('SECRET'), 'INTERNAL_ERROR'],
    ['secret', 'INTERNAL_ERROR'],
    [undefined, 'INTERNAL_ERROR'],
  ] as const)('tells nothing of the text of a foreign error: %s', (error, code) => {
    const { body, unexpected } = catalog().problemOf(error, 'c-1', '/');

    expect(body).toMatchObject({ code, status: problemCodes[code].status });
    expect(JSON.stringify(body).toLowerCase()).not.toContain('secret');
    expect(unexpected).toBe(code === 'INTERNAL_ERROR');
  });

  it('has one page per code of the platform, named after it', () => {
    const pages = new Set(readdirSync(problemPagesFolder));

    expect(Object.keys(problemCodes).filter((code) => !pages.has(`${pageName(code)}.md`))).toEqual([]);
  });
});

describe('problem pages', () => {
  it('turn their little Markdown into HTML and let nothing through', () => {
    expect(markdownToHtml('# A `<b>`\n\nText **bold**\nmore & more.\n\n- one\n  goes on\n- two\n\n    code <x>')).toBe(
      '<h1>A <code>&lt;b&gt;</code></h1>\n<p>Text <strong>bold</strong>\nmore &amp; more.</p>\n' +
        '<ul>\n<li>one\n  goes on</li>\n<li>two</li>\n</ul>\n<pre><code>code &lt;x&gt;</code></pre>',
    );
  });
});
