import { ANONYMOUS } from './caller';

/**
 * Identities that only the platform itself may have: money comes from some of them, and commands of processes are sent by others. A token
 * must not name the anonymous caller either, whose commands everybody may ask for.
 */
export function isReserved(identity: string): boolean {
  return (
    identity === 'treasury' ||
    identity === ANONYMOUS ||
    identity.startsWith('system:') ||
    identity.startsWith('virtual-user-')
  );
}
