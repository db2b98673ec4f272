/*
 * How fast objects can be looked at: `look-limit OBJECTS THREADS` lists each directory in OBJECTS by `getdents64`, and calls
 * `statx` for each name, as a clean does. Each thread takes one directory after another. It adds up the disk space.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SHARDS = 256, BUFFER_BYTES = 128 * 1024 };

struct record {
  unsigned long long inode;
  long long offset;
  unsigned short size;
  unsigned char type;
  char name[];
};

static const char *objects;
static atomic_int next_shard;
static atomic_ullong file_count, block_count;

static void fail(const char *path) {
  perror(path);
  exit(1);
}

static void look_at(int directory, const char *buffer, long size_bytes) {
  unsigned long long files = 0, blocks = 0;
  for (long at = 0; at < size_bytes;) {
    const struct record *record = (const struct record *)(buffer + at);
    at += record->size;
    if (record->name[0] == '.') continue;
    struct statx status;
    if (statx(directory, record->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &status) != 0) fail(record->name);
    files += 1;
    blocks += status.stx_blocks;
  }
  atomic_fetch_add(&file_count, files);
  atomic_fetch_add(&block_count, blocks);
}

static void *look(void *unused) {
  char *buffer = malloc(BUFFER_BYTES);
  for (int shard; (shard = atomic_fetch_add(&next_shard, 1)) < SHARDS;) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%02x", objects, shard);
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (directory < 0) fail(path);
    long size_bytes;
    while ((size_bytes = syscall(SYS_getdents64, directory, buffer, BUFFER_BYTES)) > 0)
      look_at(directory, buffer, size_bytes);
    if (size_bytes < 0) fail(path);
    close(directory);
  }
  free(buffer);
  return unused;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  objects = arguments[1];
  int thread_count = atoi(arguments[2]);
  pthread_t threads[64];
  if (thread_count < 1 || thread_count > 64) return 2;
  for (int thread = 0; thread < thread_count; thread++)
    if (pthread_create(&threads[thread], NULL, look, NULL) != 0) fail("pthread_create");
  for (int thread = 0; thread < thread_count; thread++) pthread_join(threads[thread], NULL);
  printf("%llu files, %llu blocks\n", (unsigned long long)file_count, (unsigned long long)block_count);
  return 0;
}
