/** Tear-down: ends the servers that the set-up has started. */
export default async function stopServers(): Promise<void> {
  await globalThis.runningServers?.close();
  globalThis.runningServers = undefined;
}
