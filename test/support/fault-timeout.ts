const minuteMs = 60_000;

// Set here and not in the configuration, because Jest heeds no time-out of a single project.
jest.setTimeout((process.env['FAULTS'] ?? 'small') === 'small' ? 5 * minuteMs : 120 * minuteMs);
