/** A tool that can recreate the tree from something that it has prepared. */
export interface FieldTool {
  readonly name: string;
  readonly program: string;
  /** Shell commands, with `$source`, `$work` (a directory of the tool's own) and `$installed`, where npm was run. */
  readonly prepare: string;
  /** Shell commands that run in `$target`, an empty directory for one round. */
  readonly restore: string;
  /** Unless it is `--version`. */
  readonly versionOption?: string;
}

const QUIET = "--ignore-scripts --no-audit --no-fund --loglevel=error";
const RESTIC = "RESTIC_PASSWORD=bench restic --quiet --no-cache --repo $work/repository";
const BORG = "BORG_BASE_DIR=$work BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes borg";
const OSTREE = "ostree --repo=$work/repository";

const PROJECT = 'cp "$installed/package.json" "$installed/package-lock.json"';

export const FIELD_TOOLS: readonly FieldTool[] = [
  { name: "cp -al", program: "cp", prepare: ":", restore: "cp -al $source tree" },
  {
    name: "cp -a --reflink=always",
    program: "cp",
    prepare: "echo content >$work/file && cp --reflink=always $work/file $work/copy",
    restore: "cp -a --reflink=always $source tree",
  },
  { name: "cp -a", program: "cp", prepare: ":", restore: "cp -a --reflink=never $source tree" },
  {
    name: "rsync -a --link-dest",
    program: "rsync",
    prepare: ":",
    restore: "rsync -a --link-dest=$source $source/ tree",
  },
  {
    name: "ostree checkout -H",
    program: "ostree",
    prepare: `${OSTREE} init --mode=bare-user-only && ${OSTREE} commit --branch=tree --canonical-permissions --tree=dir=$source`,
    restore: `${OSTREE} checkout -U -H tree tree`,
  },
  { name: "tar x", program: "tar", prepare: "tar cf $work/tar -C $source .", restore: "tar xf $work/tar" },
  {
    name: "zstd -dc | tar x",
    program: "zstd",
    prepare: "tar c -C $source . | zstd -T0 -3 -q -o $work/zst",
    restore: "zstd -dc $work/zst | tar x",
  },
  {
    name: "npm ci --prefer-offline",
    program: "npm",
    prepare: `${PROJECT} $work && cd $work && npm ci --cache $work/npm ${QUIET}`,
    restore: `${PROJECT} . && npm ci --prefer-offline --cache $work/npm ${QUIET}`,
  },
  {
    name: "pnpm install --offline",
    program: "pnpm",
    prepare: `${PROJECT} $work && cd $work && pnpm import && pnpm fetch --store-dir $work/store`,
    restore:
      "cp $work/package.json $work/pnpm-lock.yaml . && pnpm install --offline --frozen-lockfile --ignore-scripts --store-dir $work/store",
  },
  {
    name: "restic restore",
    program: "restic",
    versionOption: "version",
    prepare: `${RESTIC} init && cd $source && ${RESTIC} backup .`,
    restore: `${RESTIC} restore latest --target .`,
  },
  {
    name: "borg extract",
    program: "borg",
    prepare: `${BORG} init --encryption=none $work/repository && cd $source && ${BORG} create $work/repository::tree .`,
    restore: `${BORG} extract $work/repository::tree`,
  },
  {
    name: "casync extract",
    program: "casync",
    prepare: "casync make --store=$work/store.castr $work/tree.caidx $source",
    restore: "casync extract --store=$work/store.castr $work/tree.caidx tree",
  },
];
