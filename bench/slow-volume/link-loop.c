/*
 * How fast a volume can be: `link-loop NAMES TREE COPY THREADS` makes the directories of a tree, those of one depth at the
 * same time, and then calls `lstat` and `link` for each of its files. Each thread takes one directory after another, because
 * the kernel lets only one `link` at a time into a directory. NAMES is a copy of the tree elsewhere, from which the names are
 * read, as a restore has them from a manifest.
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
  int depth;
};

static const char *names, *tree, *copy;
static struct directory *directories;
static size_t directory_count, directory_capacity;
static atomic_size_t next_directory;

static void fail(const char *path) {
  perror(path);
  exit(1);
}

static void path_in(const char *root, char into[4096], const char *path) {
  snprintf(into, 4096, "%s%s", root, path + strlen(names));
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
    directories[directory_count++] = (struct directory){.path = strdup(path), .depth = position->level};
    return 0;
  }
  struct directory *directory = directory_of(path, (size_t)position->base - 1);
  if (directory->file_count == directory->capacity)
    directory->files = realloc(directory->files, sizeof(char *) * (directory->capacity = directory->capacity * 2 + 16));
  directory->files[directory->file_count++] = strdup(path);
  return 0;
}

static int current_depth;

static void *make_directories(void *unused) {
  (void)unused;
  for (size_t index; (index = atomic_fetch_add(&next_directory, 1)) < directory_count;) {
    const struct directory *directory = &directories[index];
    if (directory->depth != current_depth) continue;
    char target[4096];
    path_in(copy, target, directory->path);
    if (mkdir(target, 0777) != 0) fail(target);
  }
  return NULL;
}

static void *link_files(void *unused) {
  (void)unused;
  for (size_t index; (index = atomic_fetch_add(&next_directory, 1)) < directory_count;) {
    const struct directory *directory = &directories[index];
    for (size_t file = 0; file < directory->file_count; file++) {
      char source[4096], target[4096];
      struct stat status;
      path_in(tree, source, directory->files[file]);
      path_in(copy, target, directory->files[file]);
      if (lstat(source, &status) != 0 || link(source, target) != 0) fail(target);
    }
  }
  return NULL;
}

static int by_size(const void *left, const void *right) {
  const struct directory *first = left, *second = right;
  return (first->file_count < second->file_count) - (first->file_count > second->file_count);
}

static void in_threads(int count, void *(*work)(void *)) {
  pthread_t threads[256];
  next_directory = 0;
  for (int index = 0; index < count; index++) pthread_create(&threads[index], NULL, work, NULL);
  for (int index = 0; index < count; index++) pthread_join(threads[index], NULL);
}

int main(int count, char **words) {
  if (count != 5) return 2;
  names = words[1];
  tree = words[2];
  copy = words[3];
  int thread_count = atoi(words[4]);
  if (thread_count < 1 || thread_count > 256) return 2;
  if (nftw(names, visit, 64, FTW_PHYS) != 0) fail(names);
  int deepest = 0;
  for (size_t index = 0; index < directory_count; index++)
    if (directories[index].depth > deepest) deepest = directories[index].depth;
  for (current_depth = 0; current_depth <= deepest; current_depth++) in_threads(thread_count, make_directories);
  qsort(directories, directory_count, sizeof *directories, by_size);
  in_threads(thread_count, link_files);
  return 0;
}
