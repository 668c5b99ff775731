import { moduleNames, RefusedName } from './module-names.ts';

describe('The names of a new module', () => {
  it('are spelled as the code spells them', () => {
    expect(moduleNames('wish-lists', 'wish-list')).toEqual({
      module: 'wish-lists',
      modulePascal: 'WishLists',
      noun: 'wish-list',
      nounCamel: 'wishList',
      nounPascal: 'WishList',
      nounUpper: 'WISH_LIST',
      words: 'wish list',
      table: 'wish_lists_wish_lists',
    });
  });

  it.each([
    'Wish',
    'wish_list',
    'wish list',
    '-wish',
    'wish-',
    'wish--list',
    '2wishes',
    '../wish',
    '',
    'ä',
    'x'.repeat(41),
  ])('are refused when they are no short kebab-case: %j', (name) => {
    expect(() => moduleNames(name, 'wish')).toThrow(RefusedName);
    expect(() => moduleNames('wishes', name)).toThrow(RefusedName);
  });

  it.each([
    ['commands', 'wish', /belongs to the platform/],
    ['operations', 'wish', /belongs to the platform/],
    ['helpers', 'wish', /says nothing/],
    ['wishes', 'wish-manager', /says nothing/],
    ['wishes', 'processor', /has a meaning/],
    ['wishes', 'class', /word of the language/],
  ])('are refused when they mean something else already: %s %s', (module, noun, reason) => {
    expect(() => moduleNames(module, noun)).toThrow(reason);
  });
});
