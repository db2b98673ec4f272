/*
 * short-io PREFIX COMMAND [ARGUMENT...]
 *
 * Runs a command, all threads and children of which read and write at most half of what they ask for, where the file lies
 * below PREFIX: what POSIX allows at any time, and network file systems, quotas and signals do.
 * Build: cc -O1 -o short-io short-io.c
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_STOP (SIGTRAP | 0x80)

#if defined(__x86_64__)
typedef struct user_regs_struct registers;
static long call_of(const registers *r) { return (long)r->orig_rax; }
static int descriptor_of(const registers *r) { return (int)r->rdi; }
static unsigned long long *third_of(registers *r) { return &r->rdx; }
static unsigned long long *fifth_of(registers *r) { return &r->r8; }
#elif defined(__aarch64__)
typedef struct user_regs_struct registers;
static long call_of(const registers *r) { return (long)r->regs[8]; }
static int descriptor_of(const registers *r) { return (int)r->regs[0]; }
static unsigned long long *third_of(registers *r) { return &r->regs[2]; }
static unsigned long long *fifth_of(registers *r) { return &r->regs[4]; }
#else
#error "unknown processor"
#endif

static int is_below(pid_t thread, int descriptor, const char *prefix) {
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)thread, descriptor);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return strncmp(path, prefix, strlen(prefix)) == 0;
}

/* The number that a call is given for how much to read or write. */
static unsigned long long *size_of(registers *r) {
  switch (call_of(r)) {
    case SYS_read:
    case SYS_write:
    case SYS_pread64:
    case SYS_pwrite64:
      return third_of(r);
    case SYS_copy_file_range:
      return fifth_of(r);
    default:
      return NULL;
  }
}

static void shorten(pid_t thread, const char *prefix) {
  registers r;
  struct iovec part = {&r, sizeof r};
  if (ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &part) != 0) return;
  unsigned long long *size = size_of(&r);
  if (size == NULL || *size < 2 || !is_below(thread, descriptor_of(&r), prefix)) return;
  *size = (*size + 1) / 2;
  ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &part);
}

/* Whether a system call begins here; it ends with the next stop of the same kind. */
static int begins(pid_t thread) {
  struct __ptrace_syscall_info info;
  return ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

int main(int count, char **words) {
  if (count < 3) {
    fprintf(stderr, "usage: short-io PREFIX COMMAND [ARGUMENT...]\n");
    return 2;
  }
  const pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    execvp(words[2], words + 2);
    _exit(127);
  }
  int status;
  waitpid(child, &status, 0);
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                       PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (child < 0 || ptrace(PTRACE_SETOPTIONS, child, NULL, options) != 0) {
    perror("short-io");
    return 1;
  }
  ptrace(PTRACE_SYSCALL, child, NULL, NULL);
  for (;;) {
    const pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0) return errno == ECHILD ? 1 : 0;
    if (!WIFSTOPPED(status)) {
      if (thread != child) continue;
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    int sent = WSTOPSIG(status);
    if (sent == SYSCALL_STOP) {
      if (begins(thread)) shorten(thread, words[1]);
      sent = 0;
    } else if (sent == SIGTRAP || sent == SIGSTOP) {
      /* What ptrace itself sends: an event, or a new thread. */
      sent = 0;
    }
    ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(long)sent);
  }
}
