/*
 * How fast packs can be: what no store and no restore of packs can avoid, and nothing else.
 *
 * `pack-limit store TREE PACK THREADS` lists a tree, reads and hashes (SHA-256) its files, and writes contents that it
 * has not seen yet to PACK, in blocks of up to 4 MiB, compressed with the same options. PACK.list says what is where.
 * `pack-limit restore PACK COPY THREADS` reads both, makes the directories, decompresses each block, hashes each
 * content again, and writes the files with their modes and times.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum { BLOCK_BYTES = 4 << 20, BATCH_FILES = 64, CLAIM_COUNT = 1 << 21, PATH_BYTES = 4096 };

struct list { void *items; size_t count, capacity, item_bytes; };
struct node { uint32_t directory, name, mode; int64_t mtime_seconds, mtime_nanoseconds, size_bytes; };
struct block { uint64_t offset; uint32_t stored_bytes, content_bytes, first_piece; };
/* A file of up to 4 MiB, or so much of a larger one. Without a block as long as only its digest is known. */
struct piece { uint8_t digest[32]; uint32_t file, block, offset, size_bytes; uint64_t file_offset; };

#define LIST_OF(type) {NULL, 0, 0, sizeof(type)}
static struct list directories = LIST_OF(struct node), files = LIST_OF(struct node), names = LIST_OF(char);
static struct list blocks = LIST_OF(struct block), pieces = LIST_OF(struct piece);
static struct list *const saved[] = {&directories, &files, &names, &blocks, &pieces};
static pthread_mutex_t lists_lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static int pack;
static atomic_ullong pack_end;
static atomic_size_t next_item;
static _Atomic uint64_t claims[CLAIM_COUNT];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void *extend(struct list *list, size_t count) {
  while (list->count + count > list->capacity)
    list->items = realloc(list->items, list->item_bytes * (list->capacity = list->capacity * 2 + 1024));
  void *added = (char *)list->items + list->count * list->item_bytes;
  list->count += count;
  return added;
}

static struct node *node_at(const struct list *list, size_t index) { return (struct node *)list->items + index; }

/* Directory 0 is the tree, whose name is empty; the name of each other one is its whole path in the tree. */
static void path_of(char path[PATH_BYTES], const struct node *file) {
  const char *text = names.items;
  if (file < node_at(&files, 0) || file >= node_at(&files, files.count))
    snprintf(path, PATH_BYTES, "%s%s", root, text + file->name);
  else snprintf(path, PATH_BYTES, "%s%s/%s", root, text + node_at(&directories, file->directory)->name, text + file->name);
}

static uint32_t add_name(const char *parent, const char *separator, const char *name) {
  size_t bytes = strlen(parent) + strlen(separator) + strlen(name) + 1;
  uint32_t start = (uint32_t)names.count;
  char *copy = strdup(parent);
  snprintf(extend(&names, bytes), bytes, "%s%s%s", copy, separator, name);
  free(copy);
  return start;
}

static void list_tree(void) {
  *(struct node *)extend(&directories, 1) = (struct node){.name = add_name("", "", "")};
  for (uint32_t directory = 0; directory < directories.count; directory++) {
    char path[PATH_BYTES];
    path_of(path, node_at(&directories, directory));
    DIR *stream = opendir(path);
    struct stat status;
    if (stream == NULL || fstat(dirfd(stream), &status) != 0) fail(path);
    struct node *node = node_at(&directories, directory);
    node->mode = status.st_mode & 07777;
    node->mtime_seconds = status.st_mtim.tv_sec;
    node->mtime_nanoseconds = status.st_mtim.tv_nsec;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      const char *parent = (char *)names.items + node_at(&directories, directory)->name;
      if (entry->d_type == DT_DIR)
        *(struct node *)extend(&directories, 1) = (struct node){.name = add_name(parent, "/", entry->d_name)};
      else if (entry->d_type == DT_REG)
        *(struct node *)extend(&files, 1) = (struct node){directory, add_name("", "", entry->d_name), 0, 0, 0, 0};
    }
    closedir(stream);
  }
}

static int claim(const uint8_t digest[32]) {
  uint64_t wanted, slot;
  memcpy(&wanted, digest, 8);
  memcpy(&slot, digest + 8, 8);
  for (slot %= CLAIM_COUNT;; slot = (slot + 1) % CLAIM_COUNT) {
    uint64_t found = 0;
    if (atomic_compare_exchange_strong(&claims[slot], &found, wanted)) return 1;
    if (found == wanted) return 0;
  }
}

static void hash(const uint8_t *content, size_t bytes, uint8_t digest[32]) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, content, bytes);
  SHA256_Final(digest, &context);
}

struct writer { uint8_t *content, *stored; size_t content_bytes; ZSTD_CCtx *zstd; struct list pieces; };

static void flush_block(struct writer *writer) {
  size_t stored = ZSTD_compress2(writer->zstd, writer->stored, ZSTD_compressBound(BLOCK_BYTES), writer->content,
                                 writer->content_bytes);
  uint64_t offset = atomic_fetch_add(&pack_end, stored);
  if (ZSTD_isError(stored) || pwrite(pack, writer->stored, stored, (off_t)offset) != (ssize_t)stored) fail("pack");
  pthread_mutex_lock(&lists_lock);
  uint32_t number = (uint32_t)blocks.count;
  *(struct block *)extend(&blocks, 1) = (struct block){offset, (uint32_t)stored, (uint32_t)writer->content_bytes, 0};
  struct piece *added = extend(&pieces, writer->pieces.count);
  memcpy(added, writer->pieces.items, writer->pieces.count * sizeof *added);
  for (size_t index = 0; index < writer->pieces.count; index++) if (added[index].block == 0) added[index].block = number;
  pthread_mutex_unlock(&lists_lock);
  writer->content_bytes = writer->pieces.count = 0;
}

static void store_file(struct writer *writer, uint32_t number) {
  struct node *file = node_at(&files, number);
  char path[PATH_BYTES];
  struct stat status;
  path_of(path, file);
  int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0 || fstat(descriptor, &status) != 0) fail(path);
  *file = (struct node){file->directory, file->name, status.st_mode & 07777, status.st_mtim.tv_sec,
                        status.st_mtim.tv_nsec, status.st_size};
  for (uint64_t done = 0; done == 0 || done < (uint64_t)status.st_size;) {
    size_t rest = (size_t)status.st_size - done, bytes = rest < BLOCK_BYTES ? rest : BLOCK_BYTES;
    if (writer->content_bytes + bytes > BLOCK_BYTES) flush_block(writer);
    uint8_t *content = writer->content + writer->content_bytes;
    if (read(descriptor, content, bytes) != (ssize_t)bytes) fail(path);
    struct piece *piece = extend(&writer->pieces, 1);
    *piece = (struct piece){{0}, number, UINT32_MAX, (uint32_t)writer->content_bytes, (uint32_t)bytes, done};
    hash(content, bytes, piece->digest);
    if (claim(piece->digest)) {
      piece->block = 0;
      writer->content_bytes += bytes;
    }
    if (bytes == 0) break;
    done += bytes;
  }
  close(descriptor);
}

/* See deflate-zstd.ts. */
static ZSTD_CCtx *create_compressor(void) {
  static const struct { ZSTD_cParameter name; int value; } parameters[] = {
    {ZSTD_c_compressionLevel, 3}, {ZSTD_c_windowLog, 22}, {ZSTD_c_hashLog, 16}, {ZSTD_c_chainLog, 14}};
  ZSTD_CCtx *zstd = ZSTD_createCCtx();
  for (size_t index = 0; index < sizeof parameters / sizeof *parameters; index++)
    if (ZSTD_isError(ZSTD_CCtx_setParameter(zstd, parameters[index].name, parameters[index].value))) fail("zstd");
  return zstd;
}

static void *store_files(void *unused) {
  struct writer writer = {malloc(BLOCK_BYTES), malloc(ZSTD_compressBound(BLOCK_BYTES)), 0, create_compressor(), LIST_OF(struct piece)};
  for (size_t first; (first = atomic_fetch_add(&next_item, BATCH_FILES)) < files.count;)
    for (size_t file = first; file < first + BATCH_FILES && file < files.count; file++) store_file(&writer, (uint32_t)file);
  flush_block(&writer);
  return unused;
}

static int by_digest(const void *left, const void *right) {
  const struct piece *first = left, *second = right;
  int order = memcmp(first->digest, second->digest, 32);
  return order != 0 ? order : (first->block > second->block) - (first->block < second->block);
}

static int by_place(const void *left, const void *right) {
  const struct piece *first = left, *second = right;
  if (first->block != second->block) return first->block < second->block ? -1 : 1;
  return (first->offset > second->offset) - (first->offset < second->offset);
}

static void sort_pieces(void) {
  struct piece *piece = pieces.items;
  qsort(piece, pieces.count, sizeof *piece, by_digest);
  for (size_t index = 1; index < pieces.count; index++)
    if (piece[index].block == UINT32_MAX) {
      piece[index].block = piece[index - 1].block;
      piece[index].offset = piece[index - 1].offset;
    }
  qsort(piece, pieces.count, sizeof *piece, by_place);
  for (size_t index = pieces.count; index-- > 0;) ((struct block *)blocks.items)[piece[index].block].first_piece = (uint32_t)index;
}

static void transfer_lists(const char *pack_path, int is_save) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s.list", pack_path);
  FILE *file = fopen(path, is_save ? "w" : "r");
  if (file == NULL) fail(path);
  for (size_t index = 0; index < sizeof saved / sizeof *saved; index++) {
    struct list *list = saved[index];
    size_t count = list->count;
    if ((is_save ? fwrite(&count, sizeof count, 1, file) : fread(&count, sizeof count, 1, file)) != 1) fail(path);
    if (!is_save) extend(list, count);
    if ((is_save ? fwrite(list->items, list->item_bytes, count, file) : fread(list->items, list->item_bytes, count, file)) != count) fail(path);
  }
  if (fclose(file) != 0) fail(path);
}

static void set_attributes(int descriptor, const char *path, const struct node *node) {
  struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {node->mtime_seconds, node->mtime_nanoseconds}};
  if (futimens(descriptor, times) != 0) fail(path);
}

static void write_piece(const struct piece *piece, const uint8_t *content) {
  const struct node *file = node_at(&files, piece->file);
  char path[PATH_BYTES];
  path_of(path, file);
  int is_whole = file->size_bytes == piece->size_bytes;
  int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (is_whole ? O_EXCL : 0), file->mode);
  if (descriptor < 0 || pwrite(descriptor, content, piece->size_bytes, (off_t)piece->file_offset) != (ssize_t)piece->size_bytes) fail(path);
  if (is_whole) set_attributes(descriptor, path, file);
  if (close(descriptor) != 0) fail(path);
}

static void *restore_blocks(void *unused) {
  uint8_t *stored = malloc(ZSTD_compressBound(BLOCK_BYTES)), *content = malloc(BLOCK_BYTES), digest[32];
  ZSTD_DCtx *zstd = ZSTD_createDCtx();
  for (size_t index; (index = atomic_fetch_add(&next_item, 1)) < blocks.count;) {
    const struct block *block = (struct block *)blocks.items + index;
    if (pread(pack, stored, block->stored_bytes, (off_t)block->offset) != (ssize_t)block->stored_bytes) fail("pack");
    if (ZSTD_decompressDCtx(zstd, content, BLOCK_BYTES, stored, block->stored_bytes) != block->content_bytes) fail("block");
    const struct piece *piece = (struct piece *)pieces.items + block->first_piece, *end = (struct piece *)pieces.items + pieces.count;
    const struct piece *hashed = NULL;
    for (; piece < end && piece->block == index; hashed = piece++) {
      if (hashed == NULL || memcmp(hashed->digest, piece->digest, 32) != 0) {
        hash(content + piece->offset, piece->size_bytes, digest);
        if (memcmp(digest, piece->digest, 32) != 0) fail("digest");
      }
      write_piece(piece, content + piece->offset);
    }
  }
  return unused;
}

static void in_threads(int count, void *(*work)(void *)) {
  pthread_t threads[64];
  for (int index = 0; index < count; index++) pthread_create(&threads[index], NULL, work, NULL);
  for (int index = 0; index < count; index++) pthread_join(threads[index], NULL);
}

static void make_directories(void) {
  char path[PATH_BYTES];
  for (size_t index = 0; index < directories.count; index++) {
    path_of(path, node_at(&directories, index));
    if (mkdir(path, node_at(&directories, index)->mode | S_IRWXU) != 0 && (index > 0 || errno != EEXIST)) fail(path);
  }
}

static void finish_copy(const struct list *list, int are_directories) {
  char path[PATH_BYTES];
  for (size_t index = 0; index < list->count; index++) {
    const struct node *node = node_at(list, index);
    if (!are_directories && node->size_bytes <= BLOCK_BYTES) continue;
    path_of(path, node);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {node->mtime_seconds, node->mtime_nanoseconds}};
    if (utimensat(AT_FDCWD, path, times, 0) != 0) fail(path);
  }
}

int main(int count, char **words) {
  if (count != 5) return 2;
  int is_store = strcmp(words[1], "store") == 0, thread_count = atoi(words[4]);
  if (thread_count < 1 || thread_count > 64) return 2;
  const char *pack_path = words[is_store ? 3 : 2];
  root = words[is_store ? 2 : 3];
  umask(0);
  pack = open(pack_path, is_store ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY, 0644);
  if (pack < 0) fail(pack_path);
  if (is_store) {
    list_tree();
    in_threads(thread_count, store_files);
    sort_pieces();
    transfer_lists(pack_path, 1);
  } else {
    transfer_lists(pack_path, 0);
    make_directories();
    in_threads(thread_count, restore_blocks);
    finish_copy(&files, 0);
    finish_copy(&directories, 1);
  }
  return 0;
}
