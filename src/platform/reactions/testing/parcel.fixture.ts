import { z } from 'zod';
import { command } from '../../../kernel/command';
import { aggregate, unreachable } from '../../../kernel/decider';
import { event, eventContract, nextVersion, type EventOf } from '../../../kernel/event-contract';
import { processOf } from '../../../kernel/process';
import { publicationOf } from '../../../kernel/publication';
import type { Feature } from '../../feature';

/** A module that exists for the tests of reactions alone: what is sent from one depot arrives at another. */
const sent = event(z.strictObject({ to: z.string(), weight: z.int() }), { to: 'depot-2', weight: 1 });
const arrived = event(z.strictObject({ from: z.string(), weight: z.int() }), { from: 'depot-1', weight: 1 });
const counted = event(z.strictObject({}), {});

export const parcelEvents = eventContract('parcels', { Sent: sent, Arrived: arrived, Counted: counted });

/** The same module after an upgrade. */
export const newerParcelEvents = eventContract('parcels', {
  Sent: nextVersion(sent, z.strictObject({ to: z.string(), grams: z.int() }), { to: 'depot-2', grams: 1 }, (old) => {
    return { to: old.to, grams: old.weight };
  }),
  Arrived: arrived,
  Counted: counted,
});

export type ParcelEvent = EventOf<typeof parcelEvents>;

export class SendParcel extends command('SendParcel', z.strictObject({ to: z.string(), weight: z.int() })) {}
export class ReceiveParcel extends command('ReceiveParcel', z.strictObject({ from: z.string(), weight: z.int() })) {}
export class CountParcels extends command('CountParcels', z.strictObject({})) {}

const commands = [SendParcel, ReceiveParcel, CountParcels] as const;

/** What a depot has: parcels that left it count as less. */
export const depot = aggregate<typeof commands, number, ParcelEvent>({
  module: 'parcels',
  name: 'depot',
  stateVersion: 1,
  commands,
  events: parcelEvents,
  decider: {
    initialState: 0,
    decide: (asked) => {
      switch (asked.type) {
        case 'SendParcel':
          return [{ type: 'Sent', data: asked.data }];
        case 'ReceiveParcel':
          return [{ type: 'Arrived', data: asked.data }];
        case 'CountParcels':
          return [{ type: 'Counted', data: {} }];
        default:
          return unreachable(asked);
      }
    },
    evolve: (weight, happened) => {
      switch (happened.type) {
        case 'Sent':
          return weight - happened.data.weight;
        case 'Arrived':
          return weight + happened.data.weight;
        case 'Counted':
          return weight;
        default:
          return unreachable(happened);
      }
    },
  },
  reply: (weight) => ({ weight }),
});

/** What the process and the publication of {@link parcelsFeature} cannot take, while it is so. */
export const trouble = { weights: new Set<number>() };

/** Every parcel sent is received, once. */
export const delivery = processOf<ParcelEvent>({
  name: 'parcels.delivery',
  source: parcelEvents,
  react: (happened) => {
    if (happened.type !== 'Sent') return [];
    const { to, weight } = happened.data;
    if (trouble.weights.has(weight)) throw new Error(`${weight} is too heavy`);
    const data = { from: happened.aggregateId, weight };
    return [{ to: depot, type: 'ReceiveParcel', aggregateId: to, data }];
  },
});

const arrivalSchema = z.strictObject({ from: z.string(), weight: z.int().max(1_000) });

/** Arrivals, as others may see them. */
export const arrivals = publicationOf<ParcelEvent, z.output<typeof arrivalSchema>>({
  name: 'parcels.arrivals',
  source: parcelEvents,
  topic: 'parcels.arrivals',
  policy: 'compact',
  schema: arrivalSchema,
  publish: (happened) =>
    happened.type === 'Arrived' ? [{ key: happened.aggregateId, type: 'ParcelArrived', data: happened.data }] : [],
});

export const parcelsFeature: Feature = {
  name: 'parcels',
  aggregates: [depot],
  views: [],
  rejections: [],
  processes: [delivery],
  publications: [arrivals],
};
