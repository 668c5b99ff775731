/** Answers a route can give, best first. */
export type Offers = readonly [string, ...string[]];

interface MediaRange {
  readonly type: string;
  /** 0 … 1; 0 refuses the type. */
  readonly quality: number;
}

const CACHE_MAX = 500;
const parsed = new Map<string, readonly MediaRange[]>();

/**
 * The offer that an `Accept` header likes best (RFC 9110 §12.5.1); the earlier offer wins a tie.
 *
 * @param accept the header; absent or empty: anything
 * @returns `undefined` when every offer is refused
 */
export function preferred(accept: string | undefined, offers: Offers): string | undefined {
  if (accept === undefined || accept === '' || accept === '*/*') {
    return offers[0];
  }
  const ranges = rangesOf(accept);
  let best: string | undefined;
  let bestQuality = 0;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > bestQuality) {
      best = offer;
      bestQuality = quality;
    }
  }
  return best;
}

function rangesOf(accept: string): readonly MediaRange[] {
  const known = parsed.get(accept);
  if (known) {
    return known;
  }
  const ranges = accept.split(',').map((item): MediaRange => {
    const [type = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2));
    return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 };
  });
  if (parsed.size >= CACHE_MAX) {
    parsed.clear();
  }
  parsed.set(accept, ranges);
  return ranges;
}

/** The most specific range that covers the type decides. */
function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const [main = ''] = type.split('/');
  for (const candidate of [type, `${main}/*`, '*/*']) {
    const range = ranges.find((item) => item.type === candidate);
    if (range) {
      return range.quality;
    }
  }
  return 0;
}
