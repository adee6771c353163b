// Runs one firmware for whoever holds the other ends of the pipes. All numbers are little-endian.
//
// | request | bytes |
// |---|---|
// | operation | 1: 0 run, 1 power-cycle, 2 run nothing and say how much stack was used, 3 let time pass and run nothing, 4 run nothing: a byte comes in on UART0 |
// | inputs | 1: bit 0 data, bit 1 clock |
// | until, ns; for the stack: the address where its memory begins; the byte | 8 |
//
// | answer | bytes |
// |---|---|
// | outputs | 1: bit 0 data, bit 1 clock, bit 2 reset is pulled low, bit 3 LED |
// | stopped | 1: the program hit a breakpoint: it panicked |
// | now, ns; for the stack: bytes that were ever used | 8 |
// | cycles executed since power-up | 8 |
// | nothing happens before, unless the inputs change, ns | 8, all ones for never |
// | length of the console text | 4, then the text |
import fs from 'node:fs';
import { Board } from './board.mjs';

const REQUEST_BYTES = 10;
const POWER_CYCLE = 1;
const STACK = 2;
const SKIP = 3;
const TYPE = 4;
const HEAD_BYTES = 30;
const NEVER = 0xffffffffffffffffn;

function readWhole(bytes) {
  let filled = 0;
  while (filled < bytes.length) {
    const size = fs.readSync(0, bytes, filled, bytes.length - filled);
    if (size === 0) return false;
    filled += size;
  }
  return true;
}

function answer(board, now) {
  const text = Buffer.from(board.text);
  board.text = [];
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(board.outputs, 0);
  head.writeUInt8(Number(board.stopped), 1);
  head.writeBigUInt64LE(BigInt(Math.floor(now)), 2);
  head.writeBigUInt64LE(BigInt(board.cycles), 10);
  const asleepUntil = board.asleepUntil;
  head.writeBigUInt64LE(asleepUntil === Infinity ? NEVER : BigInt(Math.floor(asleepUntil)), 18);
  head.writeUInt32LE(text.length, 26);
  fs.writeSync(1, Buffer.concat([head, text]));
}

const path = process.argv[2];
if (path === undefined) {
  process.stderr.write('usage: node rp2040.mjs FIRMWARE.elf\n');
  process.exit(2);
}
const board = new Board(path);
const request = Buffer.alloc(REQUEST_BYTES);
while (readWhole(request)) {
  const operation = request.readUInt8(0);
  const until = Number(request.readBigUInt64LE(2));
  if (operation === STACK) {
    answer(board, board.stackUsed(until));
    continue;
  }
  if (operation === POWER_CYCLE) board.boot(until);
  const inputs = request.readUInt8(1);
  board.drive((inputs & 1) !== 0, (inputs & 2) !== 0);
  if (operation === SKIP) board.skip(until);
  else if (operation === TYPE) board.chip.uart[0].feedByte(until);
  else board.run(until);
  answer(board, board.now);
}
