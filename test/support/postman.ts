import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run as newmanRun, type NewmanRunSummary } from 'newman';
import { z } from 'zod';
import { repositoryRoot } from '../../scripts/process/repository.ts';

const folder = join(repositoryRoot(), 'postman');
const collectionPath = join(folder, 'kafka-cqrs-platform.postman_collection.json');
const environmentPath = join(folder, 'kafka-cqrs-platform.postman_environment.json');

const askWithinMs = 40_000;
const shownMax = 300;

const script = z.object({ listen: z.enum(['prerequest', 'test']), script: z.object({ exec: z.array(z.string()) }) });
/** Postman shows `raw` and sends the parts. */
const url = z
  .object({
    raw: z.string(),
    host: z.tuple([z.literal('{{baseUrl}}')]),
    path: z.array(z.string()),
    query: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
  })
  .refine(
    ({ raw, path, query }) => {
      const search = query.map(({ key, value }) => `${key}=${value}`).join('&');
      return raw === `{{baseUrl}}/${path.join('/')}${search === '' ? '' : `?${search}`}`;
    },
    { error: ({ input }) => `raw says otherwise than the parts: ${JSON.stringify(input)}` },
  );
const group = z.object({ item: z.array(z.unknown()) });
const item = z.object({
  name: z.string(),
  event: z.array(script).default([]),
  request: z.object({ method: z.string(), url, description: z.string() }),
});
const environment = z.object({ values: z.array(z.object({ key: z.string() })) });

/** A method and a path with placeholders, as `/openapi.json` has them. */
export interface Route {
  readonly method: string;
  /** With `{id}`. */
  readonly path: string;
}

/** One request of the collection. */
export interface PostmanRequest {
  readonly name: string;
  readonly method: string;
  /** As it stands in the collection, with `{{baseUrl}}`. */
  readonly url: string;
  readonly description: string;
  /** What checks its answer. */
  readonly test: string;
}

/** What became of a run. */
export interface CollectionRun {
  /** In plain words: the request, the assertion, and what was answered. */
  readonly failures: readonly string[];
  readonly assertions: number;
  /** Names of the requests that were sent. */
  readonly sent: ReadonlySet<string>;
}

/** The collection as it stands in the file. */
export function collectionText(): string {
  return readFileSync(collectionPath, 'utf8');
}

/** Every request of a collection, from top to bottom. */
export function requestsOf(collection: string): PostmanRequest[] {
  return itemsOf(JSON.parse(collection)).map(({ name, event, request }) => {
    const tests = event.filter(({ listen }) => listen === 'test').flatMap(({ script }) => script.exec);
    const { method, url, description } = request;
    return { name, method, url: url.raw, description, test: tests.join('\n') };
  });
}

/** Names of the variables that the environment of the collection defines. */
export function definedVariables(): string[] {
  return environment.parse(JSON.parse(readFileSync(environmentPath, 'utf8'))).values.map(({ key }) => key);
}

/** Names of the variables that a collection reads or sets; those that Postman makes, such as `{{$guid}}`, are left out. */
export function usedVariables(collection: string): string[] {
  const named = collection.matchAll(/\{\{(\w+)\}\}|pm\.environment\.(?:get|set)\('(\w+)'/g);
  return [...new Set([...named].map(([, placed, scripted]) => placed ?? scripted ?? ''))];
}

/** Routes that no request asks for, and requests that ask for no route, in plain words. */
export function differences(requests: readonly PostmanRequest[], routes: readonly Route[]): string[] {
  const asked = requests.map((request) => ({ request, route: routeOf(request, routes) }));
  return [
    ...routes
      .filter((route) => !asked.some((one) => one.route === route))
      .map(({ method, path }) => `no request asks for ${method} ${path}`),
    ...asked
      .filter(({ route }) => route === undefined)
      .map(({ request: { name, method, url } }) => `"${name}" asks for ${method} ${url}, which is no route`),
  ];
}

/** Runs the collection against a process, from top to bottom, as often as it says, as the Collection Runner does. */
export async function runCollection(url: string, times: number): Promise<CollectionRun> {
  const { run } = await new Promise<NewmanRunSummary>((resolve, reject) => {
    const options = {
      collection: collectionPath,
      environment: environmentPath,
      envVar: [{ key: 'baseUrl', value: url }],
      iterationCount: times,
      timeoutRequest: askWithinMs,
    };
    newmanRun(options, (error, summary) => (error === null ? resolve(summary) : reject(error)));
  });
  const answers = new Map(run.executions.map(({ cursor, response }) => [cursor.ref, response]));
  return {
    failures: run.failures.map(({ source, error, cursor }) => {
      const answer = 'ref' in cursor ? answers.get(cursor.ref) : undefined;
      const answered = answer === undefined ? 'nothing' : `${answer.code} ${String(answer.text()).slice(0, shownMax)}`;
      return `${source?.name}: ${error.test ?? error.name}: ${error.message}; answered ${answered}`;
    }),
    assertions: run.stats.assertions.total ?? 0,
    sent: new Set(run.executions.map(({ item }) => item.name)),
  };
}

function itemsOf(of: unknown): z.infer<typeof item>[] {
  const grouped = group.safeParse(of);
  return grouped.success ? grouped.data.item.flatMap(itemsOf) : [item.parse(of)];
}

/** The route with the fewest placeholders counts: `/orders/list` is not `/orders/{id}`. */
function routeOf({ method, url }: PostmanRequest, routes: readonly Route[]): Route | undefined {
  const [path = ''] = url.replace('{{baseUrl}}', '').split('?');
  const matching = routes.filter((route) => route.method === method && matches(route.path, path));
  return matching.sort((left, right) => placeholders(left) - placeholders(right))[0];
}

function placeholders({ path }: Route): number {
  return path.split('{').length;
}

/** A variable of the collection stands for a placeholder, never for a word of the path. */
function matches(template: string, path: string): boolean {
  const [wanted, given] = [template.split('/'), path.split('/')];
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part === given[index] || (part.startsWith('{') && given[index] !== ''))
  );
}
