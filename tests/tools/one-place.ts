/** Words that run a command with its working directory mounted at `place`, as jobs in containers have it. */
export function atOnePlace(place: string, words: readonly string[]): string[] {
  const script = 'mount --bind . "$0" && cd "$0" && exec "$@"';
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, place, ...words];
}
