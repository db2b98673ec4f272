/**
 * A manifest as written by the first version of btdt, of a directory with `data.txt` (mode 644), its hard link
 * `more.txt`, the symlink `link` to it and the empty directory `bin`. Times are 1700000000.000000005, the root's is
 * 1700000001.0. That version stored hard links as separate files.
 */
export const FIRST_MANIFEST = Buffer.from(
  "425444544d414e49010000002301000028b52ffd602300b50400c40600000000020100000003000000100000000400000008004040fc54d94100000000000018" +
    "4000050305ed01ed01a401a4015891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be0362696e646174612e7478746d6f72656c696e6b" +
    "646174612e74787410002b41c550ac3f16b231868759d82d1c5d98d80a0feb2e183a04287612008c5e218e381276dd1b",
  "hex",
);
export const FIRST_MANIFEST_DIGEST = "b1429dedfe42f9e20b4cee281dd9d77fc03f44e902b6aa475b227c1b4e5c810f";
export const FIRST_OBJECT =
  "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03-644-1700000000.000000005";
