/**
 * Who may use what is created in a directory that several users share. Each process has its own umask and group,
 * so the directory decides, as in git with `core.sharedRepository=group`: what is created in it is for everyone who may
 * write to it, and for nobody who may not enter it.
 */

import type { ByteString } from "../base/byte-string.ts";
import { isRoot } from "./current-user.ts";
import { errnoOf, isPermissionErrno } from "./errno.ts";
import { constants } from "./file-constants.ts";
import { isOwn } from "./is-own.ts";
import { openFile } from "./native/descriptor-calls.ts";
import { emptyStatus, type FileStatus, fstat, lstat } from "./native/file-status.ts";
import { mkdir } from "./native/path-calls.ts";
import { closeQuickly } from "./native/quick-file.ts";
import { nodeFs } from "./node-fs.ts";

const SET_GROUP_ID = 0o2000;
const STICKY = 0o1000;
const GROUP = 0o070;
const GROUP_WRITE = 0o020;
const OTHERS = 0o007;
const OTHERS_WRITE = 0o002;
const OWNER = 0o700;
const FILE_PERMISSIONS = 0o666;

export interface AccessPolicy {
  /** The group that everything gets if its members may write; undefined if the group does not matter. */
  readonly groupId: number | undefined;
  /** Permissions of the group and others that every directory gets; files get them without execution. */
  readonly granted: number;
  /** The most that they may have. */
  readonly allowed: number;
  /** Only owners may rename or remove what is directly in the directory. */
  readonly isSticky: boolean;
}

/** @param status the directory's */
export function readAccessPolicy({ mode, groupId }: FileStatus): AccessPolicy {
  const isForAll = (mode & OTHERS_WRITE) !== 0;
  const isForGroup = (mode & (SET_GROUP_ID | GROUP_WRITE)) !== 0;
  return {
    groupId: isForGroup && !isForAll ? groupId : undefined,
    granted: isForAll ? GROUP | OTHERS : isForGroup ? mode & GROUP : 0,
    allowed: isForAll ? GROUP | OTHERS : mode & (GROUP | OTHERS),
    isSticky: (mode & STICKY) !== 0,
  };
}

const status = emptyStatus();

/** Applies a policy to an open file that this process has created. @throws a `node:fs` error */
export function applyToFile(descriptor: number, policy: AccessPolicy): void {
  fstat(descriptor, status);
  const granted = takeGroup(descriptor, policy);
  const permissions = (status.mode & (OWNER | policy.allowed)) | granted;
  setMode(descriptor, permissions & FILE_PERMISSIONS);
}

/** The mode to create a file with; the umask takes from it, and `grantsMore` says whether something must be added. */
export function fileModeOf({ allowed }: AccessPolicy): number {
  return (OWNER | allowed) & FILE_PERMISSIONS;
}

/** Whether a policy may grant more than what a file or directory is created with. */
export function grantsMore({ granted, groupId }: AccessPolicy): boolean {
  return granted !== 0 || groupId !== undefined;
}

/**
 * Creates a directory and applies a policy to it.
 * @param keepsSticky whether it is sticky if the policy says so: others then cannot replace what is directly in it
 * @throws a `node:fs` error
 */
export function makeDirectoryWith(policy: AccessPolicy, path: ByteString, keepsSticky = false): void {
  mkdir(path, OWNER | policy.allowed | (keepsSticky && policy.isSticky ? STICKY : 0));
  if (!grantsMore(policy)) return;
  const made = lstat(path);
  const isGroupKept = policy.groupId === undefined || ((made?.mode ?? 0) & SET_GROUP_ID) !== 0;
  if (made?.kind === "directory" && isGroupKept && complies(made, policy)) return;
  applyToDirectory(path, policy, keepsSticky);
}

/**
 * Applies a policy to a directory of this user; root applies it to everyone's. Another user's is left as it is.
 * @throws a `node:fs` error; also if it is a symlink
 */
export function applyToDirectory(path: ByteString, policy: AccessPolicy, keepsSticky = false): void {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const descriptor = openFile(path, flags);
  try {
    fstat(descriptor, status);
    if (!isOwn(status) && !isRoot()) return;
    const granted = takeGroup(descriptor, policy);
    const inherited = status.mode & SET_GROUP_ID;
    const setGroupId = policy.groupId === undefined || granted === 0 ? inherited : SET_GROUP_ID;
    const sticky = keepsSticky && policy.isSticky ? STICKY : 0;
    setMode(descriptor, (status.mode & (OWNER | policy.allowed)) | granted | setGroupId | sticky);
  } finally {
    closeQuickly(descriptor);
  }
}

/** Whether a directory gives everyone what a policy grants, and is of its group. */
export function complies({ mode, groupId }: FileStatus, policy: AccessPolicy): boolean {
  return (mode & policy.granted) === policy.granted && (policy.groupId ?? groupId) === groupId;
}

/**
 * Gives what `status` describes to the policy's group. The group of someone who may not do that gets no rights.
 * @returns the permissions to grant
 */
function takeGroup(descriptor: number, { groupId, granted }: AccessPolicy): number {
  if (groupId === undefined || groupId === status.groupId) return granted;
  return succeeds(() => nodeFs().fchownSync(descriptor, status.ownerId, groupId))
    ? granted
    : granted & OTHERS;
}

function setMode(descriptor: number, mode: number): void {
  if (mode !== status.mode) succeeds(() => nodeFs().fchmodSync(descriptor, mode));
}

/** File systems without owners or modes give everyone the same rights; nothing can be done about it. */
function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (!isPermissionErrno(errno) && errno !== "ENOTSUP" && errno !== "EINVAL" && errno !== "ENOSYS")
      throw error;
    return false;
  }
}
