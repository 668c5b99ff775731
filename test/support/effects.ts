import { member, type KeptAnswer, type Operation } from './ledger-of-attempts.ts';

/** What one event did to one value, as the log or a history tells it. */
export interface Effect {
  readonly valueId: string;
  readonly version: number;
  readonly operation: string;
  readonly operand: number;
  readonly result: number;
}

/**
 * Every acknowledged operation once, every unknown one at most once, no refused one; answers that tell what happened, the same on every
 * retry; versions without a gap, each result made from the one before; and no effect of nobody.
 * @param effects all of the values that the operations are about
 * @returns what does not hold, in plain words
 */
export function checkEffects(operations: readonly Operation[], effects: readonly Effect[]): string[] {
  const byOperand = groupBy(effects, ({ operand }) => operand);
  const wrong = operations.flatMap((operation) => checkOperation(operation, byOperand.get(operation.operand) ?? []));
  const known = new Set(operations.map(({ operand }) => operand));
  for (const effect of effects) {
    if (!known.has(effect.operand)) wrong.push(`nobody sent what ${told(effect)} tells`);
  }
  for (const ofValue of groupBy(effects, ({ valueId }) => valueId).values()) wrong.push(...checkHistory(ofValue));
  return wrong;
}

function checkOperation(operation: Operation, effects: readonly Effect[]): string[] {
  const { kind, operand, fate, answers } = operation;
  const name = `${fate} ${kind} ${operand}`;
  const [effect] = effects;
  const least = fate === 'acknowledged' ? 1 : 0;
  const most = fate === 'refused' ? 0 : 1;
  if (effects.length < least || effects.length > most) {
    return [`${name} has ${effects.length} effects: ${effects.map(told).join('; ')}`];
  }
  const wrong: string[] = [];
  for (const status of new Set(answers.map((answer) => answer.status))) {
    const bodies = new Set(answers.filter((answer) => answer.status === status).map(({ body }) => body));
    if (bodies.size > 1) wrong.push(`${name} got different answers: ${[...bodies].join(' and ')}`);
  }
  if (effect === undefined) return wrong;
  if (effect.operation !== kind || (operation.valueId ?? effect.valueId) !== effect.valueId) {
    wrong.push(`${name} on ${operation.valueId} became ${told(effect)}`);
  }
  for (const answer of answers.filter(({ status }) => status !== 202)) {
    if (!tells(answer, effect)) wrong.push(`${name} was answered ${answer.body}, but ${told(effect)}`);
  }
  return wrong;
}

function tells({ etag, body }: KeptAnswer, { version, result }: Effect): boolean {
  const parsed: unknown = JSON.parse(body);
  return member(parsed, 'value') === result && etag === `"${version}"`;
}

function checkHistory(effects: readonly Effect[]): string[] {
  const wrong: string[] = [];
  let result = 0;
  for (const [index, effect] of effects.toSorted((a, b) => a.version - b.version).entries()) {
    const isFirst = index === 0;
    result = isFirst ? effect.operand : result + effect.operand;
    const follows = effect.version === index + 1 && effect.result === result;
    if (!follows || (effect.operation === 'CREATE') !== isFirst) {
      wrong.push(`${told(effect)} does not follow: version ${index + 1} with ${result} should be there`);
      break;
    }
  }
  return wrong;
}

function told({ valueId, version, operation, operand, result }: Effect): string {
  return `${valueId}@${version} ${operation} ${operand} = ${result}`;
}

/** What happened to each value, in order. */
export function historiesOf(effects: readonly Effect[]): Map<string, Effect[]> {
  return groupBy(
    effects.toSorted((a, b) => a.version - b.version),
    ({ valueId }) => valueId,
  );
}

/** Items by a key of theirs, in the order they came. */
export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
