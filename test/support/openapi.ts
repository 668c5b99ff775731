import { z } from 'zod';

/** A JSON schema as far as OpenAPI documents of the product use it. */
export type Schema = Readonly<Record<string, unknown>>;

const schema = z.record(z.string(), z.unknown());
const content = z.record(z.string(), z.object({ schema: schema.optional() }));
const operation = z.object({
  parameters: z.array(z.object({ in: z.enum(['path', 'query', 'header']), name: z.string(), schema })).default([]),
  requestBody: z.object({ content }).optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  responses: z.record(z.string(), z.object({ content: content.optional() })),
});
const document = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schema) }),
});

/** One method of one path. */
export interface Operation extends z.infer<typeof operation> {
  readonly method: string;
  /** With `{id}`. */
  readonly path: string;
}

/** What `/openapi.json` promises. */
export class OpenApi {
  readonly operations: readonly Operation[];
  readonly #schemas: Readonly<Record<string, Schema>>;
  readonly #validators = new Map<Schema, z.ZodType>();

  private constructor({ paths, components }: z.infer<typeof document>) {
    this.#schemas = components.schemas;
    this.operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => ({ ...described, method: method.toUpperCase(), path })),
    );
  }

  static async of(url: string): Promise<OpenApi> {
    return new OpenApi(document.parse(await (await fetch(`${url}/openapi.json`)).json()));
  }

  /** The schema itself where it is only named. */
  resolve(named: Schema): Schema {
    const reference = named['$ref'];
    if (typeof reference !== 'string') return named;
    return this.#schemas[reference.replace('#/components/schemas/', '')] ?? {};
  }

  /** @returns what an answer has that was not promised, in plain words */
  faultsOf({ responses }: Operation, answer: { status: number; type: string; body: string }): string[] {
    const promised = responses[answer.status];
    if (promised === undefined) return [`${answer.status} is not documented`];
    if (promised.content === undefined && answer.body === '') return [];
    const [type = ''] = answer.type.split(';');
    const media = promised.content?.[type];
    if (media === undefined) return [`${type} is not documented for ${answer.status}`];
    if (media.schema === undefined || !/[/+]json$/.test(type)) return [];
    const { error } = this.#validator(media.schema).safeParse(JSON.parse(answer.body));
    return error === undefined ? [] : [z.prettifyError(error)];
  }

  #validator(of: Schema): z.ZodType {
    let validator = this.#validators.get(of);
    if (validator === undefined) {
      const all = { ...of, definitions: Object.fromEntries(Object.entries(this.#schemas).map(closed)) };
      const text = JSON.stringify(all).replaceAll('#/components/schemas/', '#/definitions/');
      validator = z.fromJSONSchema(JSON.parse(text), { defaultTarget: 'openapi-3.0' });
      this.#validators.set(of, validator);
    }
    return validator;
  }
}

/** A member that is not described is one that was not promised; only problems may have more (RFC 9457 §3.2). */
function closed([name, described]: [string, Schema]): [string, Schema] {
  return [name, name === 'Problem' ? described : { ...described, additionalProperties: false }];
}
