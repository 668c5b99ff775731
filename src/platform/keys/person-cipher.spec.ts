import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { isSealed } from '../../kernel/personal-data';
import { PERSON_KEY_BYTES, PersonCipher, SealBroken } from './person-cipher';

const KEY = Buffer.from(Array.from({ length: PERSON_KEY_BYTES }, (_, at) => at));
const ann = new PersonCipher('ann', KEY);

describe('A cipher of a person', () => {
  it('is the SIV of RFC 5297, as its own example has it', () => {
    const hex = (text: string): Buffer => Buffer.from(text, 'hex');
    // Appendix A.1 has keys of 16 bytes; what follows is the same construction.
    const key = hex('fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
    const siv = createCipheriv('aes-128-siv', key, null);
    siv.setAAD(hex('101112131415161718191a1b1c1d1e1f2021222324252627'));
    const sealed = Buffer.concat([siv.update(hex('112233445566778899aabbccddee')), siv.final()]);

    expect(siv.getAuthTag().toString('hex')).toBe('85632d07c6e8f37f950acd320a2ecc93');
    expect(sealed.toString('hex')).toBe('40c02b9690c4dc04daef7f6afe5c');
  });

  it('seals to what it sealed at the first release', () => {
    expect(ann.seal('contact.email', 'someone@example.com')).toBe(
      'siv1.GN6iKlXKTt49MTcg3sj7tzhy1TCkj4WpOnb1vcZgP_-bqMI',
    );
    expect(ann.hash('1234678900000000')).toBe('vC6nyxX0WJ86hcR69fZePUT1XyNtOmNKoHEamrzey64');
  });

  it('opens what it has sealed, and seals equal texts to the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sealed = ann.seal('name', text);
        expect(isSealed(sealed)).toBe(true);
        expect(ann.open('name', sealed)).toBe(text.toWellFormed());
        expect(ann.seal('name', text)).toBe(sealed);
      }),
    );
  });

  it.each(['', 'Rajesh'])(
    'opens nothing for another person, place or key, and nothing that was changed: %j',
    (text) => {
      const sealed = ann.seal('name.firstName', text);
      const flipped = sealed.slice(0, 6) + (sealed[6] === 'A' ? 'B' : 'A') + sealed.slice(7);

      for (const open of [
        () => new PersonCipher('anna', KEY).open('name.firstName', sealed),
        () => ann.open('name.lastName', sealed),
        () => new PersonCipher('ann', randomBytes(PERSON_KEY_BYTES)).open('name.firstName', sealed),
        () => new PersonCipher('annname', KEY).open('.firstName', sealed),
        () => ann.open('name.firstName', flipped),
        () => ann.open('name.firstName', 'Rajesh'),
      ]) {
        expect(open).toThrow(SealBroken);
      }
    },
  );

  it('seals the leaves of a document but those that may be read', () => {
    const document = { type: 'BILLING', city: 'Sunrise', lines: [{ a: '1' }, { a: '1' }], length: 16, none: null };
    const sealed = ann.sealLeaves(document, (member) => member === 'type');

    expect(sealed).toMatchObject({ type: 'BILLING', length: 16, none: null });
    expect(sealed.city).toBe(ann.seal('city', 'Sunrise'));
    expect(sealed.lines[0]?.a).not.toBe(sealed.lines[1]?.a);
    expect(ann.openLeaves(sealed)).toEqual(document);
  });
});
