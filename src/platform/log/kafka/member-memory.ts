import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Under which ids this process is a member of its groups, kept over a kill: the next process in the same place says goodbye for the dead
 * one, so that the group need not wait for its session to run out. Fencing makes a wrong goodbye harmless: that member joins again.
 */
export class MemberMemory {
  private readonly members: Record<string, string>;

  /** @param path a file of this process alone; absent: nothing is kept */
  constructor(private readonly path: string | null) {
    this.members = path === null ? {} : readMembers(path);
  }

  /** Id of the member that was here before, told once. */
  takePredecessor(groupId: string): string | undefined {
    const memberId = this.members[groupId];
    delete this.members[groupId];
    return memberId;
  }

  remember(groupId: string, memberId: string): void {
    this.members[groupId] = memberId;
    this.write();
  }

  forget(groupId: string): void {
    delete this.members[groupId];
    this.write();
  }

  /** Losing it costs only the wait for a session to run out. */
  private write(): void {
    if (this.path === null) return;
    try {
      writeFileSync(this.path, JSON.stringify(this.members));
    } catch {
      // As said.
    }
  }
}

function readMembers(path: string): Record<string, string> {
  try {
    const members: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const entries = Object.entries(Object(members)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
