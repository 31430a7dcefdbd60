/** A build that failed by the author's doing: its text says what to change. */
export class BuildError extends Error {}
