/*
 * The first code of a static btdt executable. The kernel starts `launch` instead of the program; the
 * program's dynamic loader (ld.so) is already mapped, because it is part of the executable.
 *
 *   launch    makes sure that the process may have threads, makes a memory file for each embedded library, so
 *             that ld.so can open it by a name (/proc/self/fd/N), describes the program to ld.so, and starts ld.so.
 *   map       makes ld.so's mmap calls, which the link step has redirected to it (link/loader-mappings.ts): what
 *             ld.so wants from one of these memory files is mapped from the executable, where the whole library is.
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
#define O_RDONLY_CLOEXEC 02000000
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
#define RLIMIT_NPROC 6
#define RLIMIT_NOFILE 7

/* linux/sched.h: as pthread_create has it, without storage of its own. The kernel writes the thread's number, and
   zero when the thread is gone. */
#define THREAD_FLAGS (0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 | 0x100000 | 0x200000)
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

/* With these and the first one, every command works on two processors. */
#define FURTHER_THREADS 6

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

/* Which file is open as `descriptor`. */
static struct identity identify(long descriptor) {
  struct status status;
  status.identity.device = 0;
  status.identity.inode = 0;
  syscall3(SYS_fstat, descriptor, (long)&status, 0);
  return status.identity;
}

/* Whether the executable that is open as `descriptor` has the libraries where the link step put them: under an emulator,
   /proc/self/exe can be another file. */
static int has_libraries(long descriptor) {
  char bytes[HEAD_SIZE];
  for (unsigned long i = 0; i < table.library_count; i++) {
    const struct library *library = &table.libraries[i];
    long length = syscall4(SYS_pread64, descriptor, (long)bytes, HEAD_SIZE, (long)library->place);
    if (length != HEAD_SIZE) return 0;
    for (long k = 0; k < HEAD_SIZE; k++) {
      if (bytes[k] != library->bytes[k]) return 0;
    }
  }
  return 1;
}

/* Without it, libraries are copied as a whole, which takes longer. */
static void open_executable(void) {
  long descriptor = syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_RDONLY_CLOEXEC, 0);
  if (descriptor < 0) return;
  if (has_libraries(descriptor)) table.executable = descriptor;
  else syscall3(SYS_close, descriptor, 0, 0);
}

static void publish(struct library *library) {
  long descriptor = syscall3(SYS_memfd_create, (long)library->name, MFD_CLOEXEC | MFD_NOEXEC_SEAL, 0);
  if (descriptor == -EINVAL) descriptor = syscall3(SYS_memfd_create, (long)library->name, MFD_CLOEXEC, 0);
  if (descriptor == -EMFILE)
    refuse("memfd_create failed", descriptor, "the limit of open files is too low (ulimit -n)");
  if (descriptor < 0)
    refuse("memfd_create failed", descriptor, "it needs Linux 3.17 or newer and a sandbox that allows this call");

  unsigned long size_bytes = table.executable < 0 ? library->size_bytes : HEAD_SIZE;
  unsigned long written = 0;
  while (written < size_bytes) {
    long count = syscall3(SYS_write, descriptor, (long)(library->bytes + written), (long)(size_bytes - written));
    if (count == -EINTR) continue;
    if (count <= 0) refuse("writing to memory failed", count, "too little memory is left for this process");
    written += (unsigned long)count;
  }

  library->descriptor = descriptor;
  library->identity = identify(descriptor);
  *print_number(library->path + length_of(library->path), (unsigned long)descriptor) = '\0';
  long access = syscall4(SYS_faccessat, AT_FDCWD, (long)library->path, R_OK, 0);
  if (access < 0) refuse("/proc/self/fd cannot be read", access, "/proc must be mounted");
}

/* Reads the start of a small file into `text` and ends it with a zero. Returns the length, 0 if there is no such file. */
static long read_start(const char *path, char *text, long size_bytes) {
  long descriptor = syscall4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY_CLOEXEC, 0);
  if (descriptor < 0) return 0;
  long length = syscall3(SYS_read, descriptor, (long)text, size_bytes - 1);
  syscall3(SYS_close, descriptor, 0, 0);
  if (length < 0) length = 0;
  text[length] = '\0';
  return length;
}

/* Whether a `pids.max` states a limit of less than 1,000; otherwise it is longer, or `max`. */
static int is_low(const char *path) {
  char text[8];
  long length = read_start(path, text, sizeof text);
  return length > 0 && length <= 4 && text[0] != 'm';
}

/* Where `prefix` ends in `text`, or 0 if it starts with something else. */
static const char *skip(const char *text, const char *prefix) {
  while (*prefix != '\0') {
    if (*text++ != *prefix++) return 0;
  }
  return text;
}

/* Whether the cgroup of this process limits threads to a few. In a container, its own cgroup is often mounted as the root. */
static int is_cgroup_limit_low(void) {
  if (is_low("/sys/fs/cgroup/pids.max") || is_low("/sys/fs/cgroup/pids/pids.max")) return 1;
  char lines[2048];
  char path[512];
  read_start("/proc/self/cgroup", lines, sizeof lines);
  for (const char *line = lines; *line != '\0';) {
    const char *name = line;
    while (*name != ':' && *name != '\0') name++;
    const char *unified = skip(name, "::");
    const char *own = unified != 0 ? unified : skip(name, ":pids:");
    char *end = print_text(path, unified != 0 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids");
    for (line = name; *line != '\n' && *line != '\0'; line++) {
      if (own != 0 && line >= own && end < path + sizeof path - sizeof "/pids.max") *end++ = *line;
    }
    *print_text(end, "/pids.max") = '\0';
    if (own != 0 && is_low(path)) return 1;
    if (*line == '\n') line++;
  }
  return 0;
}

/* A limit of threads stops the runtime in the middle of its work, with a report of a crash. So that it is one line here,
   as many threads as the runtime needs at least are started once and ended, which takes long enough to be done only where
   a limit is low. */
static void try_threads(void) {
  unsigned long limits[2] = {0, 0};
  syscall4(SYS_prlimit64, 0, RLIMIT_NPROC, 0, (long)limits);
  if (limits[0] >= 1000 && !is_cgroup_limit_low()) return;

  volatile int gate = 0;
  volatile int threads[FURTHER_THREADS];
  long result = 0;
  int count = 0;
  for (; count < FURTHER_THREADS && result >= 0; count++) {
    threads[count] = 0;
    result = start_waiting_thread(THREAD_FLAGS, (int *)&gate, (int *)&threads[count]);
  }
  gate = 1;
  syscall3(SYS_futex, (long)&gate, FUTEX_WAKE, FURTHER_THREADS);
  for (int i = 0; i < count; i++) {
    for (int thread = threads[i]; thread != 0; thread = threads[i])
      syscall4(SYS_futex, (long)&threads[i], FUTEX_WAIT, thread, 0);
  }
  if (result < 0)
    refuse("a thread was refused", result, "it needs 7 threads or more (pids.max of the cgroup, ulimit -u)");
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
  try_threads();
  if (table.maps_from_executable) open_executable();
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

/* Makes the call of mmap with these six arguments. ld.so opens files by name: the descriptor is not the launcher's. */
long map(const long *arguments) {
  long descriptor = (int)arguments[4];
  long offset = arguments[5];
  if (table.executable >= 0 && descriptor >= 0) {
    struct identity identity = identify(descriptor);
    for (unsigned long i = 0; i < table.library_count; i++) {
      const struct library *library = &table.libraries[i];
      if (identity.device != library->identity.device || identity.inode != library->identity.inode) continue;
      descriptor = table.executable;
      offset += (long)library->place;
      break;
    }
  }
  return syscall6(SYS_mmap, arguments[0], arguments[1], arguments[2], arguments[3], descriptor, offset);
}

/* Returns the address to go on at: the program's entry. The program's children do get the image's LD_*
   variables, and neither it nor they see the descriptors. */
unsigned long hand_over(unsigned long *stack) {
  for (unsigned long i = 0; i < table.library_count; i++)
    syscall3(SYS_close, table.libraries[i].descriptor, 0, 0);
  if (table.executable >= 0) syscall3(SYS_close, table.executable, 0, 0);
  /* What is opened from now on is mapped as it is. */
  table.executable = -1;
  rename_loader_variables(environment_of(stack), HIDDEN, 'L');
  return table.program_entry;
}
