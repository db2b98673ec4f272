/*
 * A FUSE volume that shows a directory, but waits before each operation, as a network does: `slow-volume DIRECTORY MOUNT`.
 *
 * It prints `mounted`, and then answers each line on its standard input with one line. Times are in microseconds:
 *   delay N            wait so long before each operation from now on
 *   fail KIND ERRNO    operations of this kind fail with this number; 0 to make them work again
 *   reset              reset the counters
 *   counts             a JSON object: operations by kind, `mostInFlight`, the most that waited at the same time, and
 *                      `msByInFlight`, for how long at least 0, 1, 2, 8 or 24 waited, but fewer than the next number
 * When its input ends, it unmounts and exits, so it never outlives the process that started it.
 *
 * Each inode of the directory is one inode of the volume, held open with O_PATH, so hard links work. The kernel caches names
 * and attributes, as it does for NFS, but for so long that counts do not depend on time. It is for root: nobody checks
 * permissions, which would cost operations that network file systems do not need.
 */
#define _GNU_SOURCE
#define FUSE_USE_VERSION 312
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 256
#define CACHED_SECONDS 3600.0

enum kind {
  LOOKUP, GETATTR, SETATTR, READLINK, MKNOD, MKDIR, UNLINK, RMDIR, SYMLINK, RENAME, LINK, OPEN, CREATE, READ, WRITE, FLUSH,
  FSYNC, READDIR, STATFS, SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR, KINDS
};

static const char *const names[KINDS] = {
  "lookup", "getattr", "setattr", "readlink", "mknod", "mkdir", "unlink", "rmdir", "symlink", "rename", "link", "open",
  "create", "read", "write", "flush", "fsync", "readdir", "statfs", "setxattr", "getxattr", "listxattr", "removexattr",
};

static atomic_long delay_us;
static atomic_long counts[KINDS];
static atomic_int errors[KINDS];

/* How many operations wait, and for how long so many did. */
static pthread_mutex_t in_flight_lock = PTHREAD_MUTEX_INITIALIZER;
static int in_flight, most_in_flight;
static struct timespec changed;
#define LEVELS 5
static const int level_starts[LEVELS] = {0, 1, 2, 8, 24};
static double level_ms[LEVELS];

static void change_in_flight(int by) {
  pthread_mutex_lock(&in_flight_lock);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int level = LEVELS - 1;
  while (in_flight < level_starts[level]) level--;
  level_ms[level] += (double)(now.tv_sec - changed.tv_sec) * 1e3 + (double)(now.tv_nsec - changed.tv_nsec) / 1e6;
  changed = now;
  in_flight += by;
  if (in_flight > most_in_flight) most_in_flight = in_flight;
  pthread_mutex_unlock(&in_flight_lock);
}

/* Counts and waits. Returns the error that the operation is to fail with, or 0. */
static int begin(enum kind kind) {
  atomic_fetch_add(&counts[kind], 1);
  change_in_flight(1);
  long us = atomic_load(&delay_us);
  struct timespec wait = {us / 1000000, us % 1000000 * 1000};
  if (us > 0) clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
  change_in_flight(-1);
  return atomic_load(&errors[kind]);
}

#define BEGIN(kind) do { \
  int failure = begin(kind); \
  if (failure != 0) { fuse_reply_err(request, failure); return; } \
} while (0)

static void reply(fuse_req_t request, bool is_done) {
  fuse_reply_err(request, is_done ? 0 : errno);
}

/* The inodes that the kernel knows, by device and number. */

struct inode {
  struct inode *next;
  dev_t device;
  ino_t number;
  int descriptor;
  uint64_t lookups;
};

#define BUCKETS 65536
static struct inode *buckets[BUCKETS];
static pthread_mutex_t inodes_lock = PTHREAD_MUTEX_INITIALIZER;
static struct inode root;

static struct inode *inode_of(fuse_ino_t ino) {
  return ino == FUSE_ROOT_ID ? &root : (struct inode *)(uintptr_t)ino;
}

static int descriptor_of(fuse_ino_t ino) {
  return inode_of(ino)->descriptor;
}

struct path { char text[64]; };

/* For calls that follow symlinks: this link leads to the inode itself. */
static struct path path_of(int descriptor) {
  struct path path;
  snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", descriptor);
  return path;
}

static struct inode **bucket_of(dev_t device, ino_t number) {
  return &buckets[(number ^ (number >> 16) ^ device) % BUCKETS];
}

/* Returns 0 or an errno. */
static int look_up(fuse_ino_t parent, const char *name, struct fuse_entry_param *entry) {
  memset(entry, 0, sizeof *entry);
  entry->attr_timeout = entry->entry_timeout = CACHED_SECONDS;
  int descriptor = openat(descriptor_of(parent), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return errno;
  if (fstatat(descriptor, "", &entry->attr, AT_EMPTY_PATH) != 0) {
    int failure = errno;
    close(descriptor);
    return failure;
  }
  pthread_mutex_lock(&inodes_lock);
  struct inode **bucket = bucket_of(entry->attr.st_dev, entry->attr.st_ino);
  struct inode *inode = *bucket;
  while (inode != NULL && (inode->device != entry->attr.st_dev || inode->number != entry->attr.st_ino)) inode = inode->next;
  if (inode != NULL) {
    close(descriptor);
  } else {
    inode = calloc(1, sizeof *inode);
    inode->device = entry->attr.st_dev;
    inode->number = entry->attr.st_ino;
    inode->descriptor = descriptor;
    inode->next = *bucket;
    *bucket = inode;
  }
  inode->lookups += 1;
  pthread_mutex_unlock(&inodes_lock);
  entry->ino = (uintptr_t)inode;
  return 0;
}

static void forget_one(fuse_ino_t ino, uint64_t lookups) {
  if (ino == FUSE_ROOT_ID) return;
  struct inode *inode = inode_of(ino);
  pthread_mutex_lock(&inodes_lock);
  inode->lookups -= lookups;
  bool is_last = inode->lookups == 0;
  if (is_last) {
    struct inode **link = bucket_of(inode->device, inode->number);
    while (*link != inode) link = &(*link)->next;
    *link = inode->next;
  }
  pthread_mutex_unlock(&inodes_lock);
  if (!is_last) return;
  close(inode->descriptor);
  free(inode);
}

static void reply_entry(fuse_req_t request, fuse_ino_t parent, const char *name) {
  struct fuse_entry_param entry;
  int failure = look_up(parent, name, &entry);
  if (failure != 0) fuse_reply_err(request, failure);
  else fuse_reply_entry(request, &entry);
}

/* Directories, files and names */

static void on_init(void *data, struct fuse_conn_info *connection) {
  (void)data;
  connection->want &= ~FUSE_CAP_READDIRPLUS;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
  BEGIN(LOOKUP);
  struct fuse_entry_param entry;
  int failure = look_up(parent, name, &entry);
  /* The kernel remembers that there is nothing, too. */
  if (failure == 0 || failure == ENOENT) fuse_reply_entry(request, &entry);
  else fuse_reply_err(request, failure);
}

static void on_forget(fuse_req_t request, fuse_ino_t ino, uint64_t lookups) {
  forget_one(ino, lookups);
  fuse_reply_none(request);
}

static void on_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgotten) {
  for (size_t index = 0; index < count; index++) forget_one(forgotten[index].ino, forgotten[index].nlookup);
  fuse_reply_none(request);
}

static void reply_attributes(fuse_req_t request, fuse_ino_t ino) {
  struct stat status;
  if (fstatat(descriptor_of(ino), "", &status, AT_EMPTY_PATH) != 0) fuse_reply_err(request, errno);
  else fuse_reply_attr(request, &status, CACHED_SECONDS);
}

static void on_getattr(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *file) {
  (void)file;
  BEGIN(GETATTR);
  reply_attributes(request, ino);
}

static bool set_attributes(int descriptor, struct stat *wanted, int set) {
  struct path path = path_of(descriptor);
  if (set & FUSE_SET_ATTR_MODE && chmod(path.text, wanted->st_mode) != 0) return false;
  if (set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
    uid_t uid = set & FUSE_SET_ATTR_UID ? wanted->st_uid : (uid_t)-1;
    gid_t gid = set & FUSE_SET_ATTR_GID ? wanted->st_gid : (gid_t)-1;
    if (fchownat(descriptor, "", uid, gid, AT_EMPTY_PATH) != 0) return false;
  }
  if (set & FUSE_SET_ATTR_SIZE && truncate(path.text, wanted->st_size) != 0) return false;
  if (set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME)) {
    struct timespec times[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    if (set & FUSE_SET_ATTR_ATIME_NOW) times[0].tv_nsec = UTIME_NOW;
    else if (set & FUSE_SET_ATTR_ATIME) times[0] = wanted->st_atim;
    if (set & FUSE_SET_ATTR_MTIME_NOW) times[1].tv_nsec = UTIME_NOW;
    else if (set & FUSE_SET_ATTR_MTIME) times[1] = wanted->st_mtim;
    /* Linux 5.8 and later take the descriptor of a symlink itself; no path leads to it. */
    if (utimensat(descriptor, "", times, AT_EMPTY_PATH) != 0) return false;
  }
  return true;
}

static void on_setattr(fuse_req_t request, fuse_ino_t ino, struct stat *wanted, int set, struct fuse_file_info *file) {
  (void)file;
  BEGIN(SETATTR);
  if (!set_attributes(descriptor_of(ino), wanted, set)) fuse_reply_err(request, errno);
  else reply_attributes(request, ino);
}

static void on_readlink(fuse_req_t request, fuse_ino_t ino) {
  BEGIN(READLINK);
  char target[PATH_MAX + 1];
  ssize_t length = readlinkat(descriptor_of(ino), "", target, PATH_MAX);
  if (length < 0) {
    fuse_reply_err(request, errno);
    return;
  }
  target[length] = 0;
  fuse_reply_readlink(request, target);
}

static void on_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device) {
  BEGIN(MKNOD);
  if (mknodat(descriptor_of(parent), name, mode, device) != 0) fuse_reply_err(request, errno);
  else reply_entry(request, parent, name);
}

static void on_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode) {
  BEGIN(MKDIR);
  if (mkdirat(descriptor_of(parent), name, mode) != 0) fuse_reply_err(request, errno);
  else reply_entry(request, parent, name);
}

static void on_symlink(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name) {
  BEGIN(SYMLINK);
  if (symlinkat(target, descriptor_of(parent), name) != 0) fuse_reply_err(request, errno);
  else reply_entry(request, parent, name);
}

static void on_link(fuse_req_t request, fuse_ino_t ino, fuse_ino_t parent, const char *name) {
  BEGIN(LINK);
  struct path path = path_of(descriptor_of(ino));
  if (linkat(AT_FDCWD, path.text, descriptor_of(parent), name, AT_SYMLINK_FOLLOW) != 0) fuse_reply_err(request, errno);
  else reply_entry(request, parent, name);
}

static void on_unlink(fuse_req_t request, fuse_ino_t parent, const char *name) {
  BEGIN(UNLINK);
  reply(request, unlinkat(descriptor_of(parent), name, 0) == 0);
}

static void on_rmdir(fuse_req_t request, fuse_ino_t parent, const char *name) {
  BEGIN(RMDIR);
  reply(request, unlinkat(descriptor_of(parent), name, AT_REMOVEDIR) == 0);
}

static void on_rename(fuse_req_t request, fuse_ino_t from, const char *name, fuse_ino_t to, const char *new_name,
                      unsigned int flags) {
  BEGIN(RENAME);
  reply(request, renameat2(descriptor_of(from), name, descriptor_of(to), new_name, flags) == 0);
}

static void reply_open(fuse_req_t request, int descriptor, struct fuse_file_info *file) {
  if (descriptor < 0) {
    fuse_reply_err(request, errno);
    return;
  }
  file->fh = (uint64_t)descriptor;
  fuse_reply_open(request, file);
}

static void on_open(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *file) {
  BEGIN(OPEN);
  struct path path = path_of(descriptor_of(ino));
  reply_open(request, open(path.text, (file->flags & ~O_NOFOLLOW) | O_CLOEXEC), file);
}

static void on_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *file) {
  BEGIN(CREATE);
  int descriptor = openat(descriptor_of(parent), name, file->flags | O_CREAT | O_CLOEXEC, mode);
  struct fuse_entry_param entry;
  int failure = descriptor < 0 ? errno : look_up(parent, name, &entry);
  if (failure != 0) {
    if (descriptor >= 0) close(descriptor);
    fuse_reply_err(request, failure);
    return;
  }
  file->fh = (uint64_t)descriptor;
  fuse_reply_create(request, &entry, file);
}

static void on_read(fuse_req_t request, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)ino;
  BEGIN(READ);
  struct fuse_bufvec bytes = FUSE_BUFVEC_INIT(size);
  bytes.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
  bytes.buf[0].fd = (int)file->fh;
  bytes.buf[0].pos = offset;
  fuse_reply_data(request, &bytes, 0);
}

static void on_write(fuse_req_t request, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                     struct fuse_file_info *file) {
  (void)ino;
  BEGIN(WRITE);
  ssize_t written = pwrite((int)file->fh, bytes, size, offset);
  if (written < 0) fuse_reply_err(request, errno);
  else fuse_reply_write(request, (size_t)written);
}

static void on_flush(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *file) {
  (void)ino;
  (void)file;
  BEGIN(FLUSH);
  fuse_reply_err(request, 0);
}

static void on_release(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *file) {
  (void)ino;
  /* No program waits for it. */
  close((int)file->fh);
  fuse_reply_err(request, 0);
}

static void on_fsync(fuse_req_t request, fuse_ino_t ino, int is_data_only, struct fuse_file_info *file) {
  (void)ino;
  (void)is_data_only;
  BEGIN(FSYNC);
  reply(request, fsync((int)file->fh) == 0);
}

/* The list is read at once, so it needs no position in the directory below. */
struct listing {
  size_t size;
  char bytes[];
};

static struct listing *list(fuse_req_t request, int descriptor) {
  DIR *directory = fdopendir(descriptor);
  if (directory == NULL) return NULL;
  size_t capacity = 4096;
  struct listing *listing = malloc(sizeof *listing + capacity);
  listing->size = 0;
  for (struct dirent *found; (found = readdir(directory)) != NULL;) {
    struct stat status = {.st_ino = found->d_ino, .st_mode = (mode_t)found->d_type << 12};
    size_t needed = fuse_add_direntry(request, NULL, 0, found->d_name, NULL, 0);
    while (listing->size + needed > capacity) listing = realloc(listing, sizeof *listing + (capacity *= 2));
    fuse_add_direntry(request, listing->bytes + listing->size, needed, found->d_name, &status, (off_t)(listing->size + needed));
    listing->size += needed;
  }
  closedir(directory);
  return listing;
}

static void on_opendir(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *file) {
  BEGIN(OPEN);
  struct path path = path_of(descriptor_of(ino));
  int descriptor = open(path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct listing *listing = descriptor < 0 ? NULL : list(request, descriptor);
  if (listing == NULL) {
    fuse_reply_err(request, errno);
    return;
  }
  file->fh = (uintptr_t)listing;
  fuse_reply_open(request, file);
}

static void on_readdir(fuse_req_t request, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)ino;
  BEGIN(READDIR);
  struct listing *listing = (struct listing *)(uintptr_t)file->fh;
  size_t start = (size_t)offset;
  size_t left = start < listing->size ? listing->size - start : 0;
  if (left <= size) {
    fuse_reply_buf(request, listing->bytes + start, left);
    return;
  }
  /* Whole names only: each says where the next begins. */
  size_t end = start;
  for (;;) {
    off_t next;
    memcpy(&next, listing->bytes + end + 8, sizeof next);
    if ((size_t)next - start > size) break;
    end = (size_t)next;
  }
  fuse_reply_buf(request, listing->bytes + start, end - start);
}

static void on_releasedir(fuse_req_t request, fuse_ino_t ino, struct fuse_file_info *file) {
  (void)ino;
  free((void *)(uintptr_t)file->fh);
  fuse_reply_err(request, 0);
}

static void on_fsyncdir(fuse_req_t request, fuse_ino_t ino, int is_data_only, struct fuse_file_info *file) {
  (void)is_data_only;
  (void)file;
  BEGIN(FSYNC);
  struct path path = path_of(descriptor_of(ino));
  int descriptor = open(path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int failure = descriptor < 0 || fsync(descriptor) != 0 ? errno : 0;
  if (descriptor >= 0) close(descriptor);
  fuse_reply_err(request, failure);
}

static void on_statfs(fuse_req_t request, fuse_ino_t ino) {
  BEGIN(STATFS);
  struct statvfs status;
  if (fstatvfs(descriptor_of(ino), &status) != 0) fuse_reply_err(request, errno);
  else fuse_reply_statfs(request, &status);
}

static void on_setxattr(fuse_req_t request, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags) {
  BEGIN(SETXATTR);
  struct path path = path_of(descriptor_of(ino));
  reply(request, setxattr(path.text, name, value, size, flags) == 0);
}

static void reply_list(fuse_req_t request, ssize_t length, size_t size, const char *bytes) {
  if (length < 0) fuse_reply_err(request, errno);
  else if (size == 0) fuse_reply_xattr(request, (size_t)length);
  else fuse_reply_buf(request, bytes, (size_t)length);
}

static void on_getxattr(fuse_req_t request, fuse_ino_t ino, const char *name, size_t size) {
  BEGIN(GETXATTR);
  struct path path = path_of(descriptor_of(ino));
  char *value = malloc(size + 1);
  ssize_t length = getxattr(path.text, name, value, size);
  reply_list(request, length, size, value);
  free(value);
}

static void on_listxattr(fuse_req_t request, fuse_ino_t ino, size_t size) {
  BEGIN(LISTXATTR);
  struct path path = path_of(descriptor_of(ino));
  char *list = malloc(size + 1);
  ssize_t length = listxattr(path.text, list, size);
  reply_list(request, length, size, list);
  free(list);
}

static void on_removexattr(fuse_req_t request, fuse_ino_t ino, const char *name) {
  BEGIN(REMOVEXATTR);
  struct path path = path_of(descriptor_of(ino));
  reply(request, removexattr(path.text, name) == 0);
}

static const struct fuse_lowlevel_ops operations = {
  .init = on_init, .lookup = on_lookup, .forget = on_forget, .forget_multi = on_forget_multi, .getattr = on_getattr,
  .setattr = on_setattr, .readlink = on_readlink, .mknod = on_mknod, .mkdir = on_mkdir, .symlink = on_symlink,
  .link = on_link, .unlink = on_unlink, .rmdir = on_rmdir, .rename = on_rename, .open = on_open, .create = on_create,
  .read = on_read, .write = on_write, .flush = on_flush, .release = on_release, .fsync = on_fsync,
  .opendir = on_opendir, .readdir = on_readdir, .releasedir = on_releasedir, .fsyncdir = on_fsyncdir,
  .statfs = on_statfs, .setxattr = on_setxattr, .getxattr = on_getxattr, .listxattr = on_listxattr,
  .removexattr = on_removexattr,
};

/* Commands */

static void reset(void) {
  for (int kind = 0; kind < KINDS; kind++) atomic_store(&counts[kind], 0);
  pthread_mutex_lock(&in_flight_lock);
  most_in_flight = in_flight;
  memset(level_ms, 0, sizeof level_ms);
  clock_gettime(CLOCK_MONOTONIC, &changed);
  pthread_mutex_unlock(&in_flight_lock);
}

static void print_counts(void) {
  printf("{\"operations\":{");
  const char *separator = "";
  for (int kind = 0; kind < KINDS; kind++) {
    long count = atomic_load(&counts[kind]);
    if (count == 0) continue;
    printf("%s\"%s\":%ld", separator, names[kind], count);
    separator = ",";
  }
  change_in_flight(0);
  pthread_mutex_lock(&in_flight_lock);
  printf("},\"mostInFlight\":%d,\"msByInFlight\":{", most_in_flight);
  for (int level = 0; level < LEVELS; level++)
    printf("%s\"%d\":%.0f", level == 0 ? "" : ",", level_starts[level], level_ms[level]);
  printf("}}\n");
  pthread_mutex_unlock(&in_flight_lock);
}

static bool set_failure(const char *name, int failure) {
  for (int kind = 0; kind < KINDS; kind++) {
    if (strcmp(names[kind], name) != 0) continue;
    atomic_store(&errors[kind], failure);
    return true;
  }
  return false;
}

static void obey(const char *line) {
  char name[32];
  long number;
  bool is_known = true;
  if (sscanf(line, "delay %ld", &number) == 1) atomic_store(&delay_us, number);
  else if (sscanf(line, "fail %31s %ld", name, &number) == 2) is_known = set_failure(name, (int)number);
  else if (strcmp(line, "reset\n") == 0) reset();
  else if (strcmp(line, "counts\n") == 0) return print_counts();
  else is_known = false;
  puts(is_known ? "done" : "unknown");
}

static void *obey_all(void *session) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("mounted");
  for (char line[128]; fgets(line, sizeof line, stdin) != NULL;) obey(line);
  atomic_store(&delay_us, 0);
  fuse_session_exit(session);
  fuse_session_unmount(session);
  return NULL;
}

int main(int count, char **words) {
  if (count != 3) {
    fprintf(stderr, "usage: slow-volume DIRECTORY MOUNT\n");
    return 2;
  }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  /* Threads inherit it: waits end on time, not 50 microseconds later. */
  prctl(PR_SET_TIMERSLACK, 1);
  umask(0);
  root.descriptor = open(words[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
  char *mount_words[] = {words[0], "-o", "fsname=slow-volume,allow_other", NULL};
  struct fuse_args arguments = FUSE_ARGS_INIT(3, mount_words);
  struct fuse_session *session = root.descriptor < 0 ? NULL : fuse_session_new(&arguments, &operations, sizeof operations, NULL);
  if (session == NULL || fuse_session_mount(session, words[2]) != 0) {
    fprintf(stderr, "slow-volume: cannot mount %s at %s\n", words[1], words[2]);
    return 1;
  }
  pthread_t commands;
  pthread_create(&commands, NULL, obey_all, session);
  struct fuse_loop_config *config = fuse_loop_cfg_create();
  fuse_loop_cfg_set_max_threads(config, MOST_THREADS);
  fuse_loop_cfg_set_idle_threads(config, MOST_THREADS);
  return fuse_session_loop_mt(session, config) == 0 ? 0 : 1;
}
