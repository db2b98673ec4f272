/*
 * How fast a store by links can be: `store-limit TREE OBJECTS THREADS` lists a tree, makes 256 directories in OBJECTS, and
 * then, for each file, calls `open`, `statx`, `flistxattr`, `read` and `close`, hashes the content (SHA-256), and calls `link`
 * to give it a name in one of these directories. It looks at the file twice more, because files may change meanwhile: after
 * the read, whether what it hashed is all of one version, and at the new name, whether that is the file that it read. At the
 * end, it flushes the file system. This is what a store cannot avoid, and nothing else. Directories of one depth are listed at
 * the same time, and each thread takes a few files after another, wherever they are. The directories of the objects and of
 * the last file are open, so that no whole path is looked up.
 *
 * With `-` for OBJECTS, files are only read and hashed, as in a store that finds everything in the cache.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { CLAIMED_FILES = 16, SHARDS = 256, PATH_BYTES = 4096, ATTRIBUTE_BYTES = 1024 };

struct list { char **paths; size_t count, capacity; };

static struct list directories, files;
static pthread_mutex_t lists_lock = PTHREAD_MUTEX_INITIALIZER;
static const char *objects;
/* The directories of one depth: those before `level_end` that no thread has taken. */
static atomic_size_t next_directory, next_file, next_shard;
static size_t level_end;
static int objects_directory = -1;

static void fail(const char *path) {
  perror(path);
  exit(1);
}

static void add(struct list *list, const char *directory, const char *name) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  pthread_mutex_lock(&lists_lock);
  if (list->count == list->capacity)
    list->paths = realloc(list->paths, sizeof(char *) * (list->capacity = list->capacity * 2 + 1024));
  list->paths[list->count++] = strdup(path);
  pthread_mutex_unlock(&lists_lock);
}

static void *list_directories(void *unused) {
  (void)unused;
  for (size_t index; (index = atomic_fetch_add(&next_directory, 1)) < level_end;) {
    pthread_mutex_lock(&lists_lock);
    const char *path = directories.paths[index];
    pthread_mutex_unlock(&lists_lock);
    DIR *stream = opendir(path);
    if (stream == NULL) fail(path);
    for (struct dirent *found; (found = readdir(stream)) != NULL;) {
      if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
      if (found->d_type == DT_DIR) add(&directories, path, found->d_name);
      else if (found->d_type == DT_REG) add(&files, path, found->d_name);
    }
    closedir(stream);
  }
  return NULL;
}

static void *make_shards(void *unused) {
  (void)unused;
  for (size_t shard; (shard = atomic_fetch_add(&next_shard, 1)) < SHARDS;) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%02zx", objects, shard);
    if (mkdir(path, 0777) != 0) fail(path);
  }
  return NULL;
}

/* The directory of the file that a thread had last. */
struct held { int directory; size_t length; const char *path; };

/* The name of a file in its directory, which is open in `held` then. */
static const char *name_in(struct held *held, const char *path) {
  size_t length = (size_t)(strrchr(path, '/') - path);
  if (held->path == NULL || length != held->length || memcmp(path, held->path, length) != 0) {
    char directory[PATH_BYTES];
    memcpy(directory, path, length);
    directory[length] = 0;
    if (held->path != NULL) close(held->directory);
    held->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (held->directory < 0) fail(directory);
    held->length = length;
    held->path = path;
  }
  return path + length + 1;
}

/* Not when it was last accessed, which reading changes: FUSE would have to ask for that. */
static const unsigned WANTED = STATX_TYPE | STATX_MODE | STATX_INO | STATX_SIZE | STATX_MTIME | STATX_CTIME;

static void look(int directory, const char *path, int flags, struct statx *status) {
  if (statx(directory, path, flags, WANTED, status) != 0) fail(path);
}

static void assert_same(const char *path, const struct statx *before, const struct statx *now) {
  if (now->stx_ino == before->stx_ino && now->stx_size == before->stx_size &&
      now->stx_mtime.tv_sec == before->stx_mtime.tv_sec && now->stx_mtime.tv_nsec == before->stx_mtime.tv_nsec)
    return;
  errno = EAGAIN;
  fail(path);
}

static struct statx hash_file(int directory, const char *path, char **buffer, size_t *capacity, unsigned char digest[32]) {
  int file = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct statx before, after;
  if (file < 0) fail(path);
  look(file, "", AT_EMPTY_PATH, &before);
  size_t size_bytes = (size_t)before.stx_size;
  if (size_bytes > *capacity) *buffer = realloc(*buffer, *capacity = size_bytes);
  char attributes[ATTRIBUTE_BYTES];
  if (objects != NULL && flistxattr(file, attributes, sizeof attributes) < 0 && errno != ENOTSUP) fail(path);
  for (size_t done = 0; done < size_bytes;) {
    ssize_t count = pread(file, *buffer + done, size_bytes - done, (off_t)done);
    if (count <= 0) fail(path);
    done += (size_t)count;
  }
  look(file, "", AT_EMPTY_PATH, &after);
  assert_same(path, &before, &after);
  close(file);
  SHA256((unsigned char *)*buffer, size_bytes, digest);
  return before;
}

static void *store_files(void *unused) {
  (void)unused;
  char *buffer = NULL;
  size_t capacity = 0;
  struct held held = {-1, 0, NULL};
  for (size_t first; (first = atomic_fetch_add(&next_file, CLAIMED_FILES)) < files.count;) {
    for (size_t index = first; index < files.count && index < first + CLAIMED_FILES; index++) {
      const char *path = name_in(&held, files.paths[index]);
      unsigned char digest[SHA256_DIGEST_LENGTH];
      struct statx read = hash_file(held.directory, path, &buffer, &capacity, digest);
      if (objects == NULL) continue;
      char object[PATH_BYTES];
      int length = snprintf(object, sizeof object, "%02x/", digest[0]);
      for (int byte = 1; byte < SHA256_DIGEST_LENGTH; byte++) length += sprintf(object + length, "%02x", digest[byte]);
      if (linkat(held.directory, path, objects_directory, object, 0) == 0) {
        struct statx linked;
        look(objects_directory, object, AT_SYMLINK_NOFOLLOW, &linked);
        assert_same(path, &read, &linked);
      } else if (errno != EEXIST) fail(object);
    }
  }
  free(buffer);
  return NULL;
}

static void in_threads(int count, void *(*work)(void *)) {
  pthread_t threads[256];
  for (int index = 0; index < count; index++) pthread_create(&threads[index], NULL, work, NULL);
  for (int index = 0; index < count; index++) pthread_join(threads[index], NULL);
}

int main(int count, char **words) {
  if (count != 4) return 2;
  if (strcmp(words[2], "-") != 0) objects = words[2];
  int thread_count = atoi(words[3]);
  if (thread_count < 1 || thread_count > 256) return 2;
  directories.paths = malloc(sizeof(char *));
  directories.paths[0] = words[1];
  directories.count = directories.capacity = 1;
  for (size_t first = 0; first < directories.count; first = level_end) {
    next_directory = first;
    level_end = directories.count;
    in_threads(thread_count, list_directories);
  }
  if (objects != NULL) {
    in_threads(thread_count, make_shards);
    objects_directory = open(objects, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (objects_directory < 0) fail(objects);
  }
  in_threads(thread_count, store_files);
  if (objects != NULL && syncfs(objects_directory) != 0) fail(objects);
  return 0;
}
