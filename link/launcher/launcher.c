/*
 * The first code of a static btdt executable. The kernel starts `launch` instead of the program; the
 * program's dynamic loader (ld.so) is already mapped, because it is part of the executable.
 *
 *   launch    puts each embedded library into a memory file, so that ld.so can open it by a name
 *             (/proc/self/fd/N), describes the program to ld.so, and starts ld.so.
 *   hand_over runs when ld.so has linked the program: it takes back what `launch` left in the process,
 *             then starts the program.
 *
 * Freestanding: no libc, no static storage of its own, one page of code. All state is in `table`, which
 * the link step fills in (link/launcher.ts) and places TABLE_DISTANCE bytes after this code.
 */
#include "launcher.h"

/* linux/memfd.h; with NOEXEC_SEAL (Linux 6.3) the file cannot be executed, which the strictest setting of
   vm.memfd_noexec asks for. It can still be mapped, which is all that ld.so does. */
#define MFD_CLOEXEC 1u
#define MFD_NOEXEC_SEAL 8u

#define AT_FDCWD (-100)
#define R_OK 4
#define EINTR 4
#define EINVAL 22
#define EMFILE 24

/* linux/auxvec.h */
#define AT_NULL 0
#define AT_PHDR 3
#define AT_PHNUM 5
#define AT_BASE 7
#define AT_FLAGS 8
#define AT_ENTRY 9

/* Not of Linux: src/fs/native/open-file-limit.ts looks for it. */
#define AT_BTDT_SOFT_LIMIT 0x62746474
#define RLIMIT_NOFILE 7

/* No name in an environment starts with this byte. */
#define HIDDEN '\001'

static unsigned long length_of(const char *text) {
  unsigned long length = 0;
  while (text[length] != '\0') length++;
  return length;
}

/* Writes at `to` and returns the end; the caller has the room (20 digits at most). */
static char *print_number(char *to, unsigned long number) {
  unsigned long divisor = 1;
  while (number / divisor >= 10) divisor *= 10;
  for (; divisor > 0; divisor /= 10) *to++ = (char)('0' + number / divisor % 10);
  return to;
}

static char *print_text(char *to, const char *text) {
  for (; *text != '\0'; text++) *to++ = *text;
  return to;
}

/* One write, so that the line stays whole among the output of other processes. */
static void __attribute__((noreturn, noinline)) refuse(const char *what, long error, const char *hint) {
  char line[256];
  char *end = print_text(line, "btdt: cannot start: ");
  end = print_text(end, what);
  end = print_text(end, " (errno ");
  end = print_number(end, (unsigned long)-error);
  end = print_text(end, "): ");
  end = print_text(end, hint);
  *end++ = '\n';
  syscall3(SYS_write, 2, (long)line, end - line);
  for (;;) syscall3(SYS_exit_group, 127, 0, 0);
}

static void publish(struct library *library) {
  long descriptor = syscall3(SYS_memfd_create, (long)library->name, MFD_CLOEXEC | MFD_NOEXEC_SEAL, 0);
  if (descriptor == -EINVAL) descriptor = syscall3(SYS_memfd_create, (long)library->name, MFD_CLOEXEC, 0);
  if (descriptor == -EMFILE)
    refuse("memfd_create failed", descriptor, "the limit of open files is too low (ulimit -n)");
  if (descriptor < 0)
    refuse("memfd_create failed", descriptor, "it needs Linux 3.17 or newer and a sandbox that allows this call");

  unsigned long written = 0;
  while (written < library->size_bytes) {
    long count = syscall3(SYS_write, descriptor, (long)(library->bytes + written), (long)(library->size_bytes - written));
    if (count == -EINTR) continue;
    if (count <= 0) refuse("writing to memory failed", count, "too little memory is left for this process");
    written += (unsigned long)count;
  }

  library->descriptor = descriptor;
  *print_number(library->path + length_of(library->path), (unsigned long)descriptor) = '\0';
  long access = syscall4(SYS_faccessat, AT_FDCWD, (long)library->path, R_OK, 0);
  if (access < 0) refuse("/proc/self/fd cannot be read", access, "/proc must be mounted");
}

/* The image's LD_PRELOAD, LD_LIBRARY_PATH and so on are meant for its own libc, never for this one. */
static void rename_loader_variables(char **environment, char from, char to) {
  for (; *environment != 0; environment++) {
    char *variable = *environment;
    if (variable[0] == from && variable[1] == 'D' && variable[2] == '_') variable[0] = to;
  }
}

/* `stack` is what the kernel hands a new process: argc, argv, 0, environment, 0, auxiliary vector. */
static char **environment_of(unsigned long *stack) {
  return (char **)(stack + 1 + stack[0] + 1);
}

/* Returns the address to go on at: ld.so's entry. */
unsigned long launch(unsigned long *stack) {
  for (unsigned long i = 0; i < table.library_count; i++) publish(&table.libraries[i]);

  char **environment = environment_of(stack);
  rename_loader_variables(environment, 'L', HIDDEN);

  /* The runtime raises the soft limit; the commands that it starts are to have this one. */
  unsigned long limits[2] = {0, 0};
  syscall4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)limits);

  while (*environment != 0) environment++;
  for (unsigned long *entry = (unsigned long *)(environment + 1); entry[0] != AT_NULL; entry += 2) {
    if (entry[0] == AT_PHDR) entry[1] = table.program_headers;
    if (entry[0] == AT_PHNUM) entry[1] = table.program_header_count;
    if (entry[0] == AT_BASE) entry[1] = table.loader_base;
    if (entry[0] == AT_ENTRY) entry[1] = table.hand_over;
    /* Always 0 on Linux, and nobody reads it. */
    if (entry[0] == AT_FLAGS) {
      entry[0] = AT_BTDT_SOFT_LIMIT;
      entry[1] = limits[0];
    }
  }
  return table.loader_entry;
}

/* Returns the address to go on at: the program's entry. The program's children do get the image's LD_*
   variables, and neither it nor they see the descriptors. */
unsigned long hand_over(unsigned long *stack) {
  for (unsigned long i = 0; i < table.library_count; i++)
    syscall3(SYS_close, table.libraries[i].descriptor, 0, 0);
  rename_loader_variables(environment_of(stack), HIDDEN, 'L');
  return table.program_entry;
}
