// The emulated board's start, and the few instructions that Rust has no words for on this chip.
// Stack paint: every word between the zeroed data and the stack is set to 0x5AFE5AFE, so that the deepest
// stack can be read afterwards.

    .section .reset, "ax"
    .global _reset
    .align 4
_reset:
    j 1f
    .align 4
0:  .word _start
1:  l32r a0, 0b
    jx a0

    .section .text._start, "ax"
    .literal_position
    .global _start
    .align 4
_start:
    movi a1, _stack_top
    movi a2, _bss_start
    movi a3, _bss_end
    movi a4, 0
1:  bgeu a2, a3, 2f
    s32i a4, a2, 0
    addi a2, a2, 4
    j 1b
2:  movi a4, 0x5AFE5AFE
3:  bgeu a2, a1, 4f
    s32i a4, a2, 0
    addi a2, a2, 4
    j 3b
4:  movi a0, emulated_main
    callx0 a0
5:  j 5b

// i32 simcall(i32 number, i32 a, i32 b, i32 c): QEMU's semihosting (Xtensa ISA, simcall; number in a2)
    .section .text.simcall, "ax"
    .global simcall
    .align 4
simcall:
    simcall
    ret

// u32 cycle_count(): the CCOUNT register, 40 MHz of virtual time under -icount
    .section .text.cycle_count, "ax"
    .global cycle_count
    .align 4
cycle_count:
    rsr a2, ccount
    ret

// What LLVM's trap calls, that is every panic: ends the emulation with status 134, and says in the
// message to the coordinator where it was called from (a0).
    .section .text.abort, "ax"
    .literal_position
    .global abort
    .align 4
abort:
    mov a2, a0
    movi a3, emulated_abort
    callx0 a3
6:  j 6b
