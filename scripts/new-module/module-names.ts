import ts from 'typescript';

/** What a new module and its aggregate are called, in every spelling that the code needs. */
export interface ModuleNames {
  /** `wish-lists`: folder, topics, route. */
  readonly module: string;
  /** `WishLists` */
  readonly modulePascal: string;
  /** `wish-list`: the aggregate, its files and its view. */
  readonly noun: string;
  /** `wishList` */
  readonly nounCamel: string;
  /** `WishList` */
  readonly nounPascal: string;
  /** `WISH_LIST` */
  readonly nounUpper: string;
  /** `wish list` */
  readonly words: string;
  /** `wish_lists_wish_lists` */
  readonly table: string;
}

/** A name that cannot be used; the message says why, in one line. */
export class RefusedName extends Error {
  override readonly name = 'RefusedName';
}

const LENGTH_MAX = 40;
const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/;
/** First segments of the platform's own routes and topics. */
const PLATFORM =
  /^(app|asyncapi|auth|commands|docs|favicon|health|log|metrics|openapi|operations|platform|replies|streams)$/;
/** Folders and words that say nothing, see test/architecture. */
const SAYS_NOTHING = /(^|-)(base|impl|managers?|helpers?|utils?)(-|$)|^(common|shared|interfaces?|dtos?)$/;
/** Consumer groups of the platform in every module, and what the generated code imports by that very name. */
const TAKEN_NOUNS = /^(processor|reactor|aggregate|unreachable)$/;

/**
 * @param module name of the module, kebab-case
 * @param noun name of its aggregate, kebab-case
 * @throws RefusedName
 */
export function moduleNames(module: string, noun: string): ModuleNames {
  for (const name of [module, noun]) {
    if (!KEBAB_CASE.test(name)) throw new RefusedName(`"${name}" is not kebab-case, such as wish-lists`);
    if (name.length > LENGTH_MAX) throw new RefusedName(`"${name}" has more than ${LENGTH_MAX} characters`);
    if (SAYS_NOTHING.test(name)) throw new RefusedName(`"${name}" says nothing about what it is`);
  }
  if (PLATFORM.test(module)) throw new RefusedName(`"${module}" belongs to the platform`);
  if (TAKEN_NOUNS.test(noun)) throw new RefusedName(`"${noun}" has a meaning in every module`);
  const nounCamel = camel(noun);
  if (!isIdentifier(nounCamel)) throw new RefusedName(`"${noun}" is a word of the language`);
  return {
    module,
    modulePascal: pascal(module),
    noun,
    nounCamel,
    nounPascal: pascal(noun),
    nounUpper: noun.replaceAll('-', '_').toUpperCase(),
    words: noun.replaceAll('-', ' '),
    table: `${module}_${noun}s`.replaceAll('-', '_'),
  };
}

function camel(name: string): string {
  return name.replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase());
}

function pascal(name: string): string {
  return camel(`-${name}`);
}

function isIdentifier(text: string): boolean {
  const scanner = ts.createScanner(ts.ScriptTarget.ES2023, true, ts.LanguageVariant.Standard, text);
  return scanner.scan() === ts.SyntaxKind.Identifier;
}
