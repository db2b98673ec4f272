/*
 * How fast a large file can be hashed as `btdt hash` does: `hash-limit FILE THREADS`. Threads map spans of 32 MiB and hash each
 * 4 MiB of them (SHA-256), touching one byte of each page shortly before it is hashed. Nothing else: no digest is printed.
 */
#include <fcntl.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 4 << 20, SPAN_BYTES = 8 * CHUNK_BYTES, TOUCHED_BYTES = 128 << 10, PAGE_BYTES = 4096 };

static int file;
static size_t file_bytes;
static atomic_size_t next_span;
static atomic_uint touched;

static size_t least(size_t left, size_t right) { return left < right ? left : right; }

static void hash_chunk(const unsigned char *chunk, size_t chunk_bytes) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (size_t done = 0; done < chunk_bytes; done += TOUCHED_BYTES) {
    size_t part_bytes = least(TOUCHED_BYTES, chunk_bytes - done);
    unsigned sum = 0;
    for (size_t page = 0; page < part_bytes; page += PAGE_BYTES) sum ^= chunk[done + page];
    atomic_fetch_xor(&touched, sum);
    SHA256_Update(&context, chunk + done, part_bytes);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256_Final(digest, &context);
}

static void *hash_spans(void *unused) {
  (void)unused;
  for (size_t start; (start = atomic_fetch_add(&next_span, SPAN_BYTES)) < file_bytes;) {
    size_t span_bytes = least(SPAN_BYTES, file_bytes - start);
    unsigned char *span = mmap(NULL, span_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, file, (off_t)start);
    if (span == MAP_FAILED) {
      perror("mmap");
      exit(1);
    }
    for (size_t chunk = 0; chunk < span_bytes; chunk += CHUNK_BYTES)
      hash_chunk(span + chunk, least(CHUNK_BYTES, span_bytes - chunk));
    munmap(span, span_bytes);
  }
  return NULL;
}

int main(int count, char **words) {
  if (count != 3) return 2;
  struct stat status;
  file = open(words[1], O_RDONLY);
  if (file < 0 || fstat(file, &status) != 0) {
    perror(words[1]);
    return 1;
  }
  file_bytes = (size_t)status.st_size;
  int thread_count = atoi(words[2]);
  if (thread_count < 1 || thread_count > 64) return 2;
  pthread_t threads[64];
  for (int index = 0; index < thread_count; index++) pthread_create(&threads[index], NULL, hash_spans, NULL);
  for (int index = 0; index < thread_count; index++) pthread_join(threads[index], NULL);
  return 0;
}
