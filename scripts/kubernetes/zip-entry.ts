import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;
/** The end record without its comment, which is not longer than 65535. */
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;

/**
 * One file out of a zip archive of less than 4 GB.
 * @throws Error when the archive has no such file, or has packed it in a way that zlib does not know
 */
export function zipEntry(archive: Buffer, name: string): Buffer {
  const end = endOfDirectory(archive);
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('the zip archive has a damaged directory');
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const nameEnd = at + 46 + (nameBytes ?? 0);
    if (archive.toString('utf8', at + 46, nameEnd) === name) return unpacked(archive, at, name);
    at = nameEnd + (extraBytes ?? 0) + (commentBytes ?? 0);
  }
  throw new Error(`the zip archive has no ${name}`);
}

function endOfDirectory(archive: Buffer): number {
  const first = Math.max(0, archive.length - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = archive.length - END_BYTES; at >= first; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error('this is no zip archive');
}

function unpacked(archive: Buffer, entry: number, name: string): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const packedBytes = archive.readUInt32LE(entry + 20);
  const local = archive.readUInt32LE(entry + 42);
  // Before the data the file has a header of its own, whose extra field may differ from that of the directory.
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + packedBytes);
  if (method === STORED) return packed;
  if (method === DEFLATED) return inflateRawSync(packed);
  throw new Error(`${name} is packed by method ${method}`);
}
