/** Composition root: the command line in, an exit code out. */
process.exit(0);
