import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { CommandMetadata } from '../../kernel/command';
import type { SoleTask, SoleTaskDefinition, TaskParts } from '../../platform/tasks/sole-task';
import { user } from './domain/user.decider';
import { PayCommand, RegisterUserCommand, RequestCommand, type UserCommand } from './domain/user.commands';
import { attemptKinds, nextAttempt, type AttemptKind } from './domain/virtual-attempt.choice';
import { virtualProfile } from './domain/virtual-user.profile';
import { SimulationCast } from './simulation.cast';
import { actInRhythm } from './simulation.lane';
import { faster, usualPace, type SimulationLane, type SimulationPace } from './simulation.pace';
import { OpenDebts } from './simulation.debts';

/** What is counted. */
type SentKind = Exclude<SimulationLane, 'look'>;
const sentKinds: readonly SentKind[] = ['register', ...attemptKinds, 'settle'];

/**
 * Virtual users who come, pay, ask, and pay what they are asked, through the same commands as everybody. Nothing is sent twice: an attempt
 * whose fate is unknown is let go, and a virtual user who registers again under the same name changes nothing. So they need no
 * idempotency keys; for what they are asked a key would even be wrong, because a request that was refused for lack of funds is tried again.
 */
export class Simulator implements SoleTask {
  private readonly made = new Map<AttemptKind, number>();
  private readonly sent;
  private readonly pace: SimulationPace;

  constructor(
    private readonly parts: TaskParts,
    pace: SimulationPace,
  ) {
    this.pace = faster(pace, parts.settings.simulation.speed);
    this.sent = parts.metrics.counter('simulation_attempts_total', 'Commands that virtual users have sent', ['kind']);
    for (const kind of sentKinds) this.sent.inc({ kind }, 0);
  }

  async run(signal: AbortSignal): Promise<void> {
    const cast = await SimulationCast.read(this.parts, this.pace.usersMax);
    const debts = new OpenDebts(this.parts.models);
    const failed = new AbortController();
    const ended = AbortSignal.any([signal, failed.signal]);
    const { everyMs, inFlightMax } = this.pace;
    const lane = (name: SimulationLane, max: number, act: () => Promise<void>): Promise<void> =>
      actInRhythm({ everyMs: everyMs[name], inFlightMax: max }, act, ended);
    try {
      await Promise.all([
        lane('look', 1, () => cast.look()),
        lane('register', 1, () => this.register(cast)),
        lane('settle', inFlightMax, () => this.settle(cast, debts)),
        ...attemptKinds.map((kind) => lane(kind, inFlightMax, () => this.attempt(kind, cast))),
      ]);
    } finally {
      failed.abort();
    }
  }

  /** The number is used up only when the log has the command. */
  private async register(cast: SimulationCast): Promise<void> {
    if (cast.highest >= this.pace.usersMax) return;
    const { seed } = this.parts.settings.simulation;
    const { openingBalance } = this.parts.settings.payments;
    const { id, name, username } = virtualProfile(seed, cast.highest + 1);
    await this.send('register', new RegisterUserCommand(id, { name, username, openingBalance }, metadataOf(id)));
    cast.registered(id);
  }

  private async attempt(kind: AttemptKind, cast: SimulationCast): Promise<void> {
    const made = this.made.get(kind) ?? 0;
    const attempt = nextAttempt({ seed: this.parts.settings.simulation.seed, kind, made }, cast);
    if (attempt === undefined) return;
    this.made.set(kind, made + 1);
    const { by, to, amount, notes } = attempt;
    const metadata = metadataOf(by.id);
    if (kind === 'pay-virtual' || kind === 'pay-real') {
      const payment = { paymentId: randomUUID(), toUserId: to.id, toUserName: to.name, amount, notes };
      await this.send(kind, new PayCommand(by.id, { ...payment, requestId: null, isRequestKnown: false }, metadata));
    } else {
      const request = { requestId: randomUUID(), fromUserName: by.name, amount, notes };
      await this.send(kind, new RequestCommand(to.id, request, metadata));
    }
  }

  private async settle(cast: SimulationCast, debts: OpenDebts): Promise<void> {
    const debt = await debts.next(cast.virtual);
    if (debt === undefined) return;
    const { by, to, amount, requestId } = debt;
    const payment = { paymentId: randomUUID(), toUserId: to.id, toUserName: to.name, amount, notes: null, requestId };
    await this.send('settle', new PayCommand(by.id, { ...payment, isRequestKnown: true }, metadataOf(by.id)));
  }

  /** Nobody waits for the reply. */
  private async send(kind: SentKind, command: UserCommand): Promise<void> {
    await this.parts.gateway.send(user, command);
    this.sent.inc({ kind });
  }
}

/** The simulation as it runs in the product, or at another pace. */
export function simulatorAt(pace: SimulationPace): SoleTaskDefinition {
  return { name: 'payments.simulator', role: 'simulator', make: (parts) => new Simulator(parts, pace) };
}

export const simulator = simulatorAt(usualPace);

function metadataOf(identity: string): CommandMetadata {
  return { commandId: randomUUIDv7(), identity, correlationId: randomUUID(), receivedAt: Date.now() };
}
