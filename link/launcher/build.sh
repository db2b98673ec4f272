#!/bin/sh
# Compiles the launcher: `link/launcher/build.sh PROCESSOR OUTPUT`, PROCESSOR being x86-64 or aarch64.
# The results are kept beside this file (x86-64.bin, aarch64.bin), so that building btdt needs no C compiler.
# They were made by the gcc of Debian 12 (gcc, gcc-aarch64-linux-gnu); another gcc may choose other instructions.
set -eu
output=$(realpath "$2")
cd "$(dirname "$0")"
case "$1" in
  x86-64) prefix=x86_64-linux-gnu- branches=-fcf-protection=none ;;
  aarch64) prefix=aarch64-linux-gnu- branches=-mbranch-protection=none ;;
  *) echo "unknown processor $1: x86-64 or aarch64" >&2; exit 2 ;;
esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# -mgeneral-regs-only: the program must find its vector registers untouched.
# -fno-tree-loop-distribute-patterns: loops must not become calls of memcpy or strlen.
"${prefix}gcc" -std=c11 -Os -Wall -Wextra -Werror -ffreestanding -fPIE -mgeneral-regs-only "$branches" \
  -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fno-ident \
  -c launcher.c -o "$scratch/launcher.o"
"${prefix}ld" --build-id=none --no-undefined -T launcher.ld -o "$scratch/launcher.elf" "$scratch/launcher.o"
"${prefix}objcopy" -O binary -j .launcher "$scratch/launcher.elf" "$output"
