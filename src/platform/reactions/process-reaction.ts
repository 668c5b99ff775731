import type { AnyCommandType, CommandMetadata } from '../../kernel/command';
import type { EventContract, RecordedEvent } from '../../kernel/event-contract';
import type { CommandIntent, Process } from '../../kernel/process';
import { uuidV5 } from '../commands/identifiers';
import { encodeCommand, topicsOf } from '../log/envelope';
import type { LogRecord, NewRecord } from '../log/log.port';
import { partitionOf } from '../log/murmur2';
import type { PartitionCount, Reaction } from './reaction';

type Decode = (contract: EventContract, record: LogRecord) => RecordedEvent;

/** The name that the processes of a module have together. */
export const reactorOf = (module: string): string => `${module}.reactor`;

/** All processes of a module as one consumer of their sources: what they make of one event is sent in one transaction. */
export function processReaction(module: string, processes: readonly Process[], decode: Decode): Reaction {
  const bySource = Map.groupBy(processes, ({ source }) => topicsOf(source.module).events);
  return {
    name: reactorOf(module),
    kind: 'commands',
    topics: [...bySource.keys()],
    react: (record, partitionsOf) =>
      (bySource.get(record.topic) ?? []).flatMap((process) => {
        const event = decode(process.source, record);
        return process
          .react(event)
          .map((intent, index) => commandRecord(module, process, record, event, intent, index, partitionsOf));
      }),
  };
}

/** Modules that a process sends commands to. */
export function targetsOf({ source, targets }: Process): readonly string[] {
  return targets ?? [source.module];
}

function commandRecord(
  module: string,
  process: Process,
  record: LogRecord,
  event: RecordedEvent,
  { to, type, aggregateId, data }: CommandIntent,
  index: number,
  partitionsOf: PartitionCount,
): NewRecord {
  if (!targetsOf(process).includes(to.module))
    throw new Error(`${process.name} does not name ${to.module} as a target`);
  assertReadable(process, to.commands, type, data);
  const commandId = uuidV5(JSON.stringify([event.id, process.name, index]));
  const { traceparent } = record.headers;
  const metadata: CommandMetadata = {
    commandId,
    identity: `system:${module}`,
    // Its own: by the event's the sender of the first command would be given the decision of this one.
    correlationId: commandId,
    causationId: event.id,
    receivedAt: event.at,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  const { commands } = topicsOf(to.module);
  const partition = partitionOf(aggregateId, partitionsOf(commands));
  return encodeCommand(commands, partition, { type, aggregateId, data, metadata }, {});
}

/** What the processor could not read is refused here: the process is at fault, so its event parks, and not a command that nobody sent. */
function assertReadable(process: Process, commands: readonly AnyCommandType[], type: string, data: unknown): void {
  const schema = commands.find((known) => known.type === type)?.schema;
  if (schema === undefined) throw new Error(`${process.name} sends ${type}, which its target does not take`);
  const parsed = schema.safeParse(JSON.parse(JSON.stringify(data) ?? 'null'));
  if (!parsed.success) throw new Error(`${process.name} sends a malformed ${type}: ${parsed.error.message}`);
}
