// Runs one firmware by itself, and prints what it writes to UART0 until a line says that this is the end.
import { Board } from './board.mjs';

// A program that is not done by then never will be: about three minutes of the chip's time.
const CYCLES_MAX = 25e9;
const TURN_NS = 10e6;

const [path, last] = process.argv.slice(2);
if (path === undefined || last === undefined) {
  process.stderr.write('usage: node console.mjs FIRMWARE.elf LAST_LINE\n');
  process.exit(2);
}
const board = new Board(path);
let text = '';
while (!board.stopped && board.cycles < CYCLES_MAX && !text.split(/\r?\n/).includes(last)) {
  const until = board.now + TURN_NS;
  while (!board.stopped && board.now < until) board.run(until);
  text += Buffer.from(board.text).toString();
  board.text = [];
}
process.stdout.write(text);
process.exitCode = board.stopped ? 1 : 0;
