/** The shapes of what the page's modules hand to each other: for the type check of `make check`, no browser reads it. */

/** A plane through the unit cube, with its axes' labels: see page `docs/studio.md`. */
export interface Plane {
  spec: string;
  text: string;
  origin: number[];
  first: number[];
  second: number[];
  extent: Extent;
  ticks: { u: Tick; v: Tick };
}

/** u and v, least and most: [u0, u1, v0, v1]. */
export type Extent = [number, number, number, number];
/** How a side of the plane is labelled: value = offset + scale * coordinate. */
export interface Tick {
  name?: string;
  offset?: number;
  scale?: number;
}

/** A policy, as the experiment's settings have it. */
export interface Policy {
  kind: string;
  budget?: { kind: string };
  radius?: { kind: string };
  sharing?: { kind: string };
}

/** What a message says of a run: see `experiments/studio/film.py`. */
export interface Header {
  run: string;
  state: "running" | "waiting" | "done" | "failed" | "unfinished";
  stopped: string | null;
  error: string | null;
  budget: number;
  next: string;
  strategy: string;
  landscape: string;
  repeat: number;
  agents: { name: string; kind: string }[];
  policy: Policy;
  dimension: number;
  lower: number[];
  upper: number[];
  minimum: number | null;
  seconds: number;
  start: { center: number | number[]; radius: number };
  minimizers: [number, number, number][];
  plane: Plane;
  surface_from: string;
  leases: Lease[];
  outcomes: Outcome[];
  insights: Insight[];
  /** Of which lease how many rows have come. */
  chunks: [number, number][];
  arrays: { name: string; dtype: string; shape: number[] }[];
}

export interface Lease {
  id: number;
  agent: number;
  starts: number;
  ends: number;
  budget: number;
  center: number[];
  radius: number;
  fresh: boolean;
  reason: string;
  incumbent: (Place & { agent: number; lease: number; row: number }) | null;
  outcome: Outcome | null;
}

export interface Outcome {
  lease: number;
  charged: number;
  rows: number;
  outcome: string;
  failures: number;
}

/** What is worth saying. `time` and `flag` (the number of its flag, 0: none) are the page's own. */
export interface Insight {
  kind: string;
  lease: number;
  agent: number;
  text: string;
  u: number | null;
  v: number | null;
  distance: number | null;
  loss: number | null;
  time: number;
  flag: number;
}

/** What an agent has spent and found, by its points; and what it was charged beside them. */
export interface Account {
  index: number[];
  spent: number[];
  best: number[];
  charged: { index: number[]; spent: number[]; trails: boolean[] };
}

/** A place on the plane, with its loss. */
export interface Place {
  u: number;
  v: number;
  loss: number;
  distance: number;
}

/** Points on the plane, in the order of their time. */
export interface Points {
  count: number;
  u: ArrayLike<number>;
  v: ArrayLike<number>;
  loss: ArrayLike<number>;
  distance: ArrayLike<number>;
  agent: ArrayLike<number>;
  kept: ArrayLike<number>;
}

/** Losses on a square grid over the extent; not finite where none is known. */
export interface Surface {
  size: number;
  extent: Extent;
  losses: ArrayLike<number>;
}

/** How losses become heights of 0 to 1. */
export interface Scale {
  height: (loss: number) => number;
  loss: (height: number) => number;
  ticks: { loss: number; height: number }[];
}

/** How an agent is drawn. */
export interface Marker {
  name: string;
  colour: string;
  shape: number;
}

export interface Region {
  agent: number;
  polygon: [number, number][];
  radius: number;
  now: boolean;
}

/** What a view draws over the points. */
export interface Overlay {
  regions?: Region[];
  agents?: (Place & { agent: number })[];
  arrows?: { agent: number; from: Spot; to: Spot; part: number }[];
  best?: Place | null;
  minimizers?: [number, number, number][];
  start?: { u: number; v: number } | null;
  callouts?: (Spot & { number?: number })[];
  chosen?: number | null;
  trail?: number[];
  /** Whether what is shown stands still: then nothing is on its way. */
  settled?: boolean;
}

/** A place of something said; null where it has none. */
export interface Spot {
  u: number | null;
  v: number | null;
  loss: number | null;
}

export interface Size {
  width: number;
  height: number;
}
export interface Screen {
  x: number;
  y: number;
}

/** What the studio has to offer: see `experiments/studio/listing.py`. */
export interface Catalogue {
  opens: string;
  cards: Record<string, Record<string, string>>;
  agents: { kind: string }[];
  policies: string[];
  budgets: string[];
  radii: string[];
  sharings: string[];
  landscapes: { kind: string; summary: string; fields: Record<string, { minimum?: number; default?: any }> }[];
  bbob: string[];
  limits: Record<string, [number, number]>;
}

/** Settings of the playground, by their names: the server checks them. */
export type Settings = Record<string, any>;

/** One of the settings that are compared. */
export interface Side {
  name: string;
  settings: Settings;
}

/** A question to begin with: settings that its sides share, and each side's own. */
export interface Preset {
  title?: string;
  question?: string;
  common: Settings;
  sides: Side[];
}
