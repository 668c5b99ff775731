/** As `engines` in package.json says. */
export const NODE_MAJOR_MIN = 24;

/**
 * One line `NODE_TOO_OLD: …` when the process cannot run on this version of Node.
 *
 * @param version such as `26.10.0`
 */
export function nodeFault(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= NODE_MAJOR_MIN) return undefined;
  return (
    `NODE_TOO_OLD: this is Node ${version}, ${NODE_MAJOR_MIN} or newer is needed; ` +
    'npm scripts such as `npm run start:prod` use the one that `npm ci` has brought'
  );
}
