import request from 'supertest';
import type { AppProcess } from './app-process.ts';
import { MetricsPage } from './metrics-page.ts';
import type { SignedIn } from './signed-in.ts';

/** All roles with the simulator. */
export const simulating = { ROLES: 'api,processor,reactor,projector,simulator', SIMULATION_SPEED: '100' };

export interface ListedUser {
  readonly id: string;
  readonly name: string;
  readonly username: string;
}

/** Every virtual user that the views show, in the order of their numbers. */
export async function virtualUsers(caller: SignedIn): Promise<ListedUser[]> {
  const { body } = await caller.get('/users?limit=200').expect(200);
  const numbered: [number, ListedUser][] = body.flatMap((user: ListedUser) => {
    const number = /^virtual-user-(\d+)$/.exec(user.id)?.[1];
    return number === undefined ? [] : [[Number(number), user]];
  });
  return numbered.sort(([a], [b]) => a - b).map(([, user]) => user);
}

/** Whether each number has a user. Partitions are read apart, so for a moment there can be a gap. */
export function hasNoGap(users: readonly ListedUser[]): boolean {
  return users.every(({ id }, at) => id === `virtual-user-${at + 1}`);
}

/** How many commands the virtual users of this process have sent since its start. */
export async function attempts(app: AppProcess, kind?: string): Promise<number> {
  const page = await MetricsPage.read(app.url);
  return page.sum('cqrs_simulation_attempts_total', kind === undefined ? {} : { kind });
}

/** `here`, `elsewhere` or `failing`; `undefined` without the role. */
export async function simulationState(app: AppProcess): Promise<unknown> {
  const { body } = await request(app.url).get('/health/ready');
  return body.parts.tasks?.details['payments.simulator'];
}
