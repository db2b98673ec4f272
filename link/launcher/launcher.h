/*
 * What the launcher shares with the link step (the table; link/launcher.ts writes it), and what differs
 * between processors: how a system call is made, and the two entry points in assembler.
 */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#define LIBRARY_COUNT_MAX 2
/* What ld.so reads of a library; the rest it maps. */
#define HEAD_SIZE 4096

struct identity {
  unsigned long device;
  unsigned long inode;
};

/* The kernel's `struct stat`: it starts like this on all 64-bit processors, and has at most 144 bytes. */
struct status {
  struct identity identity;
  unsigned long others[16];
};

struct library {
  const char *bytes;
  unsigned long size_bytes;
  /* Where in the executable. */
  unsigned long place;
  long descriptor;
  /* The memory file's. */
  struct identity identity;
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
  /* Whether ld.so calls `map`. */
  unsigned long maps_from_executable;
  /* Its descriptor; negative: it is not open. */
  long executable;
  unsigned long library_count;
  struct library libraries[LIBRARY_COUNT_MAX];
};

extern struct launch_table table __attribute__((visibility("hidden")));

/*
 * Entry points, at offsets 0, 32 and 64. At the first two, the stack pointer is where the kernel put it and has to be
 * there again when the next code starts. ld.so's entry wants the register of the exit function cleared
 * (rdx, x0); the program's entry wants in it what ld.so left there. The third takes the place of a system call in
 * ld.so: it changes no register that a system call would not change, and ends, at offset 192, with a jump that the link
 * step fills in.
 */
#if defined(__x86_64__)

#define SYS_read 0
#define SYS_write 1
#define SYS_close 3
#define SYS_fstat 5
#define SYS_mmap 9
#define SYS_pread64 17
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
    "  .org 64, 0xcc\n"
    /* Below the stack pointer, a function may keep 128 bytes. */
    "  lea -128(%rsp), %rsp\n"
    "  push %r9\n"
    "  push %r8\n"
    "  push %r10\n"
    "  push %rdx\n"
    "  push %rsi\n"
    "  push %rdi\n"
    "  mov %rsp, %rdi\n"
    "  call map\n"
    "  pop %rdi\n"
    "  pop %rsi\n"
    "  pop %rdx\n"
    "  pop %r10\n"
    "  pop %r8\n"
    "  pop %r9\n"
    "  lea 128(%rsp), %rsp\n"
    "  jmp 1f\n"
    "  .org 192, 0xcc\n"
    "1: .byte 0xe9\n"
    "  .long 0\n"
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

static long syscall6(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long fourth __asm__("r10") = d;
  register long fifth __asm__("r8") = e;
  register long sixth __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
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
#define SYS_pread64 67
#define SYS_fstat 80
#define SYS_exit 93
#define SYS_exit_group 94
#define SYS_futex 98
#define SYS_clone 220
#define SYS_mmap 222
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
    "  .org 64\n"
    "  sub sp, sp, #160\n"
    "  stp x0, x1, [sp]\n"
    "  stp x2, x3, [sp, #16]\n"
    "  stp x4, x5, [sp, #32]\n"
    "  stp x6, x7, [sp, #48]\n"
    "  stp x8, x9, [sp, #64]\n"
    "  stp x10, x11, [sp, #80]\n"
    "  stp x12, x13, [sp, #96]\n"
    "  stp x14, x15, [sp, #112]\n"
    "  stp x16, x17, [sp, #128]\n"
    "  stp x18, x30, [sp, #144]\n"
    "  mov x0, sp\n"
    "  bl map\n"
    "  ldr x1, [sp, #8]\n"
    "  ldp x2, x3, [sp, #16]\n"
    "  ldp x4, x5, [sp, #32]\n"
    "  ldp x6, x7, [sp, #48]\n"
    "  ldp x8, x9, [sp, #64]\n"
    "  ldp x10, x11, [sp, #80]\n"
    "  ldp x12, x13, [sp, #96]\n"
    "  ldp x14, x15, [sp, #112]\n"
    "  ldp x16, x17, [sp, #128]\n"
    "  ldp x18, x30, [sp, #144]\n"
    "  add sp, sp, #160\n"
    "  b 1f\n"
    "  .org 192\n"
    "1: b .\n"
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

static long syscall6(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
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
