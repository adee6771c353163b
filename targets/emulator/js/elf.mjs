// Loads the segments of a 32-bit little-endian ELF file.
import fs from 'node:fs';

const LOAD = 1;

export function segments(path) {
  const file = fs.readFileSync(path);
  if (file.length < 52 || file.readUInt32BE(0) !== 0x7f454c46) throw new Error(`${path} is no ELF file`);
  const table = file.readUInt32LE(28);
  const entrySize = file.readUInt16LE(42);
  const count = file.readUInt16LE(44);
  const found = [];
  for (let index = 0; index < count; index += 1) {
    const at = table + index * entrySize;
    if (file.readUInt32LE(at) !== LOAD) continue;
    const offset = file.readUInt32LE(at + 4);
    const address = file.readUInt32LE(at + 12);
    const size = file.readUInt32LE(at + 16);
    if (size > 0) found.push({ address, bytes: file.subarray(offset, offset + size) });
  }
  return found;
}
