// A Raspberry Pi Pico without its radio, stepped in lock-step with the caller's time.
import { createRequire } from 'node:module';
import { segments } from './elf.mjs';

const { RP2040, GPIOPinState, ConsoleLogger, LogLevel } = createRequire(import.meta.url)('rp2040js');

const FLASH = 0x10000000;
const FLASH_END = 0x11000000;
const RAM = 0x20000000;
const RAM_END = 0x20042000;
// Where the second stage of the boot loader leaves the processor.
const VECTORS = 0x10000100;
const HZ = 125e6;
const NS_PER_CYCLE = 1e9 / HZ;

// Bits of a byte on the line, and of the register of flags.
const UART_BITS = 10;
const UART_TXFE = 1 << 7;

// What memory is filled with before a start, to see afterwards how deep the stack was.
const PAINT = 0xa5;

// The pins of the five wires, host side.
export const PINS = { reset: 16, dataOut: 17, clockOut: 18, dataIn: 19, clockIn: 20, led: 25 };

export class Board {
  constructor(path) {
    this.path = path;
    this.boot(0);
  }

  // Power-up at `now` ns of the caller's time.
  boot(now) {
    const chip = new RP2040();
    this.chip = chip;
    this.text = [];
    chip.logger = this.logger(chip);
    this.listenTo(chip.uart[0]);
    chip.sram.fill(PAINT);
    for (const { address, bytes } of segments(this.path)) {
      if (address >= FLASH && address < FLASH_END) chip.flash.set(bytes, address - FLASH);
      else if (address >= RAM && address < RAM_END) chip.sram.set(bytes, address - RAM);
    }
    chip.core.VTOR = VECTORS;
    chip.core.reset();
    this.stackTop = chip.core.SP;
    // State machines would run from timers of the host, which nothing here uses.
    for (const pio of chip.pio) pio.run = () => {};
    this.changed = false;
    for (const pin of [PINS.reset, PINS.dataOut, PINS.clockOut]) {
      chip.gpio[pin].addListener(() => { this.changed = true; });
    }
    chip.onBreak = () => { this.stopped = true; };
    this.stopped = false;
    this.bootedAt = now;
    this.cycles = 0;
  }

  // The package sends in no time, and always says that its FIFO is empty. Here it still takes any number of bytes, but says
  // so only after the time that they take on the line.
  listenTo(uart) {
    const flags = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(uart), 'flags').get;
    let sentAt = 0;
    uart.onByte = (byte) => {
      this.text.push(byte);
      sentAt = Math.max(sentAt, this.now) + UART_BITS * 1e9 / uart.baudRate;
    };
    Object.defineProperty(uart, 'flags', {
      get: () => flags.call(uart) & (this.now < sentAt ? ~UART_TXFE : ~0),
    });
  }

  // The package only logs SEV, but embassy's executor wakes itself with it.
  logger(chip) {
    const base = new ConsoleLogger(LogLevel.Error, false);
    return {
      debug: () => {},
      info: (_name, text) => { if (text === 'SEV') chip.core.eventRegistered = true; },
      warn: () => {},
      error: (name, text) => base.error(name, text),
    };
  }

  // How many bytes of the stack were ever used, if its memory begins at `floor`.
  stackUsed(floor) {
    let at = floor;
    while (at < this.stackTop && this.chip.sram[at - RAM] === PAINT) at += 1;
    return this.stackTop - at;
  }

  get now() {
    return this.bootedAt + this.cycles * NS_PER_CYCLE;
  }

  drive(data, clock) {
    this.chip.gpio[PINS.dataIn].setInputValue(data);
    this.chip.gpio[PINS.clockIn].setInputValue(clock);
  }

  // Bit 0 data, bit 1 clock, bit 2 reset pulled low, bit 3 LED.
  get outputs() {
    const high = (pin) => this.chip.gpio[pin].value === GPIOPinState.High;
    const low = this.chip.gpio[PINS.reset].value === GPIOPinState.Low;
    return Number(high(PINS.dataOut)) | Number(high(PINS.clockOut)) << 1 | Number(low) << 2 | Number(high(PINS.led)) << 3;
  }

  // Nothing happens before this, in ns, unless the inputs change: a while ahead only where the processor sleeps.
  get asleepUntil() {
    if (!this.chip.core.waiting) return this.now;
    const alarm = this.chip.clock.nanosToNextAlarm;
    return alarm > 0 ? this.now + alarm : Infinity;
  }

  // Runs until `until` ns, or until one of the wires has changed.
  run(until) {
    this.changed = false;
    while (!this.changed && !this.stopped && this.now < until) this.step(until);
  }

  // Lets the time pass to `until` ns, as if the processor were busy with something else.
  skip(until) {
    this.cycles = Math.max(this.cycles, Math.ceil((until - this.bootedAt) / NS_PER_CYCLE));
    this.chip.clock.tick(this.cycles * NS_PER_CYCLE - this.chip.clock.nanos);
  }

  step(until) {
    const { chip } = this;
    if (chip.core.waiting) {
      // Sleep: to the next alarm, but not beyond what the caller has decided.
      const alarm = chip.clock.nanosToNextAlarm;
      const left = Math.ceil((until - this.now) / NS_PER_CYCLE);
      const sleep = alarm > 0 ? Math.min(left, Math.ceil(alarm / NS_PER_CYCLE)) : left;
      this.cycles += Math.max(1, sleep);
    } else {
      this.cycles += chip.core.executeInstruction();
    }
    chip.clock.tick(this.cycles * NS_PER_CYCLE - chip.clock.nanos);
  }
}
