import { deflateRawSync } from 'node:zlib';
import { zipEntry } from './zip-entry.ts';

const text = Buffer.from('all work and no play '.repeat(20));

describe('A file of a zip archive', () => {
  it.each([
    ['stored', 0, text],
    ['deflated', 8, deflateRawSync(text)],
  ])('is read when it is %s, behind others and before a comment', (_how, method, packed) => {
    const archive = zip([file('first', 0, Buffer.from('1')), file('dir/wanted', method, packed)], 'a comment');

    expect(zipEntry(archive, 'dir/wanted').toString()).toBe(text.toString());
    expect(zipEntry(archive, 'first').toString()).toBe('1');
  });

  it('is missed when it is not there, and what is no archive or packed otherwise is refused', () => {
    expect(() => zipEntry(zip([file('first', 0, text)]), 'second')).toThrow('the zip archive has no second');
    expect(() => zipEntry(zip([file('first', 12, text)]), 'first')).toThrow('first is packed by method 12');
    expect(() => zipEntry(text, 'first')).toThrow('this is no zip archive');
  });
});

interface ZipFile {
  readonly name: string;
  readonly method: number;
  readonly packed: Buffer;
}

function file(name: string, method: number, packed: Buffer): ZipFile {
  return { name, method, packed };
}

/** As APPNOTE.TXT of PKWARE describes it, without what the reader does not look at. */
function zip(files: readonly ZipFile[], comment = ''): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  for (const { name, method, packed } of files) {
    const offset = Buffer.concat(bodies).length;
    const local = Buffer.alloc(30);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(4, 28);
    bodies.push(local, Buffer.from(name), Buffer.alloc(4), packed);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt16LE(2, 30);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, Buffer.from(name), Buffer.alloc(2));
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(bodies).length, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...bodies, ...directory, end, Buffer.from(comment)]);
}
