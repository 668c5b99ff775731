import type { SourceTree } from './source-tree.ts';

/** Something that must hold for the whole repository. */
export interface Rule {
  /** What holds, as the end of a sentence that begins with the name of its group. */
  readonly says: string;
  /** What breaks it: `path[:line]: why`. */
  readonly violations: (tree: SourceTree) => string[];
  /** Small trees (text by path), each of which breaks the rule exactly once: the proof that it can fail. */
  readonly broken: readonly [Files, ...Files[]];
  /** A tree that comes close and keeps the rule. */
  readonly kept: Files;
}

export type Files = Readonly<Record<string, string>>;
