/** Ends a Jest run with one plain line on standard output, `N passed, N failed`, and fails a run in which no test ran. */
class SummaryReporter {
  #ran = true;

  onRunComplete(_contexts, results) {
    const { numPassedTests: passed, numFailedTests, numRuntimeErrorTestSuites: brokenFiles } = results;
    const failed = numFailedTests + brokenFiles;
    this.#ran = passed + failed > 0;
    // Jest's own summary comes after the reporters, and the servers' end after that: the line waits for the very end.
    process.once('exit', () => process.stdout.write(`${passed} passed, ${failed} failed\n`));
  }

  getLastError() {
    return this.#ran ? undefined : new Error('no test ran');
  }
}

module.exports = SummaryReporter;
