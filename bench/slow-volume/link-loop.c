/*
 * How fast a volume can be: `link-loop TREE COPY THREADS` makes the directories of a tree, and then calls `lstat` and
 * `link` for each of its files. Each thread takes one directory after another, because the kernel lets only one `link`
 * at a time into a directory.
 */
#define _GNU_SOURCE
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct directory {
  char *path;
  char **files;
  size_t file_count, capacity;
};

static const char *tree, *copy;
static struct directory *directories;
static size_t directory_count, directory_capacity;
static atomic_size_t next_directory;

static void fail(const char *path) {
  perror(path);
  exit(1);
}

static void copy_path(char into[4096], const char *path) {
  snprintf(into, 4096, "%s%s", copy, path + strlen(tree));
}

static struct directory *directory_of(const char *path, size_t length) {
  for (size_t index = directory_count; index-- > 0;) {
    struct directory *directory = &directories[index];
    if (strlen(directory->path) == length && strncmp(directory->path, path, length) == 0) return directory;
  }
  abort();
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *position) {
  (void)status;
  if (type == FTW_D) {
    if (directory_count == directory_capacity)
      directories = realloc(directories, sizeof *directories * (directory_capacity = directory_capacity * 2 + 64));
    directories[directory_count++] = (struct directory){.path = strdup(path)};
    return 0;
  }
  struct directory *directory = directory_of(path, (size_t)position->base - 1);
  if (directory->file_count == directory->capacity)
    directory->files = realloc(directory->files, sizeof(char *) * (directory->capacity = directory->capacity * 2 + 16));
  directory->files[directory->file_count++] = strdup(path);
  return 0;
}

static void *link_files(void *unused) {
  (void)unused;
  for (size_t index; (index = atomic_fetch_add(&next_directory, 1)) < directory_count;) {
    const struct directory *directory = &directories[index];
    for (size_t file = 0; file < directory->file_count; file++) {
      char target[4096];
      struct stat status;
      copy_path(target, directory->files[file]);
      if (lstat(directory->files[file], &status) != 0 || link(directory->files[file], target) != 0) fail(target);
    }
  }
  return NULL;
}

static int by_size(const void *left, const void *right) {
  const struct directory *first = left, *second = right;
  return (first->file_count < second->file_count) - (first->file_count > second->file_count);
}

int main(int count, char **words) {
  if (count != 4) return 2;
  tree = words[1];
  copy = words[2];
  int thread_count = atoi(words[3]);
  if (nftw(tree, visit, 64, FTW_PHYS) != 0) fail(tree);
  for (size_t index = 0; index < directory_count; index++) {
    char target[4096];
    copy_path(target, directories[index].path);
    if (mkdir(target, 0777) != 0) fail(target);
  }
  qsort(directories, directory_count, sizeof *directories, by_size);
  pthread_t threads[256];
  for (int index = 0; index < thread_count; index++) pthread_create(&threads[index], NULL, link_files, NULL);
  for (int index = 0; index < thread_count; index++) pthread_join(threads[index], NULL);
  return 0;
}
