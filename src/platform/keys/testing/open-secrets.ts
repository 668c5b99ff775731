import { openKeys } from '../open-keys';
import type { Secrets } from '../secrets';

/** The secrets of an embedded log, made when there are none; nothing stays open. */
export async function openSecrets(directory: string, logId: string): Promise<Secrets> {
  const purpose = { logId, holdsPersonalData: false, isLogSealed: () => Promise.resolve(false) };
  const keys = await openKeys({ production: false }, directory, purpose);
  await keys.close();
  return keys.secrets;
}
