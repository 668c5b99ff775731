import type { Feature } from '../feature';
import { topicsOf } from '../log/envelope';
import type { Log } from '../log/log.port';

/** Whether the log holds events or messages of modules with personal data: then somebody's key must be there. */
export async function isLogSealed(log: Log, personal: readonly Feature[]): Promise<boolean> {
  const topics = personal.flatMap(({ name, erasures = [], views }) => [
    // Those who are forgotten are those who are known: other modules follow what is said of them.
    ...(erasures.length > 0 ? [topicsOf(name).events] : []),
    ...views.flatMap(({ follows = [] }) => follows.map((topic) => topic.name)),
  ]);
  for (const { name, partitions } of await log.find([...new Set(topics)])) {
    for (let partition = 0; partition < partitions; partition++) {
      const { start, end } = await log.bounds(name, partition);
      if (end > start) return true;
    }
  }
  return false;
}
