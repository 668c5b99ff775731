import { AssignerProtocol } from 'kafkajs';

const VERSION = 1;

/** Name under which members agree on how partitions are handed out. */
export const ASSIGNER_NAME = 'sticky-by-claim';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What a member held, and in which generation of the group. */
export interface Claim {
  readonly generation: number;
  readonly owned: readonly TopicPartition[];
}

export interface ClaimingMember {
  readonly memberId: string;
  readonly claim: Claim;
}

/**
 * Hands out all partitions, evenly to within one, and leaves each where it was as far as that allows. Of two members that claim
 * a partition the one of the later generation has it. Members of a group must subscribe alike.
 */
export function assign(
  members: readonly ClaimingMember[],
  partitions: readonly TopicPartition[],
): Map<string, TopicPartition[]> {
  const byId = members.toSorted((left, right) => (left.memberId < right.memberId ? -1 : 1));
  const shares = new Map<string, TopicPartition[]>(byId.map(({ memberId }) => [memberId, []]));
  if (byId.length === 0) return shares;
  const least = Math.floor(partitions.length / byId.length);
  let larger = partitions.length % byId.length;
  const free = new Map(partitions.map((partition) => [keyOf(partition), partition]));

  for (const { memberId, claim } of byId.toSorted((left, right) => right.claim.generation - left.claim.generation)) {
    const share = shares.get(memberId) ?? [];
    for (const claimed of claim.owned) {
      const partition = free.get(keyOf(claimed));
      if (partition === undefined) continue;
      if (share.length > least || (share.length === least && larger === 0)) break;
      if (share.length === least) larger--;
      share.push(partition);
      free.delete(keyOf(claimed));
    }
  }
  for (const partition of free.values()) {
    let emptiest = shares.values().next().value;
    for (const share of shares.values()) if (share.length < (emptiest?.length ?? 0)) emptiest = share;
    emptiest?.push(partition);
  }
  return shares;
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** What a member tells when it joins. */
export function encodeSubscription(topics: readonly string[], claim: Claim): Buffer {
  const userData = Buffer.from(JSON.stringify(claim));
  return AssignerProtocol.MemberMetadata.encode({ version: VERSION, topics: [...topics], userData });
}

export function decodeSubscription(metadata: Buffer): { readonly topics: readonly string[]; readonly claim: Claim } {
  const decoded = AssignerProtocol.MemberMetadata.decode(metadata);
  return { topics: decoded?.topics ?? [], claim: readClaim(decoded?.userData) };
}

export function encodeAssignment(share: readonly TopicPartition[]): Buffer {
  const assignment: Record<string, number[]> = {};
  for (const { topic, partition } of share) (assignment[topic] ??= []).push(partition);
  return AssignerProtocol.MemberAssignment.encode({ version: VERSION, assignment, userData: Buffer.alloc(0) });
}

export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  const decoded = bytes.length === 0 ? null : AssignerProtocol.MemberAssignment.decode(bytes);
  return Object.entries(decoded?.assignment ?? {}).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

/** A member of another version may say nothing, or something else. */
function readClaim(userData: Buffer | undefined): Claim {
  const nothing: Claim = { generation: -1, owned: [] };
  if (userData === undefined || userData.length === 0) return nothing;
  try {
    const told: unknown = JSON.parse(userData.toString());
    if (typeof told !== 'object' || told === null || !('generation' in told) || !('owned' in told)) return nothing;
    if (typeof told.generation !== 'number' || !Array.isArray(told.owned)) return nothing;
    return { generation: told.generation, owned: told.owned.filter(isTopicPartition) };
  } catch {
    return nothing;
  }
}

function isTopicPartition(told: unknown): told is TopicPartition {
  return (
    typeof told === 'object' &&
    told !== null &&
    'topic' in told &&
    typeof told.topic === 'string' &&
    'partition' in told &&
    typeof told.partition === 'number'
  );
}
