import * as fc from 'fast-check';
import { hostileTexts } from './hostile-parts.ts';
import type { HostileRequest, KnownIds } from './hostile-requests.ts';
import type { OpenApi, Operation, Schema } from './openapi.ts';

const unknownId = '2753b941-eb10-497c-b58c-2b3dec1eeeef';
/** A consistency token of a write that there was goes with them. */
const likelyHeaders: Readonly<Record<string, readonly string[]>> = {
  Prefer: ['wait=20', 'wait=20', 'wait=20', 'respond-async'],
  'If-Match': ['*', '*', '"1"', '"2"'],
  'Idempotency-Key': ['a', 'b', 'c'],
};

/** Of views and topics. */
const likelyNames = ['calculator.value', 'calculator.commands', 'calculator.events', 'calculator.state', 'log'];

/** Of one part, to one that is not valid: a request has many, and all have to be for it to come far. */
const VALID_SHARE = 9;

/** What there is, so that requests come far. */
export interface LikelyParts extends KnownIds {
  /** Of a write. */
  readonly token: string;
  /** Access token of an operator, for the routes below `/operations`. */
  readonly adminToken: string;
  /** Access token of a user, with every scope but that. */
  readonly userToken: string;
}

/** Requests to an operation as its description allows them, and nearly so: each part is valid more often than not. */
export function requestsTo(api: OpenApi, operation: Operation, ids: LikelyParts): fc.Arbitrary<HostileRequest> {
  const { method, path, parameters } = operation;
  const known = fc.constantFrom(ids.valueId, ids.valueId, ids.valueId, ids.commandId, unknownId);
  const id = fc.oneof({ weight: VALID_SHARE, arbitrary: known }, hostileTexts);
  const query = fc.record(
    Object.fromEntries(ofKind('query').map(({ name, schema }) => [name, mostly(valueOf(api, schema).map(String))])),
    { requiredKeys: [] },
  );
  const headers = fc.record(
    Object.fromEntries(
      ofKind('header').map(({ name }) => [name, mostly(fc.constantFrom(...(likelyHeaders[name] ?? [ids.token])))]),
    ),
    { requiredKeys: [] },
  );
  const described = operation.requestBody?.content['application/json']?.schema;
  const valid = described === undefined ? undefined : valueOf(api, described);
  const body =
    valid === undefined ? fc.constant(undefined) : nearly(valid).map((value) => Buffer.from(JSON.stringify(value)));
  const name = mostly(fc.constantFrom(...likelyNames));
  const access = fc.oneof(
    {
      weight: VALID_SHARE,
      arbitrary: fc.constant({
        authorization: `Bearer ${path.startsWith('/operations/') ? ids.adminToken : ids.userToken}`,
      }),
    },
    fc.constant({}),
  );
  const isClosed = operation.security?.every((requirement) => Object.keys(requirement).length > 0) ?? false;
  return fc.record({ id, name, query, headers, access, body }).map((parts) => {
    const pairs = Object.entries(parts.query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    const search = new URLSearchParams(pairs).toString();
    return {
      method,
      path: `${path
        .replace('{id}', encodeURIComponent(parts.id))
        .replace(/\{\w+\}/, encodeURIComponent(parts.name))}${search === '' ? '' : `?${search}`}`,
      headers: {
        ...(parts.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...parts.headers,
        ...(isClosed ? parts.access : {}),
      },
      body: parts.body,
      hasFutureToken: false,
    };
  });

  function ofKind(kind: string): Operation['parameters'] {
    return parameters.filter((parameter) => parameter.in === kind);
  }
}

function mostly(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: VALID_SHARE, arbitrary: valid }, hostileTexts);
}

/** The value itself, or with one member of another kind, one too many, or one too few; or something else. */
function nearly(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const name = fc.oneof(fc.constantFrom('value', 'operation', 'id'), hostileTexts);
  const spoilt = fc
    .tuple(valid, name, fc.option(fc.jsonValue(), { nil: undefined }))
    .map(([value, member, other]) => (typeof value === 'object' ? { ...value, [member]: other } : (other ?? null)));
  return fc.oneof({ weight: 4, arbitrary: valid }, { weight: 3, arbitrary: spoilt }, fc.jsonValue());
}

/** Values that a schema describes. @throws Error for a kind of schema that the product does not use yet */
function valueOf(api: OpenApi, named: Schema): fc.Arbitrary<unknown> {
  const schema = api.resolve(named);
  const { type, enum: options, oneOf, properties, required, items, minimum, maximum } = schema;
  if (Array.isArray(oneOf)) return fc.oneof(...oneOf.map((one) => valueOf(api, Object(one))));
  if (Array.isArray(options)) return fc.constantFrom<unknown>(...options);
  const min = typeof minimum === 'number' ? minimum : -1e6;
  const max = typeof maximum === 'number' ? maximum : 1e6;
  switch (type) {
    case 'number':
      return fc.oneof(fc.integer({ min: Math.ceil(min), max: Math.floor(max) }), fc.double({ min, max, noNaN: true }));
    case 'integer':
      return fc.integer({ min, max });
    case 'boolean':
      return fc.boolean();
    case 'string':
      return schema['format'] === 'uuid' ? fc.uuid() : hostileTexts;
    case 'array':
      return fc.array(valueOf(api, Object(items)), { maxLength: 5 });
    case 'object': {
      const members = Object.entries(Object(properties)).map(([name, of]) => [name, valueOf(api, Object(of))] as const);
      const requiredKeys = Array.isArray(required) ? required.map(String) : [];
      return fc.record(Object.fromEntries(members), { requiredKeys });
    }
    default:
      throw new Error(`no values for ${JSON.stringify(schema)}`);
  }
}
