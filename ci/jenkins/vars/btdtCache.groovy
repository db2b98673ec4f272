/**
 * A step for a shared library (vars/btdtCache.groovy): restores paths, or runs the block and stores what it has made.
 *
 *   btdtCache(cache: '/var/cache/btdt', keys: 'npm-{{ hashFiles("package-lock.json") }}', paths: ['node_modules']) {
 *     sh 'npm ci'
 *   }
 *
 * Returns 'hit', 'fallback' or 'miss'. Also runs the block after a fallback, which brings the older tree up to date. Trouble with the cache
 * is in the log and counts as a miss: it fails no build.
 */
def call(Map options, Closure block) {
  for (name in ['cache', 'keys', 'paths']) {
    if (!options[name]) error "btdtCache: ${name} is missing"
  }
  def paths = options.paths.collect { quote(it) }.join(' ')
  def fallback = options.fallbackPrefix ? " --fallback-prefix ${quote(options.fallbackPrefix)}" : ''
  def common = "--create-cache --cache ${quote(options.cache)} --keys ${quote(options.keys)}"
  def status = sh(returnStatus: true, script: "btdt restore ${common}${fallback} -- ${paths}")
  if (status == 0) return 'hit'
  if (status == 2) error 'btdtCache: btdt does not accept these options'
  block()
  sh(returnStatus: true, script: "btdt store ${common} -- ${paths}")
  return status == 3 ? 'fallback' : 'miss'
}

/** As one word for the shell. */
private String quote(Object text) {
  return "'" + text.toString().replace("'", "'\\''") + "'"
}
