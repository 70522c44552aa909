/** For the sidecar's answer to a question that it can decide at once, in ms. */
export const ASK_TIMEOUT_MS = 5_000
/** How long a call waits while only open holds are in its way, in ms. */
export const HOLD_WAIT_MS = 10_000
/** For a person's approval, in ms: the sidecar has the real limit (an hour at most) and answers before. */
export const ADMIT_TIMEOUT_MS = 65 * 60_000
/** How long a call waits for the first word of the sidecar, or for the lease to go on after the process was busy, in ms. */
export const LEASE_WAIT_MS = 2_000
/** How often it looks meanwhile, in ms. */
export const LEASE_LOOK_MS = 10
/** Model calls and tool calls under way that can be stopped; further ones are denied. */
export const CALLS_UNDER_WAY_MAX = 10_000
/** Runs whose loops are watched; of more, those that did nothing for longest are forgotten. */
export const LOOP_RUNS_MAX = 1_000
/** Calls of one agent at the same time whose loops are watched each by itself. */
export const LOOP_SEATS_MAX = 64
/** Things that a run polls for at the same time. */
export const POLLS_MAX = 100
/** Runs whose sums are kept; of more, those that did nothing for longest begin anew. */
export const ACTIVITY_RUNS_MAX = 1_000
/** How long what a run did waits until it is told with what comes after it, in ms. */
export const ACTIVITY_TELL_MS = 50
/** Tool calls of a run that are denied for a loop; with so many, its model calls are too. */
export const LOOP_DENIALS_MAX = 2
/** How often spending from slices is told, in ms. */
export const TELL_INTERVAL_MS = 1_000
/** For the last word to the sidecar at a natural end of the process, in ms; its journal tells the rest. */
export const GUARD_FLUSH_MS = 200
/** How often a process without limits looks whether they are configured by now, in ms. */
export const MARKER_LOOK_MS = 1_000
/** How often its calls look, in ms. */
export const MARKER_LOOK_BY_CALL_MS = 50
