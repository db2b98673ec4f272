/*
 * What the launcher shares with the link step (the table; link/launcher.ts writes it), and what differs
 * between processors: how a system call is made, and the two entry points in assembler.
 */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#define LIBRARY_COUNT_MAX 2

struct library {
  const char *bytes;
  unsigned long size_bytes;
  long descriptor;
  char name[32];
  /* "/proc/self/fd/" as linked; the launcher appends the descriptor. ld.so reads the library's name here. */
  char path[40];
};

struct launch_table {
  unsigned long program_headers;
  unsigned long program_header_count;
  unsigned long program_entry;
  unsigned long loader_base;
  unsigned long loader_entry;
  unsigned long hand_over;
  unsigned long library_count;
  struct library libraries[LIBRARY_COUNT_MAX];
};

extern struct launch_table table __attribute__((visibility("hidden")));

/*
 * Entry points, at offsets 0 and 32. At both, the stack pointer is where the kernel put it and has to be
 * there again when the next code starts. ld.so's entry wants the register of the exit function cleared
 * (rdx, x0); the program's entry wants in it what ld.so left there.
 */
#if defined(__x86_64__)

#define SYS_read 0
#define SYS_write 1
#define SYS_close 3
#define SYS_clone 56
#define SYS_exit 60
#define SYS_futex 202
#define SYS_exit_group 231
#define SYS_openat 257
#define SYS_faccessat 269
#define SYS_prlimit64 302
#define SYS_memfd_create 319

__asm__(
    ".section .entry, \"ax\"\n"
    "  mov %rsp, %rdi\n"
    "  call launch\n"
    "  xor %edx, %edx\n"
    "  jmp *%rax\n"
    "  .org 32, 0xcc\n"
    "  mov %rdx, %rbx\n"
    "  mov %rsp, %rdi\n"
    "  call hand_over\n"
    "  mov %rbx, %rdx\n"
    "  jmp *%rax\n"
    ".text\n");

static long syscall4(long number, long a, long b, long c, long d) {
  long result;
  register long fourth __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                   : "rcx", "r11", "memory");
  return result;
}

/* It shares the stack of its creator, so it may use registers only. */
static long start_waiting_thread(unsigned long flags, int *gate, int *thread) {
  long result;
  register int *child_thread __asm__("r10") = thread;
  register long tls __asm__("r8") = 0;
  __asm__ volatile("  syscall\n"
                   "  test %%rax, %%rax\n"
                   "  jnz 2f\n"
                   "  mov %[gate], %%rdi\n"
                   "1: mov %[futex], %%eax\n"
                   "  xor %%esi, %%esi\n"
                   "  xor %%edx, %%edx\n"
                   "  xor %%r10d, %%r10d\n"
                   "  syscall\n"
                   "  cmpl $0, (%%rdi)\n"
                   "  je 1b\n"
                   "  mov %[exit], %%eax\n"
                   "  xor %%edi, %%edi\n"
                   "  syscall\n"
                   "2:\n"
                   : "=a"(result)
                   : "a"((long)SYS_clone), "D"(flags), "S"(0), "d"(thread), "r"(child_thread), "r"(tls),
                     [gate] "r"(gate), [futex] "i"(SYS_futex), [exit] "i"(SYS_exit)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

#define SYS_faccessat 48
#define SYS_openat 56
#define SYS_close 57
#define SYS_read 63
#define SYS_write 64
#define SYS_exit 93
#define SYS_exit_group 94
#define SYS_futex 98
#define SYS_clone 220
#define SYS_prlimit64 261
#define SYS_memfd_create 279

__asm__(
    ".section .entry, \"ax\"\n"
    "  mov x0, sp\n"
    "  bl launch\n"
    "  mov x16, x0\n"
    "  mov x0, #0\n"
    "  br x16\n"
    "  .org 32\n"
    "  mov x19, x0\n"
    "  mov x0, sp\n"
    "  bl hand_over\n"
    "  mov x16, x0\n"
    "  mov x0, x19\n"
    "  br x16\n"
    ".text\n");

static long syscall4(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}

/* It shares the stack of its creator, so it may use registers only. */
static long start_waiting_thread(unsigned long flags, int *gate, int *thread) {
  register long x8 __asm__("x8") = SYS_clone;
  register long x0 __asm__("x0") = (long)flags;
  register long x1 __asm__("x1") = 0;
  register int *x2 __asm__("x2") = thread;
  register long x3 __asm__("x3") = 0;
  register int *x4 __asm__("x4") = thread;
  __asm__ volatile("  svc 0\n"
                   "  cbnz x0, 2f\n"
                   "1: mov x0, %[gate]\n"
                   "  mov x1, #0\n"
                   "  mov x2, #0\n"
                   "  mov x3, #0\n"
                   "  mov x8, %[futex]\n"
                   "  svc 0\n"
                   "  ldr w9, [%[gate]]\n"
                   "  cbz w9, 1b\n"
                   "  mov x0, #0\n"
                   "  mov x8, %[exit]\n"
                   "  svc 0\n"
                   "2:\n"
                   : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x8)
                   : "r"(x4), [gate] "r"(gate), [futex] "i"(SYS_futex), [exit] "i"(SYS_exit)
                   : "x9", "memory");
  return x0;
}

#else
#error "no launcher for this processor"
#endif

static long syscall3(long number, long a, long b, long c) {
  return syscall4(number, a, b, c, 0);
}

#endif
